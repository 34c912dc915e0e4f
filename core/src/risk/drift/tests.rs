use proptest::prelude::*;

use super::*;
use crate::risk::features::COUNT;

fn histogram(edges: &[f64], shares: &[f64]) -> Histogram {
    Histogram { edges: edges.to_vec(), shares: shares.to_vec() }
}

/// Scores below and above a half equally often; the first feature a quarter of the time above 1; nine of ten approved.
fn expected() -> Expected {
    let features = vec![(0, histogram(&[1.0], &[0.75, 0.25]))];
    let reference = Reference { approval_rate: 0.9, score: histogram(&[0.5], &[0.5, 0.5]), features };
    Expected { reference, rows: Some(20_000) }
}

fn see(drift: &mut Drift, at: u64, score: f32, feature: f32, is_approved: bool) {
    let mut features = Features([0.0; COUNT]);
    features.0[0] = feature;
    drift.see(Timestamp(at), &features, score, is_approved);
}

/// What was seen in training, as often: `number` counts the decisions.
fn usual(drift: &mut Drift, number: u64) {
    let score = if number.is_multiple_of(2) { 0.1 } else { 0.9 };
    see(drift, number, score, if number.is_multiple_of(4) { 2.0 } else { 0.0 }, !number.is_multiple_of(10));
}

#[track_caller]
fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-6, "{found}, not {expected}");
}

/// Worked by hand, and the same by `models/reference.py`.
#[test]
fn the_index_is_that_of_the_formula() {
    near(psi(&[0.5, 0.5], &[300, 700]), 0.2 * (0.7f64 / 0.3).ln());
    near(psi(&[0.25, 0.25, 0.25, 0.25], &[10, 20, 30, 40]), 0.228_216_7);
    near(psi(&[0.5, 0.5], &[0, 100]), (1e-4 - 0.5) * (1e-4f64 / 0.5).ln() + 0.5 * 2f64.ln());
    near(psi(&[0.5, 0.5], &[0, 0]), 0.0);
}

#[test]
fn what_leaves_the_window_does_not_count() {
    let window = Window { decisions: 100, span: Millis(1_000) };
    let mut drift = Drift::new(Some(expected()), window);
    (0..100).for_each(|number| see(&mut drift, number, 0.9, 2.0, false));
    assert!(drift.score_psi() > Some(1.0) && drift.approved() == Share { hits: 0, of: 100 });
    (100..200).for_each(|number| usual(&mut drift, number));
    assert_eq!(drift.approved(), Share { hits: 90, of: 100 });
    near(drift.score_psi().unwrap(), 0.0);
    assert_eq!(drift.feature_psi().map(|(place, _)| place).collect::<Vec<_>>(), [0]);
    near(drift.feature_psi().next().unwrap().1, 0.0);
    drift.forget(Timestamp(1_149));
    assert_eq!(drift.decisions(), 51);
    drift.forget(Timestamp(9_000));
    assert_eq!((drift.decisions(), drift.approved()), (0, Share::default()));
}

/// Each of the limits, with what it says; nothing is said of few decisions.
#[test]
fn a_shift_is_told_in_words() {
    let check = |count: u64, limits: Limits, one: fn(&mut Drift, u64), words: Option<&str>| {
        let mut drift = Drift::new(Some(expected()), Window::default());
        (0..count).for_each(|number| one(&mut drift, number));
        let said = drift.shift_in_words(&limits);
        assert_eq!(said.as_deref(), words);
    };
    let limits = Limits::default();
    check(5_000, limits, usual, None);
    let high: fn(&mut Drift, u64) = |drift, number| see(drift, number, 0.9, 0.0, !number.is_multiple_of(10));
    check(999, limits, high, None);
    let words = "the PSI of the score against the training window is 4.60 over the last 1000 decisions; less than 0.25 is allowed";
    check(1_000, limits, high, Some(words));
    let strict: fn(&mut Drift, u64) = |drift, number| {
        see(drift, number, if number.is_multiple_of(2) { 0.1 } else { 0.9 }, 0.0, !number.is_multiple_of(5));
    };
    let words = "the model approves 80.0 % over the last 5000 decisions, and 90.0 % in the training's test window: a difference \
                 of -11.6 to -8.5 percentage points; at most 2.0 are allowed";
    check(5_000, limits, strict, Some(words));
    let large: fn(&mut Drift, u64) = |drift, number| {
        see(drift, number, if number.is_multiple_of(2) { 0.1 } else { 0.9 }, 2.0, !number.is_multiple_of(10));
    };
    check(5_000, limits, large, None);
    let words = "the PSI of the feature amount_usd_log10 against the training window is 7.73 over the last 5000 decisions; \
                 less than 0.25 is allowed";
    check(5_000, Limits { feature_psi: Some(0.25), ..limits }, large, Some(words));
}

/// Two points more with a few decisions may be chance; a rate without its rows is taken as exact.
#[test]
fn a_change_of_approvals_must_be_sure() {
    let check = |hits, of, rows, is_shift: bool| {
        let expected = Expected { rows, ..expected() };
        let by = expected.approval_change(Share { hits, of }, Z99);
        assert_eq!(by.low > 0.02 || by.high < -0.02, is_shift, "{by:?}");
    };
    check(930, 1_000, Some(20_000), false);
    check(4_650, 5_000, Some(20_000), false);
    check(4_700, 5_000, Some(20_000), true);
    check(4_700, 5_000, Some(200), false);
    check(4_700, 5_000, None, true);
    check(4_300, 5_000, None, true);
}

proptest! {
    #[test]
    fn the_index_is_never_negative_and_zero_for_the_same(counts in prop::collection::vec(0u64..10_000, 2..20), times in 1u64..9) {
        let total: u64 = counts.iter().sum();
        prop_assume!(total > 0);
        let shares: Vec<f64> = counts.iter().map(|count| *count as f64 / total as f64).collect();
        let same: Vec<u64> = counts.iter().map(|count| count * times).collect();
        prop_assert!(psi(&shares, &same).abs() < 1e-9);
        let other: Vec<u64> = counts.iter().rev().map(|count| count + 1).collect();
        prop_assert!(psi(&shares, &other) >= 0.0);
    }

    #[test]
    fn counts_are_those_of_the_window(scores in prop::collection::vec(0.0f32..1.0, 1..300), most in 1usize..50) {
        let mut drift = Drift::new(Some(expected()), Window { decisions: most, span: Millis(u64::MAX) });
        scores.iter().enumerate().for_each(|(number, score)| see(&mut drift, number as u64, *score, 0.0, *score < 0.5));
        let last = &scores[scores.len().saturating_sub(most)..];
        let low = last.iter().filter(|score| **score < 0.5).count() as u64;
        prop_assert_eq!(drift.approved(), Share { hits: low, of: last.len() as u64 });
        prop_assert_eq!(drift.score_psi(), Some(psi(&[0.5, 0.5], &[low, last.len() as u64 - low])));
    }
}
