//! The life of a model between payments: a step takes effect on the next redemption, in the same batch or not.

use super::world::{ACCOUNT, World, account, model, plain};
use crate::account::Account;
use crate::command::{Command, Reply, Submission};
use crate::id::PaymentId;
use crate::risk::plan::{By, Canary, WHOLE};
use crate::risk::{Arm, Decider, ModelStep};

/// A step of a script: mostly of the two models that are loaded.
pub fn step(object: u8) -> ModelStep {
    let id = model(1 + u32::from(object) / 16 % 3);
    let by = if object.is_multiple_of(2) { By::Persons } else { By::Accounts };
    match object % 8 {
        0 | 1 => ModelStep::Register(id.clone(), [id.version as u8; 32]),
        2 => ModelStep::Shadow(id),
        3 | 4 => ModelStep::Canary(id, Canary { share: 500, by }),
        5 => ModelStep::Promote(id),
        6 => ModelStep::Retire(id),
        _ => ModelStep::Rollback(None),
    }
}

fn world() -> World {
    World::of(Account { risk_is_real: true, ..account(ACCOUNT) })
}

fn change(step: ModelStep) -> Submission {
    plain(Command::ChangeModels(step))
}

fn pay(world: &mut World) -> Submission {
    let (session, quote) = (world.session("900.00"), world.quote("900.00"));
    plain(world.redeem(session, quote))
}

/// Who decided a payment, and as which part of the plan.
fn decided(world: &World, payment: PaymentId) -> (Arm, String) {
    let receipt = world.reader.receipt(ACCOUNT, payment).unwrap().unwrap();
    let by = match receipt.risk.decider {
        Decider::Model { name, version } => format!("{name} {version}"),
        Decider::Fallback { reason } => reason,
    };
    (receipt.arm, by)
}

/// Runs one batch; who decided the payments in it.
fn run(world: &mut World, submissions: Vec<Submission>) -> Vec<(Arm, String)> {
    let outcomes = world.batch(submissions);
    let replies = outcomes.into_iter().map(|outcome| outcome.expect("it is legal").reply);
    let payment = |reply| if let Reply::Payment(payment) = reply { Some(payment.id) } else { None };
    let payments: Vec<PaymentId> = replies.filter_map(payment).collect();
    payments.into_iter().map(|payment| decided(world, payment)).collect()
}

fn by(arm: Arm, model: &str) -> (Arm, String) {
    (arm, model.to_owned())
}

#[test]
fn a_step_takes_effect_on_the_next_redemption_of_its_batch() {
    let mut world = world();
    let register = change(ModelStep::Register(model(2), [2; 32]));
    let payments: Vec<Submission> = (0..4).map(|_| pay(&mut world)).collect();
    let [first, second, third, fourth] = payments.try_into().unwrap();
    let promote = change(ModelStep::Promote(model(2)));
    let rollback = change(ModelStep::Rollback(None));
    let found = run(&mut world, vec![register, first, promote, second, rollback.clone(), third]);
    let [one, two] = ["amount 1", "amount 2"].map(|model| by(Arm::Live, model));
    assert_eq!(found, [one.clone(), two, one]);
    let found = run(&mut world, vec![rollback, fourth]);
    assert_eq!(found, [by(Arm::None, "no model is loaded: none is live")]);
}

#[test]
fn a_canary_that_is_not_there_leaves_its_rows_to_the_live_model() {
    let mut world = world();
    let whole = Canary { share: WHOLE, by: By::Persons };
    for (version, expect) in [(2, by(Arm::Canary, "amount 2")), (3, by(Arm::CanaryLeft, "amount 1"))] {
        let register = change(ModelStep::Register(model(version), [0; 32]));
        let canary = change(ModelStep::Canary(model(version), whole));
        let payment = pay(&mut world);
        assert_eq!(run(&mut world, vec![register, canary, payment]), [expect]);
        run(&mut world, vec![change(ModelStep::Rollback(None))]);
    }
}

#[test]
fn the_plan_is_there_after_a_restart() {
    let mut world = world();
    run(&mut world, vec![change(ModelStep::Register(model(2), [2; 32])), change(ModelStep::Promote(model(2)))]);
    assert_eq!(world.reader.models().unwrap(), **world.state.directory().models());
    let plan = world.reader.models().unwrap();
    assert_eq!((plan.live().unwrap().id.version, plan.before.unwrap().version), (2, 1));
}
