//! One effect per idempotency key: over retries, races, restarts and kills. What each operation does with a repeated key is
//! shown in `operations`.

use std::collections::HashSet;
use std::sync::Barrier;

use causeway_tests::http::{Request, Response};
use causeway_tests::partner::{Kind, Partner, fresh_key, session_body};
use causeway_tests::server::Server;
use serde_json::{Value, json};

use super::shared;

const THREADS: usize = 12;

#[test]
fn concurrent_duplicates_have_one_effect() {
    let partner = shared::partner("a hasty one");
    let session = Request::post("/v1/gate_sessions").json(&session_body(Kind::PayIn, "100.00"));
    one_effect(&partner, &session.key(&fresh_key()), 201);
    let listed = partner.get("/v1/gate_sessions").expect(200);
    assert_eq!(listed["data"].as_array().unwrap().len(), 1);
    let cancel = format!("/v1/gate_sessions/{}/cancel", listed["data"][0]["id"].as_str().unwrap());
    one_effect(&partner, &Request::post(cancel).key(&fresh_key()), 201);
    for kind in Kind::BOTH {
        let redeem = Request::post(kind.path()).json(&partner.prepare(kind, "100.00"));
        one_effect(&partner, &redeem.key(&fresh_key()), 201);
        let late = partner.start(kind, "100.06");
        let settle = Request::post(kind.helper(late["id"].as_str().unwrap(), "settle"));
        one_effect(&partner, &settle.key(&fresh_key()), 200);
    }
    let session = partner.session(&session_body(Kind::PayIn, "100.06"));
    one_effect(&partner, &complete(&session, "completed").key(&fresh_key()), 200);
}

/// Sends the same request from many threads at once: one answer is the first, all others repeat it.
fn one_effect(partner: &Partner, request: &Request, status: u16) {
    let answers = at_once(THREADS, |_| partner.send(request.clone()));
    let texts: HashSet<String> = answers.iter().map(Response::text).collect();
    assert_eq!(texts.len(), 1, "{texts:?}");
    assert!(answers.iter().all(|answer| answer.status == status), "{texts:?}");
    let first = answers.iter().filter(|answer| answer.header("Idempotent-Replayed").is_none());
    assert_eq!(first.count(), 1);
}

fn complete(session: &Value, outcome: &str) -> Request {
    let path = format!("/v1/test_helpers/gate_sessions/{}/complete", session["id"].as_str().unwrap());
    Request::post(path).json(&json!({ "outcome": outcome }))
}

#[test]
fn one_quote_is_redeemed_once_whoever_comes_first() {
    let partner = shared::partner("a greedy one");
    for kind in Kind::BOTH {
        let body = partner.prepare(kind, "100.00");
        let others: Vec<Value> = (0..THREADS)
            .map(|_| partner.session(&session_body(kind, kind.session_amount("100.00")))["id"].clone())
            .collect();
        let answers = at_once(THREADS, |at| {
            let body = json!({ "quote_id": body["quote_id"], "session_id": others[at] });
            partner.post(&kind.path(), &body)
        });
        let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 201);
        assert_eq!(won.len(), 1);
        lost.iter().for_each(|answer| drop(answer.expect_refusal(409, "quote_consumed")));
        let quote = partner.read_quote(&body["quote_id"]);
        assert_eq!(quote["consumed_by"], won[0].json()["id"]);
    }
}

#[test]
fn one_session_takes_one_movement_whoever_comes_first() {
    let partner = shared::partner("a busy one");
    let session = partner.session(&session_body(Kind::PayIn, "100.06"));
    let quotes: Vec<Value> = (0..THREADS).map(|_| partner.prepare(Kind::PayIn, "100.06")["quote_id"].clone()).collect();
    let answers = at_once(THREADS, |at| {
        let body = json!({ "quote_id": quotes[at], "session_id": session["id"] });
        partner.post("/v1/rails/pay_ins", &body)
    });
    let won = answers.iter().filter(|answer| answer.status == 201).count();
    let lost = answers.iter().filter(|answer| answer.code() == "session_busy").count();
    assert_eq!((won, lost), (1, THREADS - 1));
    let unused = quotes.iter().filter(|quote| partner.read_quote(quote)["status"] == "active").count();
    assert_eq!(unused, THREADS - 1, "a refused redemption consumes nothing");
}

