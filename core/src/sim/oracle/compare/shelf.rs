//! A copy of a store, to be read at leisure.

use std::sync::Arc;

use crate::change::{Head, Loaded, Need};
use crate::store::{Batch, Column, MemoryStore, Reader, Row, Scan, Store, StoreError, load};

use super::super::Fault;

/// All rows of a store.
pub struct Shelf {
    store: Arc<MemoryStore>,
    pub reader: Reader,
}

impl Shelf {
    /// Copies every row.
    pub fn copy(store: &dyn Store) -> Result<Shelf, Fault> {
        let mut batch = Batch::new(Head::default());
        for column in Column::ALL {
            for (key, value) in rows(store, *column)? {
                batch.put(*column, &key, &value);
            }
        }
        let copy = Arc::new(MemoryStore::new());
        copy.commit(&[batch])?;
        Ok(Shelf { reader: Reader::new(Arc::clone(&copy) as Arc<dyn Store>), store: copy })
    }

    /// The keys of a column, in their order.
    pub fn keys(&self, column: Column) -> Result<Vec<Vec<u8>>, Fault> {
        Ok(rows(&*self.store, column)?.into_iter().map(|(key, _)| key).collect())
    }

    /// The row that the cell would load.
    pub fn load(&self, need: Need) -> Result<Loaded, Fault> {
        load(&*self.store, &[need])?.pop().ok_or_else(|| Fault(format!("the store does not answer to {need:?}")))
    }
}

fn rows(store: &dyn Store, column: Column) -> Result<Vec<Row>, StoreError> {
    store.scan(column, &Scan { from: Vec::new(), until: None, newest_first: false }, usize::MAX)
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Fault {
        Fault(error.to_string())
    }
}

/// A key of parts.
pub fn key(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

/// The key of an object of an account, by the bits of both ids.
pub fn object(account: u128, id: u128) -> Vec<u8> {
    key(&[&account.to_be_bytes(), &id.to_be_bytes()])
}

/// Account and id of an object's key.
pub fn parts(key: &[u8]) -> Result<(u128, u128), Fault> {
    let wrong = || Fault(format!("a key has {} bytes instead of 32", key.len()));
    let (account, id) = key.split_first_chunk::<16>().ok_or_else(wrong)?;
    let id: [u8; 16] = id.try_into().map_err(|_| wrong())?;
    Ok((u128::from_be_bytes(*account), u128::from_be_bytes(id)))
}
