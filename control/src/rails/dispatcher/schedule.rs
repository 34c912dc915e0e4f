//! When an open attempt is enquired about: at doubling gaps after it was made, then steadily, for ever.
//!
//! The times follow from the attempt's id alone, so nothing has to be remembered for attempts that are open for days: a
//! sweep asks which of them had a time since the last one. Each attempt is shifted by a part of its gaps that its id decides,
//! so that those made together are not asked about together.

use std::time::Duration;

use causeway_core::id::AttemptId;
use causeway_core::time::Timestamp;

/// The shortest and longest pause between two sweeps.
const PAUSES: (Duration, Duration) = (Duration::from_millis(25), Duration::from_secs(10));
/// An attempt is shifted by less than half a gap, in these steps.
const STEPS: u64 = 64;

/// The gaps between enquiries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    first: u64,
    longest: u64,
}

impl Schedule {
    /// Gaps that double from `first` to `longest`. `None` when one of them is below a millisecond, or the longest is
    /// shorter than the first.
    pub fn new(first: Duration, longest: Duration) -> Option<Schedule> {
        let millis = |span: Duration| u64::try_from(span.as_millis()).ok().filter(|&millis| millis > 0);
        let schedule = Schedule { first: millis(first)?, longest: millis(longest)? };
        (schedule.first <= schedule.longest).then_some(schedule)
    }

    /// The pause between two sweeps.
    pub fn pause(&self) -> Duration {
        Duration::from_millis(self.first / 4).clamp(PAUSES.0, PAUSES.1)
    }

    /// Whether one of the attempt's times lies behind `before` and not behind `now`.
    pub fn is_due(&self, attempt: AttemptId, before: Timestamp, now: Timestamp) -> bool {
        let made = attempt.made_at();
        let shift = (attempt.0 as u64) % STEPS;
        self.times_until(now.since(made).0, shift) > self.times_until(before.since(made).0, shift)
    }

    /// How many times an attempt of this age has behind it. A time lies at the end of its gap, moved on by the shift's part
    /// of half that gap.
    fn times_until(&self, age: u64, shift: u64) -> u64 {
        let moved = |gap: u64| (u128::from(gap) * u128::from(shift) / u128::from(2 * STEPS)) as u64;
        let (mut gap, mut end, mut times) = (self.first, self.first, 0);
        while gap < self.longest {
            if end.saturating_add(moved(gap)) > age {
                return times;
            }
            times += 1;
            gap = gap.saturating_mul(2).min(self.longest);
            end = end.saturating_add(gap);
        }
        match age.checked_sub(end.saturating_add(moved(gap))) {
            Some(rest) => times + 1 + rest / gap,
            None => times,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(first: u64, longest: u64) -> Schedule {
        Schedule::new(Duration::from_millis(first), Duration::from_millis(longest)).unwrap()
    }

    fn attempt(made: u64, shift: u128) -> AttemptId {
        AttemptId(u128::from(made) << 80 | shift)
    }

    /// The ages at which the attempt is due, by sweeping every millisecond.
    fn ages(schedule: Schedule, shift: u128, until: u64) -> Vec<u64> {
        let due = |age: &u64| schedule.is_due(attempt(1_000, shift), Timestamp(999 + age), Timestamp(1_000 + age));
        (1..until).filter(due).collect()
    }

    #[test]
    fn gaps_double_and_then_stay() {
        assert_eq!(ages(schedule(100, 400), 0, 2_000), [100, 300, 700, 1_100, 1_500, 1_900]);
        assert_eq!(ages(schedule(100, 100), 0, 400), [100, 200, 300]);
        assert_eq!(ages(schedule(100, 250), 0, 900), [100, 300, 550, 800]);
    }

    #[test]
    fn attempts_made_together_are_spread() {
        assert_eq!(ages(schedule(100, 400), 32, 1_000), [125, 350, 800]);
        let spread: std::collections::HashSet<u64> =
            (0..64).map(|shift| ages(schedule(1_000, 8_000), shift, 2_000)[0]).collect();
        assert!(spread.len() > 32 && spread.iter().all(|age| (1_000..1_500).contains(age)), "{spread:?}");
    }

    /// However seldom is swept, a time that has passed is found by the next sweep; and ages beyond counting cost nothing.
    #[test]
    fn nothing_is_missed_and_nothing_overflows() {
        let schedule = schedule(100, 400);
        assert!(schedule.is_due(attempt(0, 0), Timestamp(50), Timestamp(100_000)));
        assert!(!schedule.is_due(attempt(5_000, 0), Timestamp(50), Timestamp(100)), "made in the future");
        assert!(schedule.is_due(attempt(0, 63), Timestamp(0), Timestamp(u64::MAX)));
        assert!(!schedule.is_due(attempt(0, 63), Timestamp(u64::MAX), Timestamp(u64::MAX)));
    }

    #[test]
    fn gaps_are_whole_milliseconds_and_grow() {
        let new = |first, longest| Schedule::new(Duration::from_micros(first), Duration::from_micros(longest));
        assert!(new(1_000, 1_000).is_some());
        for (first, longest) in [(0, 1_000), (500, 1_000), (2_000, 1_000)] {
            assert!(new(first, longest).is_none());
        }
        assert_eq!(schedule(1, 1).pause(), PAUSES.0);
        assert_eq!(schedule(3_600_000, 3_600_000).pause(), PAUSES.1);
    }
}
