//! sendTestWebhook.

use causeway_tests::http::Request;
use causeway_tests::partner::fresh_key;
use causeway_tests::poll::{SOON, poll};
use causeway_tests::receiver::Receiver;
use serde_json::json;

use super::common::*;
use crate::all::shared::{Stage, partner, server};

pub const OPERATIONS: &[Operation] = &[Operation {
    id: "sendTestWebhook",
    prepare: |partner| {
        server().operator().set_webhook(partner, "sandbox", NOBODY_LISTENS);
        Request::post("/v1/webhooks/test")
    },
    works: Situation::Shown(works),
    wrong_credential: Situation::Shown(secret_key),
    other_partners_object: Situation::NotApplicable("it names no object"),
    bad_body: Situation::Shown(ignores_any_body),
    repeated_key: Situation::Shown(ignores_its_key),
    refused_state: Situation::Shown(refused_without_an_endpoint),
}];

six_situations!();

fn works(_: &Stage, _: &Operation) {
    let tester = partner("a tester");
    let receiver = Receiver::start();
    let secret = server().operator().set_webhook(&tester, "sandbox", &receiver.url());
    let sent = tester.act("/v1/webhooks/test").expect(201);
    for (name, value) in [
        ("event_type", json!("webhook.test")),
        ("target_url", json!(receiver.url())),
        ("status", json!("pending")),
        ("attempts", json!(0)),
    ] {
        assert_eq!(sent[name], value, "{name}");
    }
    let received = poll(SOON, "the test comes", || receiver.all().into_iter().next());
    received.verify(&secret).unwrap();
    assert_eq!((received.kind(), received.id()), ("webhook.test", sent["event_id"].as_str().unwrap()));
    assert_eq!(received.event["data"], json!({ "object": "webhook_test", "livemode": false }));
}

fn ignores_any_body(stage: &Stage, operation: &Operation) {
    for body in ["", "{", "{\"unknown\":1}"] {
        let request = (operation.prepare)(&stage.alice).bytes(body);
        stage.alice.send(request).expect(201);
    }
}

/// Each request sends a test of its own, whatever its key.
fn ignores_its_key(stage: &Stage, operation: &Operation) {
    let request = (operation.prepare)(&stage.alice).key(&fresh_key());
    let [first, second] = [(); 2].map(|()| stage.alice.send(request.clone()));
    assert_eq!(second.header("Idempotent-Replayed"), None);
    assert_ne!(first.expect(201)["event_id"], second.expect(201)["event_id"]);
}

fn refused_without_an_endpoint(_: &Stage, _: &Operation) {
    let partner = partner("a deaf one");
    let refused = || partner.act("/v1/webhooks/test").expect_refusal(400, "invalid_request");
    assert!(refused()["message"].as_str().unwrap().contains("no webhook endpoint"));
    server().operator().set_webhook(&partner, "sandbox", NOBODY_LISTENS);
    partner.act("/v1/webhooks/test").expect(201);
    unset_webhook(&partner);
    refused();
}
