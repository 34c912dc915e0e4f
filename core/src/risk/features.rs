//! The features of a redemption: typed, ordered, documented. A model names those it wants, in its own order.

use crate::id::{AccountId, Mode, SessionId};
use crate::money::{Amount, Rate, Rounding};
use crate::risk::velocity::{DAY, HOUR, Person};
use crate::risk::{Device, Entities, EntityKey};
use crate::session::Session;
use crate::terms::{Side, Terms};
use crate::time::{Millis, Timestamp};

/// How many features there are.
pub const COUNT: usize = 14;

/// One redemption as numbers, in the order of [`FEATURE_NAMES`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Features(pub [f32; COUNT]);

/// The names of the features in their order; a manifest refers to them.
pub const FEATURE_NAMES: [&str; COUNT] = [
    // log10(1 + fiat amount in US dollars)
    "amount_usd_log10",
    // amount over the person's mean so far, at most 100; 1 without history
    "amount_to_mean",
    // redemptions of the person in the last hour, before this one, sliding-window estimate
    "person_count_1h",
    // the same over 24 hours
    "person_count_24h",
    // log10(1 + US dollars of those 24 hours)
    "person_amount_24h_log10",
    // log10(1 + seconds since the person's last redemption); that of 30 days without one
    "seconds_since_last_log10",
    // risk declines of the person over 24 hours, sliding-window estimate
    "person_declines_24h",
    // 1 without history, else 0
    "is_new_person",
    // hour of the day, UTC, 0–23
    "hour_of_day",
    // 1 on Saturday and Sunday, UTC
    "is_weekend",
    // 1 for a pay-out
    "is_pay_out",
    // 1 when the payment method is `card`
    "is_card",
    // log10(1 + seconds from the session's creation)
    "session_age_log10",
    // seconds from the lock of the quote
    "quote_age_seconds",
];

/// What the features are computed from.
pub struct Context<'a> {
    /// The terms being redeemed.
    pub terms: &'a Terms,
    /// US cents of the fiat amount, by the cell's own rates.
    pub amount_cents: u64,
    /// What is known of the person before this redemption.
    pub person: &'a Person,
    /// When the session was created.
    pub session_created_at: Timestamp,
    /// When the quote was locked.
    pub quote_created_at: Timestamp,
}

/// The features of a redemption at `now`: computed in double precision, rounded once.
pub fn features(now: Timestamp, context: &Context<'_>) -> Features {
    let person = context.person;
    let is_new = person.total_count == 0;
    let since_last = if is_new { Millis::seconds(30 * 86_400) } else { now.since(person.last_at) };
    let days = now.unix_seconds() / 86_400;
    let row: [f64; COUNT] = [
        log10_plus_one(context.amount_cents as f64 / 100.0),
        amount_to_mean(context.amount_cents, person),
        person.count_1h.estimate(now, HOUR),
        person.count_24h.estimate(now, DAY),
        log10_plus_one(person.cents_24h.estimate(now, DAY) / 100.0),
        log10_plus_one(seconds(since_last)),
        person.declines_24h.estimate(now, DAY),
        flag(is_new),
        (now.unix_seconds() / 3_600 % 24) as f64,
        // 1970-01-01 was a Thursday: days 2 and 3 of each week since then are Saturday and Sunday.
        flag(matches!(days % 7, 2 | 3)),
        flag(context.terms.side == Side::OffRamp),
        flag(context.terms.payment_method == "card"),
        log10_plus_one(seconds(now.since(context.session_created_at))),
        seconds(now.since(context.quote_created_at)),
    ];
    Features(row.map(|value| value as f32))
}

fn amount_to_mean(cents: u64, person: &Person) -> f64 {
    if person.total_cents == 0 {
        return 1.0;
    }
    let mean = person.total_cents as f64 / person.total_count as f64;
    (cents as f64 / mean).min(100.0)
}

/// US cents of a fiat amount, rounded down: `per_dollar` is the currency's price of a dollar-pegged asset.
pub fn usd_cents(amount: Amount, per_dollar: Rate) -> u64 {
    let dollars = amount.divided_by(per_dollar, 2, Rounding::Down);
    dollars.map_or(u64::MAX, |dollars| dollars.decimal().mantissa().unsigned_abs().try_into().unwrap_or(u64::MAX))
}

/// The key of a person: (account, mode, user reference); without a reference the person is the session.
pub fn person_key(mode: Mode, session: &Session) -> [u8; 16] {
    match &session.terms.user_reference {
        Some(reference) => named_person_key(mode, session.account, reference),
        None => unnamed_person_key(mode, session.account, session.id),
    }
}

/// Whom a redemption with `session` concerns. Keys of wallets are hashed without a secret: wallets are public.
pub fn entities(mode: Mode, session: &Session, device: Option<&Device>, network: Option<EntityKey>) -> Entities {
    Entities {
        person: person_key(mode, session),
        device: device.and_then(|device| device.fingerprint),
        network,
        destination: session.terms.wallet_address.as_deref().map(destination_key),
        partner: session.account.0.to_be_bytes(),
    }
}

/// The key of a wallet.
pub fn destination_key(wallet: &str) -> EntityKey {
    use sha2::{Digest, Sha256};
    half(Sha256::new().chain_update("destination").chain_update(wallet.trim()).finalize().into())
}

/// The key of the person whom sessions of the account name so.
pub fn named_person_key(mode: Mode, account: AccountId, reference: &str) -> [u8; 16] {
    half_hash(mode, account, reference.as_bytes())
}

/// The key of the user of a session that names nobody.
fn unnamed_person_key(mode: Mode, account: AccountId, session: SessionId) -> [u8; 16] {
    // No reference is made of 16 bytes like these behind a byte that no text has.
    half_hash(mode, account, &[&[0xff], &session.0.to_be_bytes()[..]].concat())
}

fn half_hash(mode: Mode, account: AccountId, name: &[u8]) -> [u8; 16] {
    use sha2::{Digest, Sha256};
    let hash = Sha256::new().chain_update(account.0.to_be_bytes()).chain_update(mode.word()).chain_update(name);
    half(hash.finalize().into())
}

fn half(digest: [u8; 32]) -> [u8; 16] {
    let mut key = [0; 16];
    key.copy_from_slice(&digest[..16]);
    key
}

fn log10_plus_one(value: f64) -> f64 {
    (1.0 + value).log10()
}

fn seconds(span: Millis) -> f64 {
    span.0 as f64 / 1_000.0
}

fn flag(value: bool) -> f64 {
    if value { 1.0 } else { 0.0 }
}
