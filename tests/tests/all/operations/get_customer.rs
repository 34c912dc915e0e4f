//! getCustomer.

use causeway_tests::http::Request;
use causeway_tests::partner::Partner;
use serde_json::Value;

use super::common::*;
use crate::all::shared::Stage;

pub const OPERATIONS: &[Operation] = &[Operation {
    refused_state: Situation::Shown(not_found_once_deleted),
    ..Operation::reading("getCustomer", |partner| read(&partner.customer()), works, secret_key_with_entitlement)
}];

six_situations!();

fn read(customer: &Value) -> Request {
    Request::get(path_of(customer))
}

fn path_of(customer: &Value) -> String {
    format!("/v1/customers/{}", customer["id"].as_str().unwrap())
}

fn works(stage: &Stage, operation: &Operation) {
    let customer = stage.alice.customer();
    assert_eq!(stage.alice.send(read(&customer)).expect(200), customer);
    assert_eq!(done(operation, &stage.alice)["object"], "customer");
    for wrong in ["x", "cus_test_", "cus_live_00000000000000000000000000", "gs_test_00000000000000000000000000", "%ff"] {
        stage.alice.get(&format!("/v1/customers/{wrong}")).expect_refusal(404, "not_found");
    }
}

fn not_found_once_deleted(stage: &Stage, _: &Operation) {
    let alice: &Partner = &stage.alice;
    let customer = alice.customer();
    alice.send(Request::new("DELETE", path_of(&customer))).expect(200);
    alice.send(read(&customer)).expect_refusal(404, "not_found");
}
