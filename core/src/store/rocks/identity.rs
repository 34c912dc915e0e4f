//! What a directory says of itself before RocksDB touches it.
//!
//! Opening a database writes: it replays the log and starts a new one. So what must be refused without a trace is judged by
//! a small file beside the database, [`FILE`], which also carries the lock. Its lines:
//!
//! ```text
//! causeway store
//! format 5
//! mode sandbox
//! ready
//! ```
//!
//! `ready` is added once the database has been made. From then on the database must be there: a lost one is an error and
//! never replaced by an empty one. Inside, the rows `format` and `mode` of the column `meta` say the same.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use rocksdb::{DB, WriteBatch};

use super::{family, unreadable, write_synced};
use crate::id::Mode;
use crate::store::load::corrupt;
use crate::store::record::Malformed;
use crate::store::record::identity::{decode_format, decode_mode, encode_format, encode_mode};
use crate::store::{Column, Key, StoreError};

/// The format that this version writes and reads. Format 1 knew neither customers nor the lists of transactions and
/// deliveries, format 2 kept what is due in one queue for all accounts, format 3 knew neither redeliveries nor an event bus,
/// format 4 no histories but those of persons, no models, reviews or risk policies; none of them was ever released.
pub const FORMAT: u32 = 5;

/// Whose store it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The mode of its cell.
    pub mode: Mode,
}

/// A directory that is ours and locked.
pub(super) struct Claim {
    path: PathBuf,
    file: File,
    is_ready: bool,
}

const FILE: &str = "CAUSEWAY";
const FIRST_LINE: &str = "causeway store";
const READY: &str = "ready";
/// The file without which RocksDB takes a directory for empty.
const DATABASE: &str = "CURRENT";

/// Locks the directory and says whether its database was ever made. Writes only when there is nothing in it yet.
pub(super) fn claim(path: &Path, identity: Identity) -> Result<Claim, StoreError> {
    let in_place = |error| unusable(path, &format!("cannot be used: {error}"));
    fs::create_dir_all(path).map_err(in_place)?;
    let content = content(path).map_err(in_place)?;
    if content == Content::Foreign {
        return Err(unusable(path, "is not a store of Causeway and not empty; name another directory"));
    }
    let mut file = open_file(path).map_err(in_place)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(unusable(path, "is in use by another process; stop it, or name another directory"));
        }
        Err(TryLockError::Error(error)) => return Err(in_place(error)),
    }
    // Read after locking: another process may just have made it.
    let text = Text::read(&mut file).map_err(in_place)?;
    let is_ready = match text.parse(identity) {
        Ok(is_ready) => is_ready,
        // Nothing was made yet, so that a file torn by a crash can be written again.
        Err(Fault::Unreadable) if content == Content::Nothing => {
            write(path, &mut file, identity).map_err(in_place)?;
            false
        }
        Err(fault) => return Err(unusable(path, &fault.text())),
    };
    if is_ready && !path.join(DATABASE).exists() {
        return Err(unusable(path, &format!("has lost its file {DATABASE}; restore it from a backup")));
    }
    Ok(Claim { path: path.to_owned(), file, is_ready })
}

/// Writes the rows that say the same inside the database.
pub(super) fn write_rows(db: &DB, identity: Identity) -> Result<(), StoreError> {
    let mut rows = WriteBatch::default();
    let mut value = Vec::new();
    encode_format(FORMAT, &mut value);
    rows.put_cf(family(db, Column::Meta), &*Key::meta(FORMAT_ROW), &value);
    value.clear();
    encode_mode(identity.mode, &mut value);
    rows.put_cf(family(db, Column::Meta), &*Key::meta(MODE_ROW), &value);
    write_synced(db, rows)
}

/// Whether the database is the one that the file speaks of.
pub(super) fn check_rows(db: &DB, path: &Path, identity: Identity) -> Result<(), StoreError> {
    let format = row(db, FORMAT_ROW, decode_format)?;
    let mode = row(db, MODE_ROW, decode_mode)?;
    if (format, mode) == (Some(FORMAT), Some(identity.mode)) {
        return Ok(());
    }
    Err(unusable(
        path,
        &format!("holds a database that is not the one that its file {FILE} speaks of; restore both from one backup"),
    ))
}

const FORMAT_ROW: &str = "format";
const MODE_ROW: &str = "mode";

