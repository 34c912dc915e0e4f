use super::*;

fn id(version: u32) -> ModelId {
    ModelId { name: "model".to_owned(), version }
}

fn share(share: u16) -> Canary {
    Canary { share, by: By::Persons }
}

/// A plan with `count` registered models.
fn plan(count: u32) -> ModelPlan {
    let mut plan = ModelPlan::default();
    for version in 1..=count {
        plan.step(&ModelStep::Register(id(version), [version as u8; 32]), Timestamp(u64::from(version))).unwrap();
    }
    plan
}

/// The stages of all models and the one before, in short.
fn told(plan: &ModelPlan) -> String {
    let stages: Vec<&str> = plan.models.iter().map(|model| model.stage.word()).collect();
    let before = plan.before.as_ref().map_or_else(|| "-".to_owned(), |before| before.version.to_string());
    format!("{} before {before}", stages.join(" "))
}

#[track_caller]
fn check(plan: &mut ModelPlan, step: ModelStep, expect: &str) {
    let before = plan.clone();
    match plan.step(&step, Timestamp(99)) {
        Ok(_) => assert_eq!(told(plan), expect, "{step:?}"),
        Err(refused) => {
            assert_eq!(format!("{refused:?}"), expect, "{step:?}");
            assert_eq!(*plan, before, "what is refused changes nothing");
        }
    }
}

#[test]
fn a_model_lives_and_a_rollback_leads_back() {
    let plan = &mut plan(3);
    check(plan, ModelStep::Promote(id(1)), "live registered registered before -");
    check(plan, ModelStep::Shadow(id(2)), "live shadow registered before -");
    check(plan, ModelStep::Canary(id(2), share(50)), "live canary registered before -");
    check(plan, ModelStep::Canary(id(3), share(50)), "NotReady");
    check(plan, ModelStep::Promote(id(2)), "retired live registered before 1");
    check(plan, ModelStep::Canary(id(3), share(50)), "retired live canary before 1");
    check(plan, ModelStep::Rollback(None), "retired live registered before 1");
    check(plan, ModelStep::Rollback(None), "live retired registered before -");
    check(plan, ModelStep::Rollback(None), "retired retired registered before -");
    check(plan, ModelStep::Rollback(None), "NotReady");
    check(plan, ModelStep::Promote(id(2)), "retired live registered before -");
}

#[test]
fn nobody_goes_back_to_what_was_retired() {
    let plan = &mut plan(3);
    check(plan, ModelStep::Promote(id(1)), "live registered registered before -");
    check(plan, ModelStep::Promote(id(2)), "retired live registered before 1");
    check(plan, ModelStep::Retire(id(1)), "retired live registered before -");
    check(plan, ModelStep::Rollback(None), "retired retired registered before -");
}

#[test]
fn what_is_not_possible_is_refused() {
    let plan = &mut plan(3);
    check(plan, ModelStep::Promote(id(1)), "live registered registered before -");
    for step in [ModelStep::Shadow(id(1)), ModelStep::Canary(id(1), share(1)), ModelStep::Retire(id(1))] {
        check(plan, step, "NotReady");
    }
    check(plan, ModelStep::Promote(id(9)), "Unknown");
    check(plan, ModelStep::Rollback(Some(id(9))), "Unknown");
    check(plan, ModelStep::Rollback(Some(id(2))), "NotReady");
    check(plan, ModelStep::Canary(id(2), share(0)), "NotReady");
    check(plan, ModelStep::Canary(id(2), share(1_001)), "NotReady");
    check(plan, ModelStep::Register(id(1), [9; 32]), "NotReady");
    check(plan, ModelStep::Retire(id(2)), "live retired registered before -");
}

