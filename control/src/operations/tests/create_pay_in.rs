//! createPayIn and retrievePayIn.

use serde_json::{Value, json};

use super::samples::{Journey, lock};
use crate::fixture::{OTHER, SHOP, Told, World};

async fn pay_in(world: &World, once: &str, body: Value) -> Told {
    world.post("/v1/rails/pay_ins").key(SHOP.secret()).once(once).json(body).send().await
}

#[tokio::test]
async fn it_redeems_the_quote_and_starts_the_movement() {
    let world = World::start().await;
    let journey = Journey { world: &world, partner: SHOP, flow: "on_ramp" };
    let payment = journey.payment().await;
    assert_eq!(
        (&payment["object"], &payment["kind"], &payment["status"]),
        (&json!("rail_pay_in"), &json!("pay_in"), &json!("processing"))
    );
    assert!(payment["id"].as_str().unwrap().starts_with("pi_test_"));
    assert_eq!(payment["metadata"], json!({ "order": "1" }));
    for absent in ["next_action", "failure_code", "failure_message", "settled_at"] {
        assert_eq!(payment[absent], Value::Null, "{absent}");
    }
    let id = payment["id"].as_str().unwrap();
    let read = |path: String| world.get(&path).key(SHOP.secret()).send();
    assert_eq!(read(format!("/v1/rails/pay_ins/{id}")).await.expect(200), payment);
    // The same number as a pay-out, or under the other kind's path, names nothing.
    read(format!("/v1/rails/pay_outs/{id}")).await.refused(404, "not_found");
    read(format!("/v1/rails/pay_outs/{}", id.replace("pi_", "po_"))).await.refused(404, "not_found");
}

#[tokio::test]
async fn what_does_not_fit_is_refused_and_nothing_is_consumed() {
    let world = World::start().await;
    let journey = Journey { world: &world, partner: SHOP, flow: "on_ramp" };
    let (session, quote) = (journey.session().await["id"].clone(), journey.quote().await["id"].clone());
    let smaller = world.post("/v1/quotes").key(SHOP.secret()).json(lock("on_ramp", "99.00")).send().await.expect(201);
    let off_ramp = world.post("/v1/quotes").key(SHOP.secret()).json(lock("off_ramp", "50")).send().await.expect(201);
    let other = Journey { world: &world, partner: OTHER, flow: "on_ramp" };
    let (others_session, others_quote) = (other.session().await["id"].clone(), other.quote().await["id"].clone());
    let nobodys = json!("qt_test_00000000000000000000000000");
    for (quote, session, status, code, param) in [
        (&others_quote, &session, 404, "not_found", "quote_id"),
        (&nobodys, &session, 404, "not_found", "quote_id"),
        (&json!("quote"), &session, 404, "not_found", "quote_id"),
        (&quote, &others_session, 404, "not_found", "session_id"),
        (&quote, &json!(""), 404, "not_found", "session_id"),
        (&smaller["id"], &session, 409, "quote_mismatch", "session_id"),
        (&off_ramp["id"], &session, 409, "quote_mismatch", "quote_id"),
    ] {
        let told = pay_in(&world, "k", json!({ "quote_id": quote, "session_id": session })).await;
        assert_eq!(told.refused(status, code).as_deref(), Some(param), "{quote} {session}");
    }
    for key in ["amount", "currency", "payment_method", "iban"] {
        let mut body = json!({ "quote_id": quote, "session_id": session });
        body[key] = json!("1");
        assert_eq!(pay_in(&world, "k", body).await.refused(400, "unknown_field").as_deref(), Some(key));
    }
    pay_in(&world, "k", json!({ "quote_id": quote, "session_id": session })).await.expect(201);
}

#[tokio::test]
async fn a_quote_is_redeemed_once() {
    let world = World::start().await;
    let journey = Journey { world: &world, partner: SHOP, flow: "on_ramp" };
    let payment = journey.payment().await;
    let body = json!({ "quote_id": payment["quote_id"], "session_id": journey.session().await["id"] });
    pay_in(&world, "k", body).await.refused(409, "quote_consumed");
    let body = json!({ "quote_id": journey.quote().await["id"], "session_id": payment["session_id"] });
    pay_in(&world, "k", body).await.refused(409, "session_busy");
}

#[tokio::test]
async fn declines_and_step_ups_are_records() {
    let world = World::start().await;
    let journey = Journey { world: &world, partner: SHOP, flow: "on_ramp" };
    let waiting = journey.waiting().await;
    assert_eq!(waiting["status"], "processing");
    assert_eq!(waiting["next_action"]["type"], "verify");
    let id = waiting["id"].as_str().unwrap();
    assert_eq!(waiting["next_action"]["url"], format!("http://127.0.0.1:8080/verify/{id}"));
    let session = json!({ "amount": "100.04", "currency": "EUR", "return_url": "https://shop.example/done" });
    let create = world.post("/v1/gate_sessions").key(SHOP.secret()).once("s").json(session).send().await.expect(201);
    let quote = world.post("/v1/quotes").key(SHOP.secret()).json(lock("on_ramp", "100.04")).send().await.expect(201);
    let declined =
        pay_in(&world, "k", json!({ "quote_id": quote["id"], "session_id": create["id"] })).await.expect(201);
    assert_eq!((&declined["status"], &declined["failure_code"]), (&json!("failed"), &json!("risk_declined")));
    assert!(declined["failure_message"].is_string());
}
