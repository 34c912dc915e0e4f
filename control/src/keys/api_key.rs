//! Credentials made at random: API keys, operator tokens, webhook secrets. All are shown once.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use causeway_core::account::KeyKind;
use causeway_core::id::Mode;

use super::{RandomnessError, SecretText, fill};

/// A credential that was just made: what its holder gets, and what we keep.
#[derive(Debug)]
pub struct NewApiKey {
    /// The credential, to be shown once.
    pub text: SecretText,
    /// Its hash, to be stored.
    pub hash: [u8; 32],
}

/// SHA-256 of a presented API key or operator token. They have 160 random bits, so that no slow hash is needed.
pub fn hash_credential(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

/// A new API key: `sk_test_` or the like, and 32 base-32 characters.
pub fn new_api_key(kind: KeyKind, mode: Mode) -> Result<NewApiKey, RandomnessError> {
    credential(&format!("{}_{}_", kind.prefix(), mode.word()))
}

/// A new operator token: `op_` and 32 base-32 characters.
pub fn new_operator_token() -> Result<NewApiKey, RandomnessError> {
    credential("op_")
}

/// A new webhook secret: `whsec_` and the base64 of 32 random bytes.
pub fn new_webhook_secret() -> Result<SecretText, RandomnessError> {
    let mut bytes = Zeroizing::new([0; 32]);
    fill(bytes.as_mut())?;
    Ok(SecretText::new(format!("whsec_{}", BASE64_STANDARD.encode(bytes.as_ref()))))
}

fn credential(prefix: &str) -> Result<NewApiKey, RandomnessError> {
    let mut bytes = Zeroizing::new([0; 20]);
    fill(bytes.as_mut())?;
    let text = SecretText::new(format!("{prefix}{}", *base_32(&bytes)));
    let hash = hash_credential(text.reveal());
    Ok(NewApiKey { text, hash })
}

/// Five bits for each character; no two characters of the alphabet are easily mistaken for each other.
fn base_32(bytes: &[u8; 20]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(32));
    for group in bytes.chunks_exact(5) {
        let bits = group.iter().fold(0u64, |bits, &byte| bits << 8 | u64::from(byte));
        text.extend((0..8).rev().map(|place| char::from(ALPHABET[(bits >> (place * 5)) as usize & 31])));
    }
    text
}

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_name_kind_and_mode_and_are_never_the_same() {
        let first = new_api_key(KeyKind::Secret, Mode::Sandbox).unwrap();
        let second = new_api_key(KeyKind::Secret, Mode::Sandbox).unwrap();
        assert!(first.text.reveal().starts_with("sk_test_"));
        assert_eq!(first.text.reveal().len(), "sk_test_".len() + 32);
        assert_ne!(first.text.reveal(), second.text.reveal());
        assert_eq!(first.hash, hash_credential(first.text.reveal()));
        let publishable = new_api_key(KeyKind::Publishable, Mode::Live).unwrap();
        assert!(publishable.text.reveal().starts_with("pk_live_"));
    }

    #[test]
    fn base_32_uses_every_bit() {
        assert_eq!(*base_32(&[0xff; 20]), "z".repeat(32));
        let mut bytes = [0; 20];
        bytes[19] = 1;
        assert_eq!(*base_32(&bytes), format!("{}1", "0".repeat(31)));
    }

    #[test]
    fn webhook_secrets_decode_to_32_bytes() {
        let secret = new_webhook_secret().unwrap();
        let encoded = secret.reveal().strip_prefix("whsec_").unwrap();
        assert_eq!(BASE64_STANDARD.decode(encoded).unwrap().len(), 32);
    }

    #[test]
    fn debug_shows_no_credential() {
        let key = new_api_key(KeyKind::Secret, Mode::Sandbox).unwrap();
        assert!(!format!("{key:?}").contains(key.text.reveal()));
    }
}
