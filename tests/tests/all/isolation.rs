//! A partner sees its own objects and nothing else, whatever it tries.

use causeway_tests::http::Request;
use causeway_tests::partner::Kind;
use causeway_tests::receiver::Receiver;
use serde_json::{Value, json};

use super::shared;

/// Every kind of object, read and written by another partner: not found, and no sign that it exists.
#[test]
fn a_partner_sees_only_its_own_objects() {
    let (owner, stranger) = (shared::partner("an owner"), shared::partner("a stranger"));
    let payments = Kind::BOTH.map(|kind| owner.start(kind, "100.06"));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    for payment in &payments {
        let kind = if payment["kind"] == "pay_in" { Kind::PayIn } else { Kind::PayOut };
        let id = text(&payment["id"]);
        let session = text(&payment["session_id"]);
        let reads = [
            format!("{}/{id}", kind.path()),
            format!("/v1/quotes/{}", text(&payment["quote_id"])),
            format!("/v1/gate_sessions/{session}"),
            format!("/v1/transactions/{}", text(&payment["transaction_refid"])),
        ];
        for path in reads {
            owner.get(&path).expect(200);
            stranger.get(&path).expect_refusal(404, "not_found");
        }
        let helpers = ["settle", "fail", "cancel", "verify"].map(|action| kind.helper(&id, action));
        for path in helpers.into_iter().chain([format!("/v1/gate_sessions/{session}/cancel")]) {
            stranger.act(&path).expect_refusal(404, "not_found");
        }
        let path = format!("/v1/test_helpers/gate_sessions/{session}/complete");
        stranger.post(&path, &json!({ "outcome": "completed" })).expect_refusal(404, "not_found");
        assert_eq!(&owner.read_payment(payment), payment, "nothing has changed");
    }
    assert_eq!(stranger.get("/v1/gate_sessions").expect(200)["data"], json!([]));
}

/// The same key text used by two partners names two actions.
#[test]
fn a_partner_never_hears_anothers_replay() {
    let (one, other) = (shared::partner("one"), shared::partner("other"));
    let key = "shared by chance";
    let redeem = |partner: &causeway_tests::partner::Partner| {
        let body = partner.prepare(Kind::PayIn, "100.00");
        partner.send(Request::post("/v1/rails/pay_ins").json(&body).key(key)).expect(201)
    };
    assert_ne!(redeem(&one)["id"], redeem(&other)["id"]);
}

#[test]
fn a_partner_is_told_of_its_own_objects_only() {
    let (one, other) = (shared::partner("one"), shared::partner("other"));
    let operator = shared::server().operator();
    let receivers = [Receiver::start(), Receiver::start()];
    let secrets = [(&one, &receivers[0]), (&other, &receivers[1])]
        .map(|(partner, receiver)| operator.set_webhook(partner, "sandbox", &receiver.url()));
    assert_ne!(secrets[0], secrets[1]);
    let payments = [&one, &other].map(|partner| partner.start(Kind::PayIn, "100.00"));
    for (at, partner) in [&one, &other].into_iter().enumerate() {
        partner.wait_for_payment(&payments[at], "settled");
        let session = payments[at]["session_id"].as_str().unwrap();
        causeway_tests::poll::poll(causeway_tests::poll::SOON, "six events come", || {
            (receivers[at].of_session(session).len() == 6).then_some(())
        });
        let all = receivers[at].all();
        assert_eq!(all.len(), 6, "all are of the one session");
        assert!(all.iter().all(|event| event.verify(&secrets[at]).is_ok()));
        assert!(all.iter().all(|event| event.verify(&secrets[1 - at]).is_err()));
    }
}
