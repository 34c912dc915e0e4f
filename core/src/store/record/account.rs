//! The record of an account.

use serde::{Deserialize, Serialize};

use super::branding::BrandingV1;
use super::numbers::Numbered;
use super::{Malformed, V1, V2, V3, read, read_as, write_as};
use crate::account::{Account, ApiKey, Entitlements, KeyKind};
use crate::endpoint::{Disabling, EndpointState, SecondSecret, WebhookEndpoint};
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

/// The second version's fields, and what has become of the endpoint.
#[derive(Serialize, Deserialize)]
struct AccountV3<'a> {
    #[serde(borrow)]
    before: AccountV2<'a>,
    endpoint: Option<EndpointV3<'a>>,
}

#[derive(Serialize, Deserialize)]
struct EndpointV3<'a> {
    /// The second secret, and until when it signs; without an end it is the next one.
    #[serde(borrow)]
    second_secret: Option<(&'a [u8], Option<u64>)>,
    state: u8,
    state_since: u64,
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
    let before = AccountV2 { before, branding: BrandingV1::from(&account.branding), tier };
    write_as(V3, out, &AccountV3 { before, endpoint: account.webhook.as_ref().map(EndpointV3::from) });
}

/// Reads the record of the account with this key.
pub fn decode(id: AccountId, bytes: &[u8]) -> Result<Account, Malformed> {
    let first = |before| AccountV2 { before, branding: BrandingV1::default(), tier: None };
    let AccountV3 { before: AccountV2 { before: fields, branding, tier }, endpoint } = match bytes.first() {
        Some(&V1) => AccountV3 { before: first(read(bytes)?), endpoint: None },
        Some(&V2) => AccountV3 { before: read_as(V2, bytes)?, endpoint: None },
        Some(_) | None => read_as(V3, bytes)?,
    };
    Ok(Account {
        id,
        name: fields.name.to_owned(),
        created_at: Timestamp(fields.created_at),
        entitlements: entitlements(fields.entitlements)?,
        origins: fields.origins.into_iter().map(str::to_owned).collect(),
        keys: fields.keys.into_iter().map(KeyV1::key).collect::<Result<_, _>>()?,
        webhook: fields.webhook.map(|webhook| read_endpoint(&webhook, endpoint)).transpose()?,
        quote_life: fields.quote_life.map(Millis),
        risk_is_real: fields.risk_is_real,
        branding: branding.branding(),
        tier: tier.map(str::to_owned),
    })
}

fn webhook(endpoint: &WebhookEndpoint) -> WebhookV1<'_> {
    WebhookV1 { url: &endpoint.url, sealed_secret: &endpoint.sealed_secret }
}

fn read_endpoint(webhook: &WebhookV1<'_>, more: Option<EndpointV3<'_>>) -> Result<WebhookEndpoint, Malformed> {
    let first = WebhookEndpoint::new(webhook.url.to_owned(), webhook.sealed_secret.to_vec());
    let Some(more) = more else { return Ok(first) };
    let second = |(sealed, until): (&[u8], Option<u64>)| match until {
        Some(until) => SecondSecret::Last(sealed.to_vec(), Timestamp(until)),
        None => SecondSecret::Next(sealed.to_vec()),
    };
    let at = Timestamp(more.state_since);
    let state = match more.state {
        OPEN => EndpointState::Open,
        PAUSED => EndpointState::Paused { at },
        GONE => EndpointState::Disabled { at, why: Disabling::Gone },
        FAILING => EndpointState::Disabled { at, why: Disabling::Failing },
        _ => return Err(Malformed("no state of an endpoint has this number")),
    };
    Ok(WebhookEndpoint { second_secret: more.second_secret.map(second), state, ..first })
}

const OPEN: u8 = 1;
const PAUSED: u8 = 2;
const GONE: u8 = 3;
const FAILING: u8 = 4;

impl<'a> From<&'a WebhookEndpoint> for EndpointV3<'a> {
    fn from(endpoint: &'a WebhookEndpoint) -> EndpointV3<'a> {
        let second_secret = endpoint.second_secret.as_ref().map(|second| match second {
            SecondSecret::Next(sealed) => (&sealed[..], None),
            SecondSecret::Last(sealed, until) => (&sealed[..], Some(until.0)),
        });
        let (state, since) = match endpoint.state {
            EndpointState::Open => (OPEN, Timestamp(0)),
            EndpointState::Paused { at } => (PAUSED, at),
            EndpointState::Disabled { at, why: Disabling::Gone } => (GONE, at),
            EndpointState::Disabled { at, why: Disabling::Failing } => (FAILING, at),
        };
        EndpointV3 { second_secret, state, state_since: since.0 }
    }
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
