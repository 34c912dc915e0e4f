//! Numbers that a seed determines, on every machine and in every version: integers, and floats of which nothing but sums,
//! products and quotients is taken. The functions of the system's mathematics library differ from one to the next.

use crate::seed::Seed;

/// What a sequence is for. The numbers are part of what a seed means and never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Purpose {
    /// The honest payments of an hour.
    Hour = 1,
    /// What a customer is like.
    Customer = 2,
    /// What a partner is like.
    Partner = 3,
    /// What becomes of a payment.
    Payment = 4,
    /// What a corridor says to a payment.
    Corridor = 5,
    /// When a corridor fails.
    Outage = 6,
    /// When the campaigns of a pattern begin, and how large they are.
    Campaigns = 7,
    /// One campaign.
    Campaign = 8,
    /// Names of customers.
    CustomerName = 9,
    /// Names of devices.
    Device = 10,
    /// Names of wallets.
    Wallet = 11,
    /// Where a customer is.
    Journey = 12,
    /// Who shares things with whom.
    Circle = 13,
    /// Names of devices that a circle shares.
    SharedDevice = 14,
    /// Names of wallets that a circle shares.
    SharedWallet = 15,
    /// Names of exchanges' wallets.
    ExchangeWallet = 16,
    /// Names of wallets that are used once.
    NewWallet = 17,
}

/// A sequence of numbers.
#[derive(Clone, Debug)]
pub struct Random(Seed);

/// A number that stands for the `number`th thing of a purpose.
pub fn hash(seed: u64, purpose: Purpose, number: u64) -> u64 {
    let place = Seed::new(seed.wrapping_add((purpose as u64) << 56)).draw();
    Seed::new(place ^ number).draw()
}

impl Random {
    /// The sequence of the `number`th thing of a purpose.
    pub fn of(seed: u64, purpose: Purpose, number: u64) -> Random {
        Random(Seed::new(hash(seed, purpose, number)))
    }

