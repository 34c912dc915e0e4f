//! updateCustomer.

use causeway_tests::http::Request;
use causeway_tests::partner::with;
use serde_json::{Value, json};

use super::common::*;
use crate::all::shared::Stage;

pub const OPERATIONS: &[Operation] = &[Operation {
    id: "updateCustomer",
    prepare: |partner| change(&partner.customer(), json!({ "first_name": "Anna", "metadata": { "tier": "silver" } })),
    works: Situation::Shown(works),
    wrong_credential: Situation::Shown(secret_key_with_entitlement),
    other_partners_object: Situation::Shown(not_found_by_another),
    bad_body: Situation::Shown(|stage, operation| {
        refuses_bodies(&stage.alice, operation, bodies());
    }),
    repeated_key: Situation::Shown(|stage, operation| {
        replays(&stage.alice, operation, Some(json!({ "first_name": null })));
        refuses_odd_keys(&stage.alice, &(operation.prepare)(&stage.alice));
    }),
    refused_state: Situation::Shown(not_found_once_deleted),
}];

six_situations!();

fn path_of(customer: &Value) -> String {
    format!("/v1/customers/{}", customer["id"].as_str().unwrap())
}

fn change(customer: &Value, body: Value) -> Request {
    Request::new("PATCH", path_of(customer)).json(&body)
}

fn works(stage: &Stage, _: &Operation) {
    let customer = stage.alice.customer();
    let untouched = stage.alice.send(change(&customer, json!({}))).expect(200);
    assert_eq!(untouched, customer, "a change of nothing is none");
    let patch = json!({ "first_name": null, "last_name": "Li", "country_code": "fr", "metadata": { "a": "1" } });
    let changed = stage.alice.send(change(&customer, patch)).expect(200);
    let expected = json!({
        "first_name": null, "last_name": "Li", "country_code": "FR", "metadata": { "a": "1" },
        "updated_at": changed["updated_at"]
    });
    assert_eq!(changed, with(customer.clone(), expected));
    assert_eq!(stage.alice.get(&path_of(&customer)).expect(200), changed);
    let cleared = stage.alice.send(change(&customer, json!({ "metadata": null }))).expect(200);
    assert_eq!((&cleared["metadata"], &cleared["last_name"]), (&json!({}), &json!("Li")));
}

fn bodies() -> Vec<Bad> {
    vec![
        unknown("email"),
        unknown("external_id"),
        unknown("phone"),
        unknown("kyc_status"),
        wrong("first_name", json!("")),
        wrong("first_name", json!(1)),
        wrong("last_name", json!("x".repeat(129))),
        wrong("country_code", json!("ZZ")),
        wrong("metadata", json!("x")),
        Bad { change: Change::Set("metadata", json!({ "a": 1 })), code: "invalid_request", param: Some("metadata.a") },
    ]
}

fn not_found_once_deleted(stage: &Stage, operation: &Operation) {
    let request = (operation.prepare)(&stage.alice);
    stage.alice.send(Request::new("DELETE", request.path.clone())).expect(200);
    stage.alice.send(request).expect_refusal(404, "not_found");
}
