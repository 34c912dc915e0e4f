use causeway_core::risk::{ModelStep, Thresholds, Verdict};

use super::super::tests::cell;
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

/// A shadow that is far behind works in steps: it can be taken out of use, and the gateway can stop, before it has caught up.
#[tokio::test]
async fn a_step_is_bounded_and_counts_what_was_decided_after_the_shadow_began() {
    let directory = tempfile::tempdir().unwrap();
    let (mut running, models) = cell(directory.path());
    std::fs::write(directory.path().join("package"), "model 2").unwrap();
    let id = {
        let import = models.import(directory.path()).await.unwrap();
        let (id, turn) = (import.identity.id.clone(), models.turn().await);
        turn.make(ModelStep::Register(id.clone(), import.identity.sha256)).await.unwrap();
        turn.make(ModelStep::Shadow(id.clone())).await.unwrap();
        id
    };
    let since = models.plan().model(&id).unwrap().since;
    // Ten that were decided before, and the moment of the step itself among them.
    let decided = (0..300_u64).map(|number| {
        let at = Timestamp(since.0 + number - 9);
        Receipt { at, payment: PaymentId(u128::from(at.0) << 80), ..decision(0, 0.1) }
    });
    let (reader, after) = (crate::reports::tests::reader(decided.collect(), &[]), None);
    let follower = Follower { models: Arc::clone(&models), reader, notice: Arc::new(|_| {}), scored: Arc::default() };
    let mut desk = Desk { shadows: BTreeMap::new(), failed: Vec::new(), after };
    let scored = || models.shadow(&id).map(|view| view.scored);
    assert!(follower.work(&mut desk));
    assert_eq!(scored(), Some(BATCH as u64 - 10));
    assert!(follower.work(&mut desk));
    assert_eq!(scored(), Some(2 * BATCH as u64 - 10));
    models.turn().await.make(ModelStep::Retire(id.clone())).await.unwrap();
    assert!(!follower.work(&mut desk) && scored().is_none(), "what is retired scores nothing more");
    running.stop();
}
