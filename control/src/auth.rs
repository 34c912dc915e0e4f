//! Who is asking: from the credentials of a request to evidence that only this module can make.

mod embed;

use std::sync::Arc;

use causeway_core::account::{Account, KeyKind};
use causeway_core::id::{AccountId, KeyId, Mode, SessionId};
use http::HeaderMap;
use http::header::{AUTHORIZATION, HOST};
use subtle::ConstantTimeEq;

use crate::gate::{Cell, Gate};
use crate::keys::{EmbedClaims, hash_credential};
use crate::problem::{Code, Problem};

pub use embed::{Scope, origin};

/// Which kind of credential an operation takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credential {
    /// `sk_…`, from servers.
    Secret,
    /// `pk_…`, from browsers: origins are checked, and answers carry CORS headers.
    Publishable,
    /// `X-Embed-Token`, from hosted widgets: likewise, and the token must have the scope.
    Embed(Scope),
}

/// What an account must be entitled to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entitlement {
    /// Locked quotes, pay-ins and pay-outs.
    Rails,
    /// Customer records.
    Customers,
}

/// A caller whose key was checked. Nothing that needs an account runs without one.
#[derive(Clone, Debug)]
pub struct Authenticated {
    account: Arc<Account>,
    key: KeyId,
    mode: Mode,
    token: Option<Arc<EmbedClaims>>,
}

impl Authenticated {
    /// The account's id.
    pub fn id(&self) -> AccountId {
        self.account.id
    }

    /// The account as it was when the key was checked.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// The record of the key that was used.
    pub fn key(&self) -> KeyId {
        self.key
    }

    /// The world that the key is for.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// The session that the caller's embed token is bound to.
    pub fn session(&self) -> Option<SessionId> {
        self.token.as_ref()?.session
    }
}

/// Why a caller is not believed.
pub struct Denied {
    /// What is answered.
    pub problem: Problem,
    /// Whose credential it was: it is genuine, but revoked or over. Only the log and the caller's own pages hear of it.
    pub account: Option<Arc<Account>>,
}

impl From<Problem> for Denied {
    fn from(problem: Problem) -> Denied {
        Denied { problem, account: None }
    }
}

/// Checks the key of a request for an operation that takes `credential`, and finds the cell that it is for.
pub fn authenticate<'g>(
    gate: &'g Gate,
    credential: Credential,
    headers: &HeaderMap,
) -> Result<(&'g Cell, Authenticated), Denied> {
    let (wanted, advice) = match credential {
        Credential::Secret => (KeyKind::Secret, "Send a secret key: Authorization: Bearer sk_test_… or sk_live_…."),
        Credential::Publishable => {
            (KeyKind::Publishable, "Send a publishable key, pk_test_… or pk_live_…, as bearer or X-Publishable-Key.")
        }
        Credential::Embed(_) => return embed::authenticate(gate, headers),
    };
    let text = presented(wanted, headers)?.ok_or_else(|| Problem::new(Code::MissingKey, advice))?;
    let (kind, mode) = named(text).ok_or_else(invalid)?;
    if kind != wanted {
        return Err(Problem::new(Code::KeyKindNotAllowed, advice).into());
    }
    let cell = gate.cell(mode).ok_or_else(invalid)?;
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    if !gate.takes(host, mode) {
        return Err(invalid().into());
    }
    let hash = hash_credential(text);
    let directory = cell.directory();
    let (account, key) = directory.key(&hash).ok_or_else(invalid)?;
    let same = bool::from(key.hash.ct_eq(&hash));
    if !same || key.kind != kind {
        return Err(invalid().into());
    }
    if key.revoked_at.is_some() {
        return Err(Denied { problem: invalid(), account: Some(Arc::clone(account)) });
    }
    Ok((cell, Authenticated { account: account.clone(), key: key.id, mode, token: None }))
}

/// Checks that a browser asks from where it may, and that its token allows what it asks for.
pub fn permitted(
    cell: &Cell,
    caller: &Authenticated,
    credential: Credential,
    headers: &HeaderMap,
) -> Result<(), Problem> {
    match (credential, &caller.token) {
        (Credential::Embed(scope), Some(token)) => embed::permits(cell, caller, token, scope, headers),
        (Credential::Embed(_), None) => Err(invalid()),
        (Credential::Publishable, _) => embed::is_from(&caller.account.origins, headers),
        (Credential::Secret, _) => Ok(()),
    }
}

/// Checks that a credential stands that stood when its request began: a body may take its time.
pub fn stands(cell: &Cell, caller: &Authenticated) -> Result<(), Problem> {
    let directory = cell.directory();
    let account = directory.account(caller.account.id).ok_or_else(invalid)?;
    let is_valid = account.keys.iter().any(|key| key.id == caller.key && key.revoked_at.is_none());
    match &caller.token {
        _ if !is_valid => Err(invalid()),
        Some(token) => embed::is_allowed(account, token),
        None => Ok(()),
    }
}

/// Checks that the caller may use what `entitlement` stands for.
pub fn entitled(caller: &Authenticated, entitlement: Option<Entitlement>) -> Result<(), Problem> {
    let entitlements = &caller.account.entitlements;
    let holds = match entitlement {
        None => true,
        Some(Entitlement::Rails) => entitlements.rails,
        Some(Entitlement::Customers) => entitlements.customers,
    };
    if holds { Ok(()) } else { Err(Problem::new(Code::NotEntitled, Code::NotEntitled.explanation())) }
}

/// The key as the client sent it.
fn presented(wanted: KeyKind, headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    if let Some(value) = single(headers, AUTHORIZATION.as_str())? {
        return bearer(value).map(Some).ok_or_else(invalid);
    }
    match wanted {
        KeyKind::Secret => Ok(None),
        KeyKind::Publishable => single(headers, "x-publishable-key"),
    }
}

/// The one value of a header; two are refused, so that nobody has to guess which one counts.
fn single<'h>(headers: &'h HeaderMap, name: &str) -> Result<Option<&'h str>, Problem> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| invalid()),
        (Some(_), Some(_)) => Err(invalid()),
    }
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, key) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim_start_matches(' '))
}

/// Kind and mode that a key names in its first letters.
fn named(key: &str) -> Option<(KeyKind, Mode)> {
    let (kind, rest) = key.split_once('_')?;
    let (mode, _) = rest.split_once('_')?;
    let kind = [KeyKind::Secret, KeyKind::Publishable].into_iter().find(|known| known.prefix() == kind)?;
    let mode = [Mode::Sandbox, Mode::Live].into_iter().find(|known| known.word() == mode)?;
    Some((kind, mode))
}

fn invalid() -> Problem {
    Problem::new(Code::InvalidKey, Code::InvalidKey.explanation())
}

impl Credential {
    /// Whether browsers send it.
    pub fn is_for_browsers(self) -> bool {
        match self {
            Credential::Secret => false,
            Credential::Publishable | Credential::Embed(_) => true,
        }
    }
}

#[cfg(test)]
mod tests;
