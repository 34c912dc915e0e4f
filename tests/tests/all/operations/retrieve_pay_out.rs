//! retrievePayOut.

use causeway_tests::http::Request;
use causeway_tests::partner::Kind;

use super::common::*;
use crate::all::shared::Stage;

pub const OPERATIONS: &[Operation] = &[Operation::reading(
    "retrievePayOut",
    |partner| {
        let payment = partner.start(Kind::PayOut, "100.06");
        Request::get(format!("/v1/rails/pay_outs/{}", payment["id"].as_str().unwrap()))
    },
    works,
    secret_key_with_rails,
)];

six_situations!();

fn works(stage: &Stage, _: &Operation) {
    let alice = &stage.alice;
    let payment = alice.start(Kind::PayOut, "100.06");
    assert_eq!(alice.read_payment(&payment), payment);
    let id = payment["id"].as_str().unwrap();
    alice.get(&format!("/v1/rails/pay_ins/{id}")).expect_refusal(404, "not_found");
}
