//! What the embedded store does beyond what every store does: it lasts, and it refuses what it must not open.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::change::{Change, Effects, Head};
use crate::id::{Mode, SessionId};
use crate::store::Reader;
use crate::store::record::samples::*;

const SANDBOX: Identity = Identity { mode: Mode::Sandbox };

fn open(path: &Path) -> Result<RocksStore, StoreError> {
    RocksStore::open(path, SANDBOX, StoreMemory::default())
}

fn refusal(path: &Path, identity: Identity) -> String {
    let error = RocksStore::open(path, identity, StoreMemory::default()).err().unwrap();
    assert!(matches!(error, StoreError::Unusable(_)), "{error}");
    let text = error.to_string();
    assert!(text.contains(&path.display().to_string()) && !text.contains('\n'), "{text}");
    text
}

/// A batch that writes the sample session twice, under its own id and under a number.
fn batch(number: u64) -> Batch {
    let numbered = crate::session::Session { id: SessionId(number.into()), ..session() };
    let head = Head { batch: number, now: START, ..head() };
    Batch::encode(&Effects {
        head,
        changes: vec![Change::Session(Arc::new(session())), Change::Session(Arc::new(numbered))],
    })
}

fn has(store: &RocksStore, number: u64) -> bool {
    let places = [(Column::Sessions, Key::object(ACCOUNT, SessionId(number.into())))];
    store.get_many(&places).unwrap()[0].is_some()
}

fn newest(store: RocksStore) -> u64 {
    Reader::new(Arc::new(store)).head().unwrap().unwrap().batch
}

/// Every file with its content, except RocksDB's information log, which says that it was asked.
fn files(path: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap());
    let files = entries.map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()));
    files.filter(|(name, _)| !name.starts_with("LOG")).collect()
}

/// The write-ahead logs, oldest first.
fn logs(path: &Path) -> Vec<PathBuf> {
    let names = files(path).into_keys().filter(|name| name.ends_with(".log"));
    names.map(|name| path.join(name)).collect()
}

#[test]
fn rows_outlive_the_store() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("not/yet/there");
    let store = open(&path).unwrap();
    store.commit(&[batch(1), batch(2)]).unwrap();
    drop(store);
    let store = open(&path).unwrap();
    assert!(has(&store, 1) && has(&store, 2) && !has(&store, 3));
    store.compact().unwrap();
    drop(store);
    assert_eq!(newest(open(&path).unwrap()), 2);
}

#[test]
fn reopening_goes_on_where_the_last_commit_was() {
    let directory = tempfile::tempdir().unwrap();
    let store = Arc::new(open(directory.path()).unwrap());
    let reader = Reader::new(store.clone() as Arc<dyn Store>);
    store.commit(&[batch(1)]).unwrap();
    store.reopen().unwrap();
    assert_eq!(reader.session(ACCOUNT, SESSION).unwrap(), Some(session()));
    store.commit(&[batch(2)]).unwrap();
    assert_eq!(reader.head().unwrap().unwrap().batch, 2);
}

#[test]
fn a_directory_in_use_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).unwrap();
    let before = files(directory.path());
    assert!(refusal(directory.path(), SANDBOX).contains("in use by another process"));
    assert_eq!(files(directory.path()), before);
    drop(store);
    open(directory.path()).unwrap();
}

#[test]
fn another_mode_and_a_newer_format_are_refused_without_a_trace() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    open(path).unwrap().commit(&[batch(1)]).unwrap();
    let check = |identity, expect: &str| {
        let before = (files(path), fs::read(path.join("LOG")).unwrap());
        let text = refusal(path, identity);
        assert!(text.contains(expect), "{text}");
        assert_eq!((files(path), fs::read(path.join("LOG")).unwrap()), before);
    };
    check(Identity { mode: Mode::Live }, "is a store of the mode \"sandbox\"");
    let good = fs::read_to_string(path.join("CAUSEWAY")).unwrap();
    fs::write(path.join("CAUSEWAY"), good.replace("format 5", "format 6").replace("ready", "unheard of")).unwrap();
    check(SANDBOX, "newer version (format 6, this version reads 5)");
    fs::write(path.join("CAUSEWAY"), good.replace("format 5", "format 1")).unwrap();
    check(SANDBOX, "before the first release (format 1, this version reads 5)");
    fs::write(path.join("CAUSEWAY"), "something else\n").unwrap();
    check(SANDBOX, "damaged file CAUSEWAY");
    fs::write(path.join("CAUSEWAY"), good).unwrap();
    fs::rename(path.join("CURRENT"), path.join("CURRENT.lost")).unwrap();
    check(SANDBOX, "has lost its file CURRENT");
    fs::rename(path.join("CURRENT.lost"), path.join("CURRENT")).unwrap();
    assert_eq!(newest(open(path).unwrap()), 1);
}

#[test]
fn a_foreign_directory_is_refused_without_a_trace() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("letters"), "dear").unwrap();
    let before = files(directory.path());
    assert!(refusal(directory.path(), SANDBOX).contains("is not a store of Causeway"));
    assert_eq!(files(directory.path()), before);
}

/// A crash can come between any two steps of making a store.
#[test]
fn a_store_that_was_not_quite_made_is_made() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    for torn in ["", "causeway st", "causeway store\nformat 5\nmode sand"] {
        fs::write(path.join("CAUSEWAY"), torn).unwrap();
        drop(open(path).unwrap());
        let made = fs::read_to_string(path.join("CAUSEWAY")).unwrap();
        assert_eq!(made, "causeway store\nformat 5\nmode sandbox\nready\n");
        for torn in [&made[..made.len() - 6], &made[..made.len() - 2]] {
            fs::write(path.join("CAUSEWAY"), torn).unwrap();
            open(path).unwrap().commit(&[batch(1)]).unwrap();
            assert_eq!(fs::read_to_string(path.join("CAUSEWAY")).unwrap(), made);
        }
        assert_eq!(newest(open(path).unwrap()), 1);
        fs::remove_dir_all(path).unwrap();
        fs::create_dir(path).unwrap();
    }
}

