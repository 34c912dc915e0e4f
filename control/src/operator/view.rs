//! Accounts as operators see them. Keys appear without their text, endpoints without their secret.

use std::sync::Arc;

use causeway_core::account::{Account, ApiKey, Entitlements};
use causeway_core::endpoint::{EndpointState, SecondSecret, WebhookEndpoint};
use causeway_core::id::{AccountId, Mode};
use serde::Serialize;

use crate::gate::Gate;
use crate::quota::Tiers;
use crate::wire::{Time, mode_word};

/// An account with its record in each cell that has one.
#[derive(Serialize)]
pub struct AccountView {
    object: &'static str,
    id: String,
    name: String,
    modes: Vec<RecordView>,
}

/// An account in a list of many.
#[derive(Serialize)]
pub struct AccountSummary {
    object: &'static str,
    id: String,
    name: String,
    modes: Vec<RecordSummary>,
}

#[derive(Serialize)]
struct RecordSummary {
    mode: &'static str,
    created_at: Time,
    entitlements: EntitlementsView,
    active_keys: usize,
    has_webhook: bool,
}

/// An account's record in one cell.
#[derive(Serialize)]
pub struct RecordView {
    mode: &'static str,
    created_at: Time,
    entitlements: EntitlementsView,
    settings: RulesView,
    origins: Vec<String>,
    /// As it was set; one that is not configured any more counts as the default.
    tier: String,
    webhook: Option<EndpointView>,
    /// Anybody can verify the `v1a` signatures of its events with it.
    webhook_public_key: Option<String>,
    keys: Vec<KeyView>,
}

#[derive(Serialize)]
struct EntitlementsView {
    rails: bool,
    customers: bool,
    kyc_package: bool,
    swap: bool,
    verified_users: bool,
}

/// By which rules the account is served.
#[derive(Serialize)]
struct RulesView {
    /// In seconds; null for the deployment's default.
    quote_life: Option<u64>,
    risk: &'static str,
}

#[derive(Serialize)]
struct KeyView {
    id: String,
    kind: &'static str,
    created_at: Time,
    revoked_at: Option<Time>,
}

/// A key that was just made; the only time that its text is shown.
#[derive(Serialize)]
pub struct NewKeyView<'a> {
    /// `api_key`.
    pub object: &'static str,
    /// Its record's id, by which it is revoked.
    pub id: String,
    /// Whose it is.
    pub account_id: String,
    /// Its world.
    pub mode: &'static str,
    /// What it may be used for.
    pub kind: &'static str,
    /// The key.
    pub key: &'a str,
    /// When it was made.
    pub created_at: Time,
}

/// A key that was revoked.
#[derive(Serialize)]
pub struct RevokedKeyView {
    /// `api_key`.
    pub object: &'static str,
    /// Its record's id.
    pub id: String,
    /// Whose it is.
    pub account_id: String,
    /// Its world.
    pub mode: &'static str,
    /// Always true.
    pub revoked: bool,
    /// From when on it is refused.
    pub revoked_at: Option<Time>,
}

/// Where an account's events go.
#[derive(Serialize)]
struct EndpointView {
    url: String,
    /// `open`, `paused` or `disabled`.
    status: &'static str,
    /// Since when it is paused or disabled.
    since: Option<Time>,
    /// Why it is disabled: it answered 410, or it has taken nothing for days.
    why: Option<&'static str>,
    /// The other secret of a rotation: `next` or `last`.
    second_secret: Option<&'static str>,
    /// Until when the last one signs.
    second_secret_until: Option<Time>,
}

/// An endpoint that was just set; the only time that its secret is shown.
#[derive(Serialize)]
pub struct NewWebhookView<'a> {
    /// `webhook_endpoint`.
    pub object: &'static str,
    /// Whose it is.
    pub account_id: String,
    /// Its world.
    pub mode: &'static str,
    /// The receiver.
    pub url: &'a str,
    /// What its receiver verifies signatures with.
    pub secret: &'a str,
}

