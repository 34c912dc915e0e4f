//! Where the packages of a cell lie: a copy of each, made and checked when it was registered, and never overwritten.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use causeway_core::risk::ModelId;

use super::loader::{Identity, Loader};

/// The packages of one cell, by name and version.
#[derive(Clone, Debug)]
pub struct Registry {
    folder: PathBuf,
}

/// Begins the names of folders whose package is not checked yet.
const INCOMING: &str = ".incoming";

impl Registry {
    /// The registry in `folder`, which need not be there. What an earlier process has left half done goes.
    pub fn open(folder: PathBuf) -> Registry {
        let registry = Registry { folder };
        // What cannot be removed now is in nobody's way.
        let _ = fs::remove_dir_all(registry.incoming());
        registry
    }

    /// Where a model's package lies.
    pub fn place(&self, id: &ModelId) -> PathBuf {
        self.folder.join(&id.name).join(id.version.to_string())
    }

    /// Copies the package in `from` and checks the copy; durable when it returns. A version that is there already must be the
    /// same, byte by byte. One caller at a time.
    pub fn take(&self, loader: &dyn Loader, from: &Path) -> Result<Identity, String> {
        let incoming = self.incoming();
        let in_folder = |error: io::Error| format!("{}: {error}", self.folder.display());
        fs::create_dir_all(&self.folder).map_err(in_folder)?;
        if incoming.exists() {
            fs::remove_dir_all(&incoming).map_err(in_folder)?;
        }
        let taken = loader.import(from, &incoming).and_then(|identity| {
            self.settle(&incoming, &identity.id)?;
            Ok(identity)
        });
        if taken.is_err() {
            // It goes with the next one otherwise.
            let _ = fs::remove_dir_all(&incoming);
        }
        taken
    }

    /// Removes a model's package, and the folder of its name when that was the last.
    pub fn remove(&self, id: &ModelId) {
        let _ = fs::remove_dir_all(self.place(id));
        let _ = fs::remove_dir(self.folder.join(&id.name));
    }

    fn settle(&self, incoming: &Path, id: &ModelId) -> Result<(), String> {
        let place = self.place(id);
        let failed = |error: io::Error| format!("{}: {error}", place.display());
        if place.exists() {
            return if same(incoming, &place).map_err(failed)? {
                fs::remove_dir_all(incoming).map_err(failed)
            } else {
                Err(format!("{id} is registered with other bytes: give the package another version"))
            };
        }
        let named = self.folder.join(&id.name);
        let moved =
            sync(incoming).and_then(|()| fs::create_dir_all(&named)).and_then(|()| fs::rename(incoming, &place));
        // The names must outlive a power loss as well.
        let above = self.folder.parent().unwrap_or(&self.folder);
        moved.and_then(|()| [named.as_path(), &self.folder, above].into_iter().try_for_each(sync)).map_err(failed)
    }

    fn incoming(&self) -> PathBuf {
        self.folder.join(INCOMING)
    }
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Whether two folders hold the same files.
fn same(one: &Path, other: &Path) -> io::Result<bool> {
    let names = |folder: &Path| -> io::Result<Vec<_>> {
        let mut names = fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name())).collect::<io::Result<Vec<_>>>()?;
        names.sort();
        Ok(names)
    };
    let of_one = names(one)?;
    if of_one != names(other)? {
        return Ok(false);
    }
    for name in of_one {
        if fs::read(one.join(&name))? != fs::read(other.join(&name))? {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::super::loader::fake::FakeLoader;
    use super::*;

    #[test]
    fn a_version_is_taken_once_and_never_overwritten() {
        let directory = tempfile::tempdir().unwrap();
        let registry = Registry::open(directory.path().join("sandbox/models"));
        let package = |name: &str, text: &str| {
            let folder = directory.path().join(name);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("package"), text).unwrap();
            folder
        };
        let good = package("good", "model 2");
        let id = registry.take(&FakeLoader, &good).unwrap().id;
        assert_eq!((id.name.as_str(), id.version), ("model", 2));
        assert_eq!(fs::read_to_string(registry.place(&id).join("package")).unwrap(), "model 2");
        assert!(registry.take(&FakeLoader, &good).is_ok(), "the same again");
        let other = registry.take(&FakeLoader, &package("other", "model 2 other")).unwrap_err();
        assert!(other.contains("other bytes"), "{other}");
        assert!(registry.take(&FakeLoader, &package("bad", "bad")).unwrap_err().contains("refused"));
        assert_eq!(fs::read_to_string(registry.place(&id).join("package")).unwrap(), "model 2");
        assert!(!registry.incoming().exists());
    }

    #[test]
    fn what_is_removed_makes_room_for_the_same_version() {
        let directory = tempfile::tempdir().unwrap();
        let registry = Registry::open(directory.path().join("sandbox/models"));
        let take = |text: &str| {
            fs::write(directory.path().join("package"), text).unwrap();
            registry.take(&FakeLoader, directory.path()).map(|identity| identity.id)
        };
        let (one, two) = (take("model 1").unwrap(), take("model 2").unwrap());
        registry.remove(&two);
        assert!(registry.place(&one).exists() && !registry.place(&two).exists());
        assert!(take("model 2 with other bytes").is_ok());
        [one, two].iter().for_each(|id| registry.remove(id));
        assert!(!directory.path().join("sandbox/models/model").exists());
    }
}
