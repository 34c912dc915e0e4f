//! Sliding windows in bounded memory: what happened lies in buckets, and the oldest bucket of a window counts by the share of
//! it that the window still covers. Buckets begin at multiples of their width since 1970, so that a replay gives the same
//! numbers. Where a cap is asked for instead of an estimate, that bucket counts whole.

use crate::time::Timestamp;

/// What happened within one bucket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bucket {
    /// Its number since 1970.
    pub number: u32,
    /// How often something happened.
    pub count: u32,
    /// The US cents of all that.
    pub cents: u64,
}

/// Buckets of `SECONDS` each, oldest first, of which at most `KEPT` are kept: those of the window and the one before it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Buckets<const SECONDS: u32, const KEPT: u32>(pub Vec<Bucket>);

/// Ten minutes each, for an hour.
pub type Minutes = Buckets<600, 7>;
/// An hour each, for a day.
pub type Hours = Buckets<3_600, 25>;
/// A day each, for thirty days.
pub type Days = Buckets<86_400, 31>;

/// What happened in a window, as an estimate.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sum {
    /// How often.
    pub count: f64,
    /// US cents.
    pub cents: f64,
}

impl<const SECONDS: u32, const KEPT: u32> Buckets<SECONDS, KEPT> {
    /// Counts something of `cents` at `now`, and lets go of what no window covers any more.
    pub fn add(&mut self, now: Timestamp, cents: u64) {
        let number = Self::number(now);
        // They are in the order of their numbers: mostly none has become too old.
        if self.0.first().is_some_and(|oldest| oldest.number + KEPT <= number) {
            self.0.retain(|bucket| bucket.number + KEPT > number);
        }
        match self.0.last_mut() {
            // Time never goes back, so that the newest bucket is the one or lies before it.
            Some(last) if last.number >= number => last.count_one(cents),
            Some(_) | None => push_within(&mut self.0, Bucket { number, count: 1, cents }, KEPT as usize),
        }
    }

    /// Takes back something of `cents` that was counted at `at`, if that is still kept.
    pub fn take_back(&mut self, at: Timestamp, cents: u64) {
        let number = Self::number(at);
        if let Some(bucket) = self.0.iter_mut().find(|bucket| bucket.number == number) {
            bucket.count = bucket.count.saturating_sub(1);
            bucket.cents = bucket.cents.saturating_sub(cents);
        }
        self.0.retain(|bucket| bucket.count > 0);
    }

    /// What happened in the `width` buckets' time before `now`: an estimate without bias, which may be too low.
    pub fn sum(&self, now: Timestamp, width: u32) -> Sum {
        let span = u64::from(SECONDS) * 1_000;
        self.weighed(now, width, (span - now.0 % span) as f64 / span as f64)
    }

    /// The same and what else lies in the oldest bucket: never less than what happened.
    pub fn at_most(&self, now: Timestamp, width: u32) -> Sum {
        self.weighed(now, width, 1.0)
    }

    fn weighed(&self, now: Timestamp, width: u32, oldest: f64) -> Sum {
        let number = Self::number(now);
        let mut sum = Sum::default();
        for bucket in &self.0 {
            let age = number.saturating_sub(bucket.number);
            if age <= width {
                let share = if age == width { oldest } else { 1.0 };
                sum.count += f64::from(bucket.count) * share;
                sum.cents += bucket.cents as f64 * share;
            }
        }
        sum
    }

    /// How many buckets ago the first thing was that is still within all of them.
    pub fn first(&self, now: Timestamp) -> Option<u32> {
        self.ages(now).max()
    }

    /// How many buckets ago the last thing was.
    pub fn last(&self, now: Timestamp) -> Option<u32> {
        self.ages(now).min()
    }

    fn ages(&self, now: Timestamp) -> impl Iterator<Item = u32> {
        let number = Self::number(now);
        self.0.iter().map(move |bucket| number.saturating_sub(bucket.number)).filter(|age| *age < KEPT)
    }

    fn number(at: Timestamp) -> u32 {
        u32::try_from(at.0 / 1_000 / u64::from(SECONDS)).unwrap_or(u32::MAX)
    }
}

/// Adds to a list that has `most` items at most. It doubles its room like any, but never beyond that.
pub(super) fn push_within<T>(list: &mut Vec<T>, item: T, most: usize) {
    if list.len() == list.capacity() {
        let room = most.min(list.len() * 2).max(list.len() + 1);
        list.reserve_exact(room - list.len());
    }
    list.push(item);
}

impl Bucket {
    fn count_one(&mut self, cents: u64) {
        self.count = self.count.saturating_add(1);
        self.cents = self.cents.saturating_add(cents);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: u64) -> Timestamp {
        Timestamp(1_000 * 3_600_000 + minutes * 60_000)
    }

    #[test]
    fn a_window_slides() {
        let mut hours = Hours::default();
        for _ in 0..4 {
            hours.add(at(0), 10);
        }
        let counts = |hours: &Hours, minutes| (hours.sum(at(minutes), 1).count, hours.sum(at(minutes), 1).cents);
        assert_eq!(counts(&hours, 59), (4.0, 40.0));
        assert_eq!(counts(&hours, 90), (2.0, 20.0));
        hours.add(at(90), 5);
        assert_eq!(counts(&hours, 90), (3.0, 25.0));
        assert_eq!(counts(&hours, 180), (0.0, 0.0));
        assert_eq!(hours.sum(at(180), 24), Sum { count: 5.0, cents: 45.0 });
    }

    #[test]
    fn what_is_still_in_the_window_is_never_counted_as_less() {
        let mut hours = Hours::default();
        for _ in 0..20 {
            hours.add(at(59), 10);
        }
        // Five minutes before a day has passed.
        let now = at(24 * 60 + 55);
        assert!(hours.sum(now, 24).count < 2.0);
        assert_eq!(hours.at_most(now, 24), Sum { count: 20.0, cents: 200.0 });
        assert_eq!(hours.at_most(at(25 * 60), 24), Sum::default(), "an hour late at most");
    }

    #[test]
    fn a_busy_entity_keeps_no_more_buckets_than_its_windows_need() {
        let (mut minutes, mut days) = (Minutes::default(), Days::default());
        for minute in 0..100_000 {
            minutes.add(at(minute), 1);
            days.add(at(minute), 1);
        }
        assert_eq!((minutes.0.len(), days.0.len()), (7, 31));
        let hour = minutes.sum(at(99_999), 6).count;
        assert!((hour - 60.0).abs() < 1.5, "{hour}");
    }

    #[test]
    fn what_is_taken_back_was_never_there() {
        let mut days = Days::default();
        days.add(at(0), 7);
        days.add(at(3_000), 9);
        days.take_back(at(1), 7);
        assert_eq!(days.sum(at(3_000), 30), Sum { count: 1.0, cents: 9.0 });
        days.take_back(at(90_000), 9);
        assert_eq!(days.0.len(), 1, "what was never counted changes nothing");
    }
}