#[test]
fn a_rollback_that_names_a_model_is_about_no_other() {
    let plan = &mut plan(3);
    check(plan, ModelStep::Promote(id(1)), "live registered registered before -");
    check(plan, ModelStep::Promote(id(2)), "retired live registered before 1");
    check(plan, ModelStep::Canary(id(3), share(9)), "retired live canary before 1");
    check(plan, ModelStep::Rollback(Some(id(2))), "live retired canary before -");
    check(plan, ModelStep::Rollback(Some(id(3))), "live retired registered before -");
    check(plan, ModelStep::Rollback(Some(id(3))), "NotReady");
}

#[test]
fn said_again_a_step_changes_nothing() {
    let plan = &mut plan(2);
    let steps = [ModelStep::Promote(id(1)), ModelStep::Canary(id(2), share(9)), ModelStep::Register(id(2), [2; 32])];
    for step in &steps {
        plan.step(step, Timestamp(7)).unwrap();
    }
    let before = plan.clone();
    for step in &steps {
        assert_eq!(plan.step(step, Timestamp(8)), Ok(false));
    }
    assert_eq!(*plan, before);
    assert_eq!(plan.step(&ModelStep::Canary(id(2), share(10)), Timestamp(8)), Ok(true));
    assert_eq!(plan.version, before.version + 1);
}

#[test]
fn retired_models_make_room_but_not_the_way_back() {
    let plan = &mut plan(MODELS as u32);
    let next = ModelStep::Register(id(1_000), [0; 32]);
    assert_eq!(plan.step(&next, Timestamp(100)), Err(StepRefused::Full));
    plan.step(&ModelStep::Promote(id(1)), Timestamp(100)).unwrap();
    plan.step(&ModelStep::Promote(id(2)), Timestamp(101)).unwrap();
    assert_eq!(plan.step(&next, Timestamp(102)), Err(StepRefused::Full), "only the way back is retired");
    plan.step(&ModelStep::Retire(id(3)), Timestamp(103)).unwrap();
    assert_eq!(plan.step(&next, Timestamp(104)), Ok(true));
    assert_eq!((plan.models.len(), plan.model(&id(3))), (MODELS, None));
    for version in 4..4 + SHADOWS as u32 {
        plan.step(&ModelStep::Shadow(id(version)), Timestamp(105)).unwrap();
    }
    assert_eq!(plan.step(&ModelStep::Shadow(id(20)), Timestamp(106)), Err(StepRefused::Full));
}

#[test]
fn a_draw_is_sticky_has_about_its_share_and_grows() {
    let people: Vec<EntityKey> = (0u128..20_000).map(|number| (number * 7 + 3).to_be_bytes()).collect();
    let drawn = |version: u32, share| -> Vec<bool> {
        people.iter().map(|person| is_drawn(&id(version), share, person)).collect()
    };
    for share in [1u16, 50, 500, 1_000] {
        let found = drawn(1, share);
        let count = found.iter().filter(|one| **one).count() as f64;
        let expected = people.len() as f64 * f64::from(share) / 1_000.0;
        assert!((count - expected).abs() <= 5.0 * expected.sqrt().max(1.0), "{count} of {expected}");
        assert_eq!(found, drawn(1, share));
        assert!(found.iter().zip(drawn(1, share.saturating_add(100))).all(|(small, large)| !small || large));
    }
    assert_ne!(drawn(1, 50), drawn(2, 50), "another model tries others");
}

#[test]
fn accounts_fall_to_a_canary_as_a_whole() {
    let mut plan = plan(2);
    plan.step(&ModelStep::Promote(id(1)), Timestamp(1)).unwrap();
    let canary = Canary { share: 500, by: By::Accounts };
    plan.step(&ModelStep::Canary(id(2), canary), Timestamp(1)).unwrap();
    let mut drawn = 0;
    for account in (0..100).map(AccountId) {
        let chosen: Vec<Chosen> = (0u128..10).map(|person| plan.chosen(&person.to_be_bytes(), account)).collect();
        assert!(chosen.iter().all(|one| *one == chosen[0]));
        drawn += usize::from(chosen[0].canary.is_some());
    }
    assert!((25..75).contains(&drawn), "{drawn}");
}
