//! A store that fails as asked: writes and syncs that do not come back, reads that fail, a disk that is full.
//!
//! What was not acknowledged may survive in part: whole batches from the front. The real store writes all batches of one
//! commit as one RocksDB write batch, which is one record of the log with its checksum: after a crash it is there as a
//! whole or not at all, never a batch of it alone. So the simulation allows more than RocksDB does, and no row of a batch
//! without the others. That the bytes of a torn record are dropped as a whole is not simulated here: the real store shows
//! it in `a_torn_last_commit_is_dropped_as_a_whole`, and that damage before the end is refused in
//! `damage_in_the_middle_of_the_log_is_refused_and_nothing_is_changed`.

use parking_lot::Mutex;

use crate::change::Head;
use crate::store::{Batch, Column, Key, MemoryStore, Row, Scan, Store, StoreError};

/// An in-memory store with faults.
#[derive(Default)]
pub struct FaultyStore {
    rows: MemoryStore,
    faults: Mutex<Faults>,
}

#[derive(Default)]
struct Faults {
    /// The next commit fails, and this many of its batches are found after reopening.
    commit: Option<usize>,
    /// How many reads fail.
    reads: u32,
    /// How often opening fails.
    opens: u32,
    /// It failed and was not opened again.
    closed: bool,
    /// Batches of a failed commit that will be found after reopening.
    survivors: Vec<Batch>,
    /// Where the newest durable batch led.
    head: Head,
    /// Batches that became durable since the last [`FaultyStore::take_durable`].
    durable: usize,
}

impl FaultyStore {
    /// The next commit fails; `survivors` of its batches are there all the same after reopening.
    pub fn fail_commit(&self, survivors: usize) {
        self.faults.lock().commit = Some(survivors);
    }

    /// The next `count` reads fail.
    pub fn fail_reads(&self, count: u32) {
        self.faults.lock().reads = count;
    }

    /// Opening fails `count` times.
    pub fn fail_opens(&self, count: u32) {
        self.faults.lock().opens = count;
    }

    /// The process dies: of what was on its way these batches are on disk, everything else is forgotten.
    pub fn crash(&self, survivors: &[Batch]) {
        self.write(survivors);
        let mut faults = self.faults.lock();
        (faults.commit, faults.reads, faults.closed) = (None, 0, false);
    }

    /// Nothing fails any more.
    pub fn heal(&self) {
        let mut faults = self.faults.lock();
        (faults.commit, faults.reads, faults.opens) = (None, 0, 0);
    }

    /// Where the newest durable batch led.
    pub fn durable_head(&self) -> Head {
        self.faults.lock().head
    }

    /// How many batches became durable since the last call.
    pub fn take_durable(&self) -> usize {
        std::mem::take(&mut self.faults.lock().durable)
    }

    /// The rows as they lie on disk, without faults.
    pub fn disk(&self) -> &dyn Store {
        &self.rows
    }

    fn write(&self, batches: &[Batch]) {
        self.rows.commit(batches).expect("memory takes everything");
        let mut faults = self.faults.lock();
        faults.durable += batches.len();
        if let Some(last) = batches.last() {
            faults.head = last.head();
        }
    }

    fn read(&self) -> Result<(), StoreError> {
        let mut faults = self.faults.lock();
        if faults.closed {
            return Err(StoreError::Failed("it is closed".to_owned()));
        }
        if faults.reads > 0 {
            faults.reads -= 1;
            return Err(StoreError::Failed("a read failed".to_owned()));
        }
        Ok(())
    }
}

impl Store for FaultyStore {
    fn get_many(&self, keys: &[(Column, Key)]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        self.read()?;
        self.rows.get_many(keys)
    }

    fn scan(&self, column: Column, range: &Scan, limit: usize) -> Result<Vec<Row>, StoreError> {
        self.read()?;
        self.rows.scan(column, range, limit)
    }

    fn get_cached(&self, column: Column, key: &Key) -> Result<Option<Vec<u8>>, StoreError> {
        self.read()?;
        self.rows.get_cached(column, key)
    }

    fn commit(&self, batches: &[Batch]) -> Result<(), StoreError> {
        let mut faults = self.faults.lock();
        if faults.closed {
            return Err(StoreError::Failed("it is closed".to_owned()));
        }
        if let Some(survivors) = faults.commit.take() {
            faults.closed = true;
            faults.survivors = batches[..survivors.min(batches.len())].to_vec();
            return Err(StoreError::Failed("the sync failed".to_owned()));
        }
        drop(faults);
        self.write(batches);
        Ok(())
    }

    fn reopen(&self) -> Result<(), StoreError> {
        let mut faults = self.faults.lock();
        if faults.opens > 0 {
            faults.opens -= 1;
            return Err(StoreError::Failed("no space is left".to_owned()));
        }
        faults.closed = false;
        let survivors = std::mem::take(&mut faults.survivors);
        drop(faults);
        self.write(&survivors);
        Ok(())
    }
}
