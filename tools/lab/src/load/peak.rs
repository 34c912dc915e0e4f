//! The search for the highest rate that is sustained: in growing steps until it is passed, then halving what is left. What is
//! found must be sustained once more: one good step can be luck.

/// Steps at most: enough for a first guess that is a hundred times off, and for some that do not hold.
const STEPS: u32 = 18;
/// The ratio of the first rates to each other. From the third on it is squared with each: a good guess needs few steps, and a
/// bad one not many more.
const STRIDE: f64 = 1.15;
/// Where the ratio stops growing.
const LONGEST_STRIDE: f64 = 3.0;
/// How close, as a ratio, the lowest rate that failed must come to the highest that was sustained.
const CLOSE: f64 = 1.05;

/// What is known so far.
#[derive(Clone, Debug)]
pub struct Search {
    first: f64,
    /// Rates that were sustained once, all of them below the lowest that failed.
    sustained: Vec<f64>,
    failed: Option<f64>,
    is_confirmed: bool,
    stride: f64,
    steps: u32,
}

impl Search {
    /// Begins with this rate.
    pub fn new(first: f64) -> Search {
        Search { first, sustained: Vec::new(), failed: None, is_confirmed: false, stride: STRIDE, steps: 0 }
    }

    /// The rate to try next; nothing when the peak is known as closely as is wanted, or after too many steps.
    pub fn next(&self) -> Option<f64> {
        if self.is_confirmed || self.steps == STEPS {
            return None;
        }
        Some(match (self.highest(), self.failed) {
            (None, None) => self.first,
            (Some(sustained), None) => sustained * self.stride,
            (None, Some(failed)) => failed / self.stride,
            (Some(sustained), Some(failed)) if failed / sustained <= CLOSE => sustained,
            // Both ends as ratios to each other: the geometric mean.
            (Some(sustained), Some(failed)) => (sustained * failed).sqrt(),
        })
    }

    /// Takes in whether `rate` was sustained. A rate that was and is not any more counts as failed.
    pub fn tell(&mut self, rate: f64, was_sustained: bool) {
        self.steps += 1;
        if self.steps > 2 {
            self.stride = self.stride.powi(2).min(LONGEST_STRIDE);
        }
        if !was_sustained {
            self.sustained.retain(|known| *known < rate);
            self.failed = Some(self.failed.map_or(rate, |known| known.min(rate)));
        } else if self.sustained.contains(&rate) {
            self.is_confirmed = true;
        } else {
            self.sustained.push(rate);
        }
    }

    /// Whether the last rate was sustained for the second time: it is the peak.
    pub fn is_confirmed(&self) -> bool {
        self.is_confirmed
    }

    fn highest(&self) -> Option<f64> {
        self.sustained.iter().copied().max_by(f64::total_cmp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that sustains everything up to `capacity`.
    fn find(first: f64, capacity: f64) -> (Option<f64>, u32) {
        let mut search = Search::new(first);
        let mut found = None;
        while let Some(rate) = search.next() {
            search.tell(rate, rate <= capacity);
            found = search.is_confirmed().then_some(rate);
        }
        (found, search.steps)
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
        assert!(find(9_500.0, 10_000.0).1 <= 5, "{:?}", find(9_500.0, 10_000.0));
    }

    #[test]
    fn a_server_that_sustains_nothing_has_no_peak() {
        assert_eq!(find(1_000.0, 0.0), (None, STEPS));
    }

    #[test]
    fn luck_is_taken_back() {
        let mut search = Search::new(1_000.0);
        search.tell(1_000.0, true);
        let lucky = search.next().unwrap();
        search.tell(lucky, true);
        let mut tries = 0;
        while let Some(rate) = search.next() {
            // From now on it shows what it can do.
            search.tell(rate, rate <= 1_050.0);
            tries += 1;
            if search.is_confirmed() {
                assert!((1_000.0..=1_050.0).contains(&rate), "{rate}");
            }
        }
        assert!(search.is_confirmed() && tries < STEPS, "{search:?}");
    }
}
