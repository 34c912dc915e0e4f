//! The keys that sign events for everybody who has their public half: Ed25519, one for each account and mode.
//!
//! They are derived and never stored. An account has its own, so that an event for one partner proves nothing to another.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use parking_lot::Mutex;
use ring::signature::{Ed25519KeyPair, KeyPair};
use sha2::Sha256;
use zeroize::Zeroizing;

use causeway_core::id::AccountId;

/// Keys that are kept made. Making one costs as much as signing with it, so that it is worth keeping and no more than that:
/// when there are too many, all are forgotten.
const KEPT: usize = 4_096;

/// The key that signs the events of one account in one mode.
pub struct EventKey(Ed25519KeyPair);

/// The event keys of one mode.
pub(super) struct EventKeys {
    secret: Zeroizing<[u8; 32]>,
    made: Mutex<HashMap<AccountId, Arc<EventKey>>>,
}

impl EventKey {
    fn derive(secret: &[u8; 32], account: AccountId) -> EventKey {
        let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(secret).expect("HMAC takes a key of any length");
        let seed: Zeroizing<[u8; 32]> = Zeroizing::new(mac.chain_update(account.text()).finalize().into_bytes().into());
        EventKey(Ed25519KeyPair::from_seed_unchecked(seed.as_ref()).expect("a seed is 32 bytes"))
    }

    /// The signature; always the same one for the same message.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        let signature = self.0.sign(message);
        signature.as_ref().try_into().expect("an Ed25519 signature is 64 bytes")
    }

    /// The public half as Standard Webhooks writes it: `whpk_` and the base64 of its 32 bytes.
    pub fn public_text(&self) -> String {
        format!("whpk_{}", BASE64_STANDARD.encode(self.0.public_key()))
    }
}

impl EventKeys {
    pub fn new(secret: Zeroizing<[u8; 32]>) -> EventKeys {
        EventKeys { secret, made: Mutex::default() }
    }

    pub fn of(&self, account: AccountId) -> Arc<EventKey> {
        if let Some(key) = self.made.lock().get(&account) {
            return Arc::clone(key);
        }
        // Made without the lock: two that make the same one make the same thing.
        let key = Arc::new(EventKey::derive(&self.secret, account));
        let mut made = self.made.lock();
        if made.len() >= KEPT {
            made.clear();
        }
        made.insert(account, Arc::clone(&key));
        key
    }
}

impl fmt::Debug for EventKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EventKey({})", self.public_text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::signature::{ED25519, UnparsedPublicKey};

    fn keys(byte: u8) -> EventKeys {
        EventKeys::new(Zeroizing::new([byte; 32]))
    }

    #[test]
    fn an_account_has_one_key_and_shares_it_with_nobody() {
        let (one, other) = (keys(1), keys(2));
        let text = |keys: &EventKeys, account| keys.of(AccountId(account)).public_text();
        assert_eq!(text(&one, 1), text(&keys(1), 1));
        assert_ne!(text(&one, 1), text(&one, 2));
        assert_ne!(text(&one, 1), text(&other, 1));
        assert_eq!(text(&one, 1).len(), "whpk_".len() + 44);
    }

    #[test]
    fn the_public_half_verifies_and_another_does_not() {
        let keys = keys(1);
        let signature = keys.of(AccountId(1)).sign(b"message");
        let verify = |account, message: &[u8]| {
            let text = keys.of(AccountId(account)).public_text();
            let public = BASE64_STANDARD.decode(text.strip_prefix("whpk_").unwrap()).unwrap();
            UnparsedPublicKey::new(&ED25519, public).verify(message, &signature).is_ok()
        };
        assert!(verify(1, b"message"));
        assert!(!verify(1, b"massage") && !verify(2, b"message"));
    }

    #[test]
    fn no_more_are_kept_than_the_bound() {
        let keys = keys(1);
        let first = keys.of(AccountId(0)).public_text();
        for account in 1..=KEPT as u128 {
            keys.of(AccountId(account));
        }
        assert!(keys.made.lock().len() <= KEPT);
        assert_eq!(keys.of(AccountId(0)).public_text(), first);
    }
}
