//! What a hosted widget calls with the token that it was bootstrapped with: its user reads, chooses and confirms. None of it
//! needs the rails entitlement.

use causeway_core::command::{Address, Command, Confirm, Refusal, Reply, Subject};
use causeway_core::id::SessionId;
use causeway_core::money::{Asset, Currency};
use causeway_core::risk::Country;
use causeway_core::session::Session;
use causeway_core::store::TransactionFilter;
use causeway_core::terms::Side;

use super::super::{Call, Handled, Parameter, Rendered, Spec, capabilities};
use super::is_open;
use crate::offer::Wanted;
use crate::problem::{Code, Problem};
use crate::wire;

pub(in super::super) const SESSION: Spec = Spec::new(
    "Embed",
    "Read the token's session, also when it has ended, with its newest movement and the look of the widget.",
    |call| Box::pin(retrieve_embed_session(call)),
)
.answers::<wire::EmbedSession<'static>>(200);

pub(in super::super) const PAYMENT_METHODS: Spec = Spec::new(
    "Embed",
    "List the methods that the user can choose from; what is left open is the session's, if there is one.",
    |call| Box::pin(list_embed_payment_methods(call)),
)
.query(&[capabilities::SIDE, capabilities::CURRENCY, capabilities::COUNTRY_CODE])
.answers::<wire::List<wire::Method<'static>>>(200)
.refuses(&[Code::SessionNotOpen, Code::QuoteMismatch, Code::NotEnabled]);

pub(in super::super) const PREVIEWS: Spec =
    Spec::new("Embed", "See what confirming the token's session would fix now, for each method that fits.", |call| {
        Box::pin(list_embed_previews(call))
    })
    .query(&[SIDE, ASSET, capabilities::COUNTRY_CODE])
    .answers::<wire::List<wire::QuotePreview<'static>>>(200)
    .refuses(PREVIEWING);

pub(in super::super) const CONFIRM: Spec = Spec::new(
    "Embed",
    "Confirm the token's session as its user: locks a quote and redeems it. Needs no rails entitlement.",
    |call| Box::pin(confirm_embed_session(call)),
)
.body::<wire::ConfirmEmbedSession<'static>>()
.answers::<wire::EmbedMovement<'static>>(201)
.refuses(CONFIRMING);

/// What a session cannot be shown for that might be confirmed.
const PREVIEWING: &[Code] = &[
    Code::SessionNotOpen,
    Code::QuoteMismatch,
    Code::MethodUnavailable,
    Code::AssetUnavailable,
    Code::AmountOutOfRange,
    Code::RateUnavailable,
    Code::NotEnabled,
];

/// What a session can be refused for that its user confirms.
const CONFIRMING: &[Code] = &[
    Code::SessionNotOpen,
    Code::SessionBusy,
    Code::QuoteMismatch,
    Code::MethodUnavailable,
    Code::AssetUnavailable,
    Code::AmountOutOfRange,
    Code::RateUnavailable,
    Code::NotEnabled,
    Code::VerificationRequired,
];

/// The `side` that the user would choose.
const SIDE: Parameter = Parameter {
    description: "Which way value would move, where the session leaves it open; on_ramp otherwise.",
    ..capabilities::SIDE
};

/// The `asset` that the user would choose.
const ASSET: Parameter = Parameter {
    description: "The asset, where the session leaves it open; the deployment's dollar asset otherwise.",
    ..capabilities::WITH_ASSET
};

/// The session as its user may see it, with its newest movement; also when it has ended.
async fn retrieve_embed_session(call: Call<'_>) -> Handled {
    let id = bound(&call)?;
    let read = call.read(move |reader, account| {
        let Some(session) = reader.session(account, id)? else { return Ok(None) };
        let filter = TransactionFilter { session: Some(id), label: None };
        let newest = reader.transactions(account, filter, None, 1)?.pop();
        Ok(Some((session, newest.map(|(payment, _)| payment))))
    });
    let (session, movement) = read.await?;
    let branding = &call.caller.account().branding;
    Ok(Rendered::new(&wire::EmbedSession::of(&session, movement.as_ref(), branding, call.mode())))
}