/// An endpoint that was just unset.
#[derive(Serialize)]
pub struct UnsetWebhookView {
    /// `webhook_endpoint`.
    pub object: &'static str,
    /// Whose it was.
    pub account_id: String,
    /// Its world.
    pub mode: &'static str,
    /// Always true.
    pub deleted: bool,
}

impl AccountSummary {
    /// The account of this id with its records, of which there is at least one.
    pub fn new(id: AccountId, records: &[(Mode, Arc<Account>)]) -> AccountSummary {
        let name = records.first().map(|(_, account)| account.name.clone()).unwrap_or_default();
        let modes = records.iter().map(|(mode, account)| RecordSummary::new(*mode, account)).collect();
        AccountSummary { object: "account", id: id.text(), name, modes }
    }
}

impl RecordSummary {
    fn new(mode: Mode, account: &Account) -> RecordSummary {
        RecordSummary {
            mode: mode_word(mode),
            created_at: Time(account.created_at),
            entitlements: EntitlementsView::new(account.entitlements),
            active_keys: account.keys.iter().filter(|key| key.revoked_at.is_none()).count(),
            has_webhook: account.webhook.is_some(),
        }
    }
}

impl AccountView {
    /// The account of this id with its records in the gate's cells.
    pub fn new(id: AccountId, name: &str, records: &[(Mode, Arc<Account>)], gate: &Gate) -> AccountView {
        let modes = records.iter().map(|(mode, account)| RecordView::new(*mode, account, gate)).collect();
        AccountView { object: "account", id: id.text(), name: name.to_owned(), modes }
    }
}

impl RecordView {
    fn new(mode: Mode, account: &Account, gate: &Gate) -> RecordView {
        RecordView {
            mode: mode_word(mode),
            created_at: Time(account.created_at),
            entitlements: EntitlementsView::new(account.entitlements),
            settings: RulesView::new(mode, account),
            origins: account.origins.clone(),
            tier: account.tier.clone().unwrap_or_else(|| Tiers::STANDARD.to_owned()),
            webhook: account.webhook.as_ref().map(EndpointView::new),
            webhook_public_key: gate.cell(mode).map(|cell| cell.keys().event_key(account.id).public_text()),
            keys: account.keys.iter().map(|key| KeyView::new(mode, key)).collect(),
        }
    }
}

impl EndpointView {
    fn new(endpoint: &WebhookEndpoint) -> EndpointView {
        let (status, since, why) = match endpoint.state {
            EndpointState::Open => ("open", None, None),
            EndpointState::Paused { at } => ("paused", Some(Time(at)), None),
            EndpointState::Disabled { at, why } => ("disabled", Some(Time(at)), Some(why.word())),
        };
        let (second_secret, second_secret_until) = match &endpoint.second_secret {
            None => (None, None),
            Some(SecondSecret::Next(_)) => (Some("next"), None),
            Some(SecondSecret::Last(_, until)) => (Some("last"), Some(Time(*until))),
        };
        EndpointView { url: endpoint.url.clone(), status, since, why, second_secret, second_secret_until }
    }
}

impl EntitlementsView {
    fn new(entitlements: Entitlements) -> EntitlementsView {
        let Entitlements { rails, customers, kyc_package, swap, verified_users } = entitlements;
        EntitlementsView { rails, customers, kyc_package, swap, verified_users }
    }
}

impl RulesView {
    fn new(mode: Mode, account: &Account) -> RulesView {
        let is_real = mode == Mode::Live || account.risk_is_real;
        let risk = if is_real { "real" } else { "simulated" };
        RulesView { quote_life: account.quote_life.map(|life| life.0 / 1_000), risk }
    }
}

impl KeyView {
    fn new(mode: Mode, key: &ApiKey) -> KeyView {
        KeyView {
            id: key.id.text(mode),
            kind: key.kind.word(),
            created_at: Time(key.created_at),
            revoked_at: key.revoked_at.map(Time),
        }
    }
}
