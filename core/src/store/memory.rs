//! A store in memory: for tests, simulation and fuzzing. It forgets everything when it is dropped.

use std::collections::BTreeMap;
use std::ops::Bound;

use parking_lot::RwLock;

use super::{Batch, Column, Key, Operation, Row, Scan, Store, StoreError};

/// Rows in ordered maps, one a column.
#[derive(Debug)]
pub struct MemoryStore {
    columns: RwLock<Vec<Rows>>,
}

type Rows = BTreeMap<Vec<u8>, Vec<u8>>;

impl MemoryStore {
    /// An empty store.
    pub fn new() -> MemoryStore {
        MemoryStore { columns: RwLock::new(vec![Rows::new(); Column::COUNT]) }
    }

    /// How many rows `column` has.
    pub fn len(&self, column: Column) -> usize {
        self.columns.read()[column as usize].len()
    }

    /// Whether `column` has no row.
    pub fn is_empty(&self, column: Column) -> bool {
        self.len(column) == 0
    }
}

impl Default for MemoryStore {
    fn default() -> MemoryStore {
        MemoryStore::new()
    }
}

impl Store for MemoryStore {
    fn get_many(&self, keys: &[(Column, Key)]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        let columns = self.columns.read();
        Ok(keys.iter().map(|(column, key)| columns[*column as usize].get(&**key).cloned()).collect())
    }

    fn scan(&self, column: Column, range: &Scan, limit: usize) -> Result<Vec<Row>, StoreError> {
        let columns = self.columns.read();
        if range.until.as_ref().is_some_and(|until| until <= &range.from) {
            return Ok(Vec::new());
        }
        let until = range.until.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let rows = columns[column as usize].range::<[u8], _>((Bound::Included(&range.from[..]), until));
        let owned = |(key, value): (&Vec<u8>, &Vec<u8>)| (key.clone(), value.clone());
        Ok(if range.newest_first {
            rows.rev().take(limit).map(owned).collect()
        } else {
            rows.take(limit).map(owned).collect()
        })
    }

    fn get_cached(&self, column: Column, key: &Key) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.columns.read()[column as usize].get(&**key).cloned())
    }

    fn commit(&self, batches: &[Batch]) -> Result<(), StoreError> {
        let mut columns = self.columns.write();
        for operation in batches.iter().flat_map(Batch::operations) {
            match operation {
                Operation::Put { column, key, value } => {
                    columns[column as usize].insert(key.to_vec(), value.to_vec());
                }
                Operation::Delete { column, key } => {
                    columns[column as usize].remove(key);
                }
            }
        }
        Ok(())
    }

    fn reopen(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
