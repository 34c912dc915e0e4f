//! The embedded store: RocksDB, one column family a column, one synced write a commit.
//!
//! **Readers never see what is not synced.** RocksDB's write path (`DBImpl::WriteImpl`) first appends the batch to the
//! write-ahead log and, for a write with `sync`, syncs the log; only when both succeeded does it insert into the memtables
//! that readers see, and publish the new sequence number last, so that a batch becomes visible as a whole. That is so
//! without pipelined or unordered writes and with one write queue, the defaults, which nothing here changes. A failed sync
//! therefore leaves readers where they were, and RocksDB refuses further writes until it is opened again.
//!
//! **What a crash may leave.** A kill or a power loss can tear the last record of the log: it was not synced, so nobody
//! heard of it, and opening drops it (`TolerateCorruptedTailRecords`). `AbsoluteConsistency` would refuse to start after
//! such a crash, and `PointInTime` would pass over damage in the middle and silently forget what was acknowledged after it.
//! Damage anywhere else refuses to open. The sizes of closed logs stand in the manifest, so that one that lost its end or
//! is missing altogether is noticed too.

mod bulk;
mod identity;
mod options;

use std::fs::File;
use std::path::{Path, PathBuf};

use parking_lot::RwLock;
use rocksdb::{
    BottommostLevelCompaction, ColumnFamily, CompactOptions, DB, ReadOptions, ReadTier, WriteBatch, WriteOptions,
};

use super::key::hex;
use super::{Batch, Column, Key, Operation, Row, Scan, Store, StoreError};

pub use bulk::Bulk;
pub use identity::{FORMAT, Identity};
pub use options::StoreMemory;

/// A store in a directory of its own, which it holds locked.
pub struct RocksStore {
    path: PathBuf,
    identity: Identity,
    memory: StoreMemory,
    /// `None` while it is being opened again.
    db: RwLock<Option<DB>>,
    cached: ReadOptions,
    /// Dropped last: nobody else may open the directory before the database is closed.
    _lock: File,
}

impl RocksStore {
    /// Opens the store in `path`; makes one when the directory is missing or empty.
    ///
    /// Refuses with one line, and without having written, a directory that another process holds, that is not a store, that
    /// was written by a newer version or for another mode, or that is damaged.
    pub fn open(path: &Path, identity: Identity, memory: StoreMemory) -> Result<RocksStore, StoreError> {
        let mut claim = identity::claim(path, identity)?;
        let db = open_database(path, memory, !claim.is_ready())?;
        if claim.is_ready() {
            identity::check_rows(&db, path, identity)?;
        } else {
            identity::write_rows(&db, identity)?;
            claim.finish()?;
        }
        let mut cached = ReadOptions::default();
        cached.set_read_tier(ReadTier::BlockCache);
        let (path, db, lock) = (path.to_owned(), RwLock::new(Some(db)), claim.into_lock());
        Ok(RocksStore { path, identity, memory, db, cached, _lock: lock })
    }

    /// Writes everything from memory to files and compacts all columns: for measurements and maintenance. Takes long.
    pub fn compact(&self) -> Result<(), StoreError> {
        let guard = self.db.read();
        let db = usable(&guard)?;
        let mut options = CompactOptions::default();
        options.set_bottommost_level_compaction(BottommostLevelCompaction::Force);
        for &column in Column::ALL {
            db.flush_cf(family(db, column)).map_err(failed)?;
            db.compact_range_cf_opt(family(db, column), None::<&[u8]>, None::<&[u8]>, &options);
        }
        Ok(())
    }
}

impl Store for RocksStore {
    fn get_many(&self, keys: &[(Column, Key)]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        let guard = self.db.read();
        let db = usable(&guard)?;
        let families = families(db);
        let places = keys.iter().map(|(column, key)| (families[*column as usize], &**key));
        let values = db.multi_get_cf(places).into_iter().zip(keys);
        values.map(|(value, (column, key))| value.map_err(|error| unreadable(error, *column, key))).collect()
    }

