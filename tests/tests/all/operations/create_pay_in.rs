//! createPayIn, and what it shares with createPayOut.

use causeway_tests::http::Request;
use causeway_tests::operator::Rights;
use causeway_tests::partner::{Kind, Partner, fresh_key, lock_body, session_body, with};
use causeway_tests::poll::{SOON, poll};
use serde_json::{Value, json};

use super::common::*;
use crate::all::shared::{Stage, brisk};

pub const OPERATIONS: &[Operation] = &[Operation {
    id: "createPayIn",
    prepare: |partner| redemption(partner, Kind::PayIn),
    works: Situation::Shown(|stage, _| works(stage, Kind::PayIn)),
    wrong_credential: Situation::Shown(secret_key_with_rails),
    other_partners_object: Situation::Shown(|stage, _| others_objects(stage, Kind::PayIn)),
    bad_body: Situation::Shown(|stage, operation| {
        refuses_bodies(&stage.alice, operation, bodies());
    }),
    repeated_key: Situation::Shown(repeated),
    refused_state: Situation::Shown(|stage, _| {
        states(stage, Kind::PayIn);
        the_whole_amount_of_the_session_is_paid_in(&stage.alice);
    }),
}];

six_situations!();

/// A redemption that works.
pub(super) fn redemption(partner: &Partner, kind: Kind) -> Request {
    let body = partner.prepare(kind, "100.00");
    Request::post(kind.path()).json(&body).key(&fresh_key())
}

pub(super) fn works(stage: &Stage, kind: Kind) {
    let alice = &stage.alice;
    let body = with(alice.prepare(kind, "250.00"), json!({ "metadata": { "order": "17" } }));
    let quote = alice.read_quote(&body["quote_id"]);
    let payment = alice.post(&kind.path(), &body).expect(201);
    let expected = json!({
        "object": format!("rail_{}", kind.word()),
        "kind": kind.word(),
        "status": "processing",
        "quote_id": body["quote_id"],
        "session_id": body["session_id"],
        "next_action": null,
        "failure_code": null,
        "failure_message": null,
        "metadata": { "order": "17" },
        "settled_at": null,
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&payment[name], value, "{name}");
    }
    for name in ["currency", "asset", "payment_method", "fiat_amount", "crypto_amount", "exchange_rate", "fees"] {
        assert_eq!(payment[name], quote[name], "{name}");
    }
    let settled = alice.wait_for_payment(&payment, "settled");
    assert!(settled["settled_at"].is_string());
}

pub(super) fn others_objects(stage: &Stage, kind: Kind) {
    let (mine, theirs) = (stage.alice.prepare(kind, "100.00"), stage.bob.prepare(kind, "100.00"));
    let refuse = |body: Value, param: &str| {
        let said = stage.alice.post(&kind.path(), &body).expect_refusal(404, "not_found");
        assert_eq!(said["param"], param);
    };
    refuse(theirs.clone(), "quote_id");
    refuse(with(mine.clone(), json!({ "quote_id": theirs["quote_id"] })), "quote_id");
    refuse(with(mine.clone(), json!({ "session_id": theirs["session_id"] })), "session_id");
    refuse(with(mine.clone(), json!({ "quote_id": "qt_test_nonsense" })), "quote_id");
    refuse(with(mine.clone(), json!({ "session_id": mine["quote_id"] })), "session_id");
    stage.alice.post(&kind.path(), &mine).expect(201);
    stage.bob.post(&kind.path(), &theirs).expect(201);
}

pub(super) fn bodies() -> Vec<Bad> {
    vec![
        missing("quote_id"),
        missing("session_id"),
        wrong("quote_id", json!(1)),
        wrong("session_id", json!(null)),
        wrong("metadata", json!("x")),
        unknown("amount"),
        unknown("currency"),
        unknown("payment_method"),
        unknown("card_number"),
        unknown("iban"),
    ]
}

pub(super) fn repeated(stage: &Stage, operation: &Operation) {
    let alice = &stage.alice;
    replays(alice, operation, Some(json!({ "metadata": { "other": "1" } })));
    requires_a_key(alice, operation);
    let request = (operation.prepare)(alice);
    let first = alice.send(request.clone());
    let payment = alice.wait_for_payment(&first.expect(201), "settled");
    let again = alice.send(request);
    assert_eq!(again.text(), first.text(), "the first answer, though the payment has settled");
    assert_eq!(again.json()["status"], "processing");
    assert_eq!(alice.read_payment(&payment)["status"], "settled");
}

