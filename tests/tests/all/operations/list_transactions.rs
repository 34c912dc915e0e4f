//! listTransactions.

use causeway_tests::http::Request;
use causeway_tests::partner::{Kind, Partner};
use serde_json::{Value, json};

use super::common::*;
use crate::all::shared::{Stage, partner};

pub const OPERATIONS: &[Operation] = &[Operation {
    id: "listTransactions",
    prepare: |_| Request::get("/v1/transactions"),
    works: Situation::Shown(works),
    wrong_credential: Situation::Shown(secret_key),
    other_partners_object: Situation::Shown(shows_own_transactions_only),
    bad_body: Situation::Shown(refuses_queries),
    repeated_key: REPEATABLE,
    refused_state: ANY_STATE,
}];

six_situations!();

fn works(_: &Stage, operation: &Operation) {
    let lister = partner("a bookkeeper");
    let empty = done(operation, &lister);
    assert_eq!(empty.to_string(), r#"{"data":[],"has_more":false,"object":"list","url":"/v1/transactions"}"#);
    // One that settles, one that waits for its user, one that no corridor takes, one that the rail cancels.
    let amounts = ["100.00", "100.05", "100.02", "100.03"];
    let statuses = ["settled", "processing", "failed", "cancelled"];
    let payments: Vec<Value> = amounts.iter().map(|amount| lister.start(Kind::PayIn, amount)).collect();
    for (payment, status) in payments.iter().zip(statuses) {
        lister.wait_for_payment(payment, status);
    }
    let all: Vec<Value> = payments.iter().rev().map(|payment| lister.read_transaction(payment)).collect();
    assert_eq!(done(operation, &lister)["data"], Value::from(all.clone()));
    for status in ["pending", "processing", "completed", "failed", "cancelled"] {
        let expected: Vec<Value> = all.iter().filter(|one| one["status"] == status).cloned().collect();
        assert_eq!(list(&lister, &format!("status={status}")), Value::from(expected), "{status}");
    }
    pages_meet(&lister, &all);
    tries_of_one_session(&lister);
}

fn pages_meet(lister: &Partner, all: &[Value]) {
    let first = lister.get("/v1/transactions?limit=3").expect(200);
    assert_eq!((&first["data"], &first["has_more"]), (&Value::from(&all[..3]), &json!(true)));
    let cursor = all[2]["refid"].as_str().unwrap();
    lister.start(Kind::PayIn, "100.04");
    let second = lister.get(&format!("/v1/transactions?limit=3&starting_after={cursor}")).expect(200);
    assert_eq!((&second["data"], &second["has_more"]), (&Value::from(&all[3..]), &json!(false)));
}

/// A session whose first movement failed has another.
fn tries_of_one_session(lister: &Partner) {
    let failed = lister.start(Kind::PayOut, "50.02");
    lister.wait_for_payment(&failed, "failed");
    let quote = lister.lock(&causeway_tests::partner::lock_body(Kind::PayOut, "50.00"));
    let again = json!({ "quote_id": quote["id"], "session_id": failed["session_id"] });
    let again = lister.post(&Kind::PayOut.path(), &again).expect(201);
    lister.wait_for_payment(&again, "settled");
    let [failed, again] = [failed, again].map(|payment| lister.read_transaction(&payment));
    let session = failed["session_id"].as_str().unwrap();
    let of_session = |more: &str| list(lister, &format!("session_id={session}{more}"));
    assert_eq!(of_session(""), json!([again, failed]));
    assert_eq!(of_session("&status=failed"), json!([failed]));
    assert_eq!(of_session("&status=completed"), json!([again]));
    assert_eq!(of_session("&status=processing"), json!([]));
}

fn shows_own_transactions_only(_: &Stage, operation: &Operation) {
    let (one, other) = (partner("one payer"), partner("another payer"));
    let payment = one.start(Kind::PayIn, "100.00");
    assert_eq!(done(operation, &other)["data"], json!([]));
    let cursor = payment["transaction_refid"].as_str().unwrap();
    assert_eq!(list(&other, &format!("starting_after={cursor}")), json!([]), "a foreign cursor shows nothing");
    // Another's session, the other mode's, nobody's and no session at all look the same.
    let foreign = payment["session_id"].as_str().unwrap();
    let live = foreign.replace("_test_", "_live_");
    for session in [foreign, &live, "gs_test_00000000000000000000000000", "nonsense", ""] {
        assert_eq!(list(&other, &format!("session_id={session}")), json!([]), "{session}");
    }
}

fn refuses_queries(stage: &Stage, operation: &Operation) {
    let wrong = [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=ten", "limit"),
        ("starting_after=x", "starting_after"),
        ("starting_after=gs_test_00000000000000000000000000", "starting_after"),
        ("starting_after=tx_live_00000000000000000000000000", "starting_after"),
        ("status=settled", "status"),
        ("status=", "status"),
        ("status=failed&status=failed", "status"),
        ("session_id=a&session_id=a", "session_id"),
        ("session_id=%ff", "session_id"),
    ];
    refuses_each_query(&stage.alice, "/v1/transactions", &wrong);
    done(operation, &stage.alice);
}

fn list(partner: &Partner, query: &str) -> Value {
    partner.get(&format!("/v1/transactions?{query}")).expect(200)["data"].clone()
}
