//! Hashes that stand for names.

use causeway_core::risk::EntityKey;
use sha2::{Digest, Sha256};

/// Names with their lengths, so that no two lists of names give the same text.
pub fn key(names: &[&str]) -> EntityKey {
    let mut hash = Sha256::new();
    for name in names {
        hash.update((name.len() as u64).to_be_bytes());
        hash.update(name);
    }
    let mut half = [0; 16];
    half.copy_from_slice(&hash.finalize()[..16]);
    half
}
