//! What stands for entities: the keys under which their histories lie.

use sha2::{Digest, Sha256};

use super::wallet::one_spelling;
use super::{Device, Entities, EntityKey};
use crate::id::{AccountId, Mode, SessionId};
use crate::money::{Amount, Rate, Rounding};
use crate::session::Session;

/// Whom a redemption with `session` concerns.
pub fn entities(mode: Mode, session: &Session, device: Option<&Device>, network: Option<EntityKey>) -> Entities {
    Entities {
        person: person_key(mode, session),
        device: device.and_then(|device| device.fingerprint),
        network,
        destination: session.terms.wallet_address.as_deref().map(destination_key),
        partner: session.account.0.to_be_bytes(),
    }
}

/// The key of a wallet, the same for every spelling of it: hashed without a secret, since wallets are public.
pub fn destination_key(wallet: &str) -> EntityKey {
    half(Sha256::new().chain_update("destination").chain_update(one_spelling(wallet).as_bytes()).finalize().into())
}

/// The key of a person: (account, mode, user reference); without a reference the person is the session.
pub fn person_key(mode: Mode, session: &Session) -> EntityKey {
    match &session.terms.user_reference {
        Some(reference) => named_person_key(mode, session.account, reference),
        None => unnamed_person_key(mode, session.account, session.id),
    }
}

/// The key of the person whom sessions of the account name so.
pub fn named_person_key(mode: Mode, account: AccountId, reference: &str) -> EntityKey {
    half_hash(mode, account, reference.as_bytes())
}

/// The key of the user of a session that names nobody.
fn unnamed_person_key(mode: Mode, account: AccountId, session: SessionId) -> EntityKey {
    // No reference is made of 16 bytes like these behind a byte that no text has.
    half_hash(mode, account, &[&[0xff], &session.0.to_be_bytes()[..]].concat())
}

/// US cents of a fiat amount, rounded down: `per_dollar` is the currency's price of a dollar-pegged asset.
pub fn usd_cents(amount: Amount, per_dollar: Rate) -> u64 {
    let dollars = amount.divided_by(per_dollar, 2, Rounding::Down);
    dollars.map_or(u64::MAX, |dollars| dollars.decimal().mantissa().unsigned_abs().try_into().unwrap_or(u64::MAX))
}

fn half_hash(mode: Mode, account: AccountId, name: &[u8]) -> EntityKey {
    half(
        Sha256::new()
            .chain_update(account.0.to_be_bytes())
            .chain_update(mode.word())
            .chain_update(name)
            .finalize()
            .into(),
    )
}

fn half(digest: [u8; 32]) -> EntityKey {
    let mut key = [0; 16];
    key.copy_from_slice(&digest[..16]);
    key
}
