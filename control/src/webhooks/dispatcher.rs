//! The webhooks' dispatcher of one cell: rows of the outbox in, outcomes back as commands.
//!
//! It walks each account's outbox in commit order and never looks back: a row is one attempt, sent once per process. A row
//! whose outcome was not reported before a crash is there at the next start and is sent again: at least once. Whose turn it
//! is, [`lines`] says; when to try again and in which order the deliveries of a session become due is the core's business.

mod lines;
mod outcome;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use causeway_core::account::Account;
use causeway_core::change::OutboxRow;
use causeway_core::command::Command;
use causeway_core::delivery::{Delivery, DeliveryOutcome};
use causeway_core::endpoint::{Disabling, EndpointState, WebhookEndpoint};
use causeway_core::event::Event;
use causeway_core::id::{AccountId, OutboxId};
use causeway_core::store::{Reader, StoreError};
use http::StatusCode;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::Instant;

use super::client::{Answer, Client, TIDY};
use super::signature::{self, Message, Secrets};
use crate::dispatch::{self, Notice, Reporter};
use crate::gate::{CellHandle, InFlight, Rung, system_time};
use crate::keys::KeyRing;
use crate::wire::render_event;
use lines::{Attempt, Bounds, Lines, Page, Showing, Step};
use outcome::outcome;

/// Outcomes that may wait for their place in a command.
const OUTCOMES: usize = 256;

/// The webhooks' dispatcher of one cell.
pub struct Dispatcher {
    /// The cell.
    pub cell: CellHandle,
    /// Where its outbox lies.
    pub reader: Reader,
    /// Opens the accounts' signing secrets.
    pub keys: Arc<KeyRing>,
    /// Sends.
    pub client: Client,
    /// Attempts under way at once; half of the places are for endpoints that answer promptly, a quarter each for new and for
    /// slow ones. As many again may be under way that have waited for more than a second.
    pub at_once: u32,
    /// Attempts under way to one endpoint.
    pub per_endpoint: u32,
    /// Attempts to one endpoint in a second; zero: as many as it takes.
    pub per_second: u32,
    /// Attempts that follow a delivery's first one at most; after the last of them it is given up.
    pub retries: usize,
    /// Where it says what it has under way.
    pub in_flight: Arc<InFlight>,
    /// Hears of what goes wrong on our side; what receivers do stands in their deliveries.
    pub notice: Notice,
    /// What it counts.
    pub stats: Arc<Stats>,
}

/// What the dispatcher counts, from its start.
#[derive(Debug, Default)]
pub struct Stats {
    /// Attempts answered with 2xx.
    pub succeeded: AtomicU64,
    /// Attempts that came to anything else.
    pub failed: AtomicU64,
    /// Attempts under way.
    pub under_way: AtomicU64,
    /// Attempts that are due and were read but wait for their place: the backlog, of which a page of each line is seen.
    pub backlog: AtomicU64,
    /// For how long the attempt that was last begun had been due, in milliseconds; zero when nothing more is due.
    pub lag_millis: AtomicU64,
    /// Failed attempts behind which further deliveries of the session are held.
    pub holding: AtomicU64,
    /// Deliveries that were given up.
    pub dead_lettered: AtomicU64,
}

/// One attempt to make: the row, and what it delivers or why that cannot be read.
struct Job {
    row: OutboxRow,
    found: Result<(Delivery, Event), String>,
}

/// What a task does, in case that it breaks off.
enum Doing {
    Loading(Page),
    Attempting(Attempt),
}

/// What came of a task.
enum Done {
    /// What was read, and whether the endpoint's last delivery failed.
    Loaded(Page, Vec<(OutboxId, Job)>, bool),
    Attempted(Attempt, Showing, Duration),
}

