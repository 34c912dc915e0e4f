//! The hosted widget's start, from a user's browser, and the calls that it makes after that.

mod cors;
mod hosted;

use causeway_core::command::Refusal;
use causeway_core::id::SessionId;
use causeway_core::session::{Session, SessionStatus};
use causeway_core::time::Timestamp;

use super::{Call, Handled, Rendered, Spec};
use crate::auth::{Scope, origin};
use crate::keys::EmbedClaims;
use crate::problem::{Code, Problem};
use crate::wire;

pub use cors::{Asked, cross_origin, is_for_browsers, preflight};
pub(super) use hosted::{CONFIRM, PAYMENT_METHODS, PREVIEWS, SESSION};

pub(super) const BOOTSTRAP: Spec = Spec::new(
    "Embed",
    "Start the hosted widget: a short-lived token, bound to a session when its client secret is given.",
    |call| Box::pin(create_embed_token(call)),
)
.optional_body::<wire::EmbedBootstrap<'static>>()
.answers::<wire::EmbedToken<'static>>(201)
.refuses(&[Code::NotFound, Code::SessionNotOpen]);

async fn create_embed_token(call: Call<'_>) -> Handled {
    // One of the account's own: that was looked at before anything else.
    let origin = origin(call.headers).unwrap_or_default();
    let request = if call.body.is_empty() { wire::EmbedBootstrap::default() } else { call.parse()? };
    let now = call.cell.now();
    let session = match &request.client_secret {
        Some(secret) => Some(open_session(&call, &secret.0, now).await?),
        None => None,
    };
    let claims = EmbedClaims {
        account: call.account(),
        session: session.as_ref().map(|session| session.id),
        key: call.caller.key(),
        origin,
        scopes: scopes(request.requested_scopes.as_deref(), session.is_some())?,
        issued_at: now,
        expires_at: now.plus(call.cell.embed_token_life()),
    };
    let token = call.cell.keys().issue_embed_token(&claims);
    let mode = call.mode();
    let branding = &call.caller.account().branding;
    let answer = wire::EmbedToken::of(token, claims.expires_at, claims.account, branding, session.as_ref(), mode);
    Ok(Rendered::new(&answer))
}

/// The open session whose client secret this is. A secret that is no secret, and one of somebody else's session, are both
/// not found.
async fn open_session(call: &Call<'_>, secret: &str, now: Timestamp) -> Result<Session, Problem> {
    let unknown = || Problem { param: Some("clientSecret".into()), ..Problem::not_found() };
    let id: SessionId = call.cell.keys().session_of(secret).ok_or_else(unknown)?;
    let account = call.account();
    let session = call.cell.read(move |reader| reader.session(account, id)).await?.ok_or_else(unknown)?;
    is_open(&session, now)?;
    Ok(session)
}

/// An open session; while a movement runs it stays open beyond its time.
fn is_open(session: &Session, now: Timestamp) -> Result<(), Problem> {
    let open = match session.status {
        SessionStatus::Open { movement } => movement.is_some() || now < session.expires_at,
        SessionStatus::Completed { .. } | SessionStatus::Expired | SessionStatus::Cancelled => false,
    };
    if open { Ok(()) } else { Err(Refusal::SessionNotOpen.into()) }
}

/// What the token allows: what was asked for among what there is, or all of it. Without a session it only reads.
fn scopes(requested: Option<&[wire::Text<'_>]>, has_session: bool) -> Result<Vec<String>, Problem> {
    let most = 32;
    if requested.is_some_and(|requested| requested.len() > most) {
        return Err(Problem::invalid("requested_scopes", format!("requested_scopes must have at most {most} items.")));
    }
    let possible = if has_session { &Scope::ALL[..] } else { &Scope::ALL[..1] };
    let wanted = |word: &&str| requested.is_none_or(|requested| requested.iter().any(|text| text.0 == **word));
    Ok(possible.iter().map(|scope| scope.word()).filter(wanted).map(str::to_owned).collect())
}
