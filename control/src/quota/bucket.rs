//! One rate as one number: the generic cell rate algorithm.
//!
//! A bucket of `burst` requests fills at the rate. Instead of what is in it, the time at which it will be full again is
//! kept: that changes with requests alone, so that no timer and no lock is needed.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::Rate;

/// A bucket that is full at first.
#[derive(Debug, Default)]
pub struct Bucket {
    /// When it will be full, in nanoseconds.
    full_at: AtomicU64,
}

impl Bucket {
    /// Takes one request out, or says in how many nanoseconds there will be one.
    pub fn take(&self, rate: Rate, now: u64) -> Result<(), u64> {
        let mut seen = self.full_at.load(Relaxed);
        loop {
            let owed = owed(seen, rate, now);
            let full_in = owed + rate.interval();
            if full_in > rate.span() {
                self.forgive(seen, now + owed);
                return Err(full_in - rate.span());
            }
            match self.full_at.compare_exchange_weak(seen, now + full_in, Relaxed, Relaxed) {
                Ok(_) => return Ok(()),
                Err(other) => seen = other,
            }
        }
    }

    /// Writes down that less is owed than was; whoever came between has done so too.
    fn forgive(&self, seen: u64, full_at: u64) {
        if full_at < seen {
            let _ = self.full_at.compare_exchange(seen, full_at, Relaxed, Relaxed);
        }
    }

    /// How many requests are in it, and in how many nanoseconds there will be one more; 0 when it is full.
    pub fn standing(&self, rate: Rate, now: u64) -> (u32, u64) {
        let owed = owed(self.full_at.load(Relaxed), rate, now);
        let inside = (rate.span() - owed) / rate.interval();
        let next = (owed + rate.interval() * (inside + 1)).saturating_sub(rate.span());
        (u32::try_from(inside).unwrap_or(u32::MAX), if owed == 0 { 0 } else { next })
    }
}

/// In how many nanoseconds it will be full. Whoever changes to another tier owes no more than that tier's burst.
fn owed(full_at: u64, rate: Rate, now: u64) -> u64 {
    full_at.saturating_sub(now).min(rate.span())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn rate(per_second: u32, burst: u32) -> Rate {
        Rate { per_second, burst }
    }

    #[test]
    fn a_burst_goes_through_and_then_the_rate() {
        let (bucket, rate, start) = (Bucket::default(), rate(4, 3), 7 * SECOND);
        for left in [2, 1, 0] {
            assert_eq!(bucket.take(rate, start), Ok(()));
            assert_eq!(bucket.standing(rate, start).0, left);
        }
        assert_eq!(bucket.take(rate, start), Err(SECOND / 4));
        assert_eq!(bucket.take(rate, start + SECOND / 4 - 1), Err(1));
        assert_eq!(bucket.take(rate, start + SECOND / 4), Ok(()));
        assert_eq!(bucket.take(rate, start + SECOND / 4), Err(SECOND / 4));
        // Long pauses give no more than the burst.
        let granted = (0..10).filter(|_| bucket.take(rate, start + 60 * SECOND).is_ok());
        assert_eq!(granted.count(), 3);
    }

    #[test]
    fn refusals_cost_nothing() {
        let (bucket, rate) = (Bucket::default(), rate(1, 1));
        assert_eq!(bucket.take(rate, 0), Ok(()));
        assert!((0..1_000).all(|_| bucket.take(rate, SECOND / 2) == Err(SECOND / 2)));
        assert_eq!(bucket.take(rate, SECOND), Ok(()));
    }

    #[test]
    fn the_next_one_is_told_exactly() {
        let (bucket, rate) = (Bucket::default(), rate(2, 2));
        assert_eq!(bucket.standing(rate, 0), (2, 0));
        bucket.take(rate, 0).unwrap();
        assert_eq!(bucket.standing(rate, 0), (1, SECOND / 2));
        bucket.take(rate, SECOND / 8).unwrap();
        assert_eq!(bucket.standing(rate, SECOND / 8), (0, SECOND * 3 / 8));
    }

    #[test]
    fn a_faster_tier_forgives_what_the_slower_one_would_not() {
        let bucket = Bucket::default();
        (0..1_000).for_each(|_| bucket.take(rate(1, 1_000), 0).unwrap());
        assert_eq!(bucket.take(rate(100, 100), 0), Err(SECOND / 100));
        assert_eq!(bucket.take(rate(100, 100), SECOND / 100), Ok(()));
    }

    #[test]
    fn many_threads_get_one_burst() {
        let (bucket, rate) = (Bucket::default(), rate(1, 1_000));
        let granted = AtomicU64::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let taken = (0..1_000).filter(|_| bucket.take(rate, 0).is_ok()).count();
                    granted.fetch_add(taken as u64, Relaxed);
                });
            }
        });
        assert_eq!(granted.into_inner(), 1_000);
    }
}