impl Dispatcher {
    /// Works until the stop.
    pub async fn run(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let (sender, receiver) = mpsc::channel(OUTCOMES);
        let in_flight = Arc::clone(&self.in_flight);
        let reporter = Reporter {
            cell: self.cell.clone(),
            command: Command::ReportDeliveries,
            taken: Arc::new(move |outcomes| in_flight.end(outcomes)),
            notice: Arc::clone(&self.notice),
        };
        // Every place, and every attempt that has given its own back.
        let most = self.at_once * 2;
        let places = Arc::new(Semaphore::new(most as usize));
        let walk = self.walk(&places, &sender, &mut stop);
        dispatch::run(reporter, receiver, walk, &places, most).await;
    }

    async fn walk(
        self: &Arc<Self>,
        places: &Arc<Semaphore>,
        sender: &mpsc::Sender<DeliveryOutcome>,
        stop: &mut watch::Receiver<bool>,
    ) {
        let mut lines = Lines::<Job>::new(self.bounds());
        let mut tasks = JoinSet::new();
        let mut begun = HashMap::new();
        let mut disabled = BTreeSet::new();
        let doorbell = self.cell.doorbell();
        let mut tidying = tokio::time::interval(TIDY);
        loop {
            while let Some(step) = lines.next(Instant::now(), |account| self.is_open(account)) {
                let (task, doing) = match step {
                    Step::Load(page) => (tasks.spawn(Arc::clone(self).load(page, stop.clone())), Doing::Loading(page)),
                    Step::Begin(attempt, job) => {
                        let Some(place) = dispatch::place(places, stop).await else { return tasks.detach_all() };
                        self.stats.begun(&job.row);
                        self.in_flight.begin(&job.row);
                        let deliver = Arc::clone(self).deliver(attempt, job, place, sender.clone());
                        (tasks.spawn(deliver), Doing::Attempting(attempt))
                    }
                };
                begun.insert(task.id(), doing);
            }
            self.stats.looked(&lines);
            tokio::select! {
                biased;
                () = dispatch::stopped(stop) => return tasks.detach_all(),
                now = tidying.tick() => self.client.tidy(now),
                Some(ended) = tasks.join_next_with_id() => self.done(&mut lines, &mut begun, ended),
                rung = doorbell.answer() => self.ring(&mut lines, &mut disabled, rung),
                () = wakes(lines.wakes_at()) => {}
            }
        }
    }

    /// A task has ended. One that broke off ends as if it had come to nothing: its row is there at the next start.
    fn done(&self, lines: &mut Lines<Job>, begun: &mut HashMap<Id, Doing>, ended: Result<(Id, Done), JoinError>) {
        let now = Instant::now();
        match ended {
            Ok((id, done)) => {
                begun.remove(&id);
                match done {
                    Done::Loaded(page, jobs, is_failing) => lines.loaded(page, jobs, is_failing),
                    Done::Attempted(attempt, showing, took) => lines.ended(attempt, showing, took, now),
                }
            }
            Err(error) => {
                (self.notice)(&format!("a piece of work was broken off: {error}"));
                match begun.remove(&error.id()) {
                    Some(Doing::Loading(page)) => lines.loaded(page, Vec::new(), false),
                    Some(Doing::Attempting(attempt)) => lines.ended(attempt, Showing::Nothing, Duration::ZERO, now),
                    None => {}
                }
            }
        }
    }

    fn bounds(&self) -> Bounds {
        let quarter = (self.at_once as usize / 4).max(1);
        Bounds {
            places: [(self.at_once as usize).saturating_sub(2 * quarter).max(1), quarter, quarter],
            late: self.at_once as usize,
            per_endpoint: self.per_endpoint as usize,
            spacing: self
                .per_second
                .checked_sub(1)
                .map_or(Duration::ZERO, |_| Duration::from_secs(1) / self.per_second),
        }
    }

    /// Whether anything may be done about an account's deliveries. Those of one whose endpoint is paused wait; those of one
    /// that has none, or a disabled one, end.
    fn is_open(&self, account: AccountId) -> bool {
        let directory = self.cell.directory();
        let endpoint = directory.account(account).and_then(|account| account.webhook.as_ref());
        endpoint.is_none_or(|endpoint| !matches!(endpoint.state, EndpointState::Paused { .. }))
    }

