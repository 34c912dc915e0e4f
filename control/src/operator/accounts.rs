//! Accounts, their keys, entitlements, origins and tiers.

use std::collections::BTreeSet;

use causeway_core::account::Entitlements;
use causeway_core::command::{Command, NewKey, Reply};
use causeway_core::id::{AccountId, KeyId, Mode};

use super::body::{self, CreateAccount, CreateKey, Delete, SetEntitlements, SetOrigins, SetRules, SetTier};
use super::call::{Call, Handled, Target, answer, unknown_account};
use super::view::{AccountSummary, AccountView, NewKeyView, RevokedKeyView};
use crate::gate::{Cell, Lane};
use crate::keys::{account_bits, new_api_key};
use crate::problem::{Code, Problem};
use crate::wire::{List, Time, mode_word};

/// Adds an account to every cell, or to the one that is named.
pub async fn create_account(call: Call<'_>) -> Handled {
    let request: CreateAccount = call.read()?;
    body::name(&request.name)?;
    let only = request.mode.map(|mode| mode.mode());
    let cells: Vec<&Cell> = match only {
        Some(mode) => vec![call.cell(mode)?],
        None => call.interface.gate.cells().collect(),
    };
    let id = AccountId(account_bits().map_err(Problem::internal)?);
    call.record(Target { account: Some(id), mode: only, object: None }, request.reason.as_deref()).await?;
    let mut records = Vec::new();
    for cell in cells {
        records.push((cell.mode(), call.change(cell, Command::CreateAccount(id, request.name.clone())).await?));
    }
    answer(201, &AccountView::new(id, &request.name, &records, &call.interface.gate))
}

/// Lists the accounts of all cells, newest first: `limit`, and `starting_after` with an account's id.
pub async fn list_accounts(call: Call<'_>) -> Handled {
    let limit = call.query.limit(10, 100)?;
    let before = call.query.parsed("starting_after", "an account's id", AccountId::parse)?;
    let mut ids = BTreeSet::new();
    for cell in call.interface.gate.cells() {
        ids.extend(cell.directory().newest(before).take(limit + 1).map(|account| account.id));
    }
    let page = ids.iter().rev().take(limit).map(|&id| AccountSummary::new(id, &call.accounts(id)));
    answer(200, &List::new("/operator/accounts", page.collect(), ids.len() > limit))
}

/// Shows an account.
pub async fn retrieve_account(call: Call<'_>) -> Handled {
    let id = call.account_id()?;
    shown(&call, id)
}

/// Adds a key and shows it, this once.
pub async fn create_key(call: Call<'_>) -> Handled {
    let request: CreateKey = call.read()?;
    let (id, mode, kind) = (call.account_id()?, request.mode.mode(), request.kind.kind());
    call.record(Target { object: Some(kind.word()), ..target(id, mode) }, request.reason.as_deref()).await?;
    let cell = call.ensure_account(mode, id).await?;
    let new = new_api_key(kind, mode).map_err(Problem::internal)?;
    let command = Command::CreateKey(id, NewKey { kind, hash: new.hash });
    let Reply::Key(key) = cell.submit(Lane::Operator, command, None).await?.reply else {
        return Err(Problem::internal("the cell answered a new key with something else"));
    };
    let view = NewKeyView {
        object: "api_key",
        id: key.id.text(mode),
        account_id: id.text(),
        mode: mode_word(mode),
        kind: kind.word(),
        key: new.text.reveal(),
        created_at: Time(key.created_at),
    };
    answer(201, &view)
}

/// Revokes a key. Its id names its mode.
pub async fn revoke_key(call: Call<'_>) -> Handled {
    let request: Delete = call.read_if_any()?;
    let id = call.account_id()?;
    let named = |mode| KeyId::parse(call.parameter(1), mode).map(|key| (mode, key));
    let named = [Mode::Sandbox, Mode::Live].into_iter().find_map(named);
    let (mode, key) = named.ok_or_else(|| Problem::new(Code::NotFound, "There is no such key; check the id."))?;
    let cell = call.cell(mode)?;
    call.record(Target { object: Some(call.parameter(1)), ..target(id, mode) }, request.reason.as_deref()).await?;
    let account = call.change(cell, Command::RevokeKey(id, key)).await?;
    let revoked = account.keys.iter().find(|known| known.id == key);
    let view = RevokedKeyView {
        object: "api_key",
        id: key.text(mode),
        account_id: id.text(),
        mode: mode_word(mode),
        revoked: true,
        revoked_at: revoked.and_then(|key| key.revoked_at).map(Time),
    };
    answer(200, &view)
}

