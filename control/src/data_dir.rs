//! The data directory: ours, private, and used by one process at a time.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use causeway_core::id::Mode;

use crate::private_file;

/// The file that is locked while the directory is in use; a directory that has it is ours.
const LOCK: &str = "causeway.lock";
/// Tells whether the master key is still the one that was used before.
const KEY_CHECK: &str = "master-key.fingerprint";

/// Stands in the directory while a history is filled in, and stays where that was cut short.
const UNFINISHED: &str = "UNFINISHED-FILL";
/// What it says to those who open it.
const UNFINISHED_TEXT: &str =
    "A history is being filled into this directory, or that was cut short: not all of it is here.
When nothing fills it any more, remove the directory and fill again into a new one.
";

/// A data directory that no other process uses.
pub struct DataDir {
    path: PathBuf,
    _lock: File,
}

/// Why a data directory cannot be used. Nothing was written to it.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// The operating system refuses.
    #[error("cannot use the data directory {0}: {1}")]
    Io(PathBuf, io::Error),
    /// It is something else.
    #[error("{0} is no directory: name the data directory with --data-dir, one that is missing is made")]
    NoDirectory(PathBuf),
    /// A stopped gateway's is wanted, and there is none.
    #[error("there is no gateway's data in {0}: name its data directory with --data-dir")]
    Absent(PathBuf),
    /// It holds something else.
    #[error("the data directory {0} is not empty and not Causeway's: name another one with --data-dir")]
    Foreign(PathBuf),
    /// It holds a part of a history.
    #[error(
        "a history is being filled into the data directory {0}, or that was cut short, as its file {UNFINISHED} says: wait \
         for its end, or remove the directory and fill again into a new one"
    )]
    Unfinished(PathBuf),
    /// Another process uses it.
    #[error("the data directory {0} is in use by another process: stop that one, or name another with --data-dir")]
    InUse(PathBuf),
    /// It was used with a master key that is not here.
    #[error(
        "the data directory {0} was used before and its master key is missing: name it with --master-key-file, or put the file master-key back"
    )]
    KeyMissing(PathBuf),
    /// Nobody can tell whether the master key is the one that was used before.
    #[error(
        "the data directory {0} was used before and its {KEY_CHECK} is missing, so that another master key would go \
         unnoticed: put the file back, or, if the key is certainly the former one, write {1} to it"
    )]
    FingerprintMissing(PathBuf, String),
    /// What it holds was signed and sealed under another key.
    #[error("the master key is not the one with which the data directory {0} was used before: give the former key")]
    OtherKey(PathBuf),
}

impl DataDir {
    /// Takes the directory, which is made if it is missing.
    pub fn open(path: &Path) -> Result<DataDir, DataDirError> {
        refuse_unfinished(path)?;
        DataDir::made(path)
    }

    /// Takes an empty or missing directory to fill a history into it. From the first moment until [`DataDir::filled`] all
    /// others refuse it, after a sudden end of this process too.
    pub fn to_fill(path: &Path) -> Result<DataDir, DataDirError> {
        let failed = |error| DataDirError::Io(path.to_owned(), error);
        make(path)?;
        if fs::read_dir(path).map_err(failed)?.next().is_some() {
            return Err(DataDirError::Foreign(path.to_owned()));
        }
        private_file::write(&path.join(UNFINISHED), UNFINISHED_TEXT.as_bytes()).map_err(failed)?;
        let lock = File::options().create(true).append(true).open(path.join(LOCK)).map_err(failed)?;
        DataDir::locked(path, lock)
    }

    /// Says that all is there and synced.
    pub fn filled(&self) -> Result<(), DataDirError> {
        let removed = fs::remove_file(self.path.join(UNFINISHED)).and_then(|()| File::open(&self.path)?.sync_all());
        removed.map_err(|error| DataDirError::Io(self.path.clone(), error))
    }

    fn made(path: &Path) -> Result<DataDir, DataDirError> {
        let failed = |error| DataDirError::Io(path.to_owned(), error);
        make(path)?;
        if is_foreign(path).map_err(failed)? {
            return Err(DataDirError::Foreign(path.to_owned()));
        }
        let lock = File::options().create(true).append(true).open(path.join(LOCK)).map_err(failed)?;
        DataDir::locked(path, lock)
    }

