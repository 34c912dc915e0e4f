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
/// because the sandbox was used without one.
pub async fn ensure(cell: &Cell, path: &Path, base_url: &str) -> Result<bool, DemoError> {
    let partner = match read(path)? {
        Some(partner) => DemoPartner { base_url: base_url.to_owned(), ..partner },
        None if cell.directory().is_empty() => new(base_url)?,
        None => return Ok(false),
    };
    write(path, &partner)?;
    let id = AccountId::parse(&partner.account_id);
    let id = id.ok_or_else(|| DemoError::Damaged(path.to_owned(), "account_id is no account id".to_owned()))?;
    complete(cell, id, &partner).await?;
    Ok(true)
}

fn new(base_url: &str) -> Result<DemoPartner, RandomnessError> {
    let key = |kind| new_api_key(kind, Mode::Sandbox).map(|key| key.text.reveal().to_owned());
    Ok(DemoPartner {
        account_id: AccountId(account_bits()?).text(),
        secret_key: key(KeyKind::Secret)?,
        publishable_key: key(KeyKind::Publishable)?,
        allowed_origins: ORIGINS.map(str::to_owned).to_vec(),
        base_url: base_url.to_owned(),
    })
}

/// Keys are added last: an account that has them is complete.
async fn complete(cell: &Cell, id: AccountId, partner: &DemoPartner) -> Result<(), Refusal> {
    let keys = [(KeyKind::Secret, &partner.secret_key), (KeyKind::Publishable, &partner.publishable_key)];
    let known = cell.directory().account(id).cloned();
    let has = |account: &Account, key: &str| account.keys.iter().any(|known| known.hash == hash_credential(key));
    if known.as_ref().is_some_and(|account| keys.iter().all(|(_, key)| has(account, key))) {
        return Ok(());
    }
    let everything = Entitlements { rails: true, customers: true, kyc_package: true, swap: true };
    let mut commands = vec![
        Command::CreateAccount(id, "Demo partner".to_owned()),
        Command::SetEntitlements(id, everything),
        Command::SetOrigins(id, partner.allowed_origins.clone()),
    ];
    let missing = keys.iter().filter(|(_, key)| !known.as_ref().is_some_and(|account| has(account, key)));
    commands
        .extend(missing.map(|(kind, key)| Command::CreateKey(id, NewKey { kind: *kind, hash: hash_credential(key) })));
    for command in commands {
        cell.submit(Lane::Operator, command, None).await?;
    }
    Ok(())
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

fn write(path: &Path, partner: &DemoPartner) -> Result<(), DemoError> {
    let text =
        serde_json::to_vec_pretty(partner).map_err(|error| DemoError::Damaged(path.to_owned(), error.to_string()))?;
    let mut text = Zeroizing::new(text);
    text.push(b'\n');
    private_file::write(path, &text).map_err(|error| DemoError::File(path.to_owned(), error))
}
