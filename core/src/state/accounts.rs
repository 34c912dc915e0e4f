//! Accounts: what operators set, and how partners' widgets look.

use std::sync::Arc;

use super::State;
use crate::account::{Account, ApiKey, Entitlements, Rules};
use crate::branding::{Branding, BrandingPatch};
use crate::change::Change;
use crate::command::{Command, NewEndpoint, NewKey, Refusal, Reply};
use crate::endpoint::{EndpointChange, EndpointState, WebhookEndpoint};
use crate::id::{AccountId, KeyId};
use crate::limits::{ACCOUNTS, KEYS_PER_ACCOUNT, ORIGINS_PER_ACCOUNT};
use crate::session::Flow;

impl State {
    /// Adds an account. One that is there already stays as it is, so that a repeated command is harmless.
    pub(super) fn create_account(&mut self, id: AccountId, name: &str) -> Result<Reply, Refusal> {
        if let Some(account) = self.directory.account(id) {
            return Ok(Reply::Account(Arc::clone(account)));
        }
        if self.directory.len() >= ACCOUNTS {
            return Err(Refusal::LimitReached);
        }
        Ok(self.put_account(Account {
            id,
            name: name.to_owned(),
            created_at: self.now(),
            entitlements: Entitlements::default(),
            origins: Vec::new(),
            keys: Vec::new(),
            webhook: None,
            quote_life: None,
            risk_is_real: false,
            branding: Branding::default(),
            tier: None,
        }))
    }

    pub(super) fn create_key(&mut self, account: AccountId, key: &NewKey) -> Result<Reply, Refusal> {
        let mut account = Account::clone(&*self.account(account)?);
        if account.keys.len() >= KEYS_PER_ACCOUNT {
            // The key that was made first of those that are revoked makes room.
            let revoked = account.keys.iter().position(|key| key.revoked_at.is_some());
            account.keys.remove(revoked.ok_or(Refusal::LimitReached)?);
        }
        let id = KeyId(self.ids().draw(&self.settings.id_key));
        let key = ApiKey { id, kind: key.kind, hash: key.hash, created_at: self.now(), revoked_at: None };
        account.keys.push(key.clone());
        self.put_account(account);
        Ok(Reply::Key(key))
    }

    pub(super) fn revoke_key(&mut self, account: AccountId, id: KeyId) -> Result<Reply, Refusal> {
        let mut account = Account::clone(&*self.account(account)?);
        let now = self.now();
        let key = account.keys.iter_mut().find(|key| key.id == id).ok_or(Refusal::UnknownAccount)?;
        key.revoked_at.get_or_insert(now);
        Ok(self.put_account(account))
    }

    pub(super) fn set_entitlements(
        &mut self,
        account: AccountId,
        entitlements: Entitlements,
    ) -> Result<Reply, Refusal> {
        let account = self.account(account)?;
        Ok(self.put_account(Account { entitlements, ..Account::clone(&account) }))
    }

    pub(super) fn set_origins(&mut self, account: AccountId, origins: &[String]) -> Result<Reply, Refusal> {
        let account = self.account(account)?;
        if origins.len() > ORIGINS_PER_ACCOUNT {
            return Err(Refusal::LimitReached);
        }
        Ok(self.put_account(Account { origins: origins.to_vec(), ..Account::clone(&account) }))
    }

    /// Sets an endpoint, or takes it away. Who is paused stays so until somebody resumes it; who was disabled is not, since that
    /// was about the endpoint before.
    pub(super) fn set_webhook(&mut self, account: AccountId, endpoint: Option<&NewEndpoint>) -> Result<Reply, Refusal> {
        let account = self.account(account)?;
        let state = match account.webhook.as_ref().map(|before| before.state) {
            Some(paused @ EndpointState::Paused { .. }) => paused,
            Some(EndpointState::Open | EndpointState::Disabled { .. }) | None => EndpointState::Open,
        };
        let webhook = endpoint.map(|endpoint| WebhookEndpoint {
            state,
            ..WebhookEndpoint::new(endpoint.url.clone(), endpoint.sealed_secret.clone())
        });
        self.forget_failures(account.id);
        Ok(self.put_account(Account { webhook, ..Account::clone(&account) }))
    }

