//! What the rail will do with an attempt: decided when it arrives, from the sandbox's script and the seed.

use std::hash::Hasher;
use std::time::Duration;

use causeway_core::payment::Magic;
use causeway_core::rail::{RailOutcome, RailWork};
use causeway_core::time::{Millis, Timestamp};
use siphasher::sip::SipHasher24;

use super::Settings;

/// The longest ordinary delay in shortest ones.
const SPREAD: u64 = 4;

/// What the rail will do with an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// When.
    pub due_at: Timestamp,
    /// What it will say.
    pub outcome: RailOutcome,
    /// Whether it will say it twice.
    pub twice: bool,
}

/// The plan for an attempt that arrives at `now`.
pub fn plan(settings: &Settings, work: &RailWork, now: Timestamp) -> Plan {
    let shortest = millis(settings.settle_delay);
    let ordinary = shortest + draw(settings.seed, work) % (shortest * (SPREAD - 1) + 1);
    let (delay, outcome) = match work.magic.unwrap_or(Magic::None) {
        Magic::FirstCorridorFails if work.number == 1 => (shortest / SPREAD, RailOutcome::SoftFailed),
        Magic::EveryCorridorFails => (shortest / SPREAD, RailOutcome::SoftFailed),
        Magic::RailCancels => (ordinary, RailOutcome::Cancelled),
        Magic::RailLate => (millis(settings.late_delay), RailOutcome::Settled),
        // A declined payment never comes here, one that steps up only when its user was verified.
        Magic::None | Magic::FirstCorridorFails | Magic::RiskDeclines | Magic::StepUp | Magic::RailAnswersTwice => {
            (ordinary, RailOutcome::Settled)
        }
    };
    Plan { due_at: now.plus(Millis(delay)), outcome, twice: work.magic == Some(Magic::RailAnswersTwice) }
}

fn draw(seed: u64, work: &RailWork) -> u64 {
    let mut hasher = SipHasher24::new_with_keys(seed, 0);
    hasher.write(&work.attempt.0.to_be_bytes());
    hasher.finish()
}

/// Capped at a year, so that no sum or product overflows.
fn millis(span: Duration) -> u64 {
    const YEAR: u64 = 365 * 24 * 3_600_000;
    u64::try_from(span.as_millis()).unwrap_or(YEAR).min(YEAR)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rails::fixture::work;

    const NOW: Timestamp = Timestamp(1_000);

    fn settings(seed: u64) -> Settings {
        Settings { seed, ..Settings::default() }
    }

    fn planned(magic: Magic, number: u32) -> (u64, RailOutcome, bool) {
        let work = RailWork { number, magic: Some(magic), ..work(7) };
        let plan = plan(&settings(1), &work, NOW);
        (plan.due_at.since(NOW).0, plan.outcome, plan.twice)
    }

    #[test]
    fn every_script_has_its_plan() {
        let ordinary = planned(Magic::None, 1).0;
        for (magic, number, expected) in [
            (Magic::None, 1, (ordinary, RailOutcome::Settled, false)),
            (Magic::FirstCorridorFails, 1, (50, RailOutcome::SoftFailed, false)),
            (Magic::FirstCorridorFails, 2, (ordinary, RailOutcome::Settled, false)),
            (Magic::EveryCorridorFails, 1, (50, RailOutcome::SoftFailed, false)),
            (Magic::EveryCorridorFails, 5, (50, RailOutcome::SoftFailed, false)),
            (Magic::RailCancels, 1, (ordinary, RailOutcome::Cancelled, false)),
            (Magic::StepUp, 1, (ordinary, RailOutcome::Settled, false)),
            (Magic::RailLate, 1, (30_000, RailOutcome::Settled, false)),
            (Magic::RailAnswersTwice, 1, (ordinary, RailOutcome::Settled, true)),
        ] {
            assert_eq!(planned(magic, number), expected, "{magic:?} {number}");
        }
    }

    #[test]
    fn ordinary_delays_are_seeded_and_within_their_bounds() {
        let delays = |seed| -> Vec<u64> {
            (0..500).map(|id| plan(&settings(seed), &work(id), NOW).due_at.since(NOW).0).collect()
        };
        let first = delays(1);
        assert_eq!(first, delays(1));
        assert_ne!(first, delays(2));
        assert!(first.iter().all(|delay| (200..=800).contains(delay)));
        assert!(first.iter().any(|&delay| delay < 300) && first.iter().any(|&delay| delay > 700));
    }

    #[test]
    fn without_delay_everything_is_due_at_once() {
        let settings = Settings { settle_delay: Duration::ZERO, ..settings(1) };
        assert_eq!(plan(&settings, &work(1), NOW).due_at, NOW);
    }
}
