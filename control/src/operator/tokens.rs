//! Operator tokens: named, with a role, stored hashed in one private file.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use causeway_core::time::Timestamp;
use parking_lot::RwLock;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use super::access::Caller;
use crate::gate::system_time;
use crate::keys::{RandomnessError, SecretText, hash_credential, hex, new_operator_token};
use crate::private_file;

/// Tokens that one deployment may have.
const TOKENS: usize = 100;
/// The token that is made at the first start.
const FIRST: &str = "first";

/// What a token may be used for; each role includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads.
    Viewer,
    /// Reads and writes.
    Admin,
}

/// The tokens of one deployment.
pub struct Tokens {
    path: PathBuf,
    list: RwLock<Vec<Stored>>,
}

/// Why tokens cannot be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// A file cannot be read or written.
    #[error("cannot use the operator token file {0}: {1}")]
    File(PathBuf, io::Error),
    /// The file holds something else.
    #[error("the operator token file {0} is damaged ({1}): restore it, or remove it to have a new first token made")]
    Damaged(PathBuf, String),
    /// No token could be made.
    #[error(transparent)]
    Randomness(#[from] RandomnessError),
    /// There is a token of this name.
    #[error("there is an operator token of this name")]
    NameTaken,
    /// There is no token of this name.
    #[error("there is no operator token of this name")]
    Unknown,
    /// Nobody could write any more.
    #[error("this is the last admin token: create another one first")]
    LastAdmin,
    /// The list is full.
    #[error("there are {TOKENS} operator tokens: delete one first")]
    Full,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    name: String,
    role: Role,
    sha256: String,
    /// Files of before it was kept lack it.
    #[serde(default)]
    created_at: Option<Timestamp>,
}

/// What may be shown of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its name.
    pub name: String,
    /// What it may be used for.
    pub role: Role,
    /// When it was made, if that was written down.
    pub created_at: Option<Timestamp>,
}

impl Tokens {
    /// Reads the tokens of a data directory. Where there are none yet, the first one is made and written to
    /// `operator-token`.
    pub fn open(data_dir: &Path) -> Result<Tokens, TokenError> {
        match Tokens::read(data_dir)? {
            Some(tokens) => Ok(tokens),
            None => Tokens::renew_first(data_dir),
        }
    }

    /// Makes the first token anew and writes it to `operator-token`: for operators who have lost theirs, while the gateway is
    /// stopped. Its predecessor is refused from then on, the others stay.
    ///
    /// The token goes to its own file before its hash is stored: a start that ends in between makes another one.
    pub fn renew_first(data_dir: &Path) -> Result<Tokens, TokenError> {
        let empty = || Tokens { path: stored_in(data_dir), list: RwLock::default() };
        let tokens = Tokens::read(data_dir)?.unwrap_or_else(empty);
        let token = new_operator_token()?;
        let shown = data_dir.join("operator-token");
        let line = zeroize::Zeroizing::new(format!("{}\n", token.text.reveal()));
        private_file::write(&shown, line.as_bytes()).map_err(|error| TokenError::File(shown, error))?;
        let stored = Stored::new(FIRST, Role::Admin, &token.hash);
        tokens.change(|list| {
            list.retain(|known| known.name != FIRST);
            list.push(stored);
            Ok(())
        })?;
        Ok(tokens)
    }

    fn read(data_dir: &Path) -> Result<Option<Tokens>, TokenError> {
        let path = stored_in(data_dir);
        match fs::read(&path) {
            Ok(text) => {
                let list = serde_json::from_slice(&text)
                    .map_err(|error| TokenError::Damaged(path.clone(), error.to_string()))?;
                Ok(Some(Tokens { path, list: RwLock::new(list) }))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(TokenError::File(path, error)),
        }
    }

    /// Who presents `token`. Every stored token is compared, in constant time.
    pub fn find(&self, token: &str) -> Option<Caller> {
        let presented = hex::encode(&hash_credential(token));
        let list = self.list.read();
        let same = |stored: &&Stored| bool::from(stored.sha256.as_bytes().ct_eq(presented.as_bytes()));
        let found: Vec<&Stored> = list.iter().filter(same).collect();
        found.first().map(|stored| Caller { name: stored.name.clone(), role: stored.role })
    }

    /// All of them, by name.
    pub fn list(&self) -> Vec<Known> {
        let known =
            |stored: &Stored| Known { name: stored.name.clone(), role: stored.role, created_at: stored.created_at };
        let mut list: Vec<Known> = self.list.read().iter().map(known).collect();
        list.sort_by(|one, other| one.name.cmp(&other.name));
        list
    }

    /// Adds a token, durable when this returns. It is shown this once.
    pub fn add(&self, name: &str, role: Role) -> Result<SecretText, TokenError> {
        let token = new_operator_token()?;
        let stored = Stored::new(name, role, &token.hash);
        self.change(|list| {
            if list.iter().any(|known| known.name == name) {
                return Err(TokenError::NameTaken);
            }
            if list.len() >= TOKENS {
                return Err(TokenError::Full);
            }
            list.push(stored);
            Ok(())
        })?;
        Ok(token.text)
    }

    /// Removes a token; it is refused from now on.
    pub fn remove(&self, name: &str) -> Result<(), TokenError> {
        self.change(|list| {
            let place = list.iter().position(|known| known.name == name).ok_or(TokenError::Unknown)?;
            let removed = list.remove(place);
            let admins = list.iter().filter(|known| known.role == Role::Admin).count();
            if removed.role == Role::Admin && admins == 0 { Err(TokenError::LastAdmin) } else { Ok(()) }
        })
    }

    /// Writes the changed list before it counts.
    fn change(&self, change: impl FnOnce(&mut Vec<Stored>) -> Result<(), TokenError>) -> Result<(), TokenError> {
        let mut list = self.list.write();
        let mut changed = list.clone();
        change(&mut changed)?;
        let text = serde_json::to_vec_pretty(&changed)
            .map_err(|error| TokenError::Damaged(self.path.clone(), error.to_string()))?;
        private_file::write(&self.path, &text).map_err(|error| TokenError::File(self.path.clone(), error))?;
        *list = changed;
        Ok(())
    }
}

impl Stored {
    fn new(name: &str, role: Role, hash: &[u8]) -> Stored {
        Stored { name: name.to_owned(), role, sha256: hex::encode(hash), created_at: Some(system_time()) }
    }
}

impl Role {
    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Admin => "admin",
        }
    }
}

