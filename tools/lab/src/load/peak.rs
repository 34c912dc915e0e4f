//! The search for the highest rate that is sustained: in growing steps until it is passed, then halving what is left.

/// Steps at most: enough for a first guess that is a hundred times off.
const STEPS: u32 = 14;
/// The ratio of the first rates to each other. From the third on it is squared with each: a good guess needs few steps, and a
/// bad one not many more.
const STRIDE: f64 = 1.15;
/// Where the ratio stops growing.
const LONGEST_STRIDE: f64 = 3.0;
/// How close, as a ratio, the lowest rate that failed must come to the highest that was sustained.
const CLOSE: f64 = 1.05;

/// What is known so far.
#[derive(Clone, Copy, Debug)]
pub struct Search {
    first: f64,
    sustained: Option<f64>,
    failed: Option<f64>,
    stride: f64,
    steps: u32,
}

impl Search {
    /// Begins with this rate.
    pub fn new(first: f64) -> Search {
        Search { first, sustained: None, failed: None, stride: STRIDE, steps: 0 }
    }

    /// The rate to try next; nothing when the peak is known as closely as is wanted, or after too many steps.
    pub fn next(&self) -> Option<f64> {
        if self.steps == STEPS {
            return None;
        }
        match (self.sustained, self.failed) {
            (None, None) => Some(self.first),
            (Some(sustained), None) => Some(sustained * self.stride),
            (None, Some(failed)) => Some(failed / self.stride),
            (Some(sustained), Some(failed)) if failed / sustained <= CLOSE => None,
            // Both ends as ratios to each other: the geometric mean.
            (Some(sustained), Some(failed)) => Some((sustained * failed).sqrt()),
        }
    }

    /// Takes in whether `rate` was sustained. One step can be disturbed; a lower rate that failed after a higher one was
    /// sustained does not take that back.
    pub fn tell(&mut self, rate: f64, was_sustained: bool) {
        self.steps += 1;
        if self.steps > 2 {
            self.stride = self.stride.powi(2).min(LONGEST_STRIDE);
        }
        if was_sustained {
            self.sustained = Some(self.sustained.map_or(rate, |known| known.max(rate)));
        } else {
            self.failed = Some(self.failed.map_or(rate, |known| known.min(rate)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that sustains everything up to `capacity`.
    fn find(first: f64, capacity: f64) -> (Option<f64>, u32) {
        let mut search = Search::new(first);
        while let Some(rate) = search.next() {
            search.tell(rate, rate <= capacity);
        }
        (search.sustained, search.steps)
    }

    #[test]
    fn the_peak_is_found_closely_and_never_exceeded() {
        for capacity in [50.0, 300.0, 4_999.0, 5_000.0, 12_345.0, 30_000.0, 250_000.0] {
            let (found, steps) = find(5_000.0, capacity);
            let found = found.unwrap();
            assert!(found <= capacity && found * CLOSE >= capacity, "{found} of {capacity}");
            assert!(steps <= STEPS, "{steps} steps");
        }
    }

    #[test]
    fn a_good_guess_needs_few_steps() {
        assert!(find(9_500.0, 10_000.0).1 <= 4, "{:?}", find(9_500.0, 10_000.0));
    }

    #[test]
    fn a_server_that_sustains_nothing_has_no_peak() {
        assert_eq!(find(1_000.0, 0.0), (None, STEPS));
    }
}
