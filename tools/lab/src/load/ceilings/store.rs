//! The store's ceiling: the rows of pay-ins, synced, by one thread that does nothing else.

use std::path::Path;
use std::time::{Duration, Instant};

use causeway_core::id::Mode;
use causeway_core::store::{Batch, Identity, RocksStore, Store, StoreError, StoreMemory};

use super::GROUP;
use super::rows::Maker;
use crate::failure::Failure;
use crate::load::statistics::median;

/// Commits of one pay-in each, in a store.
const SINGLES: usize = 1_000;
/// Commits of a group each, in a store.
const GROUPS: usize = 256;
/// Stores that are filled in a round, one after the other. The median counts: a disk that hesitates once is no other disk.
const STORES: usize = 5;

/// The rows of a store, made once: making them takes longer than writing them.
pub struct Rows {
    singles: Vec<Batch>,
    groups: Vec<Batch>,
}

impl Rows {
    /// Makes them.
    pub fn make(has_endpoint: bool) -> Rows {
        let mut maker = Maker::new(has_endpoint);
        let mut batches = |count, size| (0..count).map(|_| maker.pay_ins(size)).collect();
        Rows { singles: batches(SINGLES, 1), groups: batches(GROUPS, GROUP) }
    }

    /// Puts and bytes of one pay-in that is committed alone.
    pub fn per_pay_in(&self) -> (f64, f64) {
        let sum =
            |of: fn(&Batch) -> usize| self.singles.iter().map(of).sum::<usize>() as f64 / self.singles.len() as f64;
        (sum(Batch::puts), sum(Batch::bytes))
    }

    /// Pay-ins a second: one a sync, and [`GROUP`] a sync. The stores are new, and removed afterwards.
    pub fn measure(&self, place: &Path) -> Result<(f64, f64), Failure> {
        let (mut singles, mut groups) = (Vec::new(), Vec::new());
        let rate = |pay_ins: usize, time: Duration| pay_ins as f64 / time.as_secs_f64();
        for _ in 0..STORES {
            let home = tempfile::Builder::new().prefix("store-").tempdir_in(place);
            let home = home.map_err(|error| Failure::wrong(format!("cannot use {}: {error}", place.display())))?;
            let (single, group) = self
                .fill(&home.path().join("db"))
                .map_err(|error| Failure::wrong(format!("cannot measure the store: {error}")))?;
            singles.push(rate(self.singles.len(), single));
            groups.push(rate(self.groups.len() * GROUP, group));
        }
        Ok((median(&singles).unwrap_or(0.0), median(&groups).unwrap_or(0.0)))
    }

    /// How long the single pay-ins take in a new store, and how long the groups.
    fn fill(&self, path: &Path) -> Result<(Duration, Duration), StoreError> {
        let store = RocksStore::open(path, Identity { mode: Mode::Sandbox }, StoreMemory::default())?;
        Ok((commit(&store, &self.singles)?, commit(&store, &self.groups)?))
    }
}

fn commit(store: &RocksStore, batches: &[Batch]) -> Result<Duration, StoreError> {
    let started = Instant::now();
    for batch in batches {
        store.commit(std::slice::from_ref(batch))?;
    }
    Ok(started.elapsed())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The budget that core's own test enforces for a pay-in, which also has deliveries to write.
    #[test]
    fn the_rows_are_those_of_a_pay_in() {
        let (mut with, mut without) = (Maker::new(true), Maker::new(false));
        let one = with.pay_ins(1);
        assert_eq!(one.puts(), 27);
        assert!((1_500..=3_600).contains(&one.bytes()), "{} bytes", one.bytes());
        assert!(without.pay_ins(1).puts() < one.puts());
        // What is written once a batch, balances and the head, is shared by the group.
        let group = with.pay_ins(GROUP);
        assert!((20 * GROUP..27 * GROUP).contains(&group.puts()), "{} puts", group.puts());
    }
}
