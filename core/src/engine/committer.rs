//! The committer: a thread that writes batches, syncs once for all that wait, and only then lets their answers go.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Instant;

use crossbeam_channel::Receiver;
use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::Link;
use crate::change::Head;
use crate::command::Outcome;
use crate::command::Refusal;
use crate::directory::Directory;
use crate::ingress::Envelope;
use crate::limits::BATCHES_IN_FLIGHT;
use crate::store::{Batch, Store, StoreError};
use crate::time::Timestamp;

/// A batch on its way to disk, with the answers that wait for it. Without rows it still waits for those before it: its
/// answers may tell of them.
pub(super) struct Job {
    pub head: Head,
    pub batch: Option<Batch>,
    pub directory: Option<Arc<Directory>>,
    pub answers: Vec<(oneshot::Sender<Outcome>, Outcome)>,
}

/// How far the disk is.
#[derive(Clone, Copy)]
pub(super) struct Progress {
    /// The time of the newest synced batch.
    pub synced_now: Timestamp,
    /// Whether nothing is on its way.
    pub is_idle: bool,
}

pub(super) struct Committer {
    shared: Arc<Shared>,
    thread: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    failed: AtomicBool,
    error: Mutex<Option<StoreError>>,
    synced: AtomicU64,
    synced_now: AtomicU64,
}

impl Committer {
    pub(super) fn spawn(store: Arc<dyn Store>, queue: Receiver<Job>, link: Link, head: Head) -> Committer {
        let shared = Arc::new(Shared::default());
        shared.advance(head);
        let worker = Worker { store, queue, link, shared: Arc::clone(&shared) };
        let thread = std::thread::Builder::new().name("committer".to_owned());
        let thread = thread.spawn(move || worker.run()).expect("the system starts one more thread");
        Committer { shared, thread }
    }

    pub(super) fn has_failed(&self) -> bool {
        self.shared.failed.load(Ordering::Acquire)
    }

    /// The newest synced batch.
    pub(super) fn synced(&self) -> u64 {
        self.shared.synced.load(Ordering::Acquire)
    }

    pub(super) fn progress(&self, head: Head) -> Progress {
        let is_idle = self.synced() == head.batch;
        Progress { synced_now: Timestamp(self.shared.synced_now.load(Ordering::Acquire)), is_idle }
    }

    /// The engine could not read: nothing more is committed. Answers `false` for the engine's loop.
    pub(super) fn fail(&self, error: StoreError, envelopes: Vec<Envelope>) -> bool {
        self.shared.fail(error);
        answer_all(envelopes.into_iter().map(|envelope| envelope.answer), Err(Refusal::Overloaded));
        false
    }

    /// Waits for the end of the thread, after its queue was closed; the error that ended it, if any.
    pub(super) fn join(self) -> Option<StoreError> {
        self.thread.join().expect("a lost committer ends the process before it can be joined");
        self.shared.error.lock().take()
    }
}

impl Shared {
    fn advance(&self, head: Head) {
        self.synced_now.store(head.now.0, Ordering::Release);
        self.synced.store(head.batch, Ordering::Release);
    }

    fn fail(&self, error: StoreError) {
        self.error.lock().get_or_insert(error);
        self.failed.store(true, Ordering::Release);
    }
}

struct Worker {
    store: Arc<dyn Store>,
    queue: Receiver<Job>,
    link: Link,
    shared: Arc<Shared>,
}

impl Worker {
    fn run(self) {
        let _guard = super::AbortOnPanic;
        while let Ok(first) = self.queue.recv() {
            let mut jobs = vec![first];
            jobs.extend(self.queue.try_iter().take(BATCHES_IN_FLIGHT));
            self.commit(jobs);
        }
    }

    /// After a failure nothing is tried again: what follows could only build on what may be lost.
    fn commit(&self, mut jobs: Vec<Job>) {
        let batches: Vec<Batch> = jobs.iter_mut().filter_map(|job| job.batch.take()).collect();
        if self.shared.failed.load(Ordering::Acquire) {
            return give_up(jobs);
        }
        let started = Instant::now();
        if !batches.is_empty()
            && let Err(error) = self.store.commit(&batches)
        {
            self.shared.fail(error);
            return give_up(jobs);
        }
        self.link.stats.committed(batches.len(), started.elapsed());
        for job in jobs {
            self.publish(job);
        }
    }

    fn publish(&self, job: Job) {
        self.shared.advance(job.head);
        if let Some(directory) = job.directory {
            self.link.published.store(directory);
        }
        for (answer, outcome) in job.answers {
            // Nobody may wait any more: the command stands all the same.
            let _ = answer.send(outcome);
        }
        self.link.commits.send_if_modified(|newest| std::mem::replace(newest, job.head.batch) != job.head.batch);
    }
}

fn give_up(jobs: Vec<Job>) {
    let answers = jobs.into_iter().flat_map(|job| job.answers).map(|(answer, _)| answer);
    answer_all(answers, Err(Refusal::OutcomeUnknown));
}

/// Gives everybody the same answer.
pub(super) fn answer_all(answers: impl Iterator<Item = oneshot::Sender<Outcome>>, outcome: Outcome) {
    for answer in answers {
        // Nobody may wait any more.
        let _ = answer.send(outcome.clone());
    }
}
