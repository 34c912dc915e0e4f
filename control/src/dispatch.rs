//! What everybody does who takes durable work to where it belongs: wait for commits, read beside the runtime, and report
//! outcomes until the cell has taken them.

use std::sync::Arc;
use std::time::Duration;

use causeway_core::change::Head;
use causeway_core::command::{Command, Refusal, Submission};
use causeway_core::store::{Reader, StoreError};
use causeway_core::time::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::gate::{CellHandle, Lane};

/// Outcomes that one command carries at most.
const GROUP: usize = 64;
/// Commands with outcomes that wait for their commit at once.
const GROUPS_AT_ONCE: usize = 8;
/// How long work under way may take to end after the stop; what is left is found again at the next start.
const GRACE: Duration = Duration::from_secs(2);

/// Called with each line that an operator should read.
pub type Notice = Arc<dyn Fn(&str) + Send + Sync>;

/// Pauses between tries: they double up to a second.
#[derive(Debug)]
pub struct Backoff(Duration);

impl Backoff {
    /// Begins with ten milliseconds.
    pub fn new() -> Backoff {
        Backoff(Duration::from_millis(10))
    }

    /// Waits; `false` when the stop came meanwhile.
    pub async fn pause(&mut self, stop: &mut watch::Receiver<bool>) -> bool {
        let pause = self.0;
        self.0 = (pause * 2).min(Duration::from_secs(1));
        tokio::select! {
            () = sleep(pause) => true,
            () = stopped(stop) => false,
        }
    }
}

impl Default for Backoff {
    fn default() -> Backoff {
        Backoff::new()
    }
}

/// Ends when the stop is called, or whoever could call it is gone.
pub async fn stopped(stop: &mut watch::Receiver<bool>) {
    // An error means that the caller is gone, which ends us as well.
    stop.wait_for(|stopped| *stopped).await.ok();
}

/// Waits for a commit; `false` when the stop came or the cell is gone.
pub async fn committed(commits: &mut watch::Receiver<Head>, stop: &mut watch::Receiver<bool>) -> bool {
    tokio::select! {
        biased;
        () = stopped(stop) => false,
        changed = commits.changed() => changed.is_ok(),
    }
}

/// Reads beside the runtime's threads, again and again until it succeeds; `None` when the stop came first.
pub async fn read<T: Send + 'static>(
    reader: &Reader,
    notice: &Notice,
    stop: &mut watch::Receiver<bool>,
    what: impl Fn(&Reader) -> Result<T, StoreError> + Clone + Send + 'static,
) -> Option<T> {
    let mut backoff = Backoff::new();
    loop {
        let (reader, what) = (reader.clone(), what.clone());
        match tokio::task::spawn_blocking(move || what(&reader)).await {
            Ok(Ok(rows)) => return Some(rows),
            Ok(Err(error)) => notice(&format!("durable work cannot be read and is tried again: {error}")),
            Err(error) => notice(&format!("reading durable work was broken off and is tried again: {error}")),
        }
        if !backoff.pause(stop).await {
            return None;
        }
    }
}

/// Hands a command to the cell until that has it durably or refuses it for good; `None` when the stop came first.
pub async fn submit(
    cell: &CellHandle,
    command: &Command,
    stop: &mut watch::Receiver<bool>,
) -> Option<Result<(), Refusal>> {
    let mut backoff = Backoff::new();
    loop {
        let submission = Submission { command: command.clone(), idempotency: None, deadline: Timestamp(u64::MAX) };
        match cell.submit(Lane::Internal, submission).await {
            Ok(_) => return Some(Ok(())),
            Err(Refusal::Overloaded | Refusal::StoreDown | Refusal::OutcomeUnknown) => {}
            Err(refusal) => return Some(Err(refusal)),
        }
        if !backoff.pause(stop).await {
            return None;
        }
    }
}

/// A place for one more piece of work under way; `None` when the stop came first.
pub async fn place(places: &Arc<Semaphore>, stop: &mut watch::Receiver<bool>) -> Option<OwnedSemaphorePermit> {
    tokio::select! {
        biased;
        () = stopped(stop) => None,
        place = Arc::clone(places).acquire_owned() => place.ok(),
    }
}

/// Reports `outcomes` while `walk` runs, which takes `places` for its work under way, of which there are `at_once`; then
/// waits, but not for long, until that has ended and is reported.
pub async fn run<T: Clone + Send + 'static>(
    reporter: Reporter<T>,
    outcomes: mpsc::Receiver<T>,
    walk: impl Future<Output = ()>,
    places: &Semaphore,
    at_once: u32,
) {
    let notice = Arc::clone(&reporter.notice);
    let (drained, drained_seen) = watch::channel(false);
    let reporting = tokio::spawn(reporter.run(outcomes, drained_seen));
    walk.await;
    // Running out of time is no error: what was not reported lies in the store and is taken up again.
    timeout(GRACE, places.acquire_many(at_once)).await.ok();
    drained.send_replace(true);
    if let Err(error) = reporting.await {
        notice(&format!("reporting outcomes was broken off: {error}"));
    }
}

/// Takes outcomes to the cell in groups, each until the cell has it durably. Nothing is dropped while the cell lives.
pub struct Reporter<T> {
    /// The cell.
    pub cell: CellHandle,
    /// Makes the command of a group.
    pub command: fn(Vec<T>) -> Command,
    /// Called with each group that the cell has taken, or will never take.
    pub taken: Taken<T>,
    /// Hears of what goes wrong.
    pub notice: Notice,
}

/// Hears of outcomes that need not be reported any more.
pub type Taken<T> = Arc<dyn Fn(&[T]) + Send + Sync>;

impl<T: Clone + Send + 'static> Reporter<T> {
    /// Runs until the senders are gone, or until the stop, when it reports what is there and ends.
    pub async fn run(self, mut outcomes: mpsc::Receiver<T>, mut stop: watch::Receiver<bool>) {
        let reporter = Arc::new(self);
        let mut groups = JoinSet::new();
        while let Some(group) = next_group(&mut outcomes, &mut stop).await {
            groups.spawn(Arc::clone(&reporter).report(group, stop.clone()));
            if groups.len() >= GROUPS_AT_ONCE {
                groups.join_next().await;
            }
        }
        groups.join_all().await;
    }

    async fn report(self: Arc<Self>, group: Vec<T>, mut stop: watch::Receiver<bool>) {
        let taken = submit(&self.cell, &(self.command)(group.clone()), &mut stop).await;
        if let Some(Err(refusal)) = taken {
            let count = group.len();
            (self.notice)(&format!("the cell refused {count} outcomes, which never happens: {refusal}"));
        }
        // Without an answer the rows of these outcomes are still there: the next start takes them up.
        if taken.is_some() {
            (self.taken)(&group);
        }
    }
}

/// The outcomes that are there, at least one; `None` at the end.
async fn next_group<T>(outcomes: &mut mpsc::Receiver<T>, stop: &mut watch::Receiver<bool>) -> Option<Vec<T>> {
    let mut group = Vec::new();
    tokio::select! {
        biased;
        _ = outcomes.recv_many(&mut group, GROUP) => {}
        () = stopped(stop) => {}
    }
    if group.is_empty() { None } else { Some(group) }
}

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod journey;
#[cfg(test)]
mod tests;