    fn ring(&self, lines: &mut Lines<Job>, disabled: &mut BTreeSet<AccountId>, rung: Rung) {
        let directory = self.cell.directory();
        let rung: Vec<&Arc<Account>> = match rung {
            Rung::For(accounts) => accounts.into_iter().filter_map(|account| directory.account(account)).collect(),
            Rung::ForAll => directory.newest(None).collect(),
        };
        for account in &rung {
            match disabling(account) {
                Some(why) if disabled.insert(account.id) => {
                    (self.notice)(&format!("the webhook endpoint of {} is disabled: {why}", account.id.text()));
                }
                Some(_) => {}
                None => drop(disabled.remove(&account.id)),
            }
        }
        lines.ring(rung.into_iter().map(|account| account.id));
    }

    /// The deliveries of a page with their events; none when the stop comes first.
    async fn load(self: Arc<Self>, page: Page, mut stop: watch::Receiver<bool>) -> Done {
        let load = move |reader: &Reader| {
            let rows = reader.outbox(page.account, page.after, page.limit)?;
            let is_failing = reader.failing_since(page.account)?.is_some();
            let jobs = rows.into_iter().map(|row| (row.id, Job { row, found: find(reader, &row) }));
            Ok((jobs.collect(), is_failing))
        };
        let read = dispatch::read(&self.reader, &self.notice, &mut stop, load).await;
        let (jobs, is_failing) = read.unwrap_or_default();
        Done::Loaded(page, jobs, is_failing)
    }

    async fn deliver(
        self: Arc<Self>,
        attempt: Attempt,
        job: Job,
        place: OwnedSemaphorePermit,
        sender: mpsc::Sender<DeliveryOutcome>,
    ) -> Done {
        self.stats.under_way.fetch_add(1, Ordering::Relaxed);
        let begun = Instant::now();
        let (target_url, answer) = self.attempt(&job).await;
        let took = begun.elapsed();
        let showing = match (&target_url, &answer) {
            (None, _) => Showing::Nothing,
            (Some(_), Ok(answer)) if answer.status.is_success() => Showing::Took,
            (Some(_), Ok(answer)) => Showing::Failed(answer.retry_after.filter(|_| asks_for_rest(answer.status))),
            (Some(_), Err(_)) => Showing::Failed(None),
        };
        let outcome = outcome(&job, target_url, answer);
        self.stats.under_way.fetch_sub(1, Ordering::Relaxed);
        if outcome.error.is_none() {
            self.stats.succeeded.fetch_add(1, Ordering::Relaxed);
        } else {
            self.count_failure(&job, outcome.response_status);
        }
        // The reporter outlives all attempts but those that the stop left behind; their rows are sent again.
        sender.send(outcome).await.ok();
        drop(place);
        Done::Attempted(attempt, showing, took)
    }

