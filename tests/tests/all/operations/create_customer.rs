//! createCustomer.

use causeway_tests::http::Request;
use causeway_tests::partner::{customer_body, fresh_key, with};
use serde_json::{Value, json};

use super::common::*;
use crate::all::shared::{Stage, partner};

pub const OPERATIONS: &[Operation] = &[Operation {
    id: "createCustomer",
    prepare: |_| request(&customer_body()),
    works: Situation::Shown(works),
    wrong_credential: Situation::Shown(secret_key_with_entitlement),
    other_partners_object: Situation::Shown(names_are_taken_in_one_account_only),
    bad_body: Situation::Shown(|stage, operation| {
        refuses_bodies(&stage.alice, operation, bodies());
    }),
    repeated_key: Situation::Shown(|stage, operation| {
        replays(&stage.alice, operation, Some(json!({ "first_name": "Eve" })));
        requires_a_key(&stage.alice, operation);
    }),
    refused_state: Situation::Shown(refused_when_a_name_is_taken),
}];

six_situations!();

fn request(body: &Value) -> Request {
    Request::post("/v1/customers").json(body).key(&fresh_key())
}

fn works(stage: &Stage, _: &Operation) {
    let given = with(customer_body(), json!({ "country_code": "de", "metadata": { "note": "Žofie 🙂" } }));
    let customer = stage.alice.send(request(&given)).expect(201);
    let expected = with(
        given,
        json!({
            "object": "customer",
            "partner_id": stage.alice.account,
            "mode": "test",
            "country_code": "DE",
            "kyc_status": "unverified",
        }),
    );
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&customer[name], value, "{name}");
    }
    assert!(customer["id"].as_str().unwrap().starts_with("cus_test_"));
    let bare = stage.alice.send(request(&json!({ "email": customer_body()["email"] }))).expect(201);
    for name in ["external_id", "phone", "first_name", "last_name", "country_code"] {
        assert!(bare[name].is_null(), "{name}: {bare}");
    }
    assert_eq!(bare["metadata"], json!({}));
}

fn names_are_taken_in_one_account_only(stage: &Stage, _: &Operation) {
    let body = customer_body();
    let ours = stage.alice.send(request(&body)).expect(201);
    let theirs = stage.bob.send(request(&body)).expect(201);
    assert_ne!(ours["id"], theirs["id"]);
}

fn refused_when_a_name_is_taken(_: &Stage, _: &Operation) {
    let partner = partner("a keeper of customers");
    let customer = partner.customer();
    let other = |changes: Value| request(&with(customer_body(), changes));
    let taken = |request: Request| {
        assert_eq!(partner.send(request).expect_refusal(409, "customer_already_exists")["type"], "conflict");
    };
    let email = customer["email"].as_str().unwrap();
    let again = || {
        taken(other(json!({ "email": email })));
        taken(other(json!({ "email": email.to_uppercase() })));
        taken(other(json!({ "external_id": customer["external_id"] })));
    };
    again();
    partner.send(Request::new("DELETE", format!("/v1/customers/{}", customer["id"].as_str().unwrap()))).expect(200);
    again();
    let external_id = customer["external_id"].as_str().unwrap().to_uppercase();
    partner.send(other(json!({ "external_id": external_id }))).expect(201);
}

fn bodies() -> Vec<Bad> {
    let many: Value = (0..51).map(|at| (format!("k{at}"), json!("v"))).collect::<serde_json::Map<_, _>>().into();
    vec![
        missing("email"),
        wrong("email", json!(null)),
        wrong("email", json!("")),
        wrong("email", json!("ann")),
        wrong("email", json!("ann@")),
        wrong("email", json!("@people.example")),
        wrong("email", json!("ann@people@example")),
        wrong("email", json!("ann lee@people.example")),
        wrong("email", json!("ann@people.example\r\nBcc: eve@people.example")),
        wrong("email", json!(format!("{}@people.example", "a".repeat(250)))),
        wrong("email", json!(["ann@people.example"])),
        wrong("external_id", json!("")),
        wrong("external_id", json!("x".repeat(256))),
        wrong("external_id", json!(17)),
        wrong("phone", json!("030 123456")),
        wrong("phone", json!("+0123456789")),
        wrong("phone", json!("+1234567890123456")),
        wrong("first_name", json!("")),
        wrong("first_name", json!("x".repeat(129))),
        wrong("last_name", json!("x".repeat(129))),
        wrong("country_code", json!("ZZ")),
        wrong("country_code", json!("DEU")),
        wrong("country_code", json!("")),
        wrong("metadata", json!([])),
        wrong("metadata", many),
        unknown("kyc_status"),
        unknown("id"),
        unknown("Email"),
    ]
}
