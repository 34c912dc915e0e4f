//! How many payments wait for somebody at the bank, and since when: looked at now and then, for the metrics.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use causeway_core::id::PaymentId;
use causeway_core::store::{Reader, StoreError};
use tokio::sync::watch;

use crate::dispatch::{self, Notice};
use crate::gate::system_time;

/// Up to so many are counted.
const COUNTED: usize = 10_000;
/// From one look to the next.
const PAUSE: Duration = Duration::from_secs(2);

/// What the last look saw.
#[derive(Default)]
pub struct Waiting {
    count: AtomicU64,
    /// When the oldest one began to wait, in milliseconds since 1970; zero when none waits.
    since: AtomicU64,
}

impl Waiting {
    /// How many wait, up to 10,000.
    pub fn count(&self) -> f64 {
        self.count.load(Ordering::Relaxed) as f64
    }

    /// For how long the oldest one has waited.
    pub fn oldest_seconds(&self) -> f64 {
        match self.since.load(Ordering::Relaxed) {
            0 => 0.0,
            since => system_time().0.saturating_sub(since) as f64 * 1e-3,
        }
    }

    fn saw(&self, oldest: Option<PaymentId>, count: usize) {
        self.count.store(count as u64, Ordering::Relaxed);
        // A payment waits from its creation on, whose millisecond stands in its id.
        self.since.store(oldest.map_or(0, |id| (id.0 >> 80) as u64), Ordering::Relaxed);
    }
}

/// Looks until the stop.
pub async fn watch(reader: Reader, notice: Notice, waiting: Arc<Waiting>, mut stop: watch::Receiver<bool>) {
    loop {
        let Some((oldest, count)) = dispatch::read(&reader, &notice, &mut stop, look).await else { return };
        waiting.saw(oldest, count);
        tokio::select! {
            biased;
            () = dispatch::stopped(&mut stop) => return,
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

fn look(reader: &Reader) -> Result<(Option<PaymentId>, usize), StoreError> {
    let rows = reader.reviews(None, COUNTED)?;
    Ok((rows.first().map(|row| row.payment), rows.len()))
}