    pub(super) fn change_endpoint(&mut self, account: AccountId, change: &EndpointChange) -> Result<Reply, Refusal> {
        let account = self.account(account)?;
        let before = account.webhook.as_ref().ok_or(Refusal::NoEndpoint)?;
        let after = before.changed(change, self.now()).ok_or(Refusal::EndpointNotReady)?;
        if *change == EndpointChange::Resume {
            self.forget_failures(account.id);
        }
        if after == *before {
            return Ok(Reply::Account(account));
        }
        Ok(self.put_account(Account { webhook: Some(after), ..Account::clone(&account) }))
    }

    pub(super) fn update_branding(&mut self, account: AccountId, patch: &BrandingPatch) -> Result<Reply, Refusal> {
        let account = self.account(account)?;
        let branding = account.branding.patched(patch);
        self.put_account(Account { branding: branding.clone(), ..Account::clone(&account) });
        Ok(Reply::Branding(Box::new(branding)))
    }

    pub(super) fn set_tier(&mut self, account: AccountId, tier: &str) -> Result<Reply, Refusal> {
        let account = self.account(account)?;
        Ok(self.put_account(Account { tier: Some(tier.to_owned()), ..Account::clone(&account) }))
    }

    pub(super) fn set_rules(&mut self, account: AccountId, rules: Rules) -> Result<Reply, Refusal> {
        let account = self.account(account)?;
        let Rules { quote_life, risk_is_real } = rules;
        Ok(self.put_account(Account { quote_life, risk_is_real, ..Account::clone(&account) }))
    }

    /// Whether the account of a partner's write may do this. It is looked at before a remembered answer is.
    pub(super) fn entitled(&self, command: &Command) -> Result<(), Refusal> {
        let Some(account) = command.partner() else { return Ok(()) };
        let entitlements = self.account(account)?.entitlements;
        let may = match command {
            Command::CreateSession(_, terms) => {
                (terms.flow != Some(Flow::Swap) || entitlements.swap)
                    && (terms.kyc_package.is_none() || entitlements.kyc_package)
            }
            Command::LockQuote(..) | Command::CreatePayIn(..) | Command::CreatePayOut(..) => entitlements.rails,
            Command::CreateCustomer(..) | Command::UpdateCustomer(..) | Command::DeleteCustomer(..) => {
                entitlements.customers
            }
            Command::CancelSession(..)
            | Command::ConfirmSession(..)
            | Command::VerifyPayment(..)
            | Command::RememberPayment(..)
            | Command::UpdateBranding(..)
            | Command::ReplayDelivery(..)
            | Command::SendTestWebhook(..)
            | Command::ReportRails(..)
            | Command::ReportDeliveries(..)
            | Command::SweepEvents(..)
            | Command::ReportPublished(..)
            | Command::AdvanceRedelivery(..)
            | Command::RunTimer(..)
            | Command::CreateAccount(..)
            | Command::CreateKey(..)
            | Command::RevokeKey(..)
            | Command::SetEntitlements(..)
            | Command::SetOrigins(..)
            | Command::SetWebhook(..)
            | Command::UnsetWebhook(..)
            | Command::ChangeEndpoint(..)
            | Command::SetTier(..)
            | Command::SetRules(..)
            | Command::SetVerification(..)
            | Command::SetLabels(_)
            | Command::DecideReview(..)
            | Command::SetRiskPolicy(..)
            | Command::ChangeModels(_)
            | Command::StartRedelivery(..)
            | Command::CancelRedelivery(..) => true,
        };
        if may { Ok(()) } else { Err(Refusal::NotEntitled) }
    }

    pub(super) fn put_account(&mut self, account: Account) -> Reply {
        let account = Arc::new(account);
        self.directory.put(Arc::clone(&account));
        self.directory_changed = true;
        self.changes.push(Change::Account(Arc::clone(&account)));
        Reply::Account(account)
    }
}