fn stored_in(data_dir: &Path) -> PathBuf {
    data_dir.join("operator-tokens.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first_token(directory: &Path) -> String {
        fs::read_to_string(directory.join("operator-token")).unwrap().trim_end().to_owned()
    }

    #[test]
    fn the_first_token_is_made_once_and_kept_hashed() {
        let directory = tempfile::tempdir().unwrap();
        let tokens = Tokens::open(directory.path()).unwrap();
        let token = first_token(directory.path());
        let caller = tokens.find(&token).unwrap();
        assert_eq!((caller.name.as_str(), caller.role), ("first", Role::Admin));
        assert!(tokens.find("op_wrong").is_none() && tokens.find("").is_none());
        for file in ["operator-token", "operator-tokens.json"] {
            assert_eq!(private_file::mode(&directory.path().join(file)).unwrap(), 0o600, "{file}");
        }
        let stored = fs::read_to_string(directory.path().join("operator-tokens.json")).unwrap();
        assert!(!stored.contains(&token));
        let again = Tokens::open(directory.path()).unwrap();
        assert_eq!(first_token(directory.path()), token);
        assert!(again.find(&token).is_some());
    }

    #[test]
    fn the_first_token_is_made_anew_and_the_others_stay() {
        let directory = tempfile::tempdir().unwrap();
        let tokens = Tokens::open(directory.path()).unwrap();
        let (lost, viewer) = (first_token(directory.path()), tokens.add("grafana", Role::Viewer).unwrap());
        fs::remove_file(directory.path().join("operator-token")).unwrap();
        Tokens::renew_first(directory.path()).unwrap();
        let tokens = Tokens::open(directory.path()).unwrap();
        assert!(tokens.find(&lost).is_none());
        assert_eq!(tokens.find(&first_token(directory.path())).unwrap().role, Role::Admin);
        assert_eq!(tokens.find(viewer.reveal()).unwrap().name, "grafana");
    }

    #[test]
    fn tokens_come_and_go_but_an_admin_stays() {
        let directory = tempfile::tempdir().unwrap();
        let tokens = Tokens::open(directory.path()).unwrap();
        let viewer = tokens.add("grafana", Role::Viewer).unwrap();
        assert!(matches!(tokens.add("grafana", Role::Admin), Err(TokenError::NameTaken)));
        assert_eq!(Tokens::open(directory.path()).unwrap().find(viewer.reveal()).unwrap().role, Role::Viewer);
        assert!(matches!(tokens.remove("first"), Err(TokenError::LastAdmin)));
        assert!(tokens.find(&first_token(directory.path())).is_some());
        tokens.remove("grafana").unwrap();
        assert!(tokens.find(viewer.reveal()).is_none());
        assert!(matches!(tokens.remove("grafana"), Err(TokenError::Unknown)));
    }

    #[test]
    fn files_that_lack_the_time_are_read() {
        let directory = tempfile::tempdir().unwrap();
        let text =
            r#"[{ "name": "b", "role": "viewer", "sha256": "00" }, { "name": "a", "role": "admin", "sha256": "01" }]"#;
        fs::write(directory.path().join("operator-tokens.json"), text).unwrap();
        let list = Tokens::open(directory.path()).unwrap().list();
        let known = |name: &str, role| Known { name: name.to_owned(), role, created_at: None };
        assert_eq!(list, [known("a", Role::Admin), known("b", Role::Viewer)]);
    }

    #[test]
    fn a_damaged_file_is_named() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("operator-tokens.json"), "[{]").unwrap();
        let error = Tokens::open(directory.path()).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains("operator-tokens.json") && error.contains("restore"), "{error}");
    }
}