/// Sets what an account may use.
pub async fn set_entitlements(call: Call<'_>) -> Handled {
    let request: SetEntitlements = call.read()?;
    let (id, mode) = (call.account_id()?, request.mode.mode());
    let SetEntitlements { rails, customers, kyc_package, swap, verified_users, .. } = request;
    let words = [
        ("rails", rails),
        ("customers", customers),
        ("kyc_package", kyc_package),
        ("swap", swap),
        ("verified_users", verified_users),
    ];
    let granted: Vec<&str> = words.iter().filter(|(_, is_granted)| *is_granted).map(|(word, _)| *word).collect();
    let granted = granted.join(" ");
    call.record(Target { object: Some(&granted), ..target(id, mode) }, request.reason.as_deref()).await?;
    let cell = call.ensure_account(mode, id).await?;
    let entitlements = Entitlements { rails, customers, kyc_package, swap, verified_users };
    call.change(cell, Command::SetEntitlements(id, entitlements)).await?;
    shown(&call, id)
}

/// Sets from where an account's widget may bootstrap.
pub async fn set_origins(call: Call<'_>) -> Handled {
    let request: SetOrigins = call.read()?;
    let (id, mode) = (call.account_id()?, request.mode.mode());
    body::origins(&request.origins)?;
    let origins = request.origins.join(" ");
    call.record(Target { object: Some(&origins), ..target(id, mode) }, request.reason.as_deref()).await?;
    let cell = call.ensure_account(mode, id).await?;
    call.change(cell, Command::SetOrigins(id, request.origins)).await?;
    shown(&call, id)
}

/// Sets how much an account may ask for, by the name of a configured tier.
pub async fn set_tier(call: Call<'_>) -> Handled {
    let request: SetTier = call.read()?;
    let (id, mode) = (call.account_id()?, request.mode.mode());
    call.cell(mode)?;
    let tiers = &call.interface.tiers;
    if !tiers.has(&request.tier) {
        return Err(Problem::invalid("tier", format!("tier must be one that is configured: {}.", tiers.names())));
    }
    call.record(Target { object: Some(&request.tier), ..target(id, mode) }, request.reason.as_deref()).await?;
    let cell = call.ensure_account(mode, id).await?;
    call.change(cell, Command::SetTier(id, request.tier)).await?;
    shown(&call, id)
}

/// Sets by which rules an account is served.
pub async fn set_rules(call: Call<'_>) -> Handled {
    let request: SetRules = call.read()?;
    let (id, mode) = (call.account_id()?, request.mode.mode());
    let rules = request.rules()?;
    let life = rules.quote_life.map_or_else(|| "default".to_owned(), |life| format!("{} s", life.0 / 1_000));
    let risk = if rules.risk_is_real { "real" } else { "simulated" };
    let said = format!("quote_life {life}, risk {risk}");
    call.record(Target { object: Some(&said), ..target(id, mode) }, request.reason.as_deref()).await?;
    let cell = call.ensure_account(mode, id).await?;
    call.change(cell, Command::SetRules(id, rules)).await?;
    shown(&call, id)
}

pub(super) fn target(account: AccountId, mode: Mode) -> Target<'static> {
    Target { account: Some(account), mode: Some(mode), object: None }
}

/// The account as it is now in every cell.
pub(super) fn shown(call: &Call<'_>, id: AccountId) -> Handled {
    let records = call.accounts(id);
    let (_, account) = records.first().ok_or_else(unknown_account)?;
    answer(200, &AccountView::new(id, &account.name, &records, &call.interface.gate))
}
