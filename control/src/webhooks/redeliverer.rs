//! Who lets the redeliveries of one cell go on: the next page of a job is read beside the engine and handed to it.
//!
//! There is one page on its way at a time, of each job that can go on in its turn. So the cell is not flooded, whatever
//! operators start, and a page is taken much faster than receivers take its events. A job holds back while so many of its
//! account's deliveries have not ended: what happens meanwhile stands behind a bounded number of old events. Where a job
//! stands is in the store alone: nothing here outlives the process, and nothing has to.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use causeway_core::change::Head;
use causeway_core::command::{Command, Refusal, Reply, Submission};
use causeway_core::endpoint::WebhookEndpoint;
use causeway_core::id::AccountId;
use causeway_core::limits::{REDELIVERY_AHEAD, REDELIVERY_PAGE, REDELIVERY_STEP};
use causeway_core::redelivery::{Redelivery, RedeliveryStep};
use causeway_core::store::{PageBounds, Reader, StoreError};
use causeway_core::time::Timestamp;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::dispatch::{self, Backoff, Notice};
use crate::gate::{CellHandle, Lane, Rung};

/// What a page takes at most.
const PAGE: PageBounds = PageBounds { rows: REDELIVERY_PAGE, events: REDELIVERY_STEP };
/// How often it is looked at most whether deliveries have ended that a job holds back for.
const LOOKS: Duration = Duration::from_millis(100);

/// Lets the redeliveries of one cell go on.
pub struct Redeliverer {
    /// The cell.
    pub cell: CellHandle,
    /// Where jobs and events lie.
    pub reader: Reader,
    /// Hears of what goes wrong on our side.
    pub notice: Notice,
}

/// Accounts that may have a job. Each is here once.
#[derive(Default)]
struct Jobs {
    /// Those to look at, in their turn.
    ready: VecDeque<AccountId>,
    /// Those with too much on its way.
    holding: BTreeSet<AccountId>,
}

/// How it stands with the job of an account.
enum Stand {
    /// There is none that runs.
    Idle,
    /// Too much is on its way.
    Full,
    /// This is its next page.
    Next(Box<Redelivery>, RedeliveryStep),
}

/// What came of looking at an account.
enum Went {
    /// There is more to do.
    On,
    /// Nothing is to be done until the bell rings.
    Idle,
    /// Deliveries must end first.
    Full,
    /// The stop came.
    Stopped,
}

impl Redeliverer {
    /// Works until the stop.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let (bell, mut commits) = (self.cell.redelivery_bell(), self.cell.commits());
        let (mut jobs, mut look_at) = (Jobs::default(), Instant::now());
        loop {
            let (is_ready, is_holding) = (!jobs.ready.is_empty(), !jobs.holding.is_empty());
            tokio::select! {
                biased;
                () = dispatch::stopped(&mut stop) => return,
                rung = bell.answer() => if !self.hear(&mut jobs, rung, &mut stop).await { return },
                () = room(&mut commits, look_at), if is_holding => {
                    look_at = Instant::now() + LOOKS;
                    jobs.look_again();
                }
                () = std::future::ready(()), if is_ready => {
                    let Some(account) = jobs.ready.pop_front() else { continue };
                    match self.go_on(account, &mut stop).await {
                        Went::On => jobs.ready.push_back(account),
                        Went::Idle => {}
                        Went::Full => drop(jobs.holding.insert(account)),
                        Went::Stopped => return,
                    }
                }
            }
        }
    }

    /// The bell has rung. At the start of the process and after a failure of the store it rings for all: then the store says
    /// which jobs run. `false` when the stop came.
    async fn hear(&self, jobs: &mut Jobs, rung: Rung, stop: &mut watch::Receiver<bool>) -> bool {
        let accounts = match rung {
            Rung::For(accounts) => accounts.into_iter().collect(),
            Rung::ForAll => {
                match dispatch::read(&self.reader, &self.notice, stop, Reader::running_redeliveries).await {
                    Some(running) => running.into_iter().map(|job| job.account).collect::<Vec<_>>(),
                    None => return false,
                }
            }
        };
        accounts.into_iter().for_each(|account| jobs.add(account));
        true
    }

    /// One page of the account's job, if it has one that can go on. Without an endpoint it cannot: the bell rings when that
    /// changes.
    async fn go_on(&self, account: AccountId, stop: &mut watch::Receiver<bool>) -> Went {
        if !self.has_endpoint(account) {
            return Went::Idle;
        }
        let look = move |reader: &Reader| look(reader, account);
        match dispatch::read(&self.reader, &self.notice, stop, look).await {
            None => Went::Stopped,
            Some(Stand::Idle) => Went::Idle,
            Some(Stand::Full) => Went::Full,
            Some(Stand::Next(job, step)) => self.take(&job, step, stop).await,
        }
    }

    async fn take(&self, job: &Redelivery, step: RedeliveryStep, stop: &mut watch::Receiver<bool>) -> Went {
        let command = Command::AdvanceRedelivery(job.account, job.id, Box::new(step));
        let submission = Submission { command, idempotency: None, deadline: Timestamp(u64::MAX) };
        let outcome = tokio::select! {
            biased;
            () = dispatch::stopped(stop) => return Went::Stopped,
            outcome = self.cell.submit(Lane::Internal, submission) => outcome,
        };
        match outcome.map(|answer| answer.reply) {
            Ok(Reply::Redelivery(job)) if job.is_running() => Went::On,
            Ok(_) | Err(Refusal::NoEndpoint | Refusal::NotFound(_)) => Went::Idle,
            // Whether the page was taken, the store says when the next one is read.
            Err(Refusal::Overloaded | Refusal::StoreDown | Refusal::OutcomeUnknown) => {
                if Backoff::new().pause(stop).await { Went::On } else { Went::Stopped }
            }
            Err(refusal) => {
                (self.notice)(&format!("the cell refused a page of {:?}, which never happens: {refusal}", job.id));
                Went::Idle
            }
        }
    }

    fn has_endpoint(&self, account: AccountId) -> bool {
        let directory = self.cell.directory();
        let endpoint = directory.account(account).and_then(|account| account.webhook.as_ref());
        endpoint.is_some_and(WebhookEndpoint::takes_events)
    }
}

impl Jobs {
    fn add(&mut self, account: AccountId) {
        self.holding.remove(&account);
        if !self.ready.contains(&account) {
            self.ready.push_back(account);
        }
    }

    fn look_again(&mut self) {
        self.ready.extend(std::mem::take(&mut self.holding));
    }
}

fn look(reader: &Reader, account: AccountId) -> Result<Stand, StoreError> {
    let Some(job) = reader.redeliveries(account)?.into_iter().find(Redelivery::is_running) else {
        return Ok(Stand::Idle);
    };
    if reader.count_undelivered(account, REDELIVERY_AHEAD)? == REDELIVERY_AHEAD {
        return Ok(Stand::Full);
    }
    let step = reader.redelivery_step(&job, PAGE)?;
    Ok(Stand::Next(Box::new(job), step))
}

/// Comes when something was committed, but not before this time.
async fn room(commits: &mut watch::Receiver<Head>, not_before: Instant) {
    tokio::time::sleep_until(not_before).await;
    // Who ends the commits ends us as well, by the stop.
    commits.changed().await.ok();
}

#[cfg(test)]
mod tests;
