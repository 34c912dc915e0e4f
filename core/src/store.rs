//! The store: columns, versioned records, and the one narrow trait behind which they lie.
//!
//! The engine's effects become a [`Batch`] of rows, the committer writes batches through [`Store::commit`], and everybody
//! else reads typed objects through a [`Reader`]. What a row looks like is known here and nowhere else.

mod batch;
mod column;
mod encode;
mod key;
mod load;
mod memory;
mod reader;
mod record;
#[cfg(feature = "rocksdb")]
mod rocks;
#[cfg(test)]
mod tests;

pub use batch::{Batch, Operation};
pub use column::Column;
pub use key::Key;
pub use load::load;
pub use memory::MemoryStore;
pub use reader::{PageBounds, Reader, TransactionFilter};
#[cfg(feature = "rocksdb")]
pub use rocks::{Bulk, FORMAT, Identity, RocksStore, StoreMemory};

/// Where rows lie. One writer; any number of readers, who see synced batches only.
pub trait Store: Send + Sync + 'static {
    /// The values of `keys`, in their order; `None` where there is no row.
    fn get_many(&self, keys: &[(Column, Key)]) -> Result<Vec<Option<Vec<u8>>>, StoreError>;

    /// Up to `limit` rows of `column` from `range`, in its direction.
    fn scan(&self, column: Column, range: &Scan, limit: usize) -> Result<Vec<Row>, StoreError>;

    /// Like [`Store::get_many`] for one key, but gives [`StoreError::NotCached`] rather than wait for the disk.
    fn get_cached(&self, column: Column, key: &Key) -> Result<Option<Vec<u8>>, StoreError>;

    /// Writes all of `batches` in their order and syncs once. All or nothing; after an error nothing is known.
    fn commit(&self, batches: &[Batch]) -> Result<(), StoreError>;

    /// Closes and opens again, after a failure: what was synced is there, the rest may be. Reads fail meanwhile. The same
    /// value goes on working for all who hold it.
    fn reopen(&self) -> Result<(), StoreError>;
}

/// A key and its value.
pub type Row = (Vec<u8>, Vec<u8>);

/// A range of keys and the direction in which it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scan {
    /// The first key that belongs to it.
    pub from: Vec<u8>,
    /// The first key beyond it; `None` when it reaches to the column's end.
    pub until: Option<Vec<u8>>,
    /// Whether it is read from its end.
    pub newest_first: bool,
}

/// What went wrong with the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Reading or writing failed.
    #[error("the store failed: {0}")]
    Failed(String),
    /// A row is not what was written.
    #[error("a record is corrupt: column {column}, key {key}: {reason}")]
    Corrupt {
        /// The column's name.
        column: &'static str,
        /// The key, in hexadecimal.
        key: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The answer is not in memory; ask again where waiting is allowed.
    #[error("the row is not in memory")]
    NotCached,
    /// It cannot be opened as it is.
    #[error("{0}")]
    Unusable(String),
}
