//! Accounts: whatever operators set stands.

use std::sync::Arc;

use crate::account::{Account, ApiKey, Entitlements};
use crate::command::{NewKey, Reply};
use crate::id::AccountId;

use super::{Fault, Oracle, names};

impl Oracle {
    /// An account that is there already stays as it is.
    pub(super) fn create_account(&mut self, id: AccountId, name: &str) -> Reply {
        if let Some(account) = self.accounts.get(&id) {
            return Reply::Account(Arc::clone(account));
        }
        self.touch();
        let account = Arc::new(Account {
            id,
            name: name.to_owned(),
            created_at: self.now(),
            entitlements: Entitlements { rails: false, customers: false, kyc_package: false, swap: false },
            origins: Vec::new(),
            keys: Vec::new(),
            webhook: None,
            quote_life: None,
            risk_is_real: false,
            tier: None,
        });
        self.accounts.insert(id, Arc::clone(&account));
        Reply::Account(account)
    }

    /// Adds a key.
    pub(super) fn create_key(&mut self, account: AccountId, key: &NewKey, found: &Reply) -> Result<Reply, Fault> {
        let Reply::Key(drawn) = found else { return Err(names::unexpected("key", found)) };
        self.hear(drawn.id.0)?;
        let key = ApiKey { id: drawn.id, kind: key.kind, hash: key.hash, created_at: self.now(), revoked_at: None };
        self.change_account(account, |account| account.keys.push(key.clone()))?;
        Ok(Reply::Key(key))
    }

    /// Changes an account.
    pub(super) fn change_account(&mut self, id: AccountId, change: impl FnOnce(&mut Account)) -> Result<Reply, Fault> {
        self.touch();
        let account = self.accounts.get_mut(&id).ok_or_else(|| Fault(format!("the oracle itself has lost {id:?}")))?;
        change(Arc::make_mut(account));
        Ok(Reply::Account(Arc::clone(account)))
    }

    /// Whether the account's events go anywhere.
    pub(super) fn has_endpoint(&self, id: AccountId) -> bool {
        self.accounts.get(&id).is_some_and(|account| account.webhook.is_some())
    }
}
