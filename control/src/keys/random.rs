//! Randomness of the operating system, the only kind used.

use std::time::{SystemTime, UNIX_EPOCH};

/// The operating system gave no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gives no random bytes: {0}")]
pub struct RandomnessError(#[from] getrandom::Error);

/// Fills `bytes` at random.
pub fn fill(bytes: &mut [u8]) -> Result<(), RandomnessError> {
    Ok(getrandom::fill(bytes)?)
}

/// The bits of a new account's id: 48 of the millisecond, so that ids sort by creation, and 80 at random.
pub fn account_bits() -> Result<u128, RandomnessError> {
    timed_bits()
}

/// The bits of a request's id, made like those of an account.
pub fn request_bits() -> Result<u128, RandomnessError> {
    timed_bits()
}

fn timed_bits() -> Result<u128, RandomnessError> {
    let mut random = [0; 16];
    fill(&mut random[6..])?;
    let millis = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_millis());
    Ok((millis & 0xffff_ffff_ffff) << 80 | u128::from_be_bytes(random))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_creation_and_differ() {
        let first = account_bits().unwrap();
        let second = account_bits().unwrap();
        assert_ne!(first, second);
        assert!(second >> 80 >= first >> 80);
        assert!(first >> 80 > 1_700_000_000_000);
    }
}
