//! Seeded pseudo-random numbers (SplitMix64, Steele, Lea and Flood 2014): nothing here guards a secret.

use std::time::{SystemTime, UNIX_EPOCH};

/// A sequence of numbers that its seed determines.
#[derive(Clone, Debug)]
pub struct Seed(u64);

impl Seed {
    /// The sequence of this seed.
    pub fn new(seed: u64) -> Seed {
        Seed(seed)
    }

    /// A seed that no earlier run used: repeated idempotency keys would be answered from memory.
    pub fn fresh() -> u64 {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        since_epoch.as_micros() as u64
    }

    /// The next number.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`; `bound` is small, so that the bias does not matter.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.draw() % bound
    }

    /// Appends a key of 32 hexadecimal digits.
    pub fn write_key(&mut self, out: &mut Vec<u8>) {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        for half in [self.draw(), self.draw()] {
            out.extend((0..16).map(|place| DIGITS[(half >> (60 - 4 * place)) as usize & 15]));
        }
    }

    /// A key of 32 hexadecimal digits.
    pub fn key(&mut self) -> String {
        let mut key = Vec::with_capacity(32);
        self.write_key(&mut key);
        String::from_utf8_lossy(&key).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_determines_its_keys() {
        let mut seed = Seed::new(7);
        let keys = [seed.key(), seed.key()];
        assert_ne!(keys[0], keys[1]);
        assert!(keys.iter().all(|key| key.len() == 32 && key.bytes().all(|byte| byte.is_ascii_hexdigit())));
        assert_eq!(Seed::new(7).key(), keys[0]);
    }

    /// The first number of the published reference implementation for seed 1234567.
    #[test]
    fn the_sequence_is_the_published_one() {
        assert_eq!(Seed::new(1_234_567).draw(), 6_457_827_717_110_365_317);
    }
}
