//! The sandbox's test helpers.

use serde_json::{Value, json};

use super::samples::Journey;
use crate::fixture::{SHOP, Told, World};

async fn help(world: &World, path: &str) -> Told {
    world.post(&format!("/v1/test_helpers/{path}")).key(SHOP.secret()).send().await
}

async fn session(world: &World, id: &Value) -> Value {
    let path = format!("/v1/gate_sessions/{}", id.as_str().unwrap());
    world.get(&path).key(SHOP.secret()).send().await.expect(200)
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
    assert_eq!(world.rail.0.lock().len(), 6, "the rail heard of each attempt");
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
    use causeway_core::rail::RailOutcome;
    let world = World::start().await;
    let payment = Journey { world: &world, partner: SHOP, flow: "on_ramp" }.payment().await;
    // The first attempt's outcome stands already; the helper's word counts for the second one.
    let id =
        causeway_core::id::PaymentId::parse("pi", payment["id"].as_str().unwrap(), causeway_core::id::Mode::Sandbox);
    let stored = world.reader().payment(SHOP.id(), id.unwrap()).unwrap().unwrap();
    world.rail.0.lock().insert(stored.attempts[0].id, RailOutcome::SoftFailed);
    let path = format!("rails/pay_ins/{}/settle", payment["id"].as_str().unwrap());
    assert_eq!(help(&world, &path).await.expect(200)["status"], "settled");
    assert_eq!(world.rail.0.lock().len(), 2);
}
