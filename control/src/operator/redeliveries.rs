//! Redeliveries: events of an account are sent once more, as a job with progress.

use std::sync::Arc;

use causeway_core::command::{Command, Refusal, Reply};
use causeway_core::endpoint::WebhookEndpoint;
use causeway_core::event::EventKind;
use causeway_core::id::{AccountId, Mode, RedeliveryId};
use causeway_core::limits::REDELIVERY_AHEAD;
use causeway_core::redelivery::{Redelivery, RedeliveryRange, RedeliveryStatus, Which};
use causeway_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::accounts::target;
use super::body::{Delete, ModeWord};
use super::call::{Call, Handled, Target, answer, unknown_account};
use crate::gate::{Cell, Lane};
use crate::problem::{Code, Problem};
use crate::wire::{List, Time, mode_word};

/// Starts a job.
pub async fn start_redelivery(call: Call<'_>) -> Handled {
    let request: StartRedelivery = call.read()?;
    let (id, mode) = (call.account_id()?, request.mode.mode());
    let cell = call.cell(mode)?;
    let range = range(&request, cell.now())?;
    known(cell, id)?;
    let said = said(&request);
    call.record(Target { object: Some(&said), ..target(id, mode) }, request.reason.as_deref()).await?;
    let job = submit(cell, Command::StartRedelivery(id, Box::new(range))).await?;
    answer(201, &RedeliveryView::new(mode, &job, None))
}

/// Shows the jobs of an account that are kept, newest first: `mode`.
pub async fn list_redeliveries(call: Call<'_>) -> Handled {
    let id = call.account_id()?;
    let mode = call.query.parsed("mode", "sandbox or live", ModeWord::parse)?;
    let mode = mode.ok_or_else(|| Problem::invalid("mode", "mode must be sandbox or live."))?.mode();
    let cell = call.cell(mode)?;
    known(cell, id)?;
    let (jobs, is_full) = read(cell, id).await?;
    let data = jobs.iter().rev().map(|job| RedeliveryView::new(mode, job, waits_for(cell, job, is_full))).collect();
    answer(200, &List::new(call.row.path, data, false))
}

/// Shows a job. Its id names its mode.
pub async fn retrieve_redelivery(call: Call<'_>) -> Handled {
    let (mode, cell, account, id) = named(&call)?;
    let (jobs, is_full) = read(cell, account).await?;
    let job = jobs.iter().find(|job| job.id == id).ok_or_else(unknown)?;
    answer(200, &RedeliveryView::new(mode, job, waits_for(cell, job, is_full)))
}

/// Stops a job. What it has queued is sent all the same; one that has ended stays as it is.
pub async fn cancel_redelivery(call: Call<'_>) -> Handled {
    let request: Delete = call.read_if_any()?;
    let (mode, cell, account, id) = named(&call)?;
    let (jobs, _) = read(cell, account).await?;
    if !jobs.iter().any(|job| job.id == id) {
        return Err(unknown());
    }
    let target = Target { object: Some(call.parameter(1)), ..target(account, mode) };
    call.record(target, request.reason.as_deref()).await?;
    let job = submit(cell, Command::CancelRedelivery(account, id)).await?;
    answer(200, &RedeliveryView::new(mode, &job, None))
}

/// `POST /operator/accounts/{id}/webhook/redeliveries`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StartRedelivery {
    /// The world of the events.
    mode: ModeWord,
    /// When the first of them happened.
    from: String,
    /// Before when the last of them happened; now otherwise.
    to: Option<String>,
    /// Their types; all otherwise.
    types: Option<Vec<String>>,
    /// By what became of their deliveries; `missed` otherwise.
    which: Option<WhichWord>,
    /// Why.
    reason: Option<String>,
}

/// Which events are sent once more.
#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum WhichWord {
    /// Those that were given up, and those that never had a delivery.
    Missed,
    /// Those that arrived, too.
    All,
}

/// A job as operators see it.
#[derive(Serialize)]
struct RedeliveryView {
    object: &'static str,
    id: String,
    account_id: String,
    mode: &'static str,
    /// `running`, `done` or `cancelled`.
    status: &'static str,
    /// What a job that runs waits for: `endpoint`, while the account has none or one that is disabled, or `deliveries`, while
    /// too many of the account's are on their way.
    waits_for: Option<&'static str>,
    from: Time,
    to: Time,
    /// Null for all.
    types: Option<Vec<&'static str>>,
    which: &'static str,
    /// Events that it has looked at.
    scanned: u64,
    /// Those that it has queued.
    sent: u64,
    /// Those that it has not.
    skipped: u64,
    /// The time up to which it has come, and the share of its stretch that this is.
    reached: Time,
    percent: u8,
    created_at: Time,
    ended_at: Option<Time>,
}