/// A payment is refused, and quote and session stay as they were.
fn refuses(partner: &Partner, kind: Kind, body: &Value, code: &str, param: Value) {
    let said = partner.post(&kind.path(), body).expect_refusal(409, code);
    assert_eq!(said["param"], param, "{code}");
    assert_eq!(said["type"], "conflict");
}

pub(super) fn states(stage: &Stage, kind: Kind) {
    let alice = &stage.alice;
    let (used, fresh) = (alice.prepare(kind, "100.00"), alice.prepare(kind, "100.00"));
    alice.post(&kind.path(), &used).expect(201);
    let consumed = with(fresh.clone(), json!({ "quote_id": used["quote_id"] }));
    refuses(alice, kind, &consumed, "quote_consumed", Value::Null);
    ended_sessions(alice, kind, &fresh);
    busy_session(alice, kind, &fresh);
    mismatches(alice, kind, &fresh);
    let quote = alice.read_quote(&fresh["quote_id"]);
    assert_eq!(quote["status"], "active", "no refusal consumed the quote");
    alice.post(&kind.path(), &fresh).expect(201);
    expired_quote(kind);
}

fn ended_sessions(alice: &Partner, kind: Kind, fresh: &Value) {
    let other = alice.prepare(kind, "100.00");
    let path = format!("/v1/gate_sessions/{}/cancel", other["session_id"].as_str().unwrap());
    alice.act(&path).expect(201);
    let cancelled = with(fresh.clone(), json!({ "session_id": other["session_id"] }));
    refuses(alice, kind, &cancelled, "session_not_open", Value::Null);
    let done = alice.start(kind, "100.00");
    alice.wait_for_session(&done["session_id"], "completed");
    let completed = with(fresh.clone(), json!({ "session_id": done["session_id"] }));
    refuses(alice, kind, &completed, "session_not_open", Value::Null);
}

fn busy_session(alice: &Partner, kind: Kind, fresh: &Value) {
    let running = alice.start(kind, "100.06");
    let busy = with(fresh.clone(), json!({ "session_id": running["session_id"] }));
    refuses(alice, kind, &busy, "session_busy", Value::Null);
}

fn mismatches(alice: &Partner, kind: Kind, fresh: &Value) {
    let other = if kind == Kind::PayIn { Kind::PayOut } else { Kind::PayIn };
    let wrong_side = with(fresh.clone(), json!({ "quote_id": alice.prepare(other, "100.00")["quote_id"] }));
    refuses(alice, kind, &wrong_side, "quote_mismatch", json!("quote_id"));
    let base = session_body(kind, kind.session_amount("100.00"));
    for changes in [
        json!({ "flow": other.side() }),
        json!({ "currency": "GBP" }),
        json!({ "target_token": "BTC" }),
        json!({ "amount": "20.00" }),
    ] {
        let session = alice.session(&with(base.clone(), changes));
        let body = with(fresh.clone(), json!({ "session_id": session["id"] }));
        refuses(alice, kind, &body, "quote_mismatch", json!("session_id"));
    }
}

fn the_whole_amount_of_the_session_is_paid_in(alice: &Partner) {
    let quote = alice.lock(&lock_body(Kind::PayIn, "100.00"));
    let session = alice.session(&session_body(Kind::PayIn, "100.50"));
    let body = json!({ "quote_id": quote["id"], "session_id": session["id"] });
    refuses(alice, Kind::PayIn, &body, "quote_mismatch", json!("session_id"));
}

fn expired_quote(kind: Kind) {
    let partner = brisk().operator().partner("a late one", Rights::ALL);
    let quote = partner.lock(&lock_body(kind, "100.00"));
    poll(SOON, "the quote expires", || {
        (partner.read_quote(&quote["id"])["status"] == "expired").then_some(())
    });
    let session = partner.session(&session_body(kind, kind.session_amount("100.00")));
    let body = json!({ "quote_id": quote["id"], "session_id": session["id"] });
    refuses(&partner, kind, &body, "quote_expired", Value::Null);
}
