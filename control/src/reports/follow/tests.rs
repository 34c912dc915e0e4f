use causeway_core::id::AccountId;
use causeway_core::risk::Decider;

use super::super::tests::{decision, reader};
use super::super::{About, NoLibrary, Score, Speed};
use super::*;
use causeway_core::risk::drift::Expected;
use causeway_core::risk::{Histogram, Reference};

/// Every model was trained on low scores.
struct Low;

impl Library for Low {
    fn about(&self, _: Mode, _: &Named) -> Option<Arc<About>> {
        let score = Histogram { edges: vec![0.5], shares: vec![0.9, 0.1] };
        let reference = Reference { approval_rate: 0.9, score, features: Vec::new() };
        Some(Arc::new(About { expected: Some(Expected { reference, rows: None }), ..About::default() }))
    }

    fn scorer(&self, mode: Mode, model: &Named) -> Result<Score, String> {
        NoLibrary.scorer(mode, model)
    }

    fn speed(&self, _: Mode, _: &Named) -> Option<Speed> {
        None
    }
}

/// A follower for which no decision is too old.
fn follower(receipts: Vec<Receipt>, decisions: usize) -> Arc<Follower> {
    Arc::new(Follower {
        reader: reader(receipts, &[]),
        mode: Mode::Sandbox,
        library: Arc::new(Low),
        window: Window { decisions, span: Millis(u64::MAX) },
        deciding: Box::new(|| vec![(one("one"), Timestamp(0))]),
        limits: Limits { least: 100, ..Limits::default() },
        notice: Arc::new(|_| {}),
        followed: Mutex::default(),
    })
}

fn of(name: &str, receipt: Receipt) -> Receipt {
    let mut receipt = receipt;
    receipt.risk.decider = Decider::Model { name: name.to_owned(), version: "1".to_owned() };
    receipt
}

fn by(account: u128, receipt: Receipt) -> Receipt {
    Receipt { account: AccountId(account), ..receipt }
}

/// A stage that began before everything, in a gateway with so many accounts.
fn ever(accounts: usize) -> Stage {
    Stage { since: Timestamp(0), accounts }
}

fn one(name: &str) -> Named {
    Named { name: name.to_owned(), version: "1".to_owned() }
}

#[test]
fn a_model_that_has_shifted_is_told_and_another_is_not() {
    let usual = |minute: u64| decision(minute, if minute % 20 == 1 { 0.6 } else { 0.1 });
    let one_of = |minute: u64| if minute.is_multiple_of(2) { of("high", decision(minute, 0.6)) } else { usual(minute) };
    let receipts = (0..2_200).map(|minute| by(u128::from(minute % 7), one_of(minute)));
    let follower = follower(receipts.collect(), 500);
    let now = Timestamp(0);
    assert_eq!([(); 4].map(|()| follower.read_on(now).unwrap()), [1_000, 1_000, 200, 0]);
    assert_eq!(follower.shift_of(&one("one"), ever(7)), None);
    let words = follower.shift_of(&one("high"), ever(7)).unwrap();
    assert!(words.contains("the PSI of the score against the training window is"), "{words}");
    assert_eq!((follower.shift_of(&one("unseen"), ever(7)), follower.followed.lock().models.len()), (None, 2));
    let groups = follower.groups();
    let values = (groups[0].values)();
    let labels: Vec<&str> = values[0].0.iter().map(|(_, value)| value.as_str()).collect();
    assert_eq!((labels.as_slice(), values.len()), (["high", "1", "score"].as_slice(), 2));
    assert!(values[0].1 > 1.0 && (groups[1].values)().len() == 6 && (groups[2].values)()[0].1 == 500.0);
}

#[test]
fn models_that_are_not_heard_of_make_room() {
    let receipts = (0..20).map(|minute| of(&format!("m{minute}"), decision(minute, 0.1)));
    let follower = follower(receipts.collect(), 500);
    follower.read_on(Timestamp(0)).unwrap();
    let followed = follower.followed.lock();
    assert_eq!(followed.models.len(), MOST_MODELS);
    assert!(!followed.models.contains_key(&one("m3")) && followed.models.contains_key(&one("m4")));
}

/// With many decisions it begins a little before the window, not at the beginning of time.
#[test]
fn the_beginning_is_not_far_before_the_window() {
    let follower = follower((0..2_500).map(|minute| decision(minute, 0.1)).collect(), 20);
    let last = decision(2_499, 0.1).at;
    follower.read_on(last).unwrap();
    assert_eq!(follower.followed.lock().models[&one("one")].drift.decisions(), 20);
    let begun = follower.beginning(last).unwrap();
    assert_eq!(follower.reader.receipts(begun, 5_000).unwrap().len(), 33);
}

