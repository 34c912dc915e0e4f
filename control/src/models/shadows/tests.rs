use causeway_core::risk::{Thresholds, Verdict};

use super::*;
use crate::reports::tests::decision;

/// The shadow gives each of these a score of 0.4, which it would verify.
fn see(tally: &mut Tally, receipts: &[Receipt]) {
    let thresholds = Thresholds { step_up: 0.4, review: 0.9, decline: 0.9 };
    let scores = vec![0.4; receipts.len()];
    tally.count(receipts, (&scores, None), Duration::from_micros(30), |score| thresholds.verdict(score).word());
}

/// What a list, a rule or a magic amount made of it is nothing that a model said; nor is what others decided.
#[test]
fn the_live_models_own_verdict_is_compared() {
    let of = |version: &str, arm, score| {
        let mut receipt = decision(0, score);
        receipt.risk.decider = Decider::Model { name: "one".to_owned(), version: version.to_owned() };
        Receipt { arm, applied: Verdict::Decline, ..receipt }
    };
    let mut fallback = of("1", Arm::Live, 0.1);
    fallback.risk.decider = Decider::Fallback { reason: "late".to_owned() };
    let mut tally = Tally::new(&[], Arc::default());
    see(&mut tally, &[of("1", Arm::Live, 0.1), of("1", Arm::Live, 0.1), of("1", Arm::CanaryLeft, 0.5)]);
    see(&mut tally, &[of("2", Arm::Canary, 0.9), fallback]);
    let expected = [(("approve", "step_up"), 2), (("step_up", "step_up"), 1)];
    assert_eq!(tally.view().agreement, BTreeMap::from(expected));
    assert_eq!((tally.view().scored, tally.view().errors), (5, 0));
    see(&mut tally, &[of("2", Arm::Live, 0.9)]);
    assert_eq!(tally.view().agreement, BTreeMap::from([(("decline", "step_up"), 1)]), "another model is live");
    assert_eq!(tally.view().against, Some(("one".to_owned(), "2".to_owned())));
}

#[test]
fn what_has_no_score_says_why() {
    let mut tally = Tally::new(&[], Arc::default());
    let receipts = [decision(0, 0.1), decision(1, 0.1)];
    tally.count(&receipts, (&[f32::NAN, 0.5], None), Duration::ZERO, |_| "approve");
    assert_eq!((tally.view().scored, tally.view().errors), (1, 1));
    assert_eq!(tally.view().last_error.as_deref(), Some("the model's score NaN is not a probability"));
    tally.count(&receipts, (&[0.5], Some("the model failed: no memory".to_owned())), Duration::ZERO, |_| "approve");
    assert_eq!((tally.view().scored, tally.view().errors), (2, 2));
    assert_eq!(tally.view().last_error.as_deref(), Some("the model failed: no memory"));
    let unloaded = Tally::unloaded("no such file".to_owned());
    assert_eq!(unloaded.view().cut_off.unwrap().reason, "it cannot be loaded: no such file");
}