fn row<T>(
    db: &DB,
    word: &'static str,
    decode: impl FnOnce(&[u8]) -> Result<T, Malformed>,
) -> Result<Option<T>, StoreError> {
    let key = Key::meta(word);
    let bytes = db.get_pinned_cf(family(db, Column::Meta), &*key);
    let bytes = bytes.map_err(|error| unreadable(error, Column::Meta, &key))?;
    let value = bytes.as_deref().map(decode).transpose();
    value.map_err(|malformed| corrupt(Column::Meta, &key, malformed))
}

impl Claim {
    /// Whether the database was made; from then on it must be there.
    pub(super) fn is_ready(&self) -> bool {
        self.is_ready
    }

    /// Notes that the database was made.
    pub(super) fn finish(&mut self) -> Result<(), StoreError> {
        self.note().map_err(|error| unusable(&self.path, &format!("cannot be written: {error}")))?;
        self.is_ready = true;
        Ok(())
    }

    fn note(&mut self) -> io::Result<()> {
        // An earlier note may be torn: what follows the last whole line goes.
        let whole = Text::read(&mut self.file)?.whole().len() as u64;
        self.file.set_len(whole)?;
        self.file.seek(SeekFrom::Start(whole))?;
        writeln!(self.file, "{READY}")?;
        self.file.sync_all()
    }

    /// The lock, held until it is dropped.
    pub(super) fn into_lock(self) -> File {
        self.file
    }
}

#[derive(PartialEq)]
enum Content {
    /// Nothing, or our file alone.
    Nothing,
    /// Our file with others.
    Ours,
    /// Others without our file.
    Foreign,
}

fn content(path: &Path) -> io::Result<Content> {
    let (mut ours, mut others) = (false, false);
    for entry in fs::read_dir(path)? {
        if entry?.file_name() == FILE { ours = true } else { others = true }
    }
    Ok(match (ours, others) {
        (_, false) => Content::Nothing,
        (true, true) => Content::Ours,
        (false, true) => Content::Foreign,
    })
}

fn open_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path.join(FILE))
}

fn write(path: &Path, file: &mut File, identity: Identity) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    write!(file, "{FIRST_LINE}\nformat {FORMAT}\nmode {}\n", identity.mode.name())?;
    file.sync_all()?;
    // The names of the file and of the directory must outlive a power loss as well.
    File::open(path)?.sync_all()?;
    match path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

enum Fault {
    Unreadable,
    Newer(u32),
    Older(u32),
    OtherMode(String),
}

struct Text(String);

impl Text {
    fn read(file: &mut File) -> io::Result<Text> {
        let mut bytes = Vec::new();
        file.rewind()?;
        file.read_to_end(&mut bytes)?;
        Ok(Text(String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// The whole lines: a crash may have torn the last one, which then was never written.
    fn whole(&self) -> &str {
        self.0.rfind('\n').map_or("", |end| &self.0[..=end])
    }

    /// Whether `ready` stands at the end, or why the store is not ours to open.
    fn parse(&self, identity: Identity) -> Result<bool, Fault> {
        let mut lines = self.whole().lines();
        let format = match (lines.next(), lines.next().and_then(|line| line.strip_prefix("format "))) {
            (Some(FIRST_LINE), Some(format)) => format.parse::<u32>().map_err(|_| Fault::Unreadable)?,
            _ => return Err(Fault::Unreadable),
        };
        // Lines of another format may mean anything: nothing else of it is read.
        if format > FORMAT {
            return Err(Fault::Newer(format));
        }
        if format < FORMAT {
            return Err(Fault::Older(format));
        }
        let mode = lines.next().and_then(|line| line.strip_prefix("mode ")).ok_or(Fault::Unreadable)?;
        if mode != identity.mode.name() {
            return Err(Fault::OtherMode(mode.to_owned()));
        }
        match (lines.next(), lines.next()) {
            (None, None) => Ok(false),
            (Some(READY), None) => Ok(true),
            _ => Err(Fault::Unreadable),
        }
    }
}

impl Fault {
    fn text(&self) -> String {
        match self {
            Fault::Unreadable => format!("has a damaged file {FILE}; restore the directory from a backup"),
            Fault::Newer(format) => format!(
                "was written by a newer version (format {format}, this version reads {FORMAT}); start that version"
            ),
            Fault::Older(format) => format!(
                "was written before the first release (format {format}, this version reads {FORMAT}); start in a new directory"
            ),
            Fault::OtherMode(mode) => format!("is a store of the mode {mode:?}; name another directory"),
        }
    }
}

fn unusable(path: &Path, what: &str) -> StoreError {
    StoreError::Unusable(format!("the directory {} {what}", path.display()))
}