/// The methods that the user can choose from. What the query leaves open is the session's, if there is one.
async fn list_embed_payment_methods(call: Call<'_>) -> Handled {
    let (side, currency) = (capabilities::side(&call)?, capabilities::currency(&call)?);
    let country = capabilities::country(&call)?;
    let session = match call.caller.session() {
        Some(_) => Some(open_bound_session(&call).await?),
        None => None,
    };
    let (side, currency) = match &session {
        Some(session) => of_session(session, side, currency)?,
        None => (side.unwrap_or(Side::OnRamp), currency),
    };
    let methods = call.cell.offer().methods(&Wanted { side: Some(side), country, currency, asset: None });
    let data = methods.iter().map(|method| wire::Method::of(method, side)).collect();
    Ok(Rendered::new(&wire::List::new(call.operation.path, data, false)))
}

/// What confirming the session would fix now, for each method that fits.
async fn list_embed_previews(call: Call<'_>) -> Handled {
    let asset = call.query.parsed("asset", "an asset's symbol, such as USDC", Asset::parse)?;
    let choice = Confirm { side: capabilities::side(&call)?, asset, ..Confirm::default() };
    let country = capabilities::country(&call)?;
    let session = open_bound_session(&call).await?;
    let offer = call.cell.offer();
    let shown = offer.confirmations(&session.terms, &choice, country);
    // No method was named that could be at fault.
    let shown = shown.map_err(|refusal| Problem { param: None, ..of_choice(refusal.into()) })?;
    let data = shown.iter().map(wire::QuotePreview::of).collect();
    Ok(Rendered::new(&wire::List::new(call.operation.path, data, false)))
}

/// Locks and redeems. A key names one confirmation of this session: keys of other users' widgets are other keys.
async fn confirm_embed_session(call: Call<'_>) -> Handled {
    let id = bound(&call)?;
    let (confirm, fingerprint) = call.parse::<wire::ConfirmEmbedSession<'_>>()?.confirm(call.cell.keys())?;
    let confirm = Confirm { address: address(&call), ..confirm };
    let command = Command::ConfirmSession(call.account(), id, Box::new(confirm));
    let answer = call.submit_within(&id.0.to_be_bytes(), command, fingerprint).await.map_err(of_choice)?;
    let Reply::Payment(payment) = answer.reply else {
        return Err(Problem::internal("the core answered with something else than a payment"));
    };
    Ok(Rendered::new(&wire::EmbedMovement::of(&payment, call.mode())).replayed(answer.replayed))
}

/// Where the user's browser is, as far as that can be known: what risk is told of it.
fn address(call: &Call<'_>) -> Option<Address> {
    let network = call.cell.keys().network_hash(call.edge.address(call.peer, call.headers)?);
    let country = call.edge.country(call.peer, call.headers).and_then(|country| Country::parse(country.code()));
    Some(Address { network, country })
}

/// The session that the token is bound to. One without it has no scope that leads here.
fn bound(call: &Call<'_>) -> Result<SessionId, Problem> {
    let unbound = || Problem::new(Code::InsufficientScope, "The embed token is bound to no session.");
    call.caller.session().ok_or_else(unbound)
}

async fn open_bound_session(call: &Call<'_>) -> Result<Session, Problem> {
    let id = bound(call)?;
    let session = call.read(move |reader, account| reader.session(account, id)).await?;
    is_open(&session, call.cell.now())?;
    Ok(session)
}

/// Side and currency of a session's movement; nothing else can be asked about.
fn of_session(
    session: &Session,
    side: Option<Side>,
    currency: Option<Currency>,
) -> Result<(Side, Option<Currency>), Problem> {
    let fixed = match session.terms.flow {
        Some(flow) => Some(flow.side().ok_or(Refusal::SwapNotEnabled)?),
        None => None,
    };
    let agrees = fixed.is_none_or(|fixed| side.is_none_or(|side| side == fixed))
        && currency.is_none_or(|currency| currency == session.terms.currency);
    if !agrees {
        return Err(of_choice(Refusal::QuoteMismatch(Subject::Session).into()));
    }
    Ok((fixed.or(side).unwrap_or(Side::OnRamp), Some(session.terms.currency)))
}

/// What is refused here is a choice, or lies in the session, which is no field of the request.
fn of_choice(problem: Problem) -> Problem {
    if problem.code == Code::QuoteMismatch {
        let message = "The session is for another side, asset or currency. Choose only what it leaves open.";
        Problem::new(problem.code, message)
    } else if problem.code == Code::AmountOutOfRange {
        Problem::new(problem.code, "The session's amount is outside what can be carried so.")
    } else {
        problem
    }
}
