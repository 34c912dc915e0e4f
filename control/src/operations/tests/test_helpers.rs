//! The sandbox's test helpers.

use std::sync::atomic::Ordering;

use causeway_core::command::{Command, Submission};
use causeway_core::id::{Mode, PaymentId};
use causeway_core::payment::Payment;
use causeway_core::rail::{RailOutcome, RailReport};
use causeway_core::time::Timestamp;
use serde_json::{Value, json};

use super::samples::Journey;
use crate::fixture::{SHOP, Told, World};
use crate::gate::Lane;

async fn help(world: &World, path: &str) -> Told {
    world.post(&format!("/v1/test_helpers/{path}")).key(SHOP.secret()).send().await
}

async fn session(world: &World, id: &Value) -> Value {
    let path = format!("/v1/gate_sessions/{}", id.as_str().unwrap());
    world.get(&path).key(SHOP.secret()).send().await.expect(200)
}

fn stored(world: &World, payment: &Value) -> Payment {
    let id = PaymentId::parse("pi", payment["id"].as_str().unwrap(), Mode::Sandbox).unwrap();
    world.reader().payment(SHOP.id(), id).unwrap().unwrap()
}

/// Sends a session's movement on its way and ends it.
async fn complete(world: &World, session: &Value, outcome: &str, key: &str) -> Told {
    let path = format!("/v1/test_helpers/gate_sessions/{}/complete", session["id"].as_str().unwrap());
    world.post(&path).key(SHOP.secret()).once(key).json(json!({ "outcome": outcome })).send().await
}

#[tokio::test]
async fn rails_do_as_they_are_told() {
    let world = World::start().await;
    for (flow, group) in [("on_ramp", "pay_ins"), ("off_ramp", "pay_outs")] {
        let journey = Journey { world: &world, partner: SHOP, flow };
        for (word, status, failure, ends) in [
            ("settle", "settled", Value::Null, "completed"),
            ("fail", "failed", json!("rail_rejected"), "open"),
            ("cancel", "cancelled", Value::Null, "open"),
        ] {
            let payment = journey.payment().await;
            let path = format!("rails/{group}/{}/{word}", payment["id"].as_str().unwrap());
            let after = help(&world, &path).await.expect(200);
            assert_eq!((&after["status"], &after["failure_code"]), (&json!(status), &failure));
            assert_eq!(after["settled_at"].is_string(), status == "settled");
            assert_eq!(session(&world, &payment["session_id"]).await["status"], ends);
            help(&world, &path).await.refused(409, "payment_not_waiting");
        }
    }
    assert_eq!(world.rail.record.lock().len(), 6, "the rail heard of each attempt");
}

#[tokio::test]
async fn a_step_up_ends_verified_and_only_then_a_rail_is_asked() {
    let world = World::start().await;
    let payment = Journey { world: &world, partner: SHOP, flow: "on_ramp" }.waiting().await;
    let path = |word: &str| format!("rails/pay_ins/{}/{word}", payment["id"].as_str().unwrap());
    help(&world, &path("settle")).await.refused(409, "payment_not_waiting");
    let verified = help(&world, &path("verify")).await.expect(200);
    assert_eq!((&verified["status"], &verified["next_action"]), (&json!("processing"), &Value::Null));
    help(&world, &path("verify")).await.refused(409, "payment_not_waiting");
    assert_eq!(help(&world, &path("settle")).await.expect(200)["status"], "settled");
}

#[tokio::test]
async fn a_session_is_completed_through_a_real_movement() {
    let world = World::start().await;
    for (amount, outcome, status) in
        [("100.00", "completed", "completed"), ("100.05", "completed", "completed"), ("100.00", "failed", "open")]
    {
        let body = json!({ "amount": amount, "currency": "EUR", "return_url": "https://shop.example/done" });
        let once = format!("{amount}{outcome}");
        let create = world.post("/v1/gate_sessions").key(SHOP.secret()).once(&once).json(body).send().await.expect(201);
        let path = format!("/v1/test_helpers/gate_sessions/{}/complete", create["id"].as_str().unwrap());
        let told = world.post(&path).key(SHOP.secret()).json(json!({ "outcome": outcome })).send().await.expect(200);
        assert_eq!((told["status"].as_str(), told["tx_refid"].is_string()), (Some(status), status == "completed"));
    }
}

#[tokio::test]
async fn a_rail_that_failed_softly_before_is_followed_by_the_next_one() {
    let world = World::start().await;
    let payment = Journey { world: &world, partner: SHOP, flow: "on_ramp" }.payment().await;
    // The first attempt's outcome stands already; the helper's word counts for the second one.
    let stored = stored(&world, &payment);
    world.rail.record.lock().insert(stored.attempts[0].id, RailOutcome::SoftFailed);
    let path = format!("rails/pay_ins/{}/settle", payment["id"].as_str().unwrap());
    assert_eq!(help(&world, &path).await.expect(200)["status"], "settled");
    assert_eq!(world.rail.record.lock().len(), 2);
}