    /// Counts a failed attempt, and judges as the core will whether it was the delivery's last one. Since when the endpoint
    /// fails only the core knows: the one attempt with which it loses patience counts as one that will be repeated.
    fn count_failure(&self, job: &Job, status: Option<u16>) {
        self.stats.failed.fetch_add(1, Ordering::Relaxed);
        let Ok((delivery, _)) = &job.found else { return };
        let has_endpoint = self
            .cell
            .directory()
            .account(delivery.account)
            .is_some_and(|one| one.webhook.as_ref().is_some_and(WebhookEndpoint::takes_events));
        let is_gone = status == Some(StatusCode::GONE.as_u16());
        if delivery.attempts as usize >= self.retries || !has_endpoint || is_gone {
            self.stats.dead_lettered.fetch_add(1, Ordering::Relaxed);
        } else if delivery.next.is_some() {
            self.stats.holding.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// One attempt: where it goes, if there is an endpoint, and what comes of it. The error is for the partner's eyes.
    async fn attempt(&self, job: &Job) -> (Option<String>, Result<Answer, String>) {
        let event = match &job.found {
            Ok((_, event)) => event,
            Err(reason) => {
                (self.notice)(&format!("{:?} cannot be delivered: {reason}", job.row.delivery));
                return (None, Err("the event could not be read; the operator was told".to_owned()));
            }
        };
        match self.endpoint(job.row.account) {
            Ok((url, secrets)) => {
                let answer = self.send(event, &url, secrets).await;
                (Some(url), answer)
            }
            Err(error) => (None, Err(error)),
        }
    }

    async fn send(&self, event: &Event, url: &str, secrets: Result<Secrets, String>) -> Result<Answer, String> {
        let secrets = secrets?;
        let body = render_event(event, self.cell.mode());
        let event_id = event.id.text(self.cell.mode());
        let at = system_time().unix_seconds();
        let message = Message { event_id: &event_id, event_type: event.kind.word(), at, body: &body };
        let headers = signature::headers(&secrets, &message).map_err(|error| error.to_string())?;
        self.client.post(url, headers, body.into()).await.map_err(|error| error.to_string())
    }

    /// Where the account's events go now, and the secrets that sign them.
    fn endpoint(&self, account: AccountId) -> Result<(String, Result<Secrets, String>), String> {
        let directory = self.cell.directory();
        let endpoint = directory.account(account).and_then(|account| account.webhook.as_ref());
        let endpoint = endpoint.ok_or("the account has no webhook endpoint any more")?;
        if let EndpointState::Disabled { why, .. } = endpoint.state {
            return Err(format!("the endpoint is disabled: {}", reason(why)));
        }
        Ok((endpoint.url.clone(), self.secrets(account, endpoint)))
    }

    fn secrets(&self, account: AccountId, endpoint: &WebhookEndpoint) -> Result<Secrets, String> {
        let open = |sealed: &[u8]| self.keys.open_webhook_secret(account, sealed).map_err(|error| error.to_string());
        let second = endpoint.signing_beside(system_time()).map(open).transpose()?;
        Ok(Secrets { first: open(&endpoint.sealed_secret)?, second, key: self.keys.event_key(account) })
    }
}

impl Stats {
    /// An attempt has its place.
    fn begun(&self, row: &OutboxRow) {
        self.lag_millis.store(system_time().since(row.id.made_at()).0, Ordering::Relaxed);
    }

    fn looked(&self, lines: &Lines<Job>) {
        self.backlog.store(lines.waiting() as u64, Ordering::Relaxed);
        if lines.are_idle() {
            self.lag_millis.store(0, Ordering::Relaxed);
        }
    }
}

/// Comes at this time, or never.
async fn wakes(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// The delivery and event behind a row. A row that leads nowhere is reported as failed rather than left in the way.
fn find(reader: &Reader, row: &OutboxRow) -> Result<(Delivery, Event), String> {
    let told = |error: StoreError| error.to_string();
    let delivery = reader.delivery(row.account, row.delivery).map_err(told)?.ok_or("its delivery does not exist")?;
    let event = reader.event(row.account, delivery.event).map_err(told)?.ok_or("its event does not exist")?;
    Ok((delivery, event))
}

/// Why an account's endpoint is disabled, if it is.
fn disabling(account: &Account) -> Option<&'static str> {
    match account.webhook.as_ref()?.state {
        EndpointState::Disabled { why, .. } => Some(reason(why)),
        EndpointState::Open | EndpointState::Paused { .. } => None,
    }
}

fn reason(why: Disabling) -> &'static str {
    match why {
        Disabling::Gone => "it answered 410",
        Disabling::Failing => "it has taken nothing for too long",
    }
}

/// Whether a status with `Retry-After` speaks of the endpoint, and not of this one event.
fn asks_for_rest(status: StatusCode) -> bool {
    matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE)
}

#[cfg(test)]
mod tests;
