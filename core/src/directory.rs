//! The accounts of a cell as one immutable value, published after the commit that changed it.

use std::collections::HashMap;
use std::sync::Arc;

use crate::account::{Account, ApiKey};
use crate::id::AccountId;

/// All accounts with an index of their keys.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    accounts: HashMap<AccountId, Arc<Account>>,
    keys: HashMap<[u8; 32], AccountId>,
}

impl Directory {
    /// The account, if there is one.
    pub fn account(&self, id: AccountId) -> Option<&Arc<Account>> {
        self.accounts.get(&id)
    }

    /// The account and key behind the hash of a presented key, revoked or not.
    pub fn key(&self, hash: &[u8; 32]) -> Option<(&Arc<Account>, &ApiKey)> {
        let account = self.accounts.get(self.keys.get(hash)?)?;
        let key = account.keys.iter().find(|key| &key.hash == hash)?;
        Some((account, key))
    }

    /// Whether some account allows `origin`.
    pub fn allows_origin(&self, origin: &str) -> bool {
        self.accounts.values().any(|account| account.origins.iter().any(|allowed| allowed == origin))
    }

    /// All accounts, in no order.
    pub fn accounts(&self) -> impl Iterator<Item = &Arc<Account>> {
        self.accounts.values()
    }

    /// How many accounts there are.
    pub fn len(&self) -> usize {
        self.accounts.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.accounts.is_empty()
    }

    /// Adds or replaces an account.
    pub fn put(&mut self, account: Arc<Account>) {
        for key in &account.keys {
            self.keys.insert(key.hash, account.id);
        }
        self.accounts.insert(account.id, account);
    }
}
