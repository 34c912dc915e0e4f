//! The webhooks' dispatcher of one cell: rows of the outbox in, outcomes back as commands.
//!
//! It walks the outbox in commit order and never looks back: a row is one attempt, sent once per process. A row whose
//! outcome was not reported before a crash is there at the next start and is sent again: at least once. When to try again
//! and in which order the deliveries of a session become due is the core's business.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use causeway_core::change::OutboxRow;
use causeway_core::command::Command;
use causeway_core::delivery::{Delivery, DeliveryOutcome};
use causeway_core::event::Event;
use causeway_core::id::{AccountId, OutboxId};
use causeway_core::store::{Reader, StoreError};
use causeway_core::time::Timestamp;
use http::StatusCode;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};

use super::client::Client;
use super::signature::{self, Message};
use crate::dispatch::{self, Notice, Reporter};
use crate::gate::{CellHandle, InFlight, system_time};
use crate::keys::{KeyRing, SecretText};
use crate::wire::render_event;

/// Rows that one look takes, with their events.
const PAGE: usize = 64;
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
    /// Attempts under way at once.
    pub at_once: u32,
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
    /// Attempts that are due and were read but wait for their place: the backlog, of which one page is seen.
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
        let places = Arc::new(Semaphore::new(self.at_once as usize));
        let walk = self.walk(&places, &sender, &mut stop);
        dispatch::run(reporter, receiver, walk, &places, self.at_once).await;
    }

    async fn walk(
        self: &Arc<Self>,
        places: &Arc<Semaphore>,
        sender: &mpsc::Sender<DeliveryOutcome>,
        stop: &mut watch::Receiver<bool>,
    ) {
        let mut commits = self.cell.commits();
        let mut after = None;
        loop {
            let Some(page) = self.page(after, stop).await else { return };
            if page.is_empty() {
                self.stats.lag_millis.store(0, Ordering::Relaxed);
                if !dispatch::committed(&mut commits, stop).await {
                    return;
                }
            }
            self.stats.backlog.store(page.len() as u64, Ordering::Relaxed);
            for job in page {
                after = Some(job.row.id);
                let Some(place) = dispatch::place(places, stop).await else { return };
                self.stats.begun(&job.row);
                self.in_flight.begin(&job.row);
                tokio::spawn(Arc::clone(self).deliver(job, place, sender.clone()));
            }
        }
    }

    async fn page(&self, after: Option<OutboxId>, stop: &mut watch::Receiver<bool>) -> Option<Vec<Job>> {
        let load = move |reader: &Reader| {
            let rows = reader.outbox(after, PAGE)?;
            Ok(rows.into_iter().map(|row| Job { row, found: find(reader, &row) }).collect())
        };
        dispatch::read(&self.reader, &self.notice, stop, load).await
    }

    async fn deliver(self: Arc<Self>, job: Job, place: OwnedSemaphorePermit, sender: mpsc::Sender<DeliveryOutcome>) {
        self.stats.under_way.fetch_add(1, Ordering::Relaxed);
        let (target_url, answer) = self.attempt(&job).await;
        let outcome = outcome(&job, target_url, answer);
        self.stats.under_way.fetch_sub(1, Ordering::Relaxed);
        if outcome.error.is_none() {
            self.stats.succeeded.fetch_add(1, Ordering::Relaxed);
        } else {
            self.count_failure(&job);
        }
        // The reporter outlives all attempts but those that the stop left behind; their rows are sent again.
        sender.send(outcome).await.ok();
        drop(place);
    }

    /// Counts a failed attempt, and judges as the core will whether it was the delivery's last one.
    fn count_failure(&self, job: &Job) {
        self.stats.failed.fetch_add(1, Ordering::Relaxed);
        let Ok((delivery, _)) = &job.found else { return };
        let has_endpoint = self.cell.directory().account(delivery.account).is_some_and(|one| one.webhook.is_some());
        if delivery.attempts as usize >= self.retries || !has_endpoint {
            self.stats.dead_lettered.fetch_add(1, Ordering::Relaxed);
        } else if delivery.next.is_some() {
            self.stats.holding.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// One attempt: where it goes, if there is an endpoint, and what comes of it. The error is for the partner's eyes.
    async fn attempt(&self, job: &Job) -> (Option<String>, Result<StatusCode, String>) {
        let event = match &job.found {
            Ok((_, event)) => event,
            Err(reason) => {
                (self.notice)(&format!("{:?} cannot be delivered: {reason}", job.row.delivery));
                return (None, Err("the event could not be read; the operator was told".to_owned()));
            }
        };
        match self.endpoint(job.row.account) {
            Ok((url, secret)) => {
                let answer = self.send(event, &url, secret).await;
                (Some(url), answer)
            }
            Err(error) => (None, Err(error)),
        }
    }

    async fn send(&self, event: &Event, url: &str, secret: Result<SecretText, String>) -> Result<StatusCode, String> {
        let secret = secret?;
        let body = render_event(event, self.cell.mode());
        let event_id = event.id.text(self.cell.mode());
        let at = system_time().unix_seconds();
        let message = Message { event_id: &event_id, event_type: event.kind.word(), at, body: &body };
        let headers = signature::headers(&secret, &message).map_err(|error| error.to_string())?;
        self.client.post(url, headers, body.into()).await.map_err(|error| error.to_string())
    }

    /// Where the account's events go now, and the secret that signs them.
    fn endpoint(&self, account: AccountId) -> Result<(String, Result<SecretText, String>), String> {
        let directory = self.cell.directory();
        let endpoint = directory.account(account).and_then(|account| account.webhook.as_ref());
        let endpoint = endpoint.ok_or("the account has no webhook endpoint any more")?;
        let secret = self.keys.open_webhook_secret(account, &endpoint.sealed_secret);
        Ok((endpoint.url.clone(), secret.map_err(|error| error.to_string())))
    }
}

impl Stats {
    /// One row of the page has its place.
    fn begun(&self, row: &OutboxRow) {
        self.backlog.fetch_sub(1, Ordering::Relaxed);
        // An id begins with the millisecond of its batch.
        let due = Timestamp((row.id.0 >> 80) as u64);
        self.lag_millis.store(system_time().since(due).0, Ordering::Relaxed);
    }
}

/// The delivery and event behind a row. A row that leads nowhere is reported as failed rather than left in the way.
fn find(reader: &Reader, row: &OutboxRow) -> Result<(Delivery, Event), String> {
    let told = |error: StoreError| error.to_string();
    let delivery = reader.delivery(row.account, row.delivery).map_err(told)?.ok_or("its delivery does not exist")?;
    let event = reader.event(row.account, delivery.event).map_err(told)?.ok_or("its event does not exist")?;
    Ok((delivery, event))
}

fn outcome(job: &Job, target_url: Option<String>, answer: Result<StatusCode, String>) -> DeliveryOutcome {
    let (response_status, error) = match answer {
        Ok(status) if status.is_success() => (Some(status.as_u16()), None),
        Ok(status) if status.is_redirection() => (
            Some(status.as_u16()),
            Some(format!("the receiver answered {}; redirects are not followed", status.as_u16())),
        ),
        Ok(status) => (Some(status.as_u16()), Some(format!("the receiver answered {}", status.as_u16()))),
        Err(error) => (None, Some(error)),
    };
    DeliveryOutcome {
        delivery: job.row.delivery,
        account: job.row.account,
        lane: job.found.as_ref().ok().and_then(|(delivery, _)| delivery.lane),
        outbox: job.row.id,
        target_url,
        response_status,
        error,
    }
}

#[cfg(test)]
mod tests;
