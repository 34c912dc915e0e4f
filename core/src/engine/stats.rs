//! What a cell counts, for metrics. All of it is since the start of the process.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// Counters of one cell.
#[derive(Debug, Default)]
pub struct CellStats {
    /// Commands run, timers included.
    pub commands: AtomicU64,
    /// Batches written.
    pub batches: AtomicU64,
    /// Syncs, each of one or more batches.
    pub syncs: AtomicU64,
    /// Microseconds spent in writing and syncing.
    pub commit_micros: AtomicU64,
    /// Remembered answers that were forgotten at the end of their lives.
    pub answers_forgotten: AtomicU64,
    /// Redemptions scored.
    pub scored_rows: AtomicU64,
    /// Calls of the scorer.
    pub score_calls: AtomicU64,
    /// Microseconds spent in scoring.
    pub score_micros: AtomicU64,
    /// Times that the store failed and was reopened.
    pub store_failures: AtomicU64,
    /// Whether the store cannot be written at the moment.
    pub is_down: AtomicBool,
}

impl CellStats {
    pub(super) fn committed(&self, batches: usize, took: Duration) {
        if batches > 0 {
            self.batches.fetch_add(batches as u64, Ordering::Relaxed);
            self.syncs.fetch_add(1, Ordering::Relaxed);
            self.commit_micros.fetch_add(took.as_micros() as u64, Ordering::Relaxed);
        }
    }

    pub(super) fn scored(&self, rows: usize, took: Duration) {
        self.scored_rows.fetch_add(rows as u64, Ordering::Relaxed);
        self.score_calls.fetch_add(1, Ordering::Relaxed);
        self.score_micros.fetch_add(took.as_micros() as u64, Ordering::Relaxed);
    }

    pub(super) fn store_failed(&self) {
        self.store_failures.fetch_add(1, Ordering::Relaxed);
        self.is_down.store(true, Ordering::Relaxed);
    }

    pub(super) fn store_works(&self) {
        self.is_down.store(false, Ordering::Relaxed);
    }
}
