//! Accounts: whatever operators set stands.

use std::sync::Arc;

use crate::account::{Account, ApiKey, Entitlements};
use crate::branding::{Branding, BrandingPatch};
use crate::command::{NewKey, Reply};
use crate::id::AccountId;
use crate::limits::KEYS_PER_ACCOUNT;

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
            entitlements: Entitlements {
                rails: false,
                customers: false,
                kyc_package: false,
                swap: false,
                verified_users: false,
            },
            origins: Vec::new(),
            keys: Vec::new(),
            webhook: None,
            quote_life: None,
            risk_is_real: false,
            branding: Branding::default(),
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
        self.change_account(account, |account| {
            // There is room for so many; revoked ones go first.
            let is_full = account.keys.len() == KEYS_PER_ACCOUNT;
            if is_full && let Some(first) = account.keys.iter().position(|key| key.revoked_at.is_some()) {
                account.keys.remove(first);
            }
            account.keys.push(key.clone());
        })?;
        Ok(Reply::Key(key))
    }

    /// Changes an account.
    pub(super) fn change_account(&mut self, id: AccountId, change: impl FnOnce(&mut Account)) -> Result<Reply, Fault> {
        self.touch();
        let account = self.accounts.get_mut(&id).ok_or_else(|| Fault(format!("the oracle itself has lost {id:?}")))?;
        change(Arc::make_mut(account));
        Ok(Reply::Account(Arc::clone(account)))
    }

    /// Each field of the look by itself: what the patch says of it, if it says anything.
    pub(super) fn update_branding(&mut self, id: AccountId, patch: &BrandingPatch) -> Result<Reply, Fault> {
        let set = |field: &mut Option<String>, said: &Option<Option<String>>| {
            if let Some(said) = said {
                field.clone_from(said);
            }
        };
        let mut after = Branding::default();
        self.change_account(id, |account| {
            let look = &mut account.branding;
            set(&mut look.logo_url, &patch.logo_url);
            set(&mut look.primary_color, &patch.primary_color);
            set(&mut look.secondary_color, &patch.secondary_color);
            set(&mut look.accent_color, &patch.accent_color);
            set(&mut look.brand_name, &patch.brand_name);
            after = look.clone();
        })?;
        Ok(Reply::Branding(Box::new(after)))
    }
}
