//! deleteCustomer.

use causeway_tests::http::Request;
use causeway_tests::partner::fresh_key;
use serde_json::{Value, json};

use super::common::*;
use crate::all::shared::Stage;

pub const OPERATIONS: &[Operation] = &[Operation {
    id: "deleteCustomer",
    prepare: |partner| delete(&partner.customer()),
    works: Situation::Shown(works),
    wrong_credential: Situation::Shown(secret_key_with_entitlement),
    other_partners_object: Situation::Shown(not_found_by_another),
    bad_body: Situation::Shown(ignores_any_body),
    repeated_key: Situation::Shown(|stage, operation| {
        replays(&stage.alice, operation, None);
        refuses_odd_keys(&stage.alice, &(operation.prepare)(&stage.alice));
    }),
    refused_state: Situation::Shown(says_the_same_again),
}];

six_situations!();

fn delete(customer: &Value) -> Request {
    Request::new("DELETE", format!("/v1/customers/{}", customer["id"].as_str().unwrap()))
}

fn works(stage: &Stage, _: &Operation) {
    let customer = stage.alice.customer();
    let marker = stage.alice.send(delete(&customer)).expect(200);
    let id = &customer["id"];
    let deleted_at = &marker["deleted_at"];
    assert_eq!(marker, json!({ "id": id, "object": "customer", "deleted": true, "deleted_at": deleted_at }));
    assert!(deleted_at.as_str().unwrap() >= customer["created_at"].as_str().unwrap());
}

fn ignores_any_body(stage: &Stage, operation: &Operation) {
    let request = (operation.prepare)(&stage.alice).bytes(b"\xff{".to_vec());
    stage.alice.send(request).expect(200);
}

/// There is no state in which it is refused: a deleted customer stays deleted since the first time, under any key.
fn says_the_same_again(stage: &Stage, operation: &Operation) {
    let request = (operation.prepare)(&stage.alice);
    let first = stage.alice.send(request.clone());
    for again in [request.clone(), request.clone().key(&fresh_key()), request.key(&fresh_key())] {
        let again = stage.alice.send(again);
        assert_eq!((again.status, again.text()), (first.status, first.text()));
        assert_eq!(again.header("Idempotent-Replayed"), None);
    }
}