#[test]
fn a_replay_survives_a_restart_and_a_kill() {
    let mut server = Server::start(&["--quote-life=300s"]);
    let mut partner = server.demo();
    let redeem = partner.prepare(Kind::PayIn, "100.00");
    let session = partner.session(&session_body(Kind::PayIn, "100.00"));
    let cancel = format!("/v1/gate_sessions/{}/cancel", session["id"].as_str().unwrap());
    let (retried, late) = (partner.session(&session_body(Kind::PayIn, "100.06")), partner.start(Kind::PayIn, "100.06"));
    let writes = [
        Request::post("/v1/gate_sessions").json(&session_body(Kind::PayIn, "1.23")),
        Request::post("/v1/quotes").json(&causeway_tests::partner::lock_body(Kind::PayOut, "9.99")),
        Request::post("/v1/rails/pay_ins").json(&redeem),
        Request::post(cancel),
        complete(&retried, "failed"),
        Request::post(Kind::PayIn.helper(late["id"].as_str().unwrap(), "settle")),
    ];
    let writes = writes.map(|request| request.key(&fresh_key()));
    let first = writes.clone().map(|request| partner.send(request));
    let payment = partner.wait_for_payment(&first[2].expect(201), "settled");
    // The session goes on after its failed try: what was said of that is said again all the same.
    partner.send(complete(&retried, "completed")).expect(200);
    for graceful in [true, false] {
        let directory = server.directory().clone();
        if graceful {
            assert_eq!(server.stop().code, Some(0));
        } else {
            server.kill();
        }
        server = Server::start_in(&directory, &["--quote-life=300s"]);
        partner = partner.at(&server);
        for (request, first) in writes.iter().zip(&first) {
            let again = partner.send(request.clone());
            assert_eq!(again.text(), first.text());
            assert_eq!(again.status, first.status);
            assert_eq!(again.header("Idempotent-Replayed"), Some("true"), "{}", request.path);
        }
        assert_eq!(partner.read_payment(&payment), payment);
    }
}

#[test]
fn a_key_counts_within_its_operation_account_and_path() {
    let (one, other) = (shared::partner("one"), shared::partner("other"));
    let key = "the same key everywhere";
    let session = Request::post("/v1/gate_sessions").json(&session_body(Kind::PayIn, "100.00")).key(key);
    let quote = Request::post("/v1/quotes").json(&causeway_tests::partner::lock_body(Kind::PayIn, "100.00")).key(key);
    let answers = [&one, &other].map(|partner| [session.clone(), quote.clone()].map(|request| partner.send(request)));
    for answer in answers.as_flattened() {
        answer.expect(201);
        assert_eq!(answer.header("Idempotent-Replayed"), None);
    }
    assert_ne!(answers[0][0].json()["id"], answers[1][0].json()["id"]);
}

/// Only what was done is remembered: after a refusal the same key may carry the corrected request.
#[test]
fn a_refusal_is_not_remembered() {
    let partner = shared::partner("a corrector");
    let good = Request::post("/v1/gate_sessions").json(&session_body(Kind::PayIn, "100.00")).key(&fresh_key());
    let bad = good.clone().json(&session_body(Kind::PayIn, "0.00"));
    partner.send(bad).expect_refusal(400, "invalid_request");
    partner.send(good).expect(201);
    let quote = partner.prepare(Kind::PayIn, "100.00");
    let running = partner.start(Kind::PayIn, "100.05");
    let body = json!({ "quote_id": quote["quote_id"], "session_id": running["session_id"] });
    let redeem = Request::post("/v1/rails/pay_ins").json(&body).key(&fresh_key());
    partner.send(redeem.clone()).expect_refusal(409, "session_busy");
    partner.send(redeem.json(&quote)).expect(201);
}

/// An account that may do a thing no longer is not told what it once did; with the entitlement its answer is back.
#[test]
fn a_remembered_answer_waits_for_its_entitlement() {
    let partner = shared::partner("a suspended one");
    let path = format!("/operator/accounts/{}/entitlements", partner.account);
    let allow = |may: bool| {
        let rights = json!({ "mode": "sandbox", "rails": may, "kyc_package": may });
        shared::server().operator().done("PUT", &path, &rights);
    };
    allow(true);
    let redeem = Request::post("/v1/rails/pay_ins").json(&partner.prepare(Kind::PayIn, "100.00"));
    let mut vouched = session_body(Kind::PayIn, "100.00");
    vouched["kyc_package"] = json!({ "status": "approved" });
    let vouched = Request::post("/v1/gate_sessions").json(&vouched);
    for request in [redeem, vouched].map(|request| request.key(&fresh_key())) {
        let first = partner.send(request.clone());
        first.expect(201);
        allow(false);
        partner.send(request.clone()).expect_refusal(403, "not_entitled");
        allow(true);
        let again = partner.send(request);
        assert_eq!((again.status, again.text()), (first.status, first.text()));
        assert_eq!(again.header("Idempotent-Replayed"), Some("true"));
    }
}

/// The fingerprint is of the parsed request: order of keys, spaces and the amount's form do not matter.
#[test]
fn the_same_request_in_other_words_is_the_same_request() {
    let partner = shared::partner("a rephraser");
    let key = fresh_key();
    let send = |text: &str| {
        let request = Request::post("/v1/gate_sessions").bytes(text);
        partner.send(request.header("Content-Type", "application/json; charset=UTF-8").key(&key))
    };
    let first = send(r#"{"amount":"100.00","currency":"EUR","return_url":"https://partner.example/"}"#);
    let again =
        send(r#" { "return_url": "https:\/\/partner.example/", "currency": "eur", "amount": "100", "flow": null } "#);
    assert_eq!(again.header("Idempotent-Replayed"), Some("true"), "{}", again.text());
    assert_eq!(again.text(), first.text());
}

fn at_once<T: Send>(threads: usize, act: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let barrier = Barrier::new(threads);
    std::thread::scope(|scope| {
        let run = |at| {
            let (barrier, act) = (&barrier, &act);
            scope.spawn(move || {
                barrier.wait();
                act(at)
            })
        };
        let started: Vec<_> = (0..threads).map(run).collect();
        started.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}
