//! retrievePayIn.

use causeway_tests::http::Request;
use causeway_tests::partner::Kind;

use super::common::*;
use crate::all::shared::Stage;

pub const OPERATIONS: &[Operation] = &[Operation::reading(
    "retrievePayIn",
    |partner| {
        let payment = partner.start(Kind::PayIn, "100.06");
        Request::get(format!("/v1/rails/pay_ins/{}", payment["id"].as_str().unwrap()))
    },
    works,
    secret_key_with_rails,
)];

six_situations!();

fn works(stage: &Stage, _: &Operation) {
    let alice = &stage.alice;
    let payment = alice.start(Kind::PayIn, "100.06");
    assert_eq!(alice.read_payment(&payment), payment);
    let id = payment["id"].as_str().unwrap();
    let as_pay_out = id.replace("pi_", "po_");
    for path in [
        format!("/v1/rails/pay_outs/{id}"),
        format!("/v1/rails/pay_outs/{as_pay_out}"),
        format!("/v1/rails/pay_ins/{as_pay_out}"),
        "/v1/rails/pay_ins/x".to_owned(),
    ] {
        alice.get(&path).expect_refusal(404, "not_found");
    }
}
