//! listPartnerWebhookDeliveries.

use std::sync::Mutex;
use std::sync::mpsc::channel;
use std::time::Duration;

use causeway_tests::http::Request;
use causeway_tests::partner::{Kind, Partner, session_body};
use causeway_tests::poll::{SOON, poll};
use causeway_tests::receiver::{Answer, Receiver};
use serde_json::{Value, json};

use super::common::*;
use crate::all::shared::{Stage, partner, server};

pub const OPERATIONS: &[Operation] = &[Operation {
    id: "listPartnerWebhookDeliveries",
    prepare: |_| Request::get("/v1/webhooks/deliveries"),
    works: Situation::Shown(works),
    wrong_credential: Situation::Shown(secret_key),
    other_partners_object: Situation::Shown(shows_own_deliveries_only),
    bad_body: Situation::Shown(refuses_queries),
    repeated_key: REPEATABLE,
    refused_state: ANY_STATE,
}];

six_situations!();

fn works(_: &Stage, operation: &Operation) {
    let lister = partner("an inspector");
    let empty = done(operation, &lister);
    assert_eq!(
        empty.to_string(),
        r#"{"data":[],"has_more":false,"object":"list","url":"/v1/webhooks/deliveries"}"#
    );
    let receiver = Receiver::start();
    server().operator().set_webhook(&lister, "sandbox", &receiver.url());
    let session = lister.session(&session_body(Kind::PayIn, "100.00"));
    receiver.wait_for(session["id"].as_str().unwrap(), &["gate_session.created"]);
    let delivered = of_status(&lister, "succeeded", 1).remove(0);
    for (name, value) in [
        ("event_id", json!(receiver.all()[0].id())),
        ("event_type", json!("gate_session.created")),
        ("target_url", json!(receiver.url())),
        ("attempts", json!(1)),
        ("last_response_status", json!(204)),
        ("last_error", Value::Null),
        ("next_attempt_at", Value::Null),
    ] {
        assert_eq!(delivered[name], value, "{name}");
    }
    assert!(delivered["delivered_at"].is_string());
    follows_an_attempt_under_way(&lister);
    pages_meet(&lister);
}

/// While the receiver thinks about it, an attempt is in flight and what waits for it is pending; once given up it is dead.
fn follows_an_attempt_under_way(lister: &Partner) {
    let (release, held) = channel::<()>();
    let held = Mutex::new(held);
    let slow = Receiver::answering(move |_, before| {
        if before == 0 {
            // Holds the answer back until the test has looked, or for good.
            let _ = held.lock().unwrap().recv_timeout(Duration::from_secs(8));
        }
        Answer::status(500)
    });
    server().operator().set_webhook(lister, "sandbox", &slow.url());
    let session = lister.session(&session_body(Kind::PayIn, "100.00"));
    lister.act(&format!("/v1/gate_sessions/{}/cancel", session["id"].as_str().unwrap())).expect(201);
    let in_flight = of_status(lister, "in_flight", 1).remove(0);
    assert_eq!((&in_flight["event_type"], &in_flight["attempts"]), (&json!("gate_session.created"), &json!(0)));
    assert_eq!(of_status(lister, "pending", 1)[0]["event_type"], "gate_session.cancelled");
    release.send(()).unwrap();
    let waiting = poll(SOON, "the failed attempt is told of", || {
        let all = lister.get("/v1/webhooks/deliveries").expect(200);
        let found = all["data"].as_array().unwrap().iter().find(|one| one["id"] == in_flight["id"]).cloned().unwrap();
        (found["attempts"] != 0).then_some(found)
    });
    assert_eq!(waiting["last_error"], "the receiver answered 500");
    drop(release);
    let dead = of_status(lister, "dead_lettered", 2);
    assert!(dead.iter().all(|one| one["attempts"] == 5 && one["target_url"] == slow.url()), "{dead:?}");
    assert_eq!(of_status(lister, "in_flight", 0), Vec::<Value>::new());
}

fn pages_meet(lister: &Partner) {
    let all = lister.get("/v1/webhooks/deliveries").expect(200)["data"].clone();
    let all = all.as_array().unwrap();
    assert!(all.is_sorted_by(|one, next| one["id"].as_str() > next["id"].as_str()), "newest first");
    let mut found = Vec::new();
    for skip in 0..all.len() {
        let page = lister.get(&format!("/v1/webhooks/deliveries?limit=1&skip={skip}")).expect(200);
        assert_eq!(page["has_more"], skip + 1 < all.len());
        found.extend(page["data"].as_array().unwrap().clone());
    }
    assert_eq!(&found, all);
    let beyond = lister.get("/v1/webhooks/deliveries?skip=10000&limit=200").expect(200);
    assert_eq!((&beyond["data"], &beyond["has_more"]), (&json!([]), &json!(false)));
}

fn shows_own_deliveries_only(_: &Stage, operation: &Operation) {
    let (one, other) = (partner("one told"), partner("another told"));
    let receiver = Receiver::start();
    server().operator().set_webhook(&one, "sandbox", &receiver.url());
    one.act("/v1/webhooks/test").expect(201);
    assert_eq!(done(operation, &other)["data"], json!([]));
    of_status(&one, "succeeded", 1);
}

fn refuses_queries(stage: &Stage, operation: &Operation) {
    let wrong = [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=ten", "limit"),
        ("skip=10001", "skip"),
        ("skip=-1", "skip"),
        ("skip=", "skip"),
        ("skip=1.0", "skip"),
        ("skip=99999999999999999999", "skip"),
        ("skip=1&skip=1", "skip"),
        ("status=held", "status"),
        ("status=", "status"),
    ];
    refuses_each_query(&stage.alice, "/v1/webhooks/deliveries", &wrong);
    done(operation, &stage.alice);
}

/// The deliveries with a status, once there are so many.
fn of_status(partner: &Partner, status: &str, count: usize) -> Vec<Value> {
    poll(SOON, &format!("{count} deliveries are {status}"), || {
        let list = partner.get(&format!("/v1/webhooks/deliveries?status={status}")).expect(200);
        let data = list["data"].as_array().unwrap().clone();
        assert!(data.iter().all(|one| one["status"] == status), "{data:?}");
        (data.len() == count).then_some(data)
    })
}
