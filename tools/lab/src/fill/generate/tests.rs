//! The stream is what it says it is, and what is planted can be seen in it.

mod rules;

use std::collections::{BTreeMap, BTreeSet};

use causeway_control::catalogue;
use causeway_core::id::Mode;
use causeway_core::rail::RailOutcome;
use causeway_core::terms::Side;

use super::draft::{Ending, SESSION_SECONDS};
use super::plants::Pattern;
use super::*;

/// A history of the shipped catalogue, over thirty days.
pub fn history(payments: u64, seed: u64, plants: &str) -> History {
    over(30, payments, seed, plants)
}

/// The same over so many days.
fn over(days: u64, payments: u64, seed: u64, plants: &str) -> History {
    let shipped = catalogue::load(None, None).unwrap();
    let market = Market::new(catalogue::for_mode(&shipped, Mode::Sandbox)).unwrap();
    let until = "2026-06-30".parse().unwrap();
    let settings = Settings { payments, seed, days, until, partners: 6, plants: plants.parse().unwrap() };
    History::new(settings, market).unwrap()
}

const PAYMENTS: u64 = 20_000;

fn stories(plants: &str) -> Vec<Story> {
    history(PAYMENTS, 11, plants).collect()
}

/// The largest number of different things that share something.
fn most_sharing<K: Ord, V: Ord>(pairs: impl Iterator<Item = (K, V)>) -> usize {
    let mut sharing: BTreeMap<K, BTreeSet<V>> = BTreeMap::new();
    for (shared, one) in pairs {
        sharing.entry(shared).or_default().insert(one);
    }
    sharing.values().map(BTreeSet::len).max().unwrap_or_default()
}

fn frauds(stories: &[Story], pattern: Pattern) -> usize {
    stories.iter().filter(|story| story.draft.pattern == Some(pattern)).count()
}

#[test]
fn it_has_as_many_payments_as_asked_for_in_the_order_of_time() {
    let stories = stories("ring=0.01,stolen-device=0.01,burst=0.01,outage=0.01");
    let numbers: Vec<u64> = stories.iter().map(|story| story.number).collect();
    assert_eq!(numbers, (1..=PAYMENTS).collect::<Vec<_>>());
    assert!(stories.is_sorted_by_key(|story| story.draft.at));
    let (start, length) = history(1, 1, "none").settings().period();
    for story in &stories {
        let draft = &story.draft;
        assert!((start..start + length).contains(&draft.at), "{draft:?}");
        assert!(draft.quote_seconds <= 28 && draft.quote_seconds <= draft.session_seconds, "{draft:?}");
        assert!((1..=SESSION_SECONDS).contains(&draft.session_seconds), "{draft:?}");
    }
    assert_eq!(Pattern::ALL.map(|pattern| frauds(&stories, pattern)), [200, 200, 200]);
    assert_eq!(history(1, 1, "none").count(), 1);
}

/// However short the period: rings that would last longer are shorter.
#[test]
fn a_short_period_holds_all_payments_too() {
    for (days, plants) in
        [(2, "ring=0.1"), (1, "none,ring=0.2"), (1, "ring=0.2,stolen-device=0.2,burst=0.2,outage=0.2")]
    {
        for payments in [1, 7, 130, 5_000] {
            let stories: Vec<Story> = over(days, payments, 11, plants).collect();
            assert_eq!(stories.len() as u64, payments, "{days} days, {plants}");
            assert!(stories.is_sorted_by_key(|story| story.draft.at));
            let ring = over(days, payments, 11, plants).planted()[0].1;
            assert_eq!(frauds(&stories, Pattern::Ring) as u64, ring);
        }
    }
}

#[test]
fn people_have_habits() {
    let stories = stories("none");
    let share = |is: &dyn Fn(&Story) -> bool| stories.iter().filter(|story| is(story)).count() as f64 / PAYMENTS as f64;
    let customers: BTreeSet<u64> = stories.iter().map(|story| story.draft.customer).collect();
    let devices = most_sharing(stories.iter().map(|story| (story.draft.customer, story.draft.device)));
    assert!((900..=1_200).contains(&customers.len()), "{} customers", customers.len());
    assert!((3..=7).contains(&devices), "{devices} devices of one customer");
    assert!((0.2..0.5).contains(&share(&|story| story.draft.side == Side::OffRamp)));
    assert!((0.3..0.6).contains(&share(&|story| story.draft.partner == 0)), "the first partner is the largest");
    let night = share(&|story| story.draft.at / 3_600 % 24 < 5);
    assert!((0.02..0.12).contains(&night), "{night} of the payments between midnight and five");
    assert!((0.95..0.99).contains(&share(&|story| matches!(story.ending(), Ending::Settled(_)))));
}

