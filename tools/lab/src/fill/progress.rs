//! How far it is: a line each second, and what a whole run took.

use std::time::{Duration, Instant};

use crate::shown::{grouped, size, time};

/// How far it is.
pub struct Progress {
    payments: u64,
    started: Instant,
    shown: Instant,
    done: u64,
}

/// Time between two lines.
const EVERY: Duration = Duration::from_secs(1);

impl Progress {
    /// At the beginning of so many payments.
    pub fn start(payments: u64) -> Progress {
        let now = Instant::now();
        Progress { payments, started: now, shown: now, done: 0 }
    }

    /// Counts payments, and shows a line when the last one is a second old. `bytes` have been written so far.
    pub fn add(&mut self, payments: u64, bytes: u64) {
        self.done += payments;
        if self.shown.elapsed() >= EVERY {
            self.shown = Instant::now();
            eprintln!("{}", self.line(bytes, self.started.elapsed()));
        }
    }

    /// Since the beginning.
    pub fn took(&self) -> Duration {
        self.started.elapsed()
    }

    fn line(&self, bytes: u64, elapsed: Duration) -> String {
        let rate = self.done as f64 / elapsed.as_secs_f64();
        let left = Duration::from_secs_f64((self.payments - self.done) as f64 / rate.max(1.0));
        let (done, payments) = (grouped(self.done), grouped(self.payments));
        let (rate, size, left) = (grouped(rate as u64), size(bytes), time(left));
        format!("fill: {done} of {payments} payments, {rate}/s, {size} before compression, {left} left")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_is_left() {
        let mut progress = Progress::start(3_000_000);
        progress.add(1_000_000, 0);
        let line = progress.line(1_200_000_000, Duration::from_secs(50));
        let expected = "fill: 1,000,000 of 3,000,000 payments, 20,000/s, 1.2 GB before compression, 1 min 40 s left";
        assert_eq!(line, expected);
    }
}
