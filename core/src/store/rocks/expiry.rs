//! Removes remembered answers whose life is over while their column is compacted. Readers judge by the stored time
//! themselves, so that it does not matter when that happens.

use std::ffi::CStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rocksdb::CompactionDecision;
use rocksdb::compaction_filter::CompactionFilter;
use rocksdb::compaction_filter_factory::{CompactionFilterContext, CompactionFilterFactory};

use crate::limits::IDEMPOTENCY_LIFE_MS;
use crate::store::record::replay;
use crate::time::{Millis, Timestamp};

const NAME: &CStr = c"causeway-replays";

/// Makes a filter for each compaction; each judges by the time of the newest commit when it was made.
pub(super) struct ExpiryFactory {
    now: Arc<AtomicU64>,
}

/// Removes what is over at its time.
pub(super) struct Expiry {
    now: Timestamp,
}

impl ExpiryFactory {
    pub(super) fn new(now: Arc<AtomicU64>) -> ExpiryFactory {
        ExpiryFactory { now }
    }
}

impl CompactionFilterFactory for ExpiryFactory {
    type Filter = Expiry;

    fn create(&mut self, _context: CompactionFilterContext) -> Expiry {
        Expiry { now: Timestamp(self.now.load(Ordering::Relaxed)) }
    }

    fn name(&self) -> &CStr {
        NAME
    }
}

impl CompactionFilter for Expiry {
    /// A record that cannot be read is kept: whoever asks for it will say so.
    fn filter(&mut self, _level: u32, _key: &[u8], value: &[u8]) -> CompactionDecision {
        let over = |at: Timestamp| at.plus(Millis(IDEMPOTENCY_LIFE_MS)) <= self.now;
        if replay::decode_time(value).is_ok_and(over) { CompactionDecision::Remove } else { CompactionDecision::Keep }
    }

    fn name(&self) -> &CStr {
        NAME
    }
}
