//! What the dispatcher of a rail counts, from its start.

use std::sync::atomic::{AtomicU64, Ordering};

use causeway_core::rail::RailOutcome;

/// What is counted of one rail. Whoever takes its reports counts here too.
#[derive(Debug, Default)]
pub struct Stats {
    /// Attempts sent.
    pub sent: AtomicU64,
    /// Attempts enquired about.
    pub enquired: AtomicU64,
    /// Answers that said nothing.
    pub unclear: AtomicU64,
    /// Questions that wait for their answer.
    pub in_flight: AtomicU64,
    /// Reports that were authentic, whether or not they changed anything.
    pub reported: AtomicU64,
    /// Reports that were refused: forged, stale, or malformed.
    pub refused: AtomicU64,
    /// Attempts that settled, by an answer or a report; repeated words count again.
    pub settled: AtomicU64,
    /// Attempts that another corridor may carry.
    pub soft_failed: AtomicU64,
    /// Attempts refused for good.
    pub rejected: AtomicU64,
    /// Attempts cancelled on the rail's side.
    pub cancelled: AtomicU64,
}

/// A question that waits for its answer until this is dropped.
pub struct InFlight<'a>(&'a AtomicU64);

impl Stats {
    /// Counts a question that is being asked.
    pub fn begin(&self) -> InFlight<'_> {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        InFlight(&self.in_flight)
    }

    /// Counts an outcome.
    pub fn outcome(&self, outcome: RailOutcome) {
        let count = match outcome {
            RailOutcome::Settled => &self.settled,
            RailOutcome::SoftFailed => &self.soft_failed,
            RailOutcome::Rejected => &self.rejected,
            RailOutcome::Cancelled => &self.cancelled,
        };
        count.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