impl RedeliveryView {
    fn new(mode: Mode, job: &Redelivery, waits_for: Option<&'static str>) -> RedeliveryView {
        let (status, ended_at) = match job.status {
            RedeliveryStatus::Running => ("running", None),
            RedeliveryStatus::Done { at } => ("done", Some(Time(at))),
            RedeliveryStatus::Cancelled { at } => ("cancelled", Some(Time(at))),
        };
        let types = job.range.kinds.iter().map(|kind| kind.word()).collect();
        RedeliveryView {
            object: "webhook_redelivery",
            id: job.id.text(mode),
            account_id: job.account.text(),
            mode: mode_word(mode),
            status,
            waits_for,
            from: Time(job.range.from),
            to: Time(job.range.until),
            types: (!job.range.kinds.is_empty()).then_some(types),
            which: match job.range.which {
                Which::Missed => "missed",
                Which::All => "all",
            },
            scanned: job.scanned,
            sent: job.sent,
            skipped: job.scanned - job.sent,
            reached: Time(job.reached_at()),
            percent: job.percent(),
            created_at: Time(job.created_at),
            ended_at,
        }
    }
}

/// What is asked for, in the core's words.
fn range(request: &StartRedelivery, now: Timestamp) -> Result<RedeliveryRange, Problem> {
    let from = time("from", &request.from)?;
    let until = request.to.as_deref().map_or(Ok(now), |to| time("to", to))?;
    if from >= until || from >= now {
        return Err(Problem::invalid("from", "from must lie before to, and in the past."));
    }
    let mut kinds = Vec::new();
    for word in request.types.iter().flatten() {
        let kind = EventKind::ALL.iter().copied().find(|kind| kind.word() == word);
        let kind = kind.ok_or_else(|| Problem::invalid("types", format!("There is no event type {word:?}.")))?;
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    if request.types.is_some() && kinds.is_empty() {
        return Err(Problem::invalid("types", "types must name at least one event type; leave it out for all."));
    }
    let which = match request.which {
        None | Some(WhichWord::Missed) => Which::Missed,
        Some(WhichWord::All) => Which::All,
    };
    Ok(RedeliveryRange { from, until, kinds, which })
}

fn time(field: &'static str, text: &str) -> Result<Timestamp, Problem> {
    let message = || format!("{field} must be a time like 2026-05-25T08:30:00Z.");
    Time::parse(text).map(|time| time.0).ok_or_else(|| Problem::invalid(field, message()))
}

/// In the words of the audit.
fn said(request: &StartRedelivery) -> String {
    let which = match request.which {
        None | Some(WhichWord::Missed) => "missed",
        Some(WhichWord::All) => "all",
    };
    let to = request.to.as_deref().unwrap_or("now");
    let types = request.types.as_ref().map_or_else(|| "all types".to_owned(), |types| types.join(" "));
    format!("{which} from {} to {to}: {types}", request.from)
}

async fn submit(cell: &Cell, command: Command) -> Result<Arc<Redelivery>, Problem> {
    let refused = |refusal| {
        if refusal == Refusal::NoEndpoint {
            let message = "The account has no webhook endpoint, or a disabled one: set or resume it, then start again.";
            return Problem::new(Code::EndpointNotReady, message);
        }
        Problem::from(refusal)
    };
    let answer = cell.submit(Lane::Operator, command, None).await.map_err(refused)?;
    let Reply::Redelivery(job) = answer.reply else {
        return Err(Problem::internal("the cell answered a redelivery with something else"));
    };
    Ok(job)
}

/// The account's jobs, oldest first, and whether so many of its deliveries are on their way that a job waits.
async fn read(cell: &Cell, account: AccountId) -> Result<(Vec<Redelivery>, bool), Problem> {
    cell.read(move |reader| {
        let jobs = reader.redeliveries(account)?;
        let runs = jobs.iter().any(Redelivery::is_running);
        let is_full = runs && reader.count_undelivered(account, REDELIVERY_AHEAD)? == REDELIVERY_AHEAD;
        Ok((jobs, is_full))
    })
    .await
}

fn waits_for(cell: &Cell, job: &Redelivery, is_full: bool) -> Option<&'static str> {
    let directory = cell.directory();
    let endpoint = directory.account(job.account).and_then(|account| account.webhook.as_ref());
    match (job.is_running(), endpoint.is_some_and(WebhookEndpoint::takes_events)) {
        (true, false) => Some("endpoint"),
        (true, true) => is_full.then_some("deliveries"),
        (false, _) => None,
    }
}

/// The job that the path names, with its cell.
fn named<'c>(call: &Call<'c>) -> Result<(Mode, &'c Cell, AccountId, RedeliveryId), Problem> {
    let account = call.account_id()?;
    let text = call.parameter(1);
    let found = [Mode::Sandbox, Mode::Live].into_iter().find_map(|mode| Some((mode, RedeliveryId::parse(text, mode)?)));
    let (mode, id) = found.ok_or_else(unknown)?;
    let cell = call.interface.gate.cell(mode).ok_or_else(unknown)?;
    known(cell, account)?;
    Ok((mode, cell, account, id))
}

fn known(cell: &Cell, account: AccountId) -> Result<(), Problem> {
    cell.directory().account(account).map(|_| ()).ok_or_else(unknown_account)
}

fn unknown() -> Problem {
    Problem::new(Code::NotFound, "There is no such redelivery of this account; the oldest ones are not kept.")
}
