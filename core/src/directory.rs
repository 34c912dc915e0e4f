//! What operators have set in a cell, accounts, risk policy and plan of models, as one immutable value, published after the
//! commit that changed it.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::Arc;

use crate::account::{Account, ApiKey};
use crate::id::AccountId;
use crate::risk::{ModelPlan, RiskPolicy};

/// All accounts with an index of their keys, the risk policy, and the plan of models.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    accounts: BTreeMap<AccountId, Arc<Account>>,
    keys: HashMap<[u8; 32], AccountId>,
    /// How many accounts allow each origin.
    origins: HashMap<String, usize>,
    risk_policy: Arc<RiskPolicy>,
    models: Arc<ModelPlan>,
}

impl Directory {
    /// The account, if there is one.
    pub fn account(&self, id: AccountId) -> Option<&Arc<Account>> {
        self.accounts.get(&id)
    }

    /// Accounts from the newest one on; with `before`, those that are older than it.
    pub fn newest(&self, before: Option<AccountId>) -> impl Iterator<Item = &Arc<Account>> {
        let until = before.map_or(Bound::Unbounded, Bound::Excluded);
        self.accounts.range((Bound::Unbounded, until)).rev().map(|(_, account)| account)
    }

    /// The account and key behind the hash of a presented key, revoked or not.
    pub fn key(&self, hash: &[u8; 32]) -> Option<(&Arc<Account>, &ApiKey)> {
        let account = self.accounts.get(self.keys.get(hash)?)?;
        let key = account.keys.iter().find(|key| &key.hash == hash)?;
        Some((account, key))
    }

    /// Whether some account allows `origin`.
    pub fn allows_origin(&self, origin: &str) -> bool {
        self.origins.contains_key(origin)
    }

    /// The rules and lists that apply.
    pub fn risk_policy(&self) -> &Arc<RiskPolicy> {
        &self.risk_policy
    }

    /// Replaces the rules and lists.
    pub fn set_risk_policy(&mut self, policy: Arc<RiskPolicy>) {
        self.risk_policy = policy;
    }

    /// The plan of models.
    pub fn models(&self) -> &Arc<ModelPlan> {
        &self.models
    }

    /// Sets the plan of models.
    pub fn set_models(&mut self, plan: Arc<ModelPlan>) {
        self.models = plan;
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
        for origin in &account.origins {
            *self.origins.entry(origin.clone()).or_default() += 1;
        }
        if let Some(before) = self.accounts.insert(account.id, account) {
            self.forget_origins(&before);
            self.forget_keys(&before);
        }
    }

    /// Forgets the keys that the account has no longer.
    fn forget_keys(&mut self, before: &Account) {
        let Some(after) = self.accounts.get(&before.id) else { return };
        let gone = before.keys.iter().filter(|key| after.keys.iter().all(|kept| kept.hash != key.hash));
        for key in gone {
            self.keys.remove(&key.hash);
        }
    }

    fn forget_origins(&mut self, before: &Account) {
        for origin in &before.origins {
            if let Some(count) = self.origins.get_mut(origin) {
                *count -= 1;
                if *count == 0 {
                    self.origins.remove(origin);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::account;

    #[test]
    fn an_origin_is_allowed_while_some_account_names_it() {
        let allowing = |id, origins: &[&str]| {
            let origins = origins.iter().map(|&origin| origin.to_owned()).collect();
            Arc::new(Account { origins, ..account(AccountId(id)) })
        };
        let mut directory = Directory::default();
        directory.put(allowing(1, &["https://a.example", "https://b.example"]));
        directory.put(allowing(2, &["https://a.example"]));
        directory.put(allowing(1, &["https://c.example"]));
        let allowed = |origin: &str| directory.allows_origin(&format!("https://{origin}.example"));
        assert_eq!([allowed("a"), allowed("b"), allowed("c")], [true, false, true]);
    }

    #[test]
    fn accounts_come_newest_first() {
        let mut directory = Directory::default();
        [3, 1, 2].into_iter().for_each(|id| directory.put(Arc::new(account(AccountId(id)))));
        let ids = |before| directory.newest(before).map(|account| account.id.0).collect::<Vec<_>>();
        assert_eq!(ids(None), [3, 2, 1]);
        assert_eq!(ids(Some(AccountId(3))), [2, 1]);
        assert_eq!(ids(Some(AccountId(1))), [0; 0]);
    }
}
