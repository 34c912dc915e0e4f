//! A partner account as one cell knows it: keys, entitlements, origins, webhook endpoint.

use crate::branding::Branding;
use crate::endpoint::WebhookEndpoint;
use crate::id::{AccountId, KeyId};
use crate::time::{Millis, Timestamp};

/// A partner account in one mode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its id, the same in both modes.
    pub id: AccountId,
    /// The operator's name for it.
    pub name: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// What it may use beyond the plain API.
    pub entitlements: Entitlements,
    /// Origins from which its hosted widget may bootstrap, exactly as browsers send them.
    pub origins: Vec<String>,
    /// Its API keys, revoked ones included.
    pub keys: Vec<ApiKey>,
    /// Where its events go.
    pub webhook: Option<WebhookEndpoint>,
    /// How long its quotes live; the cell's default otherwise.
    pub quote_life: Option<Millis>,
    /// Whether the model's verdict decides in the sandbox too.
    pub risk_is_real: bool,
    /// How its hosted widget looks.
    pub branding: Branding,
    /// The tier that an operator gave it, by name; the deployment's default otherwise.
    pub tier: Option<String>,
}

/// What an account may use beyond the plain API.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Entitlements {
    /// Locked quotes, pay-ins and pay-outs.
    pub rails: bool,
    /// Customer records.
    pub customers: bool,
    /// Handing over finished verifications with sessions: they are relied upon.
    pub kyc_package: bool,
    /// Swap sessions.
    pub swap: bool,
    /// Movements in live of any user: the operator vouches that the partner verifies them all.
    pub verified_users: bool,
}

/// Rules that an operator sets for one account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// How long its quotes live; the cell's default otherwise.
    pub quote_life: Option<Millis>,
    /// Whether the model's verdict decides in the sandbox too.
    pub risk_is_real: bool,
}

/// What a key may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// Server operations.
    Secret,
    /// Bootstrapping the widget, nothing else.
    Publishable,
}

/// An API key. The key itself is shown once and not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Its record's id.
    pub id: KeyId,
    /// What it may be used for.
    pub kind: KeyKind,
    /// SHA-256 of the whole key; the key has 160 random bits, so that no slow hash is needed.
    pub hash: [u8; 32],
    /// When it was created.
    pub created_at: Timestamp,
    /// From when on it is refused.
    pub revoked_at: Option<Timestamp>,
}

impl Entitlements {
    /// Everything.
    pub const ALL: Entitlements =
        Entitlements { rails: true, customers: true, kyc_package: true, swap: true, verified_users: true };
}

impl KeyKind {
    /// The prefix of keys of this kind.
    pub fn prefix(self) -> &'static str {
        match self {
            KeyKind::Secret => "sk",
            KeyKind::Publishable => "pk",
        }
    }

    /// The word in the operator interface.
    pub fn word(self) -> &'static str {
        match self {
            KeyKind::Secret => "secret",
            KeyKind::Publishable => "publishable",
        }
    }
}
