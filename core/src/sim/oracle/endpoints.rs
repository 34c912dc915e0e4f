//! Endpoints: whether an account's events go anywhere, and how operators and receivers change that.

use std::sync::Arc;

use crate::command::{NewEndpoint, Refusal, Reply};
use crate::delivery::DeliveryOutcome;
use crate::endpoint::{Disabling, EndpointChange, EndpointState, SecondSecret, WebhookEndpoint};
use crate::id::AccountId;

use super::{Fault, Oracle};

impl Oracle {
    /// Where the account's events go, now or when it is resumed.
    pub(super) fn goes_to(&self, id: AccountId) -> Option<String> {
        let endpoint = self.accounts.get(&id)?.webhook.as_ref()?;
        let is_disabled = matches!(endpoint.state, EndpointState::Disabled { .. });
        (!is_disabled).then(|| endpoint.url.clone())
    }

    /// Another endpoint, or none: what was known of the one before counts no more, but a pause is the operator's.
    pub(super) fn set_endpoint(&mut self, id: AccountId, endpoint: Option<&NewEndpoint>) -> Result<Reply, Fault> {
        self.failing.remove(&id);
        let before = self.accounts.get(&id).and_then(|account| account.webhook.as_ref()).map(|endpoint| endpoint.state);
        let is_paused = matches!(before, Some(EndpointState::Paused { .. }));
        let endpoint = endpoint.map(|new| WebhookEndpoint {
            url: new.url.clone(),
            sealed_secret: new.sealed_secret.clone(),
            second_secret: None,
            state: before.filter(|_| is_paused).unwrap_or(EndpointState::Open),
        });
        self.change_account(id, |account| account.webhook = endpoint)
    }

    pub(super) fn change_endpoint(&mut self, id: AccountId, change: &EndpointChange) -> Result<Reply, Fault> {
        let now = self.now();
        if matches!(change, EndpointChange::Resume) && self.failing.remove(&id).is_some() {
            self.touch();
        }
        let before = self.accounts.get(&id).and_then(|account| account.webhook.clone());
        let lost = || Fault("the oracle itself has lost an endpoint".to_owned());
        let mut after = before.clone().ok_or_else(lost)?;
        match change {
            EndpointChange::Pause if matches!(after.state, EndpointState::Paused { .. }) => {}
            EndpointChange::Pause => after.state = EndpointState::Paused { at: now },
            EndpointChange::Resume => after.state = EndpointState::Open,
            EndpointChange::AddSecret(sealed) => after.second_secret = Some(SecondSecret::Next(sealed.clone())),
            EndpointChange::ActivateSecret(overlap) => {
                if let Some(SecondSecret::Next(next)) = after.second_secret.take() {
                    let last = std::mem::replace(&mut after.sealed_secret, next);
                    after.second_secret = Some(SecondSecret::Last(last, now.plus(*overlap)));
                }
            }
            EndpointChange::DropSecret => after.second_secret = None,
        }
        if before.as_ref() == Some(&after) {
            return self.accounts.get(&id).map(|account| Reply::Account(Arc::clone(account))).ok_or_else(lost);
        }
        self.change_account(id, |account| account.webhook = Some(after))
    }

    pub(super) fn against_endpoint(&self, id: AccountId, change: &EndpointChange) -> Vec<Refusal> {
        let Some(account) = self.accounts.get(&id) else { return vec![Refusal::UnknownAccount] };
        let Some(endpoint) = &account.webhook else { return vec![Refusal::NoEndpoint] };
        let is_refused = match (change, &endpoint.second_secret) {
            (EndpointChange::Pause, _) => matches!(endpoint.state, EndpointState::Disabled { .. }),
            (EndpointChange::AddSecret(_), Some(SecondSecret::Last(_, until))) => self.now() < *until,
            (EndpointChange::ActivateSecret(_), Some(SecondSecret::Next(_))) => false,
            (EndpointChange::ActivateSecret(_), _) => true,
            (EndpointChange::Resume | EndpointChange::AddSecret(_) | EndpointChange::DropSecret, _) => false,
        };
        if is_refused { vec![Refusal::EndpointNotReady] } else { Vec::new() }
    }

    /// What an attempt to the endpoint that the account has now says of it.
    pub(super) fn judge_endpoint(&mut self, outcome: &DeliveryOutcome) {
        let (id, now) = (outcome.account, self.now());
        if self.goes_to(id).is_none() || self.goes_to(id) != outcome.target_url {
            return;
        }
        if outcome.error.is_none() {
            self.failing.remove(&id);
            return;
        }
        let since = *self.failing.entry(id).or_insert(now);
        let is_gone = outcome.response_status == Some(410);
        if is_gone || now.0 - since.0 >= self.settings.endpoint_patience.0 {
            self.failing.remove(&id);
            let why = if is_gone { Disabling::Gone } else { Disabling::Failing };
            let Some(account) = self.accounts.get_mut(&id) else { return };
            if let Some(endpoint) = &mut Arc::make_mut(account).webhook {
                endpoint.state = EndpointState::Disabled { at: now, why };
            }
        }
    }
}
