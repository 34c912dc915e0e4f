//! Shares with the interval in which they may lie by chance: how many are approved, and whether that has changed.
//!
//! One share: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927). The
//! difference of two: R. G. Newcombe, "Interval estimation for the difference between independent proportions", Statistics
//! in Medicine 17 (1998), method 10, which is made of the two Wilson intervals.

/// How far an interval of 95 % reaches, in standard deviations.
pub const Z95: f64 = 1.959_963_984_540_054;
/// The same of 99 %.
pub const Z99: f64 = 2.575_829_303_548_900_4;

/// So many of so many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// How many were so.
    pub hits: u64,
    /// Of how many.
    pub of: u64,
}

/// Where a value may lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The least.
    pub low: f64,
    /// The most.
    pub high: f64,
}

impl Share {
    /// Counts one more.
    pub fn count(&mut self, is_hit: bool) {
        self.hits += u64::from(is_hit);
        self.of += 1;
    }

    /// The share itself; none when nothing was counted.
    pub fn value(self) -> Option<f64> {
        (self.of > 0).then(|| self.hits as f64 / self.of as f64)
    }

    /// Where the share may lie (Wilson); anywhere when nothing was counted.
    pub fn interval(self, z: f64) -> Interval {
        let Some(share) = self.value() else { return Interval { low: 0.0, high: 1.0 } };
        let count = self.of as f64;
        let square = z * z;
        let scale = 1.0 + square / count;
        let middle = (share + square / (2.0 * count)) / scale;
        let half = z * (share * (1.0 - share) / count + square / (4.0 * count * count)).sqrt() / scale;
        // Rounding must not push the share out of its own interval at its ends.
        Interval { low: (middle - half).clamp(0.0, share), high: (middle + half).clamp(share, 1.0) }
    }

    /// Where `self - other` may lie (Newcombe).
    pub fn difference(self, other: Share, z: f64) -> Interval {
        // What was not counted may be anything, and is thought to be in the middle.
        let [one, two] = [self, other].map(|share| (share.value().unwrap_or(0.5), share.interval(z)));
        between(one, two)
    }

    /// Where `self - exact` may lie, when the other share is known without an error.
    pub fn difference_from(self, exact: f64, z: f64) -> Interval {
        let Interval { low, high } = self.interval(z);
        Interval { low: low - exact, high: high - exact }
    }
}

/// From two values with their intervals to that of their difference.
fn between((one, of_one): (f64, Interval), (two, of_two): (f64, Interval)) -> Interval {
    let apart = one - two;
    let down = (one - of_one.low).hypot(of_two.high - two);
    let up = (of_one.high - one).hypot(two - of_two.low);
    Interval { low: apart - down, high: apart + up }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn near(found: Interval, low: f64, high: f64) {
        assert!((found.low - low).abs() < 5e-5 && (found.high - high).abs() < 5e-5, "{found:?}, not {low} to {high}");
    }

    /// Newcombe's own examples: tables I and II of his two papers of 1998.
    #[test]
    fn published_examples_come_out() {
        near(Share { hits: 81, of: 263 }.interval(Z95), 0.2553, 0.3662);
        near(Share { hits: 15, of: 148 }.interval(Z95), 0.0624, 0.1605);
        near(Share { hits: 0, of: 20 }.interval(Z95), 0.0, 0.1611);
        near(Share { hits: 1, of: 29 }.interval(Z95), 0.0061, 0.1718);
        near(Share { hits: 56, of: 70 }.difference(Share { hits: 48, of: 80 }, Z95), 0.0524, 0.3339);
        near(Share { hits: 9, of: 10 }.difference(Share { hits: 3, of: 10 }, Z95), 0.1705, 0.8090);
        near(Share { hits: 10, of: 10 }.difference(Share { hits: 0, of: 10 }, Z95), 0.6075, 1.0);
    }

    #[test]
    fn nothing_counted_is_anything() {
        let none = Share::default();
        assert_eq!((none.value(), none.interval(Z99)), (None, Interval { low: 0.0, high: 1.0 }));
        let apart = none.difference(Share { hits: 1, of: 2 }, Z95);
        assert!(apart.low < -0.4 && apart.high > 0.4, "{apart:?}");
    }

    proptest! {
        #[test]
        fn intervals_contain_the_estimate(hits in 0u64..5_000, more in 0u64..5_000, others in 0u64..5_000, rest in 0u64..5_000) {
            let (one, two) = (Share { hits, of: hits + more + 1 }, Share { hits: others, of: others + rest + 1 });
            let share = one.value().unwrap();
            for z in [Z95, Z99] {
                let Interval { low, high } = one.interval(z);
                prop_assert!(0.0 <= low && low <= share && share <= high && high <= 1.0);
                let apart = share - two.value().unwrap();
                let Interval { low, high } = one.difference(two, z);
                prop_assert!(-1.0 - 1e-9 <= low && low <= apart && apart <= high && high <= 1.0 + 1e-9);
            }
            let (narrow, wide) = (one.interval(Z95), one.interval(Z99));
            prop_assert!(wide.low <= narrow.low && narrow.high <= wide.high);
        }
    }
}
