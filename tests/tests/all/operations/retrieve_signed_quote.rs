//! retrieveSignedQuote.

use causeway_tests::http::Request;
use causeway_tests::operator::Rights;
use causeway_tests::partner::{Kind, lock_body};
use causeway_tests::poll::{SOON, poll};
use serde_json::json;

use super::common::*;
use crate::all::shared::{Stage, brisk};

pub const OPERATIONS: &[Operation] = &[Operation {
    refused_state: Situation::Shown(|_, _| an_elapsed_one_reads_as_expired()),
    ..Operation::reading(
        "retrieveSignedQuote",
        |partner| {
            let quote = partner.lock(&lock_body(Kind::PayIn, "100.00"));
            Request::get(format!("/v1/quotes/{}", quote["id"].as_str().unwrap()))
        },
        works,
        secret_key_with_rails,
    )
}];

six_situations!();

fn works(stage: &Stage, operation: &Operation) {
    let alice = &stage.alice;
    assert_eq!(done(operation, alice)["status"], "active");
    for kind in Kind::BOTH {
        let payment = alice.start(kind, "100.00");
        let quote = alice.read_quote(&payment["quote_id"]);
        assert_eq!(quote["status"], "consumed");
        assert_eq!(quote["consumed_by"], payment["id"]);
        assert_eq!(quote["consumed_at"], payment["created_at"]);
    }
    alice.get("/v1/quotes/nonsense").expect_refusal(404, "not_found");
}

fn an_elapsed_one_reads_as_expired() {
    let partner = brisk().operator().partner("a reader of quotes", Rights::ALL);
    let quote = partner.lock(&lock_body(Kind::PayIn, "100.00"));
    let expired = poll(SOON, "the quote expires", || {
        let now = partner.read_quote(&quote["id"]);
        (now["status"] != "active").then_some(now)
    });
    let expected = causeway_tests::partner::with(quote, json!({ "status": "expired" }));
    assert_eq!(expired, expected, "nothing but the status has changed");
}
