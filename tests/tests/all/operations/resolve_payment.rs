//! The test helpers by which a rail settles, refuses or cancels a payment: one row each for pay-ins and pay-outs.

use causeway_tests::http::Request;
use causeway_tests::partner::{Kind, Partner, fresh_key};

use super::common::*;
use crate::all::shared::Stage;

macro_rules! helper {
    ($id:literal, $kind:expr, $action:literal, $status:literal) => {
        Operation {
            id: $id,
            prepare: |partner| request(partner, $kind, $action),
            works: Situation::Shown(|stage, _| works(stage, $kind, $action, $status)),
            wrong_credential: Situation::Shown(secret_key_with_rails),
            other_partners_object: Situation::Shown(not_found_by_another),
            bad_body: Situation::Shown(ignores_any_body),
            repeated_key: Situation::Shown(acts_once_and_says_so_again),
            refused_state: Situation::Shown(|stage, _| refused_unless_a_rail_works(&stage.alice, $kind, $action)),
        }
    };
}

pub const OPERATIONS: &[Operation] = &[
    helper!("settlePayIn", Kind::PayIn, "settle", "settled"),
    helper!("failPayIn", Kind::PayIn, "fail", "failed"),
    helper!("cancelPayIn", Kind::PayIn, "cancel", "cancelled"),
    helper!("settlePayOut", Kind::PayOut, "settle", "settled"),
    helper!("failPayOut", Kind::PayOut, "fail", "failed"),
    helper!("cancelPayOut", Kind::PayOut, "cancel", "cancelled"),
];

six_situations!();

/// The rail of `.06` does nothing by itself before the test has ended.
fn request(partner: &Partner, kind: Kind, action: &str) -> Request {
    let payment = partner.start(kind, "100.06");
    Request::post(kind.helper(payment["id"].as_str().unwrap(), action))
}

fn works(stage: &Stage, kind: Kind, action: &str, status: &str) {
    let alice = &stage.alice;
    let payment = alice.send(request(alice, kind, action)).expect(200);
    assert_eq!(payment["status"], status);
    assert_eq!(alice.read_payment(&payment), payment);
    let code = if status == "failed" { "rail_rejected".into() } else { serde_json::Value::Null };
    assert_eq!(payment["failure_code"], code);
    let session = alice.read_session(&payment["session_id"]);
    let settled = status == "settled";
    assert_eq!(session["status"], if settled { "completed" } else { "open" });
    assert_eq!(session["tx_refid"] == payment["transaction_refid"], settled);
}

fn ignores_any_body(stage: &Stage, operation: &Operation) {
    let request = (operation.prepare)(&stage.alice).bytes("{\"unknown\":");
    stage.alice.send(request).expect(200);
}

fn acts_once_and_says_so_again(stage: &Stage, operation: &Operation) {
    let alice = &stage.alice;
    replays(alice, operation, None);
    let request = (operation.prepare)(alice).key(&fresh_key());
    alice.send(request.clone()).expect(200);
    alice.send(request.key(&fresh_key())).expect_refusal(409, "payment_not_waiting");
    refuses_odd_keys(alice, &(operation.prepare)(alice));
}

fn refused_unless_a_rail_works(alice: &Partner, kind: Kind, action: &str) {
    for amount in ["100.04", "100.05"] {
        let payment = alice.start(kind, amount);
        let path = kind.helper(payment["id"].as_str().unwrap(), action);
        alice.act(&path).expect_refusal(409, "payment_not_waiting");
        assert_eq!(alice.read_payment(&payment), payment);
    }
    alice.act(&kind.helper("nonsense", action)).expect_refusal(404, "not_found");
}