#[test]
fn a_database_of_another_store_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let (ours, theirs) = (directory.path().join("ours"), directory.path().join("theirs"));
    drop(open(&ours).unwrap());
    drop(RocksStore::open(&theirs, Identity { mode: Mode::Live }, StoreMemory::default()).unwrap());
    fs::copy(ours.join("CAUSEWAY"), theirs.join("CAUSEWAY")).unwrap();
    assert!(refusal(&theirs, SANDBOX).contains("is not the one that its file CAUSEWAY speaks of"));
}

#[test]
fn a_torn_last_commit_is_dropped_as_a_whole() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let store = open(path).unwrap();
    store.commit(&[batch(1)]).unwrap();
    let log = logs(path).pop().unwrap();
    let synced = fs::metadata(&log).unwrap().len();
    store.commit(&[batch(2), batch(3)]).unwrap();
    drop(store);
    let whole = fs::read(&log).unwrap();
    for length in [synced + 1, (synced + whole.len() as u64) / 2, whole.len() as u64 - 1] {
        fs::write(&log, &whole[..length as usize]).unwrap();
        let copy = copied(path);
        let store = open(copy.path()).unwrap();
        assert!(has(&store, 1) && !has(&store, 2) && !has(&store, 3), "{length}");
        assert_eq!(newest(store), 1);
    }
    fs::write(&log, &whole).unwrap();
    assert_eq!(newest(open(path).unwrap()), 3);
}

#[test]
fn damage_in_the_middle_of_the_log_is_refused_and_nothing_is_changed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let store = open(path).unwrap();
    store.commit(&[batch(1)]).unwrap();
    store.commit(&[batch(2)]).unwrap();
    drop(store);
    let log = logs(path).pop().unwrap();
    let mut bytes = fs::read(&log).unwrap();
    let middle = bytes.len() / 4;
    bytes[middle] ^= 1;
    fs::write(&log, &bytes).unwrap();
    let before = files(path);
    assert!(refusal(path, SANDBOX).contains("is damaged and was not opened"));
    assert_eq!(files(path), before);
}

/// A log that was closed was synced to its end, so that a missing end is damage and not a crash.
#[test]
fn a_closed_log_that_lost_its_end_or_is_lost_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let store = open(path).unwrap();
    store.commit(&[batch(1)]).unwrap();
    let guard = store.db.read();
    let db = usable(&guard).unwrap();
    // Another column keeps the old log alive while the flush of this one begins a new log.
    db.flush_cf(family(db, Column::Meta)).unwrap();
    drop(guard);
    store.commit(&[batch(2)]).unwrap();
    store.commit(&[batch(3)]).unwrap();
    drop(store);
    let logs = logs(path);
    assert!(logs.len() >= 2, "{logs:?}");
    let bytes = fs::read(&logs[0]).unwrap();
    fs::write(&logs[0], &bytes[..bytes.len() - 1]).unwrap();
    assert!(refusal(path, SANDBOX).contains("damaged"));
    fs::remove_file(&logs[0]).unwrap();
    assert!(refusal(path, SANDBOX).contains("damaged"));
    fs::write(&logs[0], &bytes).unwrap();
    assert_eq!(newest(open(path).unwrap()), 3);
}

#[test]
fn a_damaged_manifest_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    open(path).unwrap().commit(&[batch(1)]).unwrap();
    let manifest = files(path).into_keys().find(|name| name.starts_with("MANIFEST")).unwrap();
    let mut bytes = fs::read(path.join(&manifest)).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path.join(&manifest), bytes).unwrap();
    let before = files(path);
    assert!(refusal(path, SANDBOX).contains("is damaged and was not opened"));
    assert_eq!(files(path), before);
}

#[test]
fn a_damaged_row_is_an_error_and_not_an_answer() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let store = open(path).unwrap();
    store.commit(&[batch(1)]).unwrap();
    store.compact().unwrap();
    drop(store);
    for name in files(path).into_keys().filter(|name| name.ends_with(".sst")) {
        let mut bytes = fs::read(path.join(&name)).unwrap();
        bytes[20] ^= 1;
        fs::write(path.join(&name), bytes).unwrap();
    }
    let found = open(path).and_then(|store| store.get_many(&[(Column::Sessions, Key::object(ACCOUNT, SESSION))]));
    assert!(matches!(found, Err(StoreError::Corrupt { .. } | StoreError::Unusable(_))), "{found:?}");
}

#[test]
fn what_is_only_on_disk_is_not_cached() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).unwrap();
    store.commit(&[batch(1)]).unwrap();
    store.compact().unwrap();
    drop(store);
    let store: Arc<dyn Store> = Arc::new(open(directory.path()).unwrap());
    let reader = Reader::new(store);
    assert!(matches!(reader.cached().session(ACCOUNT, SESSION), Err(StoreError::NotCached)));
    assert_eq!(reader.session(ACCOUNT, SESSION).unwrap(), Some(session()));
    assert_eq!(reader.cached().session(ACCOUNT, SESSION).unwrap(), Some(session()));
}

fn copied(path: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for (name, bytes) in files(path) {
        fs::write(copy.path().join(name), bytes).unwrap();
    }
    copy
}
