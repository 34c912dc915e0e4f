//! replayWebhookDelivery.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use causeway_tests::http::Request;
use causeway_tests::partner::{Kind, Partner, fresh_key, session_body};
use causeway_tests::poll::{SOON, poll};
use causeway_tests::receiver::{Answer, Receiver};
use serde_json::{Value, json};

use super::common::*;
use crate::all::shared::{Stage, partner, server};

pub const OPERATIONS: &[Operation] = &[Operation {
    id: "replayWebhookDelivery",
    prepare: |partner| replay(&dead(partner)),
    works: Situation::Shown(works),
    wrong_credential: Situation::Shown(secret_key),
    other_partners_object: Situation::Shown(not_found_by_another),
    bad_body: Situation::Shown(ignores_any_body),
    repeated_key: Situation::Shown(ignores_its_key),
    refused_state: Situation::Shown(refused_unless_dead),
}];

six_situations!();

/// The test of an endpoint that does not listen, given up.
fn dead(partner: &Partner) -> Value {
    server().operator().set_webhook(partner, "sandbox", NOBODY_LISTENS);
    let sent = partner.act("/v1/webhooks/test").expect(201);
    wait_for(partner, &sent["id"], "dead_lettered")
}

fn replay(delivery: &Value) -> Request {
    Request::post(format!("/v1/webhooks/deliveries/{}/replay", delivery["id"].as_str().unwrap()))
}

fn wait_for(partner: &Partner, id: &Value, status: &str) -> Value {
    poll(SOON, &format!("{id} becomes {status}"), || {
        let list = partner.get(&format!("/v1/webhooks/deliveries?limit=200&status={status}")).expect(200);
        list["data"].as_array().unwrap().iter().find(|one| one["id"] == *id).cloned()
    })
}

/// The receiver was down for the first event of a session. When it works again, the replayed event comes with its old id.
fn works(_: &Stage, _: &Operation) {
    let mender = partner("a mender");
    let is_mended = Arc::new(AtomicBool::new(false));
    let mended = Arc::clone(&is_mended);
    let receiver = Receiver::answering(move |received, _| {
        let works = mended.load(Ordering::SeqCst) || received.kind() != "gate_session.created";
        Answer::status(if works { 200 } else { 503 })
    });
    let secret = server().operator().set_webhook(&mender, "sandbox", &receiver.url());
    let session = mender.session(&session_body(Kind::PayIn, "100.00"));
    let list = mender.get("/v1/webhooks/deliveries").expect(200);
    let dead = wait_for(&mender, &list["data"][0]["id"], "dead_lettered");
    assert_eq!((&dead["attempts"], &dead["last_response_status"]), (&json!(5), &json!(503)));
    is_mended.store(true, Ordering::SeqCst);
    let replayed = mender.send(replay(&dead)).expect(200);
    for (name, value) in [
        ("id", dead["id"].clone()),
        ("event_id", dead["event_id"].clone()),
        ("created_at", dead["created_at"].clone()),
        ("status", json!("pending")),
        ("attempts", json!(0)),
    ] {
        assert_eq!(replayed[name], value, "{name}");
    }
    let delivered = wait_for(&mender, &dead["id"], "succeeded");
    assert_eq!((&delivered["attempts"], &delivered["last_error"]), (&json!(1), &Value::Null));
    let events = receiver.all();
    assert_eq!(events.len(), 6);
    assert!(events.iter().all(|event| event.id() == dead["event_id"] && event.session() == session["id"]));
    events[5].verify(&secret).unwrap();
}

fn ignores_any_body(stage: &Stage, _: &Operation) {
    let alice = &stage.alice;
    let delivery = dead(alice);
    alice.send(replay(&delivery).bytes("{\"unknown\":")).expect(200);
    wait_for(alice, &delivery["id"], "dead_lettered");
}

/// The key is taken and nothing is remembered: what is not dead any more cannot be replayed, with whatever key.
fn ignores_its_key(stage: &Stage, _: &Operation) {
    let alice = &stage.alice;
    let (delivery, key) = (dead(alice), fresh_key());
    let first = alice.send(replay(&delivery).key(&key));
    first.expect(200);
    assert_eq!(first.header("Idempotent-Replayed"), None);
    wait_for(alice, &delivery["id"], "dead_lettered");
    let second = alice.send(replay(&delivery).key(&key));
    second.expect(200);
    assert_eq!(second.header("Idempotent-Replayed"), None);
    refuses_odd_keys(alice, &replay(&delivery));
}

fn refused_unless_dead(_: &Stage, _: &Operation) {
    let partner = partner("a hasty one");
    let receiver = Receiver::start();
    server().operator().set_webhook(&partner, "sandbox", &receiver.url());
    let sent = partner.act("/v1/webhooks/test").expect(201);
    let delivered = wait_for(&partner, &sent["id"], "succeeded");
    let said = partner.send(replay(&delivered)).expect_refusal(400, "invalid_request");
    assert!(said["message"].as_str().unwrap().contains("not dead-lettered"), "{said}");
    let dead = dead(&partner);
    unset_webhook(&partner);
    let said = partner.send(replay(&dead)).expect_refusal(400, "invalid_request");
    assert!(said["message"].as_str().unwrap().contains("no webhook endpoint"), "{said}");
    wait_for(&partner, &dead["id"], "dead_lettered");
}