/// Two helpers at once: the rail obeys the first one, and the other hears that its wish came too late.
#[tokio::test]
async fn a_wish_that_the_rail_did_not_grant_is_refused() {
    let world = World::start().await;
    for (standing, asked, status) in [
        (RailOutcome::Settled, "fail", "settled"),
        (RailOutcome::Settled, "cancel", "settled"),
        (RailOutcome::Rejected, "settle", "failed"),
        (RailOutcome::Cancelled, "fail", "cancelled"),
    ] {
        let payment = Journey { world: &world, partner: SHOP, flow: "on_ramp" }.payment().await;
        let attempt = stored(&world, &payment).attempts[0].id;
        world.rail.record.lock().insert(attempt, standing);
        let path = format!("/v1/test_helpers/rails/pay_ins/{}/{asked}", payment["id"].as_str().unwrap());
        for _ in 0..2 {
            let told = world.post(&path).key(SHOP.secret()).once(&format!("{asked} {status}")).send().await;
            assert_eq!(told.refused(409, "payment_not_waiting"), None);
        }
        let path = format!("/v1/rails/pay_ins/{}", payment["id"].as_str().unwrap());
        assert_eq!(world.get(&path).key(SHOP.secret()).send().await.expect(200)["status"], status);
    }
}

#[tokio::test]
async fn a_session_without_a_payment_method_is_no_field_of_the_body() {
    let world = World::start().await;
    let body = json!({ "amount": "10000", "currency": "JPY", "return_url": "https://shop.example/done" });
    let made = world.post("/v1/gate_sessions").key(SHOP.secret()).once("yen").json(body).send().await.expect(201);
    assert_eq!(complete(&world, &made, "completed", "end").await.refused(400, "method_unavailable"), None);
}

#[tokio::test]
async fn a_retry_hears_what_was_first_told_whatever_came_after() {
    let world = World::start().await;
    let open = Journey { world: &world, partner: SHOP, flow: "on_ramp" }.session().await;
    let failed = complete(&world, &open, "failed", "first").await;
    assert_eq!(failed.expect(200)["status"], "open");
    assert_eq!(complete(&world, &open, "completed", "second").await.expect(200)["status"], "completed");
    let again = complete(&world, &open, "failed", "first").await;
    assert_eq!((again.0.status, &again.0.body), (200, &failed.0.body));
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    complete(&world, &open, "completed", "first").await.refused(409, "idempotency_key_reused");
    complete(&world, &open, "completed", "third").await.refused(409, "session_not_open");
}

#[tokio::test]
async fn a_retry_goes_on_where_the_first_try_was_lost() {
    let world = World::start().await;
    let journey = Journey { world: &world, partner: SHOP, flow: "on_ramp" };
    let (open, payment) = (journey.session().await, journey.payment().await);
    let path = format!("/v1/test_helpers/rails/pay_ins/{}/settle", payment["id"].as_str().unwrap());
    let settle = |key| world.post(&path).key(SHOP.secret()).once(key).send();
    world.rail.is_mute.store(true, Ordering::Relaxed);
    complete(&world, &open, "completed", "mine").await.refused(503, "outcome_unknown");
    settle("mine").await.refused(503, "outcome_unknown");
    world.rail.is_mute.store(false, Ordering::Relaxed);
    // The rail has told the core by itself meanwhile.
    report(&world, &stored(&world, &payment), RailOutcome::Settled).await;
    settle("another").await.refused(409, "payment_not_waiting");
    let completed = complete(&world, &open, "completed", "mine").await;
    let settled = settle("mine").await;
    for (told, again, status) in [
        (completed, complete(&world, &open, "completed", "mine").await, "completed"),
        (settled, settle("mine").await, "settled"),
    ] {
        assert_eq!(told.expect(200)["status"], status);
        assert_eq!(told.header("idempotent-replayed"), None, "nobody has heard this before");
        assert_eq!((again.header("idempotent-replayed"), &again.0.body), (Some("true"), &told.0.body));
    }
    assert_eq!(world.rail.record.lock().len(), 2, "each payment has moved once");
}

async fn report(world: &World, payment: &Payment, outcome: RailOutcome) {
    let report = RailReport {
        attempt: payment.attempts.last().unwrap().id,
        payment: payment.id,
        account: payment.account,
        session: payment.session,
        outcome,
    };
    let command = Command::ReportRails(vec![report]);
    let submission = Submission { command, idempotency: None, deadline: Timestamp(u64::MAX) };
    world.sandbox().submit(Lane::Internal, submission).await.unwrap();
}
