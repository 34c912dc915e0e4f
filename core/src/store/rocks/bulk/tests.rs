//! Bulk loading gives what commits would have given, and refuses what it cannot give.

use super::*;
use crate::id::Mode;
use crate::store::{Identity, Scan, StoreMemory};

const SANDBOX: Identity = Identity { mode: Mode::Sandbox };

fn open(path: &Path) -> RocksStore {
    RocksStore::open(path, SANDBOX, StoreMemory::default()).unwrap()
}

/// A row of an account: its number, and a value that zstd cannot shorten away.
fn row(account: u8, number: u64) -> ([u8; 32], Vec<u8>) {
    let mut key = [account; 32];
    key[16..24].copy_from_slice(&number.to_be_bytes());
    let noise = (0..64).map(|place| (number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (place % 57)) as u8);
    (key, noise.collect())
}

fn batch(numbers: impl Iterator<Item = u64>) -> Batch {
    let mut batch = Batch::new(Head::default());
    for number in numbers {
        for account in [2, 1] {
            let (key, value) = row(account, number);
            batch.put(Column::Events, &key, &value);
        }
    }
    batch.put(Column::Meta, b"head", b"of a batch that does not count");
    batch
}

fn last() -> Batch {
    Batch::encode(&crate::change::Effects { head: Head { batch: 9, ..Head::default() }, changes: Vec::new() })
}

#[test]
fn what_is_added_in_order_is_there_after_opening_again() {
    const ROWS: u64 = 20_000;
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let filled = store.fill(|bulk| {
        for start in (0..ROWS).step_by(1_000) {
            bulk.add(&batch(start..start + 1_000))?;
        }
        assert_eq!(bulk.files.len(), 2, "one file an account");
        Ok::<_, StoreError>(last())
    });
    filled.unwrap();
    drop(store);
    let store = open(directory.path());
    let everything = Scan { from: Vec::new(), until: None, newest_first: false };
    let rows = store.scan(Column::Events, &everything, usize::MAX).unwrap();
    let expected = [1, 2].into_iter().flat_map(|account| (0..ROWS).map(move |number| row(account, number)));
    assert!(rows.into_iter().eq(expected.map(|(key, value)| (key.to_vec(), value))));
    assert!(!directory.path().join(FOLDER).exists());
    let again = store.fill(|_| Ok::<_, StoreError>(last()));
    assert!(again.unwrap_err().to_string().contains("only an empty one"));
}

#[test]
fn disorder_and_removals_are_refused() {
    let refused = |batches: &[Batch]| {
        let directory = tempfile::tempdir().unwrap();
        let filled = open(directory.path()).fill(|bulk| {
            batches.iter().try_for_each(|batch| bulk.add(batch))?;
            Ok::<_, StoreError>(last())
        });
        filled.unwrap_err().to_string()
    };
    let disorder = refused(&[batch(5_000..10_000), batch(0..1)]);
    assert!(disorder.contains("order"), "{disorder}");
    let mut removal = Batch::new(Head::default());
    removal.delete(Column::Events, b"gone");
    assert!(refused(&[removal]).contains("removed"));
}
