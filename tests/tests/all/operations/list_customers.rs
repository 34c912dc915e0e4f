//! listCustomers.

use causeway_tests::http::Request;
use causeway_tests::partner::Partner;
use serde_json::{Value, json};

use super::common::*;
use crate::all::shared::{Stage, partner};

pub const OPERATIONS: &[Operation] = &[Operation {
    id: "listCustomers",
    prepare: |_| Request::get("/v1/customers"),
    works: Situation::Shown(works),
    wrong_credential: Situation::Shown(secret_key_with_entitlement),
    other_partners_object: Situation::Shown(shows_own_customers_only),
    bad_body: Situation::Shown(refuses_queries),
    repeated_key: REPEATABLE,
    refused_state: Situation::Shown(leaves_deleted_ones_out),
}];

six_situations!();

fn listed(partner: &Partner, query: &str) -> Vec<Value> {
    let list = partner.get(&format!("/v1/customers?{query}")).expect(200);
    list["data"].as_array().unwrap().clone()
}

fn works(_: &Stage, operation: &Operation) {
    let lister = partner("a lister of customers");
    let empty = done(operation, &lister);
    assert_eq!(empty.to_string(), r#"{"data":[],"has_more":false,"object":"list","url":"/v1/customers"}"#);
    let mut all: Vec<Value> = (0..12).map(|_| lister.customer()).collect();
    all.reverse();
    let first = done(operation, &lister);
    assert_eq!((&first["data"], &first["has_more"]), (&json!(all[..10]), &json!(true)));
    let behind = format!("starting_after={}", all[9]["id"].as_str().unwrap());
    assert_eq!(listed(&lister, &behind), all[10..]);
    let email = all[3]["email"].as_str().unwrap().to_uppercase();
    assert_eq!(listed(&lister, &format!("email={email}")), all[3..4]);
    let external_id = all[7]["external_id"].as_str().unwrap();
    assert_eq!(listed(&lister, &format!("external_id={external_id}")), all[7..8]);
    assert_eq!(listed(&lister, &format!("external_id={external_id}&email={email}")), Vec::<Value>::new());
}

fn shows_own_customers_only(_: &Stage, operation: &Operation) {
    let (one, other) = (partner("one"), partner("other"));
    let customer = one.customer();
    assert_eq!(done(operation, &other)["data"], json!([]));
    for (query, name) in [("starting_after", "id"), ("email", "email"), ("external_id", "external_id")] {
        let query = format!("{query}={}", customer[name].as_str().unwrap());
        assert_eq!(listed(&other, &query), Vec::<Value>::new(), "{query}");
    }
}

fn leaves_deleted_ones_out(_: &Stage, _: &Operation) {
    let partner = partner("a forgetful lister");
    let all: Vec<Value> = (0..5).map(|_| partner.customer()).collect();
    for gone in [&all[1], &all[3]] {
        partner.send(Request::new("DELETE", format!("/v1/customers/{}", gone["id"].as_str().unwrap()))).expect(200);
    }
    assert_eq!(listed(&partner, ""), [all[4].clone(), all[2].clone(), all[0].clone()]);
    let behind = format!("limit=1&starting_after={}", all[3]["id"].as_str().unwrap());
    assert_eq!(listed(&partner, &behind), [all[2].clone()], "the id of a deleted customer stays a cursor");
    assert_eq!(listed(&partner, &format!("email={}", all[1]["email"].as_str().unwrap())), Vec::<Value>::new());
}

fn refuses_queries(stage: &Stage, operation: &Operation) {
    let wrong = [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=ten", "limit"),
        ("starting_after=x", "starting_after"),
        ("starting_after=gs_test_00000000000000000000000000", "starting_after"),
        ("starting_after=cus_live_00000000000000000000000000", "starting_after"),
        ("email=", "email"),
        ("email=ann", "email"),
        ("email=a@b&email=c@d", "email"),
        ("external_id=", "external_id"),
        ("external_id=%ff", "external_id"),
    ];
    refuses_each_query(&stage.alice, "/v1/customers", &wrong);
    done(operation, &stage.alice);
}
