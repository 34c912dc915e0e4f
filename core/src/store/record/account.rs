//! The record of an account.

use serde::{Deserialize, Serialize};

use super::branding::BrandingV1;
use super::numbers::Numbered;
use super::{Malformed, V1, V2, read, read_as, write_as};
use crate::account::{Account, ApiKey, Entitlements, KeyKind, WebhookEndpoint};
use crate::id::AccountId;
use crate::time::{Millis, Timestamp};

#[derive(Serialize, Deserialize)]
struct AccountV1<'a> {
    name: &'a str,
    created_at: u64,
    /// One bit each: rails, customers, KYC package, swap.
    entitlements: u8,
    origins: Vec<&'a str>,
    keys: Vec<KeyV1>,
    webhook: Option<WebhookV1<'a>>,
    quote_life: Option<u64>,
    risk_is_real: bool,
}

/// The first version's fields, and the look and the tier behind them.
#[derive(Serialize, Deserialize)]
struct AccountV2<'a> {
    #[serde(borrow)]
    before: AccountV1<'a>,
    branding: BrandingV1<'a>,
    tier: Option<&'a str>,
}

#[derive(Serialize, Deserialize)]
struct KeyV1 {
    id: [u8; 16],
    kind: u8,
    hash: [u8; 32],
    created_at: u64,
    revoked_at: Option<u64>,
}

#[derive(Serialize, Deserialize)]
struct WebhookV1<'a> {
    url: &'a str,
    sealed_secret: &'a [u8],
}

/// Appends the record of `account`.
pub fn encode(account: &Account, out: &mut Vec<u8>) {
    let before = AccountV1 {
        name: &account.name,
        created_at: account.created_at.0,
        entitlements: bits(account.entitlements),
        origins: account.origins.iter().map(String::as_str).collect(),
        keys: account.keys.iter().map(KeyV1::from).collect(),
        webhook: account.webhook.as_ref().map(webhook),
        quote_life: account.quote_life.map(|life| life.0),
        risk_is_real: account.risk_is_real,
    };
    let tier = account.tier.as_deref();
    write_as(V2, out, &AccountV2 { before, branding: BrandingV1::from(&account.branding), tier });
}

/// Reads the record of the account with this key.
pub fn decode(id: AccountId, bytes: &[u8]) -> Result<Account, Malformed> {
    let AccountV2 { before: fields, branding, tier } = match bytes.first() {
        Some(&V1) => AccountV2 { before: read(bytes)?, branding: BrandingV1::default(), tier: None },
        Some(_) | None => read_as(V2, bytes)?,
    };
    let webhook = |endpoint: WebhookV1<'_>| WebhookEndpoint {
        url: endpoint.url.to_owned(),
        sealed_secret: endpoint.sealed_secret.to_vec(),
    };
    Ok(Account {
        id,
        name: fields.name.to_owned(),
        created_at: Timestamp(fields.created_at),
        entitlements: entitlements(fields.entitlements)?,
        origins: fields.origins.into_iter().map(str::to_owned).collect(),
        keys: fields.keys.into_iter().map(KeyV1::key).collect::<Result<_, _>>()?,
        webhook: fields.webhook.map(webhook),
        quote_life: fields.quote_life.map(Millis),
        risk_is_real: fields.risk_is_real,
        branding: branding.branding(),
        tier: tier.map(str::to_owned),
    })
}

fn webhook(endpoint: &WebhookEndpoint) -> WebhookV1<'_> {
    WebhookV1 { url: &endpoint.url, sealed_secret: &endpoint.sealed_secret }
}

fn bits(entitlements: Entitlements) -> u8 {
    let Entitlements { rails, customers, kyc_package, swap, verified_users } = entitlements;
    let bits = [rails, customers, kyc_package, swap, verified_users];
    bits.iter().rev().fold(0, |bits, bit| bits << 1 | u8::from(*bit))
}

fn entitlements(bits: u8) -> Result<Entitlements, Malformed> {
    if bits >= 1 << 5 {
        return Err(Malformed("no entitlement has this bit"));
    }
    let has = |place: u8| bits >> place & 1 == 1;
    let (rails, customers, kyc_package) = (has(0), has(1), has(2));
    Ok(Entitlements { rails, customers, kyc_package, swap: has(3), verified_users: has(4) })
}

impl From<&ApiKey> for KeyV1 {
    fn from(key: &ApiKey) -> KeyV1 {
        KeyV1 {
            id: key.id.into(),
            kind: key.kind.number(),
            hash: key.hash,
            created_at: key.created_at.0,
            revoked_at: key.revoked_at.map(|at| at.0),
        }
    }
}

impl KeyV1 {
    fn key(self) -> Result<ApiKey, Malformed> {
        Ok(ApiKey {
            id: self.id.into(),
            kind: KeyKind::from_number(self.kind)?,
            hash: self.hash,
            created_at: Timestamp(self.created_at),
            revoked_at: self.revoked_at.map(Timestamp),
        })
    }
}
