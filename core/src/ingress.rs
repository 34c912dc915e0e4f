//! The only way in: bounded lanes to the engine, and the answer once it is durable.

mod doorbell;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use tokio::sync::{oneshot, watch};

use crate::change::Head;
use crate::command::{Outcome, Refusal, Submission};
use crate::directory::Directory;
use crate::id::Mode;
use crate::limits::{BATCH_COMMANDS, BATCH_RESERVED_INTERNAL, LANE_INTERNAL, LANE_OPERATOR, LANE_PARTNER};
use crate::time::Timestamp;

pub use doorbell::{Doorbell, Doorbells, Rung};
pub(crate) use doorbell::{Rings, rung_by};

/// Which queue a command waits in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Partners' writes.
    Partner,
    /// Outcomes of rails and deliveries: their producers wait and try again, they are never dropped.
    Internal,
    /// Operator changes and bulk work.
    Operator,
}

/// A submission with the place where its answer is awaited.
pub struct Envelope {
    /// What is asked.
    pub submission: Submission,
    /// Where the answer goes.
    pub answer: oneshot::Sender<Outcome>,
}

/// A cell as the control plane sees it. Clones share the cell.
#[derive(Clone)]
pub struct CellHandle {
    mode: Mode,
    senders: Lanes<Sender<Envelope>>,
    directory: Arc<ArcSwap<Directory>>,
    commits: watch::Receiver<Head>,
    time: CellTime,
    bells: Doorbells,
}

/// The latest time that anybody was told of, in cell and edge: neither goes behind it.
#[derive(Clone, Default)]
pub struct CellTime(Arc<AtomicU64>);

impl CellTime {
    /// The latest time so far.
    pub fn newest(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::Acquire))
    }

    /// Somebody is told that it is `now`, or later if that was told before.
    pub fn tell(&self, now: Timestamp) -> Timestamp {
        Timestamp(self.0.fetch_max(now.0, Ordering::AcqRel)).max(now)
    }
}

/// One of something for each lane.
#[derive(Clone)]
pub struct Lanes<T> {
    /// For partners' writes.
    pub partner: T,
    /// For outcomes.
    pub internal: T,
    /// For operators.
    pub operator: T,
}

impl Lanes<Receiver<Envelope>> {
    /// Takes what one batch may hold: outcomes first, up to their share. Does not wait.
    pub fn drain(&self) -> Vec<Envelope> {
        let mut taken = Vec::new();
        take(&self.internal, BATCH_RESERVED_INTERNAL, &mut taken);
        take(&self.operator, BATCH_RESERVED_INTERNAL / 2, &mut taken);
        take(&self.partner, BATCH_COMMANDS - taken.len(), &mut taken);
        taken
    }

    /// Takes everything that waits.
    pub fn drain_all(&self) -> Vec<Envelope> {
        let mut taken = Vec::new();
        for lane in [&self.internal, &self.operator, &self.partner] {
            take(lane, usize::MAX, &mut taken);
        }
        taken
    }
}

fn take(lane: &Receiver<Envelope>, most: usize, taken: &mut Vec<Envelope>) {
    taken.extend(lane.try_iter().take(most));
}

impl CellHandle {
    /// A handle and the engine's ends of its lanes.
    pub fn new(
        mode: Mode,
        directory: Arc<ArcSwap<Directory>>,
        commits: watch::Receiver<Head>,
        bells: Doorbells,
    ) -> (CellHandle, Lanes<Receiver<Envelope>>) {
        let (partner, partner_end) = bounded(LANE_PARTNER);
        let (internal, internal_end) = bounded(LANE_INTERNAL);
        let (operator, operator_end) = bounded(LANE_OPERATOR);
        let time = CellTime::default();
        time.tell(commits.borrow().now);
        let senders = Lanes { partner, internal, operator };
        let handle = CellHandle { mode, senders, directory, commits, time, bells };
        (handle, Lanes { partner: partner_end, internal: internal_end, operator: operator_end })
    }

    /// The world that the cell lives in.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// The accounts as of the last durable change.
    pub fn directory(&self) -> arc_swap::Guard<Arc<Directory>> {
        self.directory.load()
    }

    /// The cell's time as it was told last.
    pub fn time(&self) -> CellTime {
        self.time.clone()
    }

    /// The newest synced batch; changes wake those who wait for work.
    pub fn commits(&self) -> watch::Receiver<Head> {
        self.commits.clone()
    }

    /// Rings for accounts whose deliveries became due, durably.
    pub fn doorbell(&self) -> Doorbell {
        self.bells.deliveries.clone()
    }

    /// Rings for accounts whose redelivery began or went on, durably, and for those whose endpoint changed.
    pub fn redelivery_bell(&self) -> Doorbell {
        self.bells.redeliveries.clone()
    }

    /// Asks the cell and waits for the durable answer. A full lane refuses at once.
    pub async fn submit(&self, lane: Lane, submission: Submission) -> Outcome {
        let answer = self.enqueue(lane, submission).map_err(|_| Refusal::Overloaded)?;
        // The engine answers everything that it drained; it drops an envelope only when the cell is lost.
        answer.await.unwrap_or(Err(Refusal::OutcomeUnknown))
    }

    /// Puts a submission into its lane; a full or closed lane gives it back.
    pub fn enqueue(&self, lane: Lane, submission: Submission) -> Result<oneshot::Receiver<Outcome>, Box<Submission>> {
        let (answer, awaited) = oneshot::channel();
        match self.sender(lane).try_send(Envelope { submission, answer }) {
            Ok(()) => Ok(awaited),
            Err(TrySendError::Full(envelope) | TrySendError::Disconnected(envelope)) => {
                Err(Box::new(envelope.submission))
            }
        }
    }

    /// Commands that wait in `lane`.
    pub fn depth(&self, lane: Lane) -> usize {
        self.sender(lane).len()
    }

    fn sender(&self, lane: Lane) -> &Sender<Envelope> {
        match lane {
            Lane::Partner => &self.senders.partner,
            Lane::Internal => &self.senders.internal,
            Lane::Operator => &self.senders.operator,
        }
    }
}
