//! verifyPayIn and verifyPayOut, test helpers: they end a step-up.

use causeway_tests::http::Request;
use causeway_tests::partner::{Kind, Partner};

use super::common::*;
use crate::all::shared::Stage;

macro_rules! helper {
    ($id:literal, $kind:expr) => {
        Operation {
            id: $id,
            prepare: |partner| verify(&partner.start($kind, "100.05"), $kind),
            works: Situation::Shown(|stage, _| works(stage, $kind)),
            wrong_credential: Situation::Shown(secret_key),
            other_partners_object: Situation::Shown(not_found_by_another),
            bad_body: Situation::Shown(ignores_any_body),
            repeated_key: Situation::Shown(|stage, operation| replays(&stage.alice, operation, None)),
            refused_state: Situation::Shown(|stage, _| refused_unless_it_waits(&stage.alice, $kind)),
        }
    };
}

pub const OPERATIONS: &[Operation] = &[
    helper!("verifyPayIn", Kind::PayIn),
    helper!("verifyPayOut", Kind::PayOut),
];

six_situations!();

fn verify(payment: &serde_json::Value, kind: Kind) -> Request {
    Request::post(kind.helper(payment["id"].as_str().unwrap(), "verify"))
}

fn works(stage: &Stage, kind: Kind) {
    let alice = &stage.alice;
    let waiting = alice.start(kind, "100.05");
    assert_eq!(waiting["status"], "processing");
    let action = &waiting["next_action"];
    assert_eq!(action["type"], "verify");
    let url = action["url"].as_str().unwrap();
    assert!(url.starts_with("http") && url.contains(waiting["id"].as_str().unwrap()), "{url}");
    assert!(action["expires_at"].as_str() > waiting["created_at"].as_str());
    let verified = alice.send(verify(&waiting, kind)).expect(200);
    assert_eq!(verified["status"], "processing");
    assert!(verified["next_action"].is_null());
    let settled = alice.wait_for_payment(&waiting, "settled");
    assert_eq!(settled["id"], waiting["id"]);
}

fn ignores_any_body(stage: &Stage, operation: &Operation) {
    let request = (operation.prepare)(&stage.alice).bytes("nonsense");
    stage.alice.send(request).expect(200);
}

fn refused_unless_it_waits(alice: &Partner, kind: Kind) {
    for amount in ["100.00", "100.04", "100.06"] {
        let payment = alice.start(kind, amount);
        alice.send(verify(&payment, kind)).expect_refusal(409, "payment_not_waiting");
    }
    let waiting = alice.start(kind, "100.05");
    alice.send(verify(&waiting, kind)).expect(200);
    alice.send(verify(&waiting, kind)).expect_refusal(409, "payment_not_waiting");
}
