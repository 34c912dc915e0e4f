//! The public keys by which anybody can verify an account's events, in each mode that knows the account.

use bytes::Bytes;
use causeway_core::id::AccountId;
use serde::Serialize;

use crate::gate::{Cell, Gate};
use crate::wire::{mode_word, to_json};

/// What is behind the path after an account's id.
const KIND: &str = ".json";

#[derive(Serialize)]
struct Keys {
    account_id: String,
    keys: Vec<Key>,
}

#[derive(Serialize)]
struct Key {
    mode: &'static str,
    public_key: String,
}

/// The document of the account that `name` names; none when nobody has this account.
pub fn document(gate: &Gate, name: &str) -> Option<Bytes> {
    let account = AccountId::parse(name.strip_suffix(KIND)?)?;
    let known = gate.cells().filter(|cell| cell.directory().account(account).is_some());
    let key =
        |cell: &Cell| Key { mode: mode_word(cell.mode()), public_key: cell.keys().event_key(account).public_text() };
    let keys: Vec<Key> = known.map(key).collect();
    (!keys.is_empty()).then(|| to_json(&Keys { account_id: account.text(), keys }).into())
}
