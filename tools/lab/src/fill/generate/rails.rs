//! Corridors: what each of them would say to a payment, and when it is out.
//!
//! An answer follows from the seed, the payment and the corridor, whether or not that corridor is asked: a history can be
//! told again with another choice.

use causeway_core::rail::RailOutcome;
use causeway_core::routing::{Corridor, choose};
use causeway_core::terms::Terms;

use super::draft::{Attempt, is_asked_again};
use super::market::Market;
use super::random::{Purpose, Random};

/// What remains of a corridor's success while it is out.
const LEFT_IN_OUTAGE: f64 = 0.15;
/// Of failures outside of outages: the share after which another corridor may be asked, and the share refused for good. The
/// rest is cancelled.
const FAILURES: (f64, f64) = (0.65, 0.25);
/// Length of an outage, in seconds.
const OUTAGE: (u64, u64) = (1_800, 14_400);
/// A corridor works for so many seconds before it is out again.
const BETWEEN: u64 = 1_800;
/// A corridor that passes says so within this, in seconds.
const PASSES_WITHIN: u64 = 30;

/// The corridors' weather.
#[derive(Clone, Debug)]
pub struct Rails {
    outages: Vec<Vec<Outage>>,
}

/// A time in which a corridor fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outage {
    /// Its first second, since 1970.
    pub from: u64,
    /// The first second after it.
    pub until: u64,
}

impl Rails {
    /// `share` of the period, from its beginning for its length in seconds, each corridor is out.
    pub fn new(seed: u64, market: &Market, period: (u64, u64), share: f64) -> Rails {
        let corridors = 0..market.catalogue.corridors.len();
        Rails { outages: corridors.map(|corridor| outages(seed, corridor, period, share)).collect() }
    }

    /// The outages of each corridor in the order of the catalogue, each in the order of time.
    pub fn outages(&self) -> &[Vec<Outage>] {
        &self.outages
    }

    /// What the corridors say that the core asks for these terms, one after another.
    pub fn ask(&self, seed: u64, payment: u64, at: u64, market: &Market, terms: &Terms) -> Vec<Attempt> {
        let corridors = &market.catalogue.corridors;
        let mut attempts: Vec<Attempt> = Vec::new();
        let mut now = at;
        while is_asked_again(&attempts) {
            let tried: Vec<&str> = attempts.iter().map(|attempt| corridors[attempt.corridor].id.as_str()).collect();
            let candidates = choose(&market.catalogue, terms, &tried);
            let chosen = candidates.first().map(|best| &best.corridor);
            let Some(corridor) = corridors.iter().position(|one| Some(&one.id) == chosen) else { break };
            let mut random = Random::of(seed, Purpose::Corridor, payment << 16 | corridor as u64);
            let is_out = self.is_out(corridor, now);
            let attempt = answer(&mut random, &corridors[corridor], corridor, is_out);
            now += attempt.seconds;
            attempts.push(attempt);
        }
        attempts
    }

    fn is_out(&self, corridor: usize, at: u64) -> bool {
        let outages = &self.outages[corridor];
        let next = outages.partition_point(|outage| outage.from <= at);
        outages[..next].iter().any(|outage| at < outage.until)
    }
}

fn answer(random: &mut Random, corridor: &Corridor, place: usize, is_out: bool) -> Attempt {
    let success = f64::from(corridor.success) * if is_out { LEFT_IN_OUTAGE } else { 1.0 };
    let typical = f64::from(corridor.settlement_seconds);
    let slow = (random.log_normal(typical, 0.35).clamp(typical * 0.4, typical * 2.0) as u64).max(1);
    let (settles, kind) = (random.chance(success), random.unit());
    let outcome = match kind {
        _ if settles => RailOutcome::Settled,
        _ if is_out => RailOutcome::SoftFailed,
        kind if kind < FAILURES.0 => RailOutcome::SoftFailed,
        kind if kind < FAILURES.0 + FAILURES.1 => RailOutcome::Rejected,
        _ => RailOutcome::Cancelled,
    };
    let passes = outcome == RailOutcome::SoftFailed;
    Attempt { corridor: place, outcome, seconds: if passes { slow.min(PASSES_WITHIN) } else { slow } }
}

/// Outages of one corridor, none longer or shorter than such a thing is, each with time between it and the next.
fn outages(seed: u64, corridor: usize, (start, length): (u64, u64), share: f64) -> Vec<Outage> {
    let mut random = Random::of(seed, Purpose::Outage, corridor as u64);
    let whole = (length as f64 * share) as u64;
    if whole < OUTAGE.0 {
        return Vec::new();
    }
    let lengths = random.parts(whole, OUTAGE);
    let free = length - whole - BETWEEN * lengths.len() as u64;
    let mut before: Vec<u64> = lengths.iter().map(|_| random.below(free + 1)).collect();
    before.sort_unstable();
    let mut taken = 0;
    let place = |(lasts, before): (u64, u64)| {
        let from = start + taken + before;
        taken += lasts + BETWEEN;
        Outage { from, until: from + lasts }
    };
    lengths.into_iter().zip(before).map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::DAY;

    #[test]
    fn outages_are_as_long_as_is_said_and_within_the_period() {
        for (days, share) in [(1, 0.004), (1, 0.05), (1, 0.2), (30, 0.004), (180, 0.004), (180, 0.2), (365, 0.0)] {
            for corridor in 0..20 {
                let (start, length) = (19_000 * DAY, days * DAY);
                let found = outages(9, corridor, (start, length), share);
                let whole = (length as f64 * share) as u64;
                let expected = if whole < OUTAGE.0 { 0 } else { whole };
                assert_eq!(found.iter().map(|outage| outage.until - outage.from).sum::<u64>(), expected);
                assert!(found.iter().all(|one| (OUTAGE.0..=OUTAGE.1).contains(&(one.until - one.from))), "{found:?}");
                assert!(found.iter().all(|one| one.from >= start && one.until <= start + length), "{found:?}");
                assert!(found.windows(2).all(|two| two[0].until + BETWEEN <= two[1].from), "{found:?}");
            }
        }
    }
}