    fn scan(&self, column: Column, range: &Scan, limit: usize) -> Result<Vec<Row>, StoreError> {
        let guard = self.db.read();
        let db = usable(&guard)?;
        let mut options = ReadOptions::default();
        options.set_iterate_lower_bound(&range.from[..]);
        if let Some(until) = &range.until {
            options.set_iterate_upper_bound(&until[..]);
        }
        let mut rows = db.raw_iterator_cf_opt(family(db, column), options);
        if range.newest_first {
            rows.seek_to_last()
        } else {
            rows.seek_to_first()
        }
        let mut found = Vec::new();
        while found.len() < limit
            && let Some((key, value)) = rows.item()
        {
            found.push((key.to_vec(), value.to_vec()));
            if range.newest_first { rows.prev() } else { rows.next() }
        }
        rows.status().map_err(|error| unreadable(error, column, &range.from))?;
        Ok(found)
    }

    fn get_cached(&self, column: Column, key: &Key) -> Result<Option<Vec<u8>>, StoreError> {
        let guard = self.db.read();
        let db = usable(&guard)?;
        db.get_cf_opt(family(db, column), &**key, &self.cached).map_err(|error| unreadable(error, column, key))
    }

    fn commit(&self, batches: &[Batch]) -> Result<(), StoreError> {
        let guard = self.db.read();
        let db = usable(&guard)?;
        let families = families(db);
        let mut rows = WriteBatch::with_capacity_bytes(capacity(batches));
        for operation in batches.iter().flat_map(Batch::operations) {
            match operation {
                Operation::Put { column, key, value } => rows.put_cf(families[column as usize], key, value),
                Operation::Delete { column, key } => rows.delete_cf(families[column as usize], key),
            }
        }
        write_synced(db, rows)
    }

    fn reopen(&self) -> Result<(), StoreError> {
        // Waits for readers that are under way; those that come later are told.
        let old = self.db.write().take();
        drop(old);
        let db = open_database(&self.path, self.memory, false)?;
        identity::check_rows(&db, &self.path, self.identity)?;
        *self.db.write() = Some(db);
        Ok(())
    }
}

fn open_database(path: &Path, memory: StoreMemory, create: bool) -> Result<DB, StoreError> {
    let columns = options::columns(memory);
    DB::open_cf_descriptors(&options::database(memory, create), path, columns).map_err(|error| unopened(path, &error))
}

fn write_synced(db: &DB, rows: WriteBatch) -> Result<(), StoreError> {
    let mut options = WriteOptions::default();
    options.set_sync(true);
    db.write_opt(rows, &options).map_err(failed)
}

fn usable(db: &Option<DB>) -> Result<&DB, StoreError> {
    db.as_ref().ok_or_else(|| StoreError::Failed("it is closed after a failure and being opened again".to_owned()))
}

fn family(db: &DB, column: Column) -> &ColumnFamily {
    db.cf_handle(column.name()).expect("all columns were opened with the database")
}

fn families(db: &DB) -> [&ColumnFamily; Column::COUNT] {
    std::array::from_fn(|number| family(db, Column::ALL[number]))
}

/// RocksDB writes a header a batch, and a tag and a few lengths a row.
fn capacity(batches: &[Batch]) -> usize {
    let size = |batch: &Batch| batch.bytes() + (batch.puts() + batch.deletes()) * 8;
    batches.iter().map(size).sum::<usize>() + 64
}

fn failed(error: rocksdb::Error) -> StoreError {
    StoreError::Failed(one_line(&error))
}

fn unreadable(error: rocksdb::Error, column: Column, key: &[u8]) -> StoreError {
    if error.kind() == rocksdb::ErrorKind::Incomplete {
        StoreError::NotCached
    } else if error.kind() == rocksdb::ErrorKind::Corruption {
        StoreError::Corrupt { column: column.name(), key: hex(key), reason: one_line(&error) }
    } else {
        failed(error)
    }
}

fn unopened(path: &Path, error: &rocksdb::Error) -> StoreError {
    let (place, reason) = (path.display(), one_line(error));
    StoreError::Unusable(if error.kind() == rocksdb::ErrorKind::Corruption {
        format!("the store in {place} is damaged and was not opened: {reason}; restore it from a backup")
    } else {
        format!("the store in {place} cannot be opened: {reason}")
    })
}

fn one_line(error: &rocksdb::Error) -> String {
    error.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