#[test]
fn every_ending_occurs() {
    let stories = stories("none");
    let has = |is: &dyn Fn(&Story) -> bool| assert!(stories.iter().any(is));
    has(&|story| story.ending() == Ending::Declined && story.attempts.is_empty());
    has(&|story| story.ending() == Ending::Rejected);
    has(&|story| story.ending() == Ending::Cancelled);
    has(&|story| story.ending() == Ending::NoRoute);
    has(&|story| matches!(story.ending(), Ending::Settled(_)) && story.attempts.len() > 1);
    for story in &stories {
        let (last, passed) = story.attempts.split_last().unzip();
        assert!(passed.into_iter().flatten().all(|attempt| attempt.outcome == RailOutcome::SoftFailed));
        assert_eq!(last.is_none(), story.is_declined);
    }
}

#[test]
fn amounts_are_exact_and_ask_the_sandbox_for_what_happens() {
    for story in stories("ring=0.01") {
        let terms = &story.terms;
        let total = [terms.fees.processing, terms.fees.network, terms.fees.partner].into_iter();
        let total = total.reduce(|sum, fee| sum.plus(fee).unwrap()).unwrap();
        assert_eq!(total, terms.fees.total);
        assert_eq!(terms.fiat_amount.decimal().scale(), terms.currency.decimals());
        let (given, decimals) = match story.draft.side {
            Side::OnRamp => (terms.fiat_amount, terms.currency.decimals()),
            Side::OffRamp => (terms.crypto_amount, terms.crypto_amount.decimal().scale()),
        };
        assert_eq!(given, story.given);
        let digits = given.last_two_digits(decimals);
        assert_eq!(digits == 4, story.is_declined, "{story:?}");
        assert!(digits == 4 || !(1..=7).contains(&digits), "{story:?}");
    }
}

#[test]
fn labels_come_later_than_payments() {
    let stories = stories("ring=0.01,stolen-device=0.01,burst=0.01");
    for story in &stories {
        let Ending::Settled(seconds) = story.ending() else {
            assert_eq!(story.label_at, None, "nobody learns of what moved no money");
            continue;
        };
        let after = story.label_at.unwrap() - story.draft.at - seconds;
        let expected = if story.is_fraud() { 3 * DAY..60 * DAY } else { 60 * DAY..60 * DAY + 1 };
        assert!(expected.contains(&after), "{after}");
    }
    assert!(stories.iter().any(|story| story.is_fraud() && story.label_at.is_none()));
}

#[test]
fn a_stolen_device_pays_large_amounts() {
    let stories = stories("none,stolen-device=0.01");
    let mean = |is_fraud: bool| {
        let some: Vec<f64> =
            stories.iter().filter(|story| story.is_fraud() == is_fraud).map(|story| story.draft.minor as f64).collect();
        some.iter().sum::<f64>() / some.len() as f64
    };
    assert!(mean(true) > 3.0 * mean(false));
}

#[test]
fn a_burst_is_many_small_payments_within_minutes_and_a_large_one() {
    let planted = stories("none,burst=0.01");
    let mut bursts: BTreeMap<u64, Vec<&Story>> = BTreeMap::new();
    let frauds = planted.iter().filter(|story| story.is_fraud());
    frauds.for_each(|one| bursts.entry(one.draft.customer).or_default().push(one));
    for burst in bursts.values() {
        let (first, last) = (&burst[0].draft, &burst[burst.len() - 1].draft);
        assert!((12..=40).contains(&burst.len()) && last.at - first.at < 1_000);
        assert!(last.minor > 20 * first.minor);
    }
}

#[test]
fn an_outage_is_a_time_in_which_a_corridor_fails() {
    let planted = history(PAYMENTS, 11, "none,outage=0.05");
    let outages: Vec<_> = planted.rails().outages().to_vec();
    let stories: Vec<Story> = planted.collect();
    let firsts = || stories.iter().filter_map(|story| Some((story.draft.at, story.attempts.first()?)));
    let settled = |is_out: bool| {
        let of = |(at, attempt): &(u64, &draft::Attempt)| {
            outages[attempt.corridor].iter().any(|outage| (outage.from..outage.until).contains(at)) == is_out
        };
        let all = firsts().filter(of).count();
        firsts().filter(of).filter(|(_, attempt)| attempt.outcome == RailOutcome::Settled).count() as f64 / all as f64
    };
    let (inside, outside) = (settled(true), settled(false));
    assert!(inside < 0.3 && outside > 0.9, "{inside} inside, {outside} outside");
    let share = outages.iter().flatten().map(|outage| outage.until - outage.from).sum::<u64>() as f64
        / (30 * DAY * outages.len() as u64) as f64;
    assert!((share - 0.05).abs() < 0.001, "{share}");
    assert!(history(1, 11, "none").rails().outages().iter().all(Vec::is_empty));
}
