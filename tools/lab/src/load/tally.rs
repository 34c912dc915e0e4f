//! What came of a step. Only what was approved and answered as it should be counts as good.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;

/// The longest time told apart, in microseconds: a minute.
const LONGEST: u64 = 60_000_000;

/// Times in microseconds, exact to three digits.
#[derive(Clone)]
pub struct Times(Histogram<u64>);

/// An operation of the partner API that mixes call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    CreateSession,
    LockQuote,
    CreatePayIn,
    SendTestWebhook,
    RetrieveSession,
    RetrieveSignedQuote,
    RetrievePayIn,
    RetrieveTransaction,
    ListSessions,
}

/// What came of the counted part of a step.
#[derive(Clone, Default)]
pub struct Tally {
    /// Units that were due.
    pub due: u64,
    /// Units of which every call was answered as it should be.
    pub good: u64,
    /// Good units that were answered while the step was counted, those included that began before.
    pub answered: u64,
    /// Units that could not begin in time, because all clients were busy. Their callers would have gone.
    pub missed: u64,
    /// Units that had no answer when the step was broken off.
    pub unanswered: u64,
    /// Calls that ended otherwise, by operation and what was answered.
    pub others: BTreeMap<String, u64>,
    /// Calls answered as they should be, reads.
    pub gets: u64,
    /// Calls answered as they should be, writes.
    pub posts: u64,
    /// How long units took from when they were due: the good ones, and with what they had waited until then the missed ones
    /// and those without an answer.
    pub latency: Times,
    /// How long the good ones took from when they were sent. It hides what waited for a client; see the test.
    pub service: Times,
    /// How long good calls took, from when they were due or the call before them was answered.
    pub operations: BTreeMap<Operation, Times>,
}

impl Tally {
    /// A unit ended, `waited` after it was due, of which it was worked on for `worked`.
    pub fn unit(&mut self, is_good: bool, waited: Duration, worked: Duration) {
        if is_good {
            self.good += 1;
            self.latency.add(waited);
            self.service.add(worked);
        }
    }

    /// A unit had waited for this long when nobody would wait any more.
    pub fn missed(&mut self, waited: Duration) {
        self.missed += 1;
        self.latency.add(waited);
    }

    /// A unit had no answer after this long, when the step was broken off.
    pub fn unanswered(&mut self, waited: Duration) {
        self.unanswered += 1;
        self.latency.add(waited);
    }

    /// A call was answered as it should be.
    pub fn call(&mut self, operation: Operation, took: Duration) {
        if operation.is_read() {
            self.gets += 1
        } else {
            self.posts += 1
        }
        self.operations.entry(operation).or_default().add(took);
    }

    /// A call ended otherwise.
    pub fn other(&mut self, what: String) {
        *self.others.entry(what).or_default() += 1;
    }

    /// Takes in the tally of another step.
    pub fn merge(&mut self, other: &Tally) {
        self.due += other.due;
        self.good += other.good;
        self.answered += other.answered;
        self.missed += other.missed;
        self.unanswered += other.unanswered;
        self.gets += other.gets;
        self.posts += other.posts;
        self.latency.merge(&other.latency);
        self.service.merge(&other.service);
        for (what, count) in &other.others {
            *self.others.entry(what.clone()).or_default() += count;
        }
        for (operation, times) in &other.operations {
            self.operations.entry(*operation).or_default().merge(times);
        }
    }

    /// Calls that ended otherwise and units without an answer, as one line; empty when there are none.
    pub fn others_line(&self) -> String {
        let mut parts: Vec<String> = self.others.iter().map(|(what, count)| format!("{count} × {what}")).collect();
        if self.unanswered > 0 {
            parts.push(format!("{} × no answer", self.unanswered));
        }
        parts.join(", ")
    }
}

impl Operation {
    /// Its name in the API.
    pub fn name(self) -> &'static str {
        match self {
            Operation::CreateSession => "createSession",
            Operation::LockQuote => "lockQuote",
            Operation::CreatePayIn => "createPayIn",
            Operation::SendTestWebhook => "sendTestWebhook",
            Operation::RetrieveSession => "retrieveSession",
            Operation::RetrieveSignedQuote => "retrieveSignedQuote",
            Operation::RetrievePayIn => "retrievePayIn",
            Operation::RetrieveTransaction => "retrieveTransaction",
            Operation::ListSessions => "listSessions",
        }
    }

    fn is_read(self) -> bool {
        match self {
            Operation::CreateSession | Operation::LockQuote | Operation::CreatePayIn | Operation::SendTestWebhook => {
                false
            }
            Operation::RetrieveSession
            | Operation::RetrieveSignedQuote
            | Operation::RetrievePayIn
            | Operation::RetrieveTransaction
            | Operation::ListSessions => true,
        }
    }
}

impl Times {
    /// Adds one; what is longer than a minute counts as a minute.
    pub fn add(&mut self, time: Duration) {
        self.0.saturating_record((time.as_micros() as u64).clamp(1, LONGEST));
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// The time that this share of them did not exceed, in milliseconds; 0 when there are none.
    pub fn ms(&self, share: f64) -> f64 {
        self.0.value_at_quantile(share) as f64 / 1_000.0
    }

    fn merge(&mut self, other: &Times) {
        self.0.add(&other.0).expect("all histograms have the same bounds");
    }
}

impl Default for Times {
    fn default() -> Times {
        Times(Histogram::new_with_bounds(1, LONGEST, 3).expect("the bounds are constants within the crate's limits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_exact_to_three_digits_and_bounded() {
        let mut times = Times::default();
        assert_eq!(times.ms(0.5), 0.0);
        (1..=1_000).for_each(|ms| times.add(Duration::from_millis(ms)));
        for (share, expected) in [(0.5, 500.0), (0.99, 990.0), (1.0, 1_000.0)] {
            assert!((times.ms(share) / expected - 1.0).abs() < 0.001, "{share}: {}", times.ms(share));
        }
        times.add(Duration::from_secs(3_600));
        assert!((59_900.0..60_100.0).contains(&times.ms(1.0)));
    }

    #[test]
    fn missed_units_are_in_the_latencies_and_not_among_the_good() {
        let mut tally = Tally::default();
        tally.unit(true, Duration::from_millis(2), Duration::from_millis(1));
        tally.unit(false, Duration::from_millis(9), Duration::from_millis(9));
        tally.missed(Duration::from_secs(1));
        assert_eq!((tally.good, tally.missed, tally.latency.count(), tally.service.count()), (1, 1, 2, 1));
        assert!(tally.latency.ms(1.0) > 999.0);
    }

    #[test]
    fn tallies_add_up() {
        let mut one = Tally::default();
        one.call(Operation::CreatePayIn, Duration::from_millis(1));
        one.other("createPayIn 503 overloaded".to_owned());
        let mut two = one.clone();
        two.call(Operation::ListSessions, Duration::from_millis(1));
        two.unanswered = 1;
        one.merge(&two);
        assert_eq!((one.posts, one.gets), (2, 1));
        assert_eq!(one.operations[&Operation::CreatePayIn].count(), 2);
        assert_eq!(one.others_line(), "2 × createPayIn 503 overloaded, 1 × no answer");
    }
}