/// A canary decides little: the way back is as long as it takes for it, but not longer than its stage, and never without end.
#[test]
fn the_beginning_is_as_far_back_as_each_model_that_decides_needs() {
    let all: Vec<Receipt> = (0..4_000_u64)
        .map(|minute| if minute.is_multiple_of(50) { of("few", decision(minute, 0.1)) } else { decision(minute, 0.1) })
        .collect();
    let last = all[3_999].at;
    let check = |deciding: Vec<(Named, Timestamp)>, expect: usize| {
        let follower = Follower {
            deciding: Box::new(move || deciding.clone()),
            ..Arc::into_inner(follower(all.clone(), 20)).unwrap()
        };
        let begun = follower.beginning(last).unwrap();
        assert_eq!(follower.reader.receipts(begun, 5_000).unwrap().len(), expect);
    };
    let minute = |minute| decision(minute, 0.1).at;
    check(vec![(one("one"), Timestamp(0))], 33);
    // Twenty of its decisions lie within 1,024 minutes.
    check(vec![(one("one"), Timestamp(0)), (one("few"), Timestamp(0))], 1_025);
    check(vec![(one("one"), Timestamp(0)), (one("few"), minute(3_900))], 129);
    check(Vec::new(), 33);
    check(vec![(one("unseen"), Timestamp(0))], 4_000);
}

/// A model that was taken back and is let in again is judged by what it decides from then on.
#[test]
fn what_an_earlier_stage_decided_does_not_count() {
    let usual = |minute: u64| decision(minute, if minute.is_multiple_of(10) { 0.6 } else { 0.1 });
    let odd_first = |minute: u64| if minute < 400 { decision(minute, 0.6) } else { usual(minute) };
    let receipts = (0..620).map(|minute| by(u128::from(minute % 7), odd_first(minute)));
    let follower = follower(receipts.collect(), 500);
    follower.read_on(Timestamp(0)).unwrap();
    assert!(follower.shift_of(&one("one"), ever(7)).is_some());
    // At the moment of a step its own stage has decided nothing.
    let again = |minute| Stage { since: decision(minute, 0.1).at, accounts: 7 };
    assert_eq!(follower.shift_of(&one("one"), again(399)), None);
    assert_eq!(follower.followed.lock().models[&one("one")].panel.len(), 220);
    assert_eq!(follower.shift_of(&one("one"), again(619)), None);
    assert_eq!(follower.followed.lock().models[&one("one")].panel.len(), 0);
}

/// One account makes three of four payments, all odd. The others are as they were: nothing is said. When theirs are odd as well,
/// or there are no others, it is.
#[test]
fn one_account_alone_shifts_nothing() {
    let usual = |minute: u64| decision(minute, if minute.is_multiple_of(10) { 0.6 } else { 0.1 });
    let check = |others: fn(u64) -> f32, accounts: usize, expect: bool| {
        let all = (0..2_000).map(|minute| match minute % 4 {
            0 => by(u128::from(minute % 5), decision(minute, others(minute))),
            _ => by(99, decision(minute, 0.6)),
        });
        let follower = follower(all.collect(), 1_000);
        assert_eq!([(); 2].map(|()| follower.read_on(Timestamp(0)).unwrap()), [1_000; 2]);
        let said = follower.shift_of(&one("one"), ever(accounts));
        assert_eq!(said.is_some(), expect, "{said:?}");
        assert_eq!(said.is_some_and(|said| said.contains("without the decisions of any one")), expect && accounts > 1);
        let rows = follower.followed.lock().models[&one("one")].panel.len();
        assert_eq!(rows, 500 + 200, "the busy account has a fifth of the window");
    };
    check(|minute| if minute.is_multiple_of(40) { 0.6 } else { 0.1 }, 6, false);
    check(|_| 0.6, 6, true);
    // Whoever has decided nothing yet cannot speak for the model.
    check(|_| 0.6, 1, true);
    let alone = follower((0..500).map(|minute| by(99, decision(minute, 0.6))).collect(), 1_000);
    alone.read_on(Timestamp(0)).unwrap();
    assert_eq!(alone.shift_of(&one("one"), ever(2)), None);
    assert!(alone.shift_of(&one("one"), ever(1)).is_some());
    let calm = follower((0..500).map(usual).collect(), 1_000);
    calm.read_on(Timestamp(0)).unwrap();
    assert_eq!(calm.shift_of(&one("one"), ever(1)), None);
}
