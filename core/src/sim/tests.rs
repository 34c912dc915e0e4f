//! Many seeds, the seeds that were once found to fail, and planted bugs that must be seen.

#![allow(clippy::print_stdout, reason = "what was seen after how many seeds is worth telling")]

mod found;

use super::tally::Tally;
use super::{Bug, Failure, STEPS, plant, run, seeds, simulate};
use found::FOUND;

/// Seeds of the ordinary run.
const SEEDS: u64 = 300;
/// A planted bug must be seen within this many seeds.
const SEEN_WITHIN: u64 = 60;

/// All of `seeds`, on both processors.
fn simulate_all(seeds: u64) -> Tally {
    let half = |first: u64| {
        let mut tally = Tally::default();
        for seed in (first..seeds).step_by(2) {
            match simulate(seed, STEPS) {
                Ok(one) => tally.add(&one),
                Err(failure) => panic!("{failure}"),
            }
        }
        tally
    };
    let (mut even, odd) = std::thread::scope(|scope| {
        let odd = scope.spawn(|| half(1));
        (half(0), odd.join())
    });
    even.add(&odd.unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
    even
}

#[test]
fn seeds_agree_with_the_oracle() {
    let tally = simulate_all(SEEDS);
    assert_eq!(tally.never_done(), [""; 0], "no seed ever did these: teach the simulation to");
    assert!(tally.crashes > 100 && tally.failures > 100 && tally.outages > 100, "{tally:?}");
    for refusal in ["Overloaded", "StoreDown", "OutcomeUnknown"] {
        let heard = tally.turned_away.get(&format!("Err({refusal})")).copied().unwrap_or_default();
        assert!(heard > 20, "{refusal} was heard {heard} times only: it is not tested");
    }
    println!("seeds 0 to {}: {tally:#?}", SEEDS - 1);
}

#[test]
fn scripts_that_failed_once_agree() {
    for found in FOUND {
        if let Err(fault) = run(found.seed, found.script) {
            panic!("{}: {}", found.wrong, fault.0);
        }
    }
}

#[test]
fn every_planted_bug_is_seen() {
    for &bug in Bug::ALL {
        plant(Some(bug));
        let seen = (0..SEEN_WITHIN).find_map(|seed| simulate(seed, STEPS).err());
        plant(None);
        let Some(failure) = seen else { panic!("{} is not seen in {SEEN_WITHIN} seeds", bug.name()) };
        println!("{}: seen after {} seeds, in {} actions", bug.name(), failure.seed + 1, failure.actions.len());
    }
}

#[test]
fn a_planted_bug_is_planted_again_by_the_line_that_runs_it_again() {
    plant(Some(Bug::DropEvent));
    let seen = (0..SEEN_WITHIN).find_map(|seed| simulate(seed, STEPS).err());
    plant(None);
    let Some(failure) = seen else { panic!("it is not seen") };
    assert!(failure.to_string().ends_with(" --plant drop-event"), "{failure}");
    let natural = Failure { planted: None, ..*failure };
    assert!(natural.to_string().ends_with(&format!(" --steps {STEPS}")), "{natural}");
}

#[test]
fn the_last_seed_is_a_seed_and_none_follows() {
    assert_eq!(seeds(u64::MAX, 1), Some(u64::MAX..=u64::MAX));
    assert_eq!((seeds(u64::MAX, 2), seeds(0, 0)), (None, None));
    assert!(simulate(u64::MAX, 10).is_ok());
}