    /// A number below `bound`, which is above zero.
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.0.draw()) * u128::from(bound)) >> 64) as u64
    }

    /// A whole number from `low` to `high`, both included.
    pub fn within(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    /// From 0 to below 1.
    pub fn unit(&mut self) -> f64 {
        (self.0.draw() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// From `low` to below `high`.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// True with this probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// One of the places of a list of weights, whose sum is above zero.
    pub fn weighted(&mut self, weights: impl Iterator<Item = u32> + Clone) -> usize {
        let sum: u64 = weights.clone().map(u64::from).sum();
        let mut left = self.below(sum);
        for (place, weight) in weights.map(u64::from).enumerate() {
            if left < weight {
                return place;
            }
            left -= weight;
        }
        unreachable!("what is left is below the sum of the weights")
    }

    /// Parts of a whole, each from `least` to `most`, which is at least twice as much. A whole that is smaller than a part is
    /// the only one.
    pub fn parts(&mut self, whole: u64, (least, most): (u64, u64)) -> Vec<u64> {
        let (mut parts, mut left) = (Vec::new(), whole);
        while left > 0 {
            let part = self.within(least, most).min(left);
            // What is left is a part too.
            let part = match left - part {
                rest if rest == 0 || rest >= least => part,
                _ if left <= most => left,
                _ => left - least,
            };
            parts.push(part);
            left -= part;
        }
        parts
    }

    /// Nearly normal with mean 0 and deviation 1: twelve uniform numbers of 16 bits, less their mean. At most 6 away from it.
    pub fn normal(&mut self) -> f64 {
        let mut sum = 0u64;
        for _ in 0..3 {
            let bits = self.0.draw();
            sum += (bits & 0xffff) + (bits >> 16 & 0xffff) + (bits >> 32 & 0xffff) + (bits >> 48);
        }
        sum as f64 / 65_536.0 - 6.0
    }

    /// Log-normal: `median` times e to the power of `deviation` times a normal number.
    pub fn log_normal(&mut self, median: f64, deviation: f64) -> f64 {
        median * exp(deviation * self.normal())
    }

    /// Exponential with this mean.
    pub fn exponential(&mut self, mean: f64) -> f64 {
        -mean * ln(1.0 - self.unit())
    }
}

/// e to the power of `x`, for what fits the range of doubles.
fn exp(x: f64) -> f64 {
    let power = (x / std::f64::consts::LN_2).floor();
    let rest = x - power * std::f64::consts::LN_2;
    let series = (1..=16).rev().fold(1.0, |sum, place| 1.0 + rest / f64::from(place) * sum);
    series * f64::from_bits(((power as i64 + 1_023) as u64) << 52)
}

/// The natural logarithm of a positive number.
fn ln(x: f64) -> f64 {
    let bits = x.to_bits();
    let power = (bits >> 52) as i64 - 1_023;
    let mantissa = f64::from_bits(bits & ((1 << 52) - 1) | 1_023 << 52);
    let ratio = (mantissa - 1.0) / (mantissa + 1.0);
    let square = ratio * ratio;
    let series = (0..=16).rev().fold(0.0, |sum, place| sum * square + 1.0 / f64::from(2 * place + 1));
    2.0 * ratio * series + power as f64 * std::f64::consts::LN_2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_functions_are_those_of_their_names() {
        for x in [-20.0, -1.5, -0.1, 0.0, 0.3, 1.0, 7.7, 30.0f64] {
            assert!((exp(x) / x.exp() - 1.0).abs() < 1e-13, "exp {x}");
        }
        for x in [1e-9, 0.2, 0.5, 1.0, 1.999, 2.0, 1e6f64] {
            assert!((ln(x) - x.ln()).abs() < 1e-12, "ln {x}");
        }
    }

    #[test]
    fn distributions_have_their_means_and_deviations() {
        let mut random = Random::of(5, Purpose::Hour, 1);
        let many = 50_000;
        let mut moments = |draw: fn(&mut Random) -> f64| {
            let drawn: Vec<f64> = (0..many).map(|_| draw(&mut random)).collect();
            let mean = drawn.iter().sum::<f64>() / f64::from(many);
            (mean, (drawn.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / f64::from(many)).sqrt())
        };
        let check = |(mean, deviation): (f64, f64), expected: (f64, f64)| {
            assert!((mean - expected.0).abs() < 0.02 && (deviation - expected.1).abs() < 0.02, "{mean} {deviation}");
        };
        check(moments(Random::normal), (0.0, 1.0));
        check(moments(Random::unit), (0.5, 0.2887));
        check(moments(|random| random.exponential(1.0)), (1.0, 1.0));
        check(moments(|random| random.weighted([1, 0, 3].into_iter()) as f64), (1.5, 0.866));
    }

    #[test]
    fn parts_are_within_their_bounds_and_sum_to_the_whole() {
        let mut random = Random::of(5, Purpose::Hour, 2);
        for bounds in [(1, 4), (6, 25), (12, 40), (20, 80)] {
            assert!(random.parts(0, bounds).is_empty());
            for whole in 1..400 {
                let parts = random.parts(whole, bounds);
                assert_eq!(parts.iter().sum::<u64>(), whole);
                let are_right = parts.iter().all(|part| (bounds.0..=bounds.1).contains(part));
                assert!(are_right || parts == [whole] && whole < bounds.0, "{whole}: {parts:?}");
            }
        }
    }

    /// What a seed means never changes: these numbers were drawn once and written down.
    #[test]
    fn a_seed_means_the_same_for_ever() {
        let mut random = Random::of(1, Purpose::Customer, 7);
        let drawn = [
            hash(1, Purpose::Device, 7),
            random.within(10, 20),
            random.log_normal(100.0, 0.5).to_bits(),
            random.exponential(12.0).to_bits(),
        ];
        assert_eq!(drawn, [12_939_991_936_347_402_187, 13, 4_641_114_417_077_012_739, 4_630_705_642_888_753_647]);
    }
}
