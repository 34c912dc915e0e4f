//! When units begin. In an open loop they begin whether or not earlier ones were answered, as partners do.

use std::time::{Duration, Instant};

use crate::seed::Seed;

/// How fast units begin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// This many a second on average, independent of each other (Poisson).
    Rate(f64),
    /// As fast as clients become free: what shows where the limit is.
    FlatOut,
}

/// What a step does.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// How fast.
    pub pace: Pace,
    /// At the beginning, how long units are performed and not counted.
    pub lead: Duration,
    /// How long they are counted.
    pub time: Duration,
    /// How many begin at most, the uncounted ones included.
    pub most: u64,
}

/// A unit that is to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// Its number in the step, from 0.
    pub number: u64,
    /// When it should begin: what latencies are counted from.
    pub due: Instant,
    /// Whether it lies behind the lead.
    pub counts: bool,
}

/// Gives the tickets of one step, in their order. It holds none back, so that it is never longer than it is late.
pub struct Schedule {
    plan: Plan,
    start: Instant,
    seed: Seed,
    next: u64,
    due: Instant,
}

impl Schedule {
    /// The tickets of `plan` from `start` on; the gaps between them are drawn from `seed`.
    pub fn new(plan: Plan, start: Instant, seed: u64) -> Schedule {
        Schedule { plan, start, seed: Seed::new(seed), next: 0, due: start }
    }

    /// The next ticket, taken at `now`; none when the step is over.
    pub fn next(&mut self, now: Instant) -> Option<Ticket> {
        let due = match self.plan.pace {
            Pace::Rate(rate) => {
                self.due += gap(rate, &mut self.seed);
                self.due
            }
            Pace::FlatOut => now,
        };
        if self.next >= self.plan.most || due >= self.counted_from() + self.plan.time {
            return None;
        }
        let ticket = Ticket { number: self.next, due, counts: due >= self.counted_from() };
        self.next += 1;
        Some(ticket)
    }

    /// When counting begins.
    pub fn counted_from(&self) -> Instant {
        self.start + self.plan.lead
    }
}

/// A gap of the Poisson process: exponentially distributed.
fn gap(rate: f64, seed: &mut Seed) -> Duration {
    // 53 bits, as many as a double holds; never 0, whose logarithm is not finite.
    let uniform = ((seed.draw() >> 11) + 1) as f64 / (1u64 << 53) as f64;
    Duration::from_secs_f64(-uniform.ln() / rate)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(pace: Pace) -> Plan {
        Plan { pace, lead: Duration::from_secs(1), time: Duration::from_secs(9), most: u64::MAX }
    }

    #[test]
    fn a_rate_is_kept_on_average_and_by_its_seed() {
        let start = Instant::now();
        let tickets = |seed| {
            let mut schedule = Schedule::new(plan(Pace::Rate(1_000.0)), start, seed);
            // Asked late: what is due does not depend on when somebody asks.
            std::iter::from_fn(|| schedule.next(start + Duration::from_secs(20))).collect::<Vec<_>>()
        };
        let (one, same, other) = (tickets(7), tickets(7), tickets(8));
        assert_eq!(one, same);
        assert_ne!(one, other);
        assert!((9_600..10_400).contains(&one.len()), "{} tickets", one.len());
        assert!(one.is_sorted_by(|a, b| a.due <= b.due && a.number + 1 == b.number));
        let uncounted = one.iter().filter(|ticket| !ticket.counts).count();
        assert!((850..1_150).contains(&uncounted), "{uncounted} in the lead");
    }

    #[test]
    fn gaps_vary_as_those_of_independent_arrivals() {
        let mut seed = Seed::new(1);
        let gaps: Vec<f64> = (0..20_000).map(|_| gap(100.0, &mut seed).as_secs_f64()).collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let deviation = (gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64).sqrt();
        assert!((0.0097..0.0103).contains(&mean), "mean {mean}");
        assert!((0.95..1.05).contains(&(deviation / mean)), "deviation over mean {}", deviation / mean);
    }

    #[test]
    fn flat_out_is_due_at_once_and_bounded() {
        let start = Instant::now();
        let mut schedule = Schedule::new(Plan { most: 2, ..plan(Pace::FlatOut) }, start, 1);
        let later = start + Duration::from_secs(3);
        assert_eq!(schedule.next(start), Some(Ticket { number: 0, due: start, counts: false }));
        assert_eq!(schedule.next(later), Some(Ticket { number: 1, due: later, counts: true }));
        assert_eq!(schedule.next(later), None);
        let mut schedule = Schedule::new(plan(Pace::FlatOut), start, 1);
        assert_eq!(schedule.next(start + Duration::from_secs(10)), None);
    }
}
