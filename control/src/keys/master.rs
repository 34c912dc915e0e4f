//! The master key: 32 bytes from a file of 64 hexadecimal characters, and the keys derived from it.

use std::fmt;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use causeway_core::id::Mode;

use super::{RandomnessError, fill, hex};
use crate::private_file;

/// The key from which all others are derived.
#[derive(Clone)]
pub struct MasterKey(Zeroizing<[u8; 32]>);

/// Why there is no master key.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    /// The file cannot be read.
    #[error("cannot read the master key file {0}: {1}")]
    Unreadable(PathBuf, std::io::Error),
    /// Others may read the file.
    #[error("the master key file {0} may be read by others (mode {1:o}): run `chmod 600 {0}`")]
    TooOpen(PathBuf, u32),
    /// The file holds something else.
    #[error(
        "the master key file {0} must hold exactly 64 hexadecimal characters, as `openssl rand -hex 32` writes them"
    )]
    Malformed(PathBuf),
    /// The file lies beside what it protects.
    #[error(
        "the master key file {0} lies inside the data directory {1}: keep it elsewhere, so that a copy of the data \
             does not carry its key"
    )]
    InsideDataDirectory(PathBuf, PathBuf),
    /// A new key could not be made.
    #[error(transparent)]
    Randomness(#[from] RandomnessError),
    /// A new key could not be kept.
    #[error("cannot write the master key file {0}: {1}")]
    Unwritable(PathBuf, std::io::Error),
}

impl MasterKey {
    /// Wraps 32 bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> MasterKey {
        MasterKey(Zeroizing::new(bytes))
    }

    /// Reads the operator's key file, which must be private and outside the data directory.
    pub fn from_file(path: &Path, data_dir: &Path) -> Result<MasterKey, MasterKeyError> {
        let unreadable = |error| MasterKeyError::Unreadable(path.to_owned(), error);
        let real = fs::canonicalize(path).map_err(unreadable)?;
        if fs::canonicalize(data_dir).is_ok_and(|data_dir| real.starts_with(data_dir)) {
            return Err(MasterKeyError::InsideDataDirectory(path.to_owned(), data_dir.to_owned()));
        }
        MasterKey::read(path)
    }

    /// Reads the sandbox's own key, which is made at the first start and lies in the data directory.
    pub fn of_sandbox(path: &Path) -> Result<MasterKey, MasterKeyError> {
        match MasterKey::read(path) {
            Err(MasterKeyError::Unreadable(_, error)) if error.kind() == ErrorKind::NotFound => MasterKey::make(path),
            found => found,
        }
    }

    fn read(path: &Path) -> Result<MasterKey, MasterKeyError> {
        let unreadable = |error| MasterKeyError::Unreadable(path.to_owned(), error);
        let mode = private_file::mode(path).map_err(unreadable)?;
        if mode & 0o077 != 0 {
            return Err(MasterKeyError::TooOpen(path.to_owned(), mode));
        }
        let text = Zeroizing::new(fs::read(path).map_err(unreadable)?);
        let text = str::from_utf8(&text).map(str::trim_ascii_end).unwrap_or_default();
        hex::decode(text).map(MasterKey::from_bytes).ok_or_else(|| MasterKeyError::Malformed(path.to_owned()))
    }

    fn make(path: &Path) -> Result<MasterKey, MasterKeyError> {
        let mut key = MasterKey::from_bytes([0; 32]);
        fill(key.0.as_mut())?;
        let text = Zeroizing::new(format!("{}\n", hex::encode(key.0.as_ref())));
        private_file::write(path, text.as_bytes())
            .map_err(|error| MasterKeyError::Unwritable(path.to_owned(), error))?;
        Ok(key)
    }

    /// The key for `purpose` in `mode` with this id.
    pub(super) fn derive<const N: usize>(&self, mode: Mode, purpose: &str, key_id: u8) -> Zeroizing<[u8; N]> {
        self.expand(&format!("{}/{purpose}/{key_id}", mode.name()))
    }

    /// A value that tells whether two master keys are the same, and nothing else about them.
    pub fn fingerprint(&self) -> String {
        hex::encode(self.expand::<8>("fingerprint").as_ref())
    }

    fn expand<const N: usize>(&self, info: &str) -> Zeroizing<[u8; N]> {
        let mut key = Zeroizing::new([0; N]);
        Hkdf::<Sha256>::new(Some(b"causeway-v1"), self.0.as_ref())
            .expand(info.as_bytes(), key.as_mut())
            .expect("HKDF-SHA256 gives up to 8,160 bytes");
        key
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[master key]")
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn file(directory: &Path, name: &str, text: &str, mode: u32) -> PathBuf {
        let path = directory.join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    #[test]
    fn a_private_file_of_64_characters_outside_the_data_directory_is_taken() {
        let directory = tempfile::tempdir().unwrap();
        let data = directory.path().join("data");
        fs::create_dir(&data).unwrap();
        let check = |path: &Path| MasterKey::from_file(path, &data).map(|_| ()).map_err(|error| error.to_string());
        let good = format!("{}\n", "aB".repeat(32));
        assert_eq!(check(&file(directory.path(), "good", &good, 0o600)), Ok(()));
        let refused = |path: &Path, part: &str| {
            let error = check(path).unwrap_err();
            assert!(error.contains(part), "{error}");
        };
        refused(&file(directory.path(), "open", &good, 0o640), "chmod 600");
        refused(&file(directory.path(), "short", "abcd", 0o600), "64 hexadecimal");
        refused(&file(directory.path(), "odd", &"zz".repeat(32), 0o600), "64 hexadecimal");
        refused(&file(&data, "inside", &good, 0o600), "inside the data directory");
        refused(&directory.path().join("absent"), "cannot read");
        std::os::unix::fs::symlink(data.join("inside"), directory.path().join("link")).unwrap();
        refused(&directory.path().join("link"), "inside the data directory");
    }

    #[test]
    fn the_sandbox_makes_its_key_once() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("master-key");
        let first = MasterKey::of_sandbox(&path).unwrap();
        let second = MasterKey::of_sandbox(&path).unwrap();
        assert_eq!(first.0, second.0);
        assert_eq!(private_file::mode(&path).unwrap(), 0o600);
    }

    #[test]
    fn mode_purpose_and_id_separate_keys() {
        let master = MasterKey::from_bytes([7; 32]);
        let keys = [
            master.derive::<32>(Mode::Sandbox, "quote", 1),
            master.derive::<32>(Mode::Live, "quote", 1),
            master.derive::<32>(Mode::Sandbox, "embed", 1),
            master.derive::<32>(Mode::Sandbox, "quote", 2),
        ];
        for (place, key) in keys.iter().enumerate() {
            assert!(keys[..place].iter().all(|other| other != key));
        }
        assert_eq!(master.derive::<32>(Mode::Sandbox, "quote", 1), keys[0]);
    }

    /// What was signed and sealed by an earlier release must stay readable, so the derivation is pinned.
    #[test]
    fn the_derivation_does_not_change() {
        let master = MasterKey::from_bytes([7; 32]);
        assert_eq!(master.fingerprint(), "a4d77d21e8d23717");
        assert_eq!(
            hex::encode(master.derive::<16>(Mode::Sandbox, "id", 1).as_ref()),
            "406e33167f948f996f68863e5c98c1ef"
        );
    }
}