    /// Takes the directory of a gateway that is stopped. Nothing is made.
    pub fn of_stopped(path: &Path) -> Result<DataDir, DataDirError> {
        refuse_unfinished(path)?;
        match File::options().append(true).open(path.join(LOCK)) {
            Ok(lock) => DataDir::locked(path, lock),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                Err(DataDirError::Absent(path.to_owned()))
            }
            Err(error) => Err(DataDirError::Io(path.to_owned(), error)),
        }
    }

    fn locked(path: &Path, lock: File) -> Result<DataDir, DataDirError> {
        match lock.try_lock() {
            Ok(()) => Ok(DataDir { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(DataDirError::InUse(path.to_owned())),
            Err(TryLockError::Error(error)) => Err(DataDirError::Io(path.to_owned(), error)),
        }
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where a cell's store lies.
    pub fn store(&self, mode: Mode) -> PathBuf {
        self.path.join(mode.name()).join("store")
    }

    /// Where the models of a cell are kept.
    pub fn models(&self, mode: Mode) -> PathBuf {
        self.path.join(mode.name()).join("models")
    }

    /// Where the sandbox keeps the master key that it made.
    pub fn own_master_key(&self) -> PathBuf {
        self.path.join("master-key")
    }

    /// Whether cells have run here: their keys must be found then, never made.
    pub fn was_used(&self) -> bool {
        self.path.join(KEY_CHECK).exists() || self.has_store()
    }

    fn has_store(&self) -> bool {
        [Mode::Sandbox, Mode::Live].into_iter().any(|mode| self.store(mode).exists())
    }

    /// Where the first operator token is written.
    pub fn operator_token(&self) -> PathBuf {
        self.path.join("operator-token")
    }

    /// Where the demo partner's credentials are written.
    pub fn sandbox_file(&self) -> PathBuf {
        self.path.join("sandbox.json")
    }

    /// Binds the directory to a master key before the first store is made, and refuses another one from then on: quotes
    /// would not verify and secrets not open.
    pub fn bind_key(&self, fingerprint: &str) -> Result<(), DataDirError> {
        let path = self.path.join(KEY_CHECK);
        let failed = |error| DataDirError::Io(self.path.clone(), error);
        match fs::read_to_string(&path) {
            Ok(known) if known.trim_end() == fingerprint => return Ok(()),
            Ok(_) if self.has_store() => return Err(DataDirError::OtherKey(self.path.clone())),
            Err(error) if error.kind() == ErrorKind::NotFound && self.has_store() => {
                return Err(DataDirError::FingerprintMissing(self.path.clone(), fingerprint.to_owned()));
            }
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(error)),
            // Nothing was signed or sealed here yet.
            Ok(_) | Err(_) => {}
        }
        private_file::write(&path, format!("{fingerprint}\n").as_bytes()).map_err(failed)
    }
}

fn make(path: &Path) -> Result<(), DataDirError> {
    if fs::metadata(path).is_ok_and(|found| !found.is_dir()) {
        return Err(DataDirError::NoDirectory(path.to_owned()));
    }
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|error| DataDirError::Io(path.to_owned(), error))
}

fn refuse_unfinished(path: &Path) -> Result<(), DataDirError> {
    if path.join(UNFINISHED).exists() { Err(DataDirError::Unfinished(path.to_owned())) } else { Ok(()) }
}

/// A fresh file system has a directory of its own in it.
fn is_foreign(path: &Path) -> io::Result<bool> {
    let mut has_others = false;
    for entry in fs::read_dir(path)? {
        let name = entry?.file_name();
        if name == LOCK {
            return Ok(false);
        }
        has_others |= name != "lost+found";
    }
    Ok(has_others)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(path: &Path) -> String {
        DataDir::open(path).map(|_| ()).unwrap_err().to_string()
    }

    #[test]
    fn it_is_made_private_and_taken_once() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("a/b");
        let taken = DataDir::open(&path).unwrap();
        assert_eq!(private_file::mode(&path).unwrap(), 0o700);
        assert!(refused(&path).contains("in use"));
        drop(taken);
        DataDir::open(&path).unwrap();
    }

    #[test]
    fn a_foreign_directory_is_left_alone() {
        let parent = tempfile::tempdir().unwrap();
        fs::write(parent.path().join("thesis.tex"), "x").unwrap();
        assert!(refused(parent.path()).contains("not Causeway's"));
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 1);
        let file = parent.path().join("thesis.tex");
        assert!(refused(&file).contains("no directory"));
    }

    #[test]
    fn another_master_key_is_noticed() {
        let parent = tempfile::tempdir().unwrap();
        let data = DataDir::open(parent.path()).unwrap();
        data.bind_key("other").unwrap();
        data.bind_key("one").unwrap();
        fs::create_dir_all(data.store(Mode::Live)).unwrap();
        data.bind_key("one").unwrap();
        assert!(matches!(data.bind_key("other"), Err(DataDirError::OtherKey(_))));
        fs::remove_file(parent.path().join(KEY_CHECK)).unwrap();
        let refused = data.bind_key("one").unwrap_err().to_string();
        assert!(refused.contains(KEY_CHECK) && refused.contains("write one to it"), "{refused}");
        fs::write(parent.path().join(KEY_CHECK), "one").unwrap();
        data.bind_key("one").unwrap();
    }

    #[test]
    fn a_stopped_gateways_directory_is_taken_and_never_made() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("data");
        let of_stopped = || DataDir::of_stopped(&path).map(|_| ()).map_err(|error| error.to_string());
        assert!(of_stopped().unwrap_err().contains("no gateway's data"));
        assert!(!path.exists());
        let running = DataDir::open(&path).unwrap();
        assert!(of_stopped().unwrap_err().contains("in use"));
        drop(running);
        assert_eq!(of_stopped(), Ok(()));
    }

    #[test]
    fn a_part_of_a_history_is_refused_until_it_is_whole() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("data");
        let filling = DataDir::to_fill(&path).unwrap();
        assert!(fs::read_to_string(path.join(UNFINISHED)).unwrap().contains("fill again"));
        drop(filling);
        // As it is left when the end comes before anything else was made.
        fs::remove_file(path.join(LOCK)).unwrap();
        assert!(refused(&path).contains(UNFINISHED));
        assert!(matches!(DataDir::of_stopped(&path), Err(DataDirError::Unfinished(_))));
        assert!(matches!(DataDir::to_fill(&path), Err(DataDirError::Foreign(_))));

        let other = parent.path().join("other");
        DataDir::to_fill(&other).unwrap().filled().unwrap();
        DataDir::open(&other).unwrap();
        assert!(!other.join(UNFINISHED).exists());
    }
}
