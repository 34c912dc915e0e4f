//! Sessions.

use std::sync::Arc;

use causeway_core::command::{Answer, Command, Reply};
use causeway_core::id::SessionId;
use causeway_core::session::{Flow, KycPackage, Session, SessionLabel, SessionTerms};

use super::{Call, Handled, Parameter, Rendered, Spec};
use crate::problem::{Code, Problem};
use crate::wire;

pub(super) const LIST: Spec =
    Spec::new("Sessions", "List sessions, newest first.", |call| Box::pin(list_sessions(call)))
        .query(&[Parameter::LIMIT, Parameter::AFTER_SESSION, STATUS])
        .answers::<wire::List<wire::Session<'static>>>(200);

pub(super) const CREATE: Spec =
    Spec::new("Sessions", "Open a hosted session; the answer alone has its client_secret.", |call| {
        Box::pin(create_session(call))
    })
    .body::<wire::CreateSession<'static>>()
    .answers::<wire::CreatedSession<'static>>(201)
    .refuses(&[Code::NotEntitled, Code::AmountOutOfRange]);

pub(super) const RETRIEVE: Spec = Spec::new("Sessions", "Read a session.", |call| Box::pin(retrieve_session(call)))
    .answers::<wire::Session<'static>>(200);

pub(super) const CANCEL: Spec =
    Spec::new("Sessions", "Cancel an open session. Any body is ignored.", |call| Box::pin(cancel_session(call)))
        .answers::<wire::Session<'static>>(201)
        .refuses(&[Code::SessionNotOpen, Code::SessionBusy]);

/// The `status` that lists are filtered by.
const STATUS: Parameter = Parameter {
    name: "status",
    description: "Only sessions with this status.",
    schema: r#"{"type":"string","enum":["open","completed","expired","cancelled"]}"#,
};

async fn create_session(call: Call<'_>) -> Handled {
    let mut request = call.parse::<wire::CreateSession<'_>>()?;
    let kyc_package = kyc_package(&call, request.kyc_package.take())?;
    let terms = SessionTerms { kyc_package, ..request.terms()? };
    if terms.flow == Some(Flow::Swap) && !call.caller.account().entitlements.swap {
        return Err(Problem::at(Code::NotEntitled, "flow", "The account may not open swap sessions."));
    }
    let fingerprint = wire::CreateSession::fingerprint(&terms);
    let answer = call.submit(Command::CreateSession(call.account(), Box::new(terms)), fingerprint).await?;
    let replayed = answer.replayed;
    let session = session(answer)?;
    let secret = call.cell.keys().client_secret(session.id);
    let session = wire::Session::of(&session, call.mode());
    let view = wire::CreatedSession { session, client_secret: secret.reveal() };
    Ok(Rendered::new(&view).replayed(replayed))
}

async fn retrieve_session(call: Call<'_>) -> Handled {
    let id = call.named(SessionId::parse)?;
    let session = call.read(move |reader, account| reader.session(account, id)).await?;
    Ok(Rendered::new(&wire::Session::of(&session, call.mode())))
}

async fn cancel_session(call: Call<'_>) -> Handled {
    let id = call.named(SessionId::parse)?;
    let fingerprint = wire::Fingerprint::new().finish();
    let answer = call.submit(Command::CancelSession(call.account(), id), fingerprint).await?;
    rendered(&call, answer)
}

async fn list_sessions(call: Call<'_>) -> Handled {
    let limit = call.query.limit(10, 100)?;
    let mode = call.mode();
    let after = call.query.parsed("starting_after", "a session's id", |text| SessionId::parse(text, mode))?;
    let label = call.query.parsed("status", "open, completed, expired or cancelled", SessionLabel::parse)?;
    let account = call.account();
    // One more than asked for tells whether older ones follow.
    let sessions = call.cell.read(move |reader| reader.sessions(account, label, after, limit + 1)).await?;
    let data = sessions.iter().take(limit).map(|session| wire::Session::of(session, mode)).collect();
    Ok(Rendered::new(&wire::List::new(call.operation.path, data, sessions.len() > limit)))
}

/// The answer about a session after a command.
pub(super) fn rendered(call: &Call<'_>, answer: Answer) -> Handled {
    let replayed = answer.replayed;
    Ok(Rendered::new(&wire::Session::of(&*session(answer)?, call.mode())).replayed(replayed))
}

fn session(answer: Answer) -> Result<Arc<Session>, Problem> {
    let Reply::Session(session) = answer.reply else {
        return Err(Problem::internal("the core answered with something else than a session"));
    };
    Ok(session)
}

/// What is kept of a verification that was handed over. One from an account that may not is not looked at.
fn kyc_package(call: &Call<'_>, package: Option<wire::Package>) -> Result<Option<KycPackage>, Problem> {
    let Some(package) = package else { return Ok(None) };
    if !call.caller.account().entitlements.kyc_package {
        return Err(Problem::at(Code::NotEntitled, "kyc_package", "The account may not hand over verifications."));
    }
    package.judged(call.cell.keys(), call.cell.now()).map(Some)
}
