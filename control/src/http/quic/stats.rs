//! What is counted of connections over QUIC, so that operators see whether HTTP/3 is used, and whether it is attacked.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Counters of one listener, and its places.
#[derive(Debug)]
pub struct Stats {
    /// Greeted: requests may come.
    pub accepted: AtomicU64,
    /// Asked to show that they are where they say. Whoever does so comes again, and is counted as what becomes of it then.
    pub retried: AtomicU64,
    /// Refused because all places were taken.
    pub full: AtomicU64,
    /// Their greeting came to nothing: it did not end in time, or something else was spoken.
    pub failed: AtomicU64,
    places: Arc<Semaphore>,
    bound: usize,
}

impl Stats {
    /// Of a listener with this many places.
    pub(super) fn new(bound: usize) -> Stats {
        let [accepted, retried, full, failed] = [const { AtomicU64::new(0) }; 4];
        Stats { accepted, retried, full, failed, places: Arc::new(Semaphore::new(bound)), bound }
    }

    /// Places that are taken, by connections and by those that are still being greeted.
    pub fn taken(&self) -> usize {
        self.bound.saturating_sub(self.free())
    }

    /// The others.
    pub fn free(&self) -> usize {
        self.places.available_permits()
    }

    /// Whether half of the places are taken.
    pub(super) fn is_crowded(&self) -> bool {
        self.free() <= self.bound / 2
    }

    /// A place, if there is one.
    pub(super) fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.places).try_acquire_owned().ok()
    }

    /// Ends when every place is free. Others find none meanwhile.
    pub(super) async fn all_free(&self) {
        let all = u32::try_from(self.bound).unwrap_or(u32::MAX);
        // The semaphore is never closed.
        let _ = self.places.acquire_many(all).await;
    }
}

/// One more.
pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Relaxed);
}
