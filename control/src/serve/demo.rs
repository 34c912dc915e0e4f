//! The demo partner of a new sandbox: an account with everything allowed, whose keys lie in a private file.
//!
//! The file is written before the account is made, and each start completes what an interrupted one left out. An account
//! that an operator has changed since is left as it is.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use causeway_core::account::{Account, Entitlements, KeyKind};
use causeway_core::command::{Command, NewKey, Refusal};
use causeway_core::id::{AccountId, Mode};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::gate::{Cell, Lane};
use crate::keys::{RandomnessError, account_bits, hash_credential, new_api_key};
use crate::private_file;

/// Origins from which a newcomer's first page is likely to be served.
const ORIGINS: [&str; 2] = ["http://localhost:3000", "https://partner.example"];

/// The file `sandbox.json`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemoPartner {
    account_id: String,
    secret_key: String,
    publishable_key: String,
    allowed_origins: Vec<String>,
    base_url: String,
}

/// Why there is no demo partner.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The file cannot be read or written.
    #[error("cannot use {0}: {1}")]
    File(PathBuf, io::Error),
    /// The file holds something else.
    #[error("{0} is damaged ({1}): restore it, or remove it if its keys are not needed any more")]
    Damaged(PathBuf, String),
    /// No keys could be made.
    #[error(transparent)]
    Randomness(#[from] RandomnessError),
    /// The cell refused.
    #[error("the demo partner could not be made: {0}")]
    Refused(#[from] Refusal),
}

/// Makes the demo partner of an empty sandbox, or brings the file of an earlier one up to date. `false`: there is none,
/// because the sandbox was used without one. `tier` is what a new one gets.
pub async fn ensure(cell: &Cell, path: &Path, base_url: &str, tier: &str) -> Result<bool, DemoError> {
    let partner = match read(path)? {
        Some(partner) => DemoPartner { base_url: base_url.to_owned(), ..partner },
        None if cell.directory().is_empty() => DemoPartner::new(AccountId(account_bits()?), base_url)?,
        None => return Ok(false),
    };
    partner.write(path)?;
    let id = AccountId::parse(&partner.account_id);
    let id = id.ok_or_else(|| DemoError::Damaged(path.to_owned(), "account_id is no account id".to_owned()))?;
    let known = cell.directory().account(id).cloned();
    for command in partner.commands(id, known.as_deref(), tier) {
        cell.submit(Lane::Operator, command, None).await?;
    }
    Ok(true)
}

impl DemoPartner {
    /// A partner with new keys.
    pub fn new(id: AccountId, base_url: &str) -> Result<DemoPartner, RandomnessError> {
        let key = |kind| new_api_key(kind, Mode::Sandbox).map(|key| key.text.reveal().to_owned());
        Ok(DemoPartner {
            account_id: id.text(),
            secret_key: key(KeyKind::Secret)?,
            publishable_key: key(KeyKind::Publishable)?,
            allowed_origins: ORIGINS.map(str::to_owned).to_vec(),
            base_url: base_url.to_owned(),
        })
    }

    /// What the account that is `known` still lacks. Keys are added last: an account that has them is complete.
    pub fn commands(&self, id: AccountId, known: Option<&Account>, tier: &str) -> Vec<Command> {
        let keys = [(KeyKind::Secret, &self.secret_key), (KeyKind::Publishable, &self.publishable_key)];
        let keys = keys.map(|(kind, key)| NewKey { kind, hash: hash_credential(key) });
        let has = |key: &NewKey| known.is_some_and(|account| account.keys.iter().any(|had| had.hash == key.hash));
        if keys.iter().all(has) {
            return Vec::new();
        }
        let mut commands = vec![
            Command::CreateAccount(id, "Demo partner".to_owned()),
            Command::SetEntitlements(id, Entitlements::ALL),
            Command::SetOrigins(id, self.allowed_origins.clone()),
            Command::SetTier(id, tier.to_owned()),
        ];
        let missing = keys.into_iter().filter(|key| !has(key));
        commands.extend(missing.map(|key| Command::CreateKey(id, key)));
        commands
    }

    /// Writes the file that only its owner may read.
    pub fn write(&self, path: &Path) -> Result<(), DemoError> {
        let text = serde_json::to_vec_pretty(self);
        let text = text.map_err(|error| DemoError::Damaged(path.to_owned(), error.to_string()))?;
        let mut text = Zeroizing::new(text);
        text.push(b'\n');
        private_file::write(path, &text).map_err(|error| DemoError::File(path.to_owned(), error))
    }
}

fn read(path: &Path) -> Result<Option<DemoPartner>, DemoError> {
    match fs::read(path).map(Zeroizing::new) {
        Ok(text) => {
            let partner = serde_json::from_slice(&text);
            partner.map(Some).map_err(|error| DemoError::Damaged(path.to_owned(), error.to_string()))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(DemoError::File(path.to_owned(), error)),
    }
}
