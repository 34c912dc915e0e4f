//! Sealing: webhook secrets encrypted for storage, bound to the account, mode and key that they were sealed for.
//!
//! A sealed secret is a version byte, the key id, a random nonce of 24 bytes, and the ciphertext with its tag.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use causeway_core::id::{AccountId, Mode};

use super::{RandomnessError, SecretText, fill};

const VERSION: u8 = 1;
const NONCE_BYTES: usize = 24;
const HEAD_BYTES: usize = 2 + NONCE_BYTES;

/// Why a secret cannot be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// No nonce could be made.
    #[error(transparent)]
    Randomness(#[from] RandomnessError),
    /// It was not sealed here for this account, mode and key.
    #[error("the stored webhook secret cannot be opened with this master key: set the account's webhook again")]
    Unopenable,
}

/// The key that seals secrets of one mode.
pub(super) struct SealingKey {
    pub id: u8,
    pub mode: Mode,
    pub secret: Zeroizing<[u8; 32]>,
}

impl SealingKey {
    pub fn seal(&self, account: AccountId, text: &SecretText) -> Result<Vec<u8>, SealError> {
        let mut nonce = [0; NONCE_BYTES];
        fill(&mut nonce)?;
        let bound = self.bound(account);
        let payload = Payload { msg: text.reveal().as_bytes(), aad: &bound };
        let sealed = self.cipher().encrypt(&XNonce::from(nonce), payload).map_err(|_| SealError::Unopenable)?;
        Ok([&[VERSION, self.id][..], &nonce, &sealed].concat())
    }

    pub fn open(&self, account: AccountId, sealed: &[u8]) -> Result<SecretText, SealError> {
        let (head, ciphertext) = sealed.split_at_checked(HEAD_BYTES).ok_or(SealError::Unopenable)?;
        let nonce: [u8; NONCE_BYTES] = head[2..].try_into().map_err(|_| SealError::Unopenable)?;
        if head[..2] != [VERSION, self.id] {
            return Err(SealError::Unopenable);
        }
        let payload = Payload { msg: ciphertext, aad: &self.bound(account) };
        let opened = self.cipher().decrypt(&XNonce::from(nonce), payload).map_err(|_| SealError::Unopenable)?;
        String::from_utf8(opened).map(SecretText::new).map_err(|_| SealError::Unopenable)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new((&*self.secret).into())
    }

    /// What the ciphertext is bound to: it opens for nothing else.
    fn bound(&self, account: AccountId) -> Vec<u8> {
        let account: [u8; 16] = account.into();
        [b"causeway-webhook-secret".as_slice(), &[VERSION, self.id], self.mode.name().as_bytes(), &account].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(mode: Mode, byte: u8) -> SealingKey {
        SealingKey { id: 1, mode, secret: Zeroizing::new([byte; 32]) }
    }

    #[test]
    fn it_opens_only_for_what_it_was_sealed_for() {
        let sealed = key(Mode::Sandbox, 3).seal(AccountId(5), &SecretText::new("whsec_x".to_owned())).unwrap();
        let opens = |key: &SealingKey, account, sealed: &[u8]| key.open(AccountId(account), sealed).is_ok();
        assert_eq!(key(Mode::Sandbox, 3).open(AccountId(5), &sealed).unwrap().reveal(), "whsec_x");
        assert!(!opens(&key(Mode::Sandbox, 3), 6, &sealed), "another account");
        assert!(!opens(&key(Mode::Live, 3), 5, &sealed), "another mode");
        assert!(!opens(&key(Mode::Sandbox, 4), 5, &sealed), "another key");
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert!(!opens(&key(Mode::Sandbox, 3), 5, &changed), "byte {place} changed");
            assert!(!opens(&key(Mode::Sandbox, 3), 5, &sealed[..place]), "cut off at {place}");
        }
    }

    #[test]
    fn the_same_secret_never_looks_the_same() {
        let text = SecretText::new("whsec_x".to_owned());
        let seal = || key(Mode::Sandbox, 3).seal(AccountId(5), &text).unwrap();
        assert_ne!(seal(), seal());
    }
}
