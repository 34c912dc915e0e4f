//! What a person has done lately, in a few bytes: sliding windows as two buckets each.
//!
//! A window's estimate is its current bucket plus the share of the previous one that the window still covers. Buckets start
//! at multiples of the window since 1970, so that a replay gives the same numbers.

use crate::time::{Millis, Timestamp};

/// One hour.
pub const HOUR: Millis = Millis::seconds(3_600);
/// Twenty-four hours.
pub const DAY: Millis = Millis::seconds(86_400);

/// The redemptions of one person, and what an operator says of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// Redemptions ever.
    pub total_count: u64,
    /// Their US cents.
    pub total_cents: u64,
    /// When the last one was.
    pub last_at: Timestamp,
    /// Redemptions over one hour.
    pub count_1h: Window,
    /// Redemptions over 24 hours.
    pub count_24h: Window,
    /// Their US cents.
    pub cents_24h: Window,
    /// Risk declines over 24 hours.
    pub declines_24h: Window,
    /// What an operator said last; `None` when nothing was, or when it was taken back.
    pub said: Option<Said>,
}

/// What an operator says of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// The person was verified.
    Verified,
    /// The person's money does not move, whoever else vouches for it.
    Refused,
}

/// A word, and when it was first said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said {
    /// What.
    pub word: Word,
    /// Since when.
    pub at: Timestamp,
}

/// Two buckets of one sliding window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// Number of the current bucket since 1970.
    pub bucket: u64,
    /// Sum of the current bucket.
    pub current: u64,
    /// Sum of the bucket before it.
    pub previous: u64,
}

impl Person {
    /// Counts a redemption.
    pub fn redeemed(&mut self, now: Timestamp, cents: u64) {
        self.total_count += 1;
        self.total_cents = self.total_cents.saturating_add(cents);
        self.last_at = now;
        self.count_1h.add(now, HOUR, 1);
        self.count_24h.add(now, DAY, 1);
        self.cents_24h.add(now, DAY, cents);
    }

    /// Counts a risk decline.
    pub fn declined(&mut self, now: Timestamp) {
        self.declines_24h.add(now, DAY, 1);
    }
}

impl Window {
    /// The estimate of the sum over the `span` before `now`.
    pub fn estimate(&self, now: Timestamp, span: Millis) -> f64 {
        let rolled = self.rolled(now, span);
        let covered = (span.0 - now.0 % span.0) as f64;
        rolled.current as f64 + rolled.previous as f64 * covered / span.0 as f64
    }

    /// Adds `value` at `now`.
    pub fn add(&mut self, now: Timestamp, span: Millis, value: u64) {
        *self = self.rolled(now, span);
        self.current = self.current.saturating_add(value);
    }

    fn rolled(&self, now: Timestamp, span: Millis) -> Window {
        let bucket = now.0 / span.0;
        match bucket.saturating_sub(self.bucket) {
            0 => *self,
            1 => Window { bucket, current: 0, previous: self.current },
            2.. => Window { bucket, current: 0, previous: 0 },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_slides() {
        let mut window = Window::default();
        let at = |minutes: u64| Timestamp(HOUR.0 * 1_000 + minutes * 60_000);
        window.add(at(0), HOUR, 4);
        assert_eq!(window.estimate(at(59), HOUR), 4.0);
        assert_eq!(window.estimate(at(90), HOUR), 2.0);
        window.add(at(90), HOUR, 1);
        assert_eq!(window.estimate(at(90), HOUR), 3.0);
        assert_eq!(window.estimate(at(180), HOUR), 0.0);
    }
}
