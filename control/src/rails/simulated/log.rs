//! The rail's log: segments in one directory, of which the last is written.
//!
//! A segment begins with everything that is pending, so that opening reads the last one only. A new segment is complete
//! and synced before it takes its name. What a crash left half written at the end was never told to anybody: it is cut off.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::record::Entry;
use super::segment::{self, Entries, HEAD};
use crate::dispatch::Notice;

/// What a segment takes beyond what it begins with, in bytes.
pub const SEGMENT_BYTES: u64 = 16 * 1_024 * 1_024;

/// The last segment, open for writing, and the lock on the directory.
pub struct Log {
    directory: PathBuf,
    number: u64,
    file: File,
    unsynced: Vec<u8>,
    grown: u64,
    limit: u64,
    _lock: File,
}

/// What can go wrong with the rail's record.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The system refused.
    #[error("the simulated rail's record {path}: {1}", path = .0.display())]
    Io(PathBuf, #[source] io::Error),
    /// It is not what was written.
    #[error("the simulated rail's record {path} is damaged at byte {1}: restore it from a backup", path = .0.display())]
    Corrupt(PathBuf, u64),
    /// A newer program wrote it.
    #[error("the simulated rail's record {path} has version {1}, this program reads version {own}: use the newer program", path = .0.display(), own = HEAD[7])]
    Version(PathBuf, u8),
    /// Another process has it open.
    #[error("the simulated rail's record in {path} is in use by another process", path = .0.display())]
    InUse(PathBuf),
}

impl LogError {
    /// What the system said about `path`.
    pub fn io(path: &Path, error: io::Error) -> LogError {
        LogError::Io(path.to_owned(), error)
    }
}

impl Log {
    /// Opens the log, makes it if there is none, and gives every entry of the last segment to `replay`.
    pub fn open(directory: &Path, limit: u64, notice: &Notice, replay: impl FnMut(Entry)) -> Result<Log, LogError> {
        fs::create_dir_all(directory).map_err(|error| LogError::io(directory, error))?;
        let lock = lock(directory)?;
        let number = match numbers(directory)?.last() {
            Some(&number) => number,
            None => {
                create(directory, 1, [Entry::Begin(None)])?;
                1
            }
        };
        let file = reopen(&path(directory, number), notice, replay)?;
        Ok(Log { directory: directory.to_owned(), number, file, unsynced: Vec::new(), grown: 0, limit, _lock: lock })
    }

    /// The number of the segment that is written.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Adds an entry; it counts once [`Log::sync`] has succeeded.
    pub fn append(&mut self, entry: &Entry) {
        segment::frame(entry, &mut self.unsynced);
    }

    /// Writes and syncs what was appended. After an error nothing is known, and the log must not be used any more.
    pub fn sync(&mut self) -> Result<(), LogError> {
        if self.unsynced.is_empty() {
            return Ok(());
        }
        let written = self.file.write_all(&self.unsynced).and_then(|()| self.file.sync_data());
        written.map_err(|error| LogError::io(&path(&self.directory, self.number), error))?;
        self.grown += self.unsynced.len() as u64;
        self.unsynced.clear();
        Ok(())
    }

    /// Whether it is time for the next segment.
    pub fn is_full(&self) -> bool {
        self.grown >= self.limit
    }

    /// Goes on in a new segment that begins with `entries`. Everything before must be synced.
    pub fn roll(&mut self, entries: impl IntoIterator<Item = Entry>) -> Result<(), LogError> {
        assert!(self.unsynced.is_empty(), "a segment ends with synced entries");
        self.file = create(&self.directory, self.number + 1, entries)?;
        self.number += 1;
        self.grown = 0;
        Ok(())
    }
}

/// The numbers of all segments, oldest first.
pub fn numbers(directory: &Path) -> Result<Vec<u64>, LogError> {
    let refused = |error| LogError::io(directory, error);
    let mut numbers = Vec::new();
    for entry in fs::read_dir(directory).map_err(refused)? {
        let name = entry.map_err(refused)?.file_name();
        let number: Option<u64> =
            name.to_str().and_then(|name| name.strip_suffix(".log")).and_then(|number| number.parse().ok());
        numbers.extend(number);
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// The entries of one segment.
pub fn entries(directory: &Path, number: u64) -> Result<Entries, LogError> {
    segment::read(&path(directory, number))
}

fn path(directory: &Path, number: u64) -> PathBuf {
    directory.join(format!("{number:010}.log"))
}

fn lock(directory: &Path) -> Result<File, LogError> {
    let path = directory.join("lock");
    let file = OpenOptions::new().write(true).create(true).truncate(false).open(&path);
    let file = file.map_err(|error| LogError::io(&path, error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(LogError::InUse(directory.to_owned())),
        Err(TryLockError::Error(error)) => Err(LogError::io(&path, error)),
    }
}

/// Writes a segment under another name, syncs it, and renames it. The file stays open at its end.
fn create(directory: &Path, number: u64, entries: impl IntoIterator<Item = Entry>) -> Result<File, LogError> {
    let path = path(directory, number);
    let unfinished = path.with_extension("new");
    let mut bytes = HEAD.to_vec();
    entries.into_iter().for_each(|entry| segment::frame(&entry, &mut bytes));
    let written = File::create(&unfinished).and_then(|mut file| {
        file.write_all(&bytes)?;
        file.sync_all()?;
        fs::rename(&unfinished, &path)?;
        File::open(directory)?.sync_all()?;
        Ok(file)
    });
    written.map_err(|error| LogError::io(&path, error))
}

/// Reads the last segment, cuts off what is torn, and opens it for appending.
fn reopen(path: &Path, notice: &Notice, mut replay: impl FnMut(Entry)) -> Result<File, LogError> {
    let mut entries = segment::read(path)?;
    for entry in entries.by_ref() {
        replay(entry?);
    }
    let torn = entries.torn_bytes();
    if torn > 0 {
        entries.must_be_cut_short()?;
    }
    let file = OpenOptions::new().append(true).open(path).map_err(|error| LogError::io(path, error))?;
    if torn > 0 {
        notice(&format!(
            "the simulated rail's record ended in {torn} bytes of an unfinished write, which were cut off"
        ));
        let cut = file.set_len(entries.valid_bytes()).and_then(|()| file.sync_all());
        cut.map_err(|error| LogError::io(path, error))?;
    }
    Ok(file)
}
