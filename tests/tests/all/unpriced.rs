//! What cannot be priced, and what may not move, is refused alike wherever terms are asked for: by a lock, a preview, the
//! hosted widget, the test helper.

use std::fs;

use causeway_tests::http::{Request, Response};
use causeway_tests::operator::Rights;
use causeway_tests::partner::{Kind, Partner, fresh_key, lock_body, session_body, with, without};
use causeway_tests::program::repository;
use causeway_tests::server::{DataDir, Server};
use serde_json::{Value, json};

use super::both::both;
use super::shared::stage;

const PREVIEWS: &str = "/v1/embed/previews";

/// The three ways to ask for the terms of a session.
fn asked_for(partner: &Partner, session: &Value) -> [(&'static str, Response); 3] {
    let path = format!("/v1/test_helpers/gate_sessions/{}/complete", session["id"].as_str().unwrap());
    [
        ("previews", hosted(partner, session, Request::get(PREVIEWS))),
        ("confirm", confirm(partner, session)),
        ("complete", partner.post(&path, &json!({ "outcome": "completed" }))),
    ]
}

fn confirm(partner: &Partner, session: &Value) -> Response {
    let choice = json!({ "payment_method": "sepa_instant" });
    hosted(partner, session, Request::post("/v1/embed/confirm").json(&choice).key(&fresh_key()))
}

/// Sends as the session's widget.
fn hosted(partner: &Partner, session: &Value, request: Request) -> Response {
    let body = json!({ "clientSecret": session["client_secret"] });
    let told = partner.browse(Request::post("/v1/embed/bootstrap").json(&body)).expect(201);
    partner.send_as_is(&request.header("X-Embed-Token", told["embed_token"].as_str().unwrap()))
}

#[test]
fn a_session_that_nothing_carries_has_no_terms() {
    let alice = &stage().alice;
    for (changes, code) in [
        (json!({ "amount": "0.50" }), "amount_out_of_range"),
        (json!({ "target_token": "DOGE" }), "asset_unavailable"),
        (json!({ "amount": "10000", "currency": "JPY" }), "method_unavailable"),
    ] {
        let session = alice.session(&with(session_body(Kind::PayIn, "100.00"), changes));
        for (way, told) in asked_for(alice, &session) {
            assert_eq!((told.status, told.code().as_str()), (400, code), "{way}: {}", told.text());
        }
        assert_eq!(alice.read_session(&session["id"])["status"], "open");
    }
}

/// An asset that is offered and has no rate at the moment: nothing is guessed.
#[test]
fn without_a_fresh_rate_there_are_no_terms() {
    let files = DataDir::new();
    let shipped = fs::read_to_string(repository().join("control/catalogue/rates.toml")).unwrap();
    let is_kept = |row: &&str| !row.starts_with("\ncurrency = \"EUR\"\nasset = \"ETH\"\n");
    let kept: Vec<&str> = shipped.split("[[rate]]").filter(is_kept).collect();
    assert_eq!(kept.len() + 1, shipped.split("[[rate]]").count());
    fs::write(files.file("rates.toml"), kept.join("[[rate]]")).unwrap();
    let server = Server::start(&[&format!("--rates={}", files.file("rates.toml").display())]);
    let partner = server.operator().partner("a bank", Rights::ALL);
    let ether = json!({ "asset": "ETH" });
    let lock = with(lock_body(Kind::PayIn, "100.00"), ether);
    let session = partner.session(&with(session_body(Kind::PayIn, "100.00"), json!({ "target_token": "ETH" })));
    let ways = [
        ("lock", partner.post("/v1/quotes", &lock)),
        ("preview", partner.post("/v1/quotes/preview", &without(lock, "payment_method"))),
    ];
    for (way, told) in ways.into_iter().chain(asked_for(&partner, &session)) {
        assert_eq!((told.status, told.code().as_str()), (503, "rate_unavailable"), "{way}: {}", told.text());
        assert!(told.header("Retry-After").is_some(), "{way}");
    }
    partner.lock(&lock_body(Kind::PayIn, "100.00"));
}

/// In live the widget's user has to be verified, as for every other movement.
#[test]
fn a_hosted_movement_waits_for_a_verified_user_too() {
    let both = both();
    let rights = Rights { mode: "live", verified_users: false, ..Rights::ALL };
    let live = both.server.operator().partner_of(&both.sandbox.account, rights);
    let session = live.session(&session_body(Kind::PayIn, "100.00"));
    assert!(!hosted(&live, &session, Request::get(PREVIEWS)).expect(200)["data"].as_array().unwrap().is_empty());
    confirm(&live, &session).expect_refusal(403, "verification_required");
    assert_eq!(live.read_session(&session["id"])["status"], "open");
    let path = format!("/operator/accounts/{}/verifications", live.account);
    let verified = json!({ "mode": "live", "session_id": session["id"], "status": "verified" });
    both.server.operator().done("PUT", &path, &verified);
    confirm(&live, &session).expect(201);
}
