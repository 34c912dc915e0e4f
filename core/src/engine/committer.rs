//! The committer: a thread that writes batches, syncs once for all that wait, and only then lets their answers go.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Instant;

use crossbeam_channel::Receiver;
use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::{Alarm, Alarms, Link, priority};
use crate::change::Head;
use crate::command::Outcome;
use crate::command::Refusal;
use crate::directory::Directory;
use crate::ingress::{Envelope, Rings};
use crate::limits::BATCHES_IN_FLIGHT;
use crate::planted::{self, Bug};
use crate::store::{Batch, Store, StoreError};
use crate::time::Timestamp;

/// A batch on its way to disk, with the answers that wait for it. Without rows it still waits for those before it: its
/// answers may tell of them.
pub(crate) struct Job {
    pub head: Head,
    pub batch: Option<Batch>,
    pub directory: Option<Arc<Directory>>,
    /// Accounts that those who send work on should look at.
    pub rung: Rings,
    pub answers: Vec<(oneshot::Sender<Outcome>, Outcome)>,
}

/// How far the disk is.
#[derive(Clone, Copy)]
pub(crate) struct Progress {
    /// The time of the newest synced batch.
    pub synced_now: Timestamp,
    /// Whether nothing is on its way.
    pub is_idle: bool,
}

pub(crate) struct Committer {
    shared: Arc<Shared>,
    thread: JoinHandle<()>,
}

/// What engine and committer tell each other.
#[derive(Default)]
pub(crate) struct Shared {
    failed: AtomicBool,
    error: Mutex<Option<StoreError>>,
    synced: AtomicU64,
    synced_now: AtomicU64,
}

impl Committer {
    pub(crate) fn spawn(
        store: Arc<dyn Store>,
        queue: Receiver<Job>,
        link: Link,
        head: Head,
        alarm: Alarms,
    ) -> Committer {
        let desk = Desk::new(store, link, head);
        let shared = Arc::clone(&desk.shared);
        let thread = std::thread::Builder::new().name("committer".to_owned());
        let thread = thread.spawn(move || desk.serve(&queue, &alarm)).expect("the system starts one more thread");
        Committer { shared, thread }
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.shared.has_failed()
    }

    /// The newest synced batch.
    pub(crate) fn synced(&self) -> u64 {
        self.shared.synced()
    }

    pub(crate) fn progress(&self, head: Head) -> Progress {
        self.shared.progress(head)
    }

    /// The engine could not read: nothing more is committed. Answers `false` for the engine's loop.
    pub(crate) fn fail(&self, error: StoreError, envelopes: Vec<Envelope>) -> bool {
        self.shared.fail_reading(error, envelopes);
        false
    }

    /// Waits for the end of the thread, after its queue was closed; the error that ended it, if any.
    pub(crate) fn join(self) -> Option<StoreError> {
        self.thread.join().expect("a lost committer ends the process before it can be joined");
        self.shared.error.lock().take()
    }
}

impl Shared {
    pub(crate) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    pub(crate) fn synced(&self) -> u64 {
        self.synced.load(Ordering::Acquire)
    }

    pub(crate) fn progress(&self, head: Head) -> Progress {
        let is_idle = self.synced() == head.batch;
        Progress { synced_now: Timestamp(self.synced_now.load(Ordering::Acquire)), is_idle }
    }

    fn advance(&self, head: Head) {
        self.synced_now.store(head.now.0, Ordering::Release);
        self.synced.store(head.batch, Ordering::Release);
    }

    /// The engine could not read. What it was about to run left no trace.
    pub(crate) fn fail_reading(&self, error: StoreError, envelopes: Vec<Envelope>) {
        self.fail(error);
        let refusal = if planted::has(Bug::FeignDoubt) { Refusal::OutcomeUnknown } else { Refusal::StoreDown };
        answer_all(envelopes.into_iter().map(|envelope| envelope.answer), Err(refusal));
    }

    fn fail(&self, error: StoreError) {
        self.error.lock().get_or_insert(error);
        self.failed.store(true, Ordering::Release);
    }
}

/// Where batches are committed. The committer's thread sits at it; the simulator does without the thread.
pub(crate) struct Desk {
    store: Arc<dyn Store>,
    link: Link,
    pub(crate) shared: Arc<Shared>,
}

impl Desk {
    /// A desk whose newest synced batch led to `head`.
    pub(crate) fn new(store: Arc<dyn Store>, link: Link, head: Head) -> Desk {
        let shared = Arc::new(Shared::default());
        shared.advance(head);
        Desk { store, link, shared }
    }

    fn serve(&self, queue: &Receiver<Job>, alarm: &Alarms) {
        let _guard = super::AbortOnPanic;
        if let Err(reason) = priority::raise() {
            alarm(Alarm::CommitterNotFavoured(reason));
        }
        while let Ok(first) = queue.recv() {
            let mut jobs = vec![first];
            jobs.extend(queue.try_iter().take(BATCHES_IN_FLIGHT));
            self.commit(jobs);
        }
    }

    /// After a failure nothing is tried again: what follows could only build on what may be lost.
    pub(crate) fn commit(&self, mut jobs: Vec<Job>) {
        let batches: Vec<Batch> = jobs.iter_mut().filter_map(|job| job.batch.take()).collect();
        if self.shared.has_failed() {
            return give_up(jobs);
        }
        if planted::has(Bug::ReplyBeforeSync) {
            jobs.iter_mut().for_each(answer);
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

    fn publish(&self, mut job: Job) {
        self.shared.advance(job.head);
        if let Some(directory) = job.directory.take() {
            self.link.published.store(directory);
        }
        answer(&mut job);
        self.link.bells.ring(std::mem::take(&mut job.rung));
        self.link.commits.send_if_modified(|newest| std::mem::replace(newest, job.head).batch != job.head.batch);
    }
}

fn answer(job: &mut Job) {
    for (answer, outcome) in job.answers.drain(..) {
        // Nobody may wait any more: the command stands all the same.
        let _ = answer.send(outcome);
    }
}

fn give_up(jobs: Vec<Job>) {
    let answers = jobs.into_iter().flat_map(|job| job.answers).map(|(answer, _)| answer);
    let refusal = if planted::has(Bug::DenyDoubt) { Refusal::StoreDown } else { Refusal::OutcomeUnknown };
    answer_all(answers, Err(refusal));
}

/// Gives everybody the same answer.
pub(crate) fn answer_all(answers: impl Iterator<Item = oneshot::Sender<Outcome>>, outcome: Outcome) {
    for answer in answers {
        // Nobody may wait any more.
        let _ = answer.send(outcome.clone());
    }
}
