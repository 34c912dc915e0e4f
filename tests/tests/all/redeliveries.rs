//! Redeliveries: after an outage a partner gets what it has missed, in order, under the events' own ids; also when the gateway
//! dies in the middle.

use std::collections::BTreeSet;

use causeway_tests::http::Response;
use causeway_tests::operator::Rights;
use causeway_tests::partner::{Kind, Partner, session_body};
use causeway_tests::poll::{SOON, poll};
use causeway_tests::receiver::{Answer, Receiver, TOLD_OF_A_PAY_IN as TOLD};
use causeway_tests::server::Server;
use serde_json::{Value, json};

/// Before everything that happens here.
const LONG_AGO: &str = "2020-01-01T00:00:00Z";

fn path(partner: &Partner) -> String {
    format!("/operator/accounts/{}/webhook/redeliveries", partner.account)
}

/// A redelivery of everything, changed by `fields`.
fn ask(server: &Server, partner: &Partner, fields: Value) -> Response {
    let mut body = json!({ "mode": "sandbox", "from": LONG_AGO, "reason": "their database was lost" });
    for (name, value) in fields.as_object().unwrap() {
        body[name] = value.clone();
    }
    server.operator().call("POST", &path(partner), &body)
}

fn start(server: &Server, partner: &Partner, fields: Value) -> Value {
    ask(server, partner, fields).expect(201)
}

fn shown(server: &Server, partner: &Partner, job: &Value) -> Value {
    server.operator().done("GET", &format!("{}/{}", path(partner), job["id"].as_str().unwrap()), &Value::Null)
}

fn wait_for_end(server: &Server, partner: &Partner, job: &Value) -> Value {
    poll(SOON * 3, "the redelivery ends", || Some(shown(server, partner, job)).filter(|job| job["status"] != "running"))
}

fn run(server: &Server, partner: &Partner, fields: Value) -> Value {
    let done = wait_for_end(server, partner, &start(server, partner, fields));
    assert_eq!((&done["status"], &done["percent"], &done["reached"]), (&json!("done"), &json!(100), &done["to"]));
    assert_eq!(done["skipped"], json!(done["scanned"].as_u64().unwrap() - done["sent"].as_u64().unwrap()));
    assert!(done["ended_at"].is_string() && done["waits_for"].is_null(), "{done}");
    done
}

fn settled(partner: &Partner) -> String {
    let payment = partner.start(Kind::PayIn, "100.00");
    partner.wait_for_payment(&payment, "settled");
    payment["session_id"].as_str().unwrap().to_owned()
}

fn ids(receiver: &Receiver) -> Vec<String> {
    receiver.all().iter().map(|one| one.id().to_owned()).collect()
}

/// Until so many have come, and no more than these.
fn wait_for(receiver: &Receiver, count: usize) {
    poll(SOON, &format!("{count} deliveries come"), || (receiver.all().len() >= count).then_some(()));
    assert_eq!(receiver.all().len(), count);
}

#[test]
fn after_an_outage_everything_comes_in_order_under_its_own_id() {
    let server = Server::start(&[]);
    let partner = server.operator().partner("away", Rights::ALL);
    let receiver = Receiver::answering(|_, before| Answer::status(if before == 0 { 410 } else { 200 }));
    let secret = server.operator().set_webhook(&partner, "sandbox", &receiver.url());
    let first = partner.session(&session_body(Kind::PayIn, "100.00"))["id"].as_str().unwrap().to_owned();
    let account = format!("/operator/accounts/{}", partner.account);
    poll(SOON, "the endpoint is disabled", || {
        let shown = server.operator().done("GET", &account, &Value::Null);
        (shown["modes"][0]["webhook"]["status"] == "disabled").then_some(())
    });
    let missed: Vec<String> = (0..4).map(|_| settled(&partner)).collect();
    assert_eq!(receiver.all().len(), 1, "nothing is delivered to a disabled endpoint");
    ask(&server, &partner, json!({})).expect_refusal(409, "endpoint_not_ready");
    server.operator().done("POST", &format!("{account}/webhook/resume"), &json!({ "mode": "sandbox" }));
    // That receiver says 410 to every event that it sees for the first time: another one takes its place.
    let receiver = Receiver::start();
    let moved = server.operator().set_webhook(&partner, "sandbox", &receiver.url());
    assert_ne!(secret, moved);
    let done = run(&server, &partner, json!({}));
    assert_eq!((&done["scanned"], &done["sent"]), (&json!(1 + 4 * TOLD.len()), &json!(1 + 4 * TOLD.len())));
    receiver.wait_for(&first, &["gate_session.created"]);
    for session in &missed {
        receiver.wait_for(session, &TOLD).iter().for_each(|one| one.verify(&moved).unwrap());
    }
    wait_for(&receiver, 1 + 4 * TOLD.len());
    let distinct: BTreeSet<String> = ids(&receiver).into_iter().collect();
    assert_eq!(distinct.len(), 1 + 4 * TOLD.len(), "every event has an id of its own and comes once");
    // Nothing is missed any more; all of it can be sent again, under the same ids.
    assert_eq!(run(&server, &partner, json!({}))["sent"], 0);
    let all = run(&server, &partner, json!({ "which": "all" }));
    assert_eq!(all["sent"], 1 + 4 * TOLD.len());
    wait_for(&receiver, 2 * (1 + 4 * TOLD.len()));
    assert_eq!(ids(&receiver).into_iter().collect::<BTreeSet<_>>(), distinct);
    let listed = server.operator().done("GET", &format!("{}?mode=sandbox", path(&partner)), &Value::Null);
    let sent: Vec<&Value> = listed["data"].as_array().unwrap().iter().map(|job| &job["sent"]).collect();
    assert_eq!(sent, [&json!(25), &json!(0), &json!(25)], "the newest comes first");
}

#[test]
fn types_and_times_choose() {
    let server = Server::start(&[]);
    let partner = server.operator().partner("away", Rights::ALL);
    let (session, end) = (settled(&partner), settled(&partner));
    let receiver = Receiver::start();
    server.operator().set_webhook(&partner, "sandbox", &receiver.url());
    let types = ["gate_session.created", "rail.pay_in.settled", "gate_session.created"];
    let begun = partner.read_session(&json!(end))["created_at"].clone();
    let done = run(&server, &partner, json!({ "types": types, "to": begun }));
    assert_eq!((&done["scanned"], &done["sent"]), (&json!(TOLD.len()), &json!(2)));
    assert_eq!(done["types"], json!(["gate_session.created", "rail.pay_in.settled"]));
    assert_eq!((&done["which"], &done["to"]), (&json!("missed"), &begun));
    assert!(done["from"].as_str() > Some(LONG_AGO), "it reaches thirty days back: {done}");
    receiver.wait_for(&session, &["gate_session.created", "rail.pay_in.settled"]);
    wait_for(&receiver, 2);
    assert_eq!(run(&server, &partner, json!({ "from": begun }))["sent"], TOLD.len());
    receiver.wait_for(&end, &TOLD);
}

/// Receivers take these events so slowly that the gateway dies long before the end.
#[test]
fn a_redelivery_goes_on_after_a_kill_and_queues_nothing_twice() {
    const SESSIONS: usize = 4_000;
    let server = Server::start(&["--deliveries-per-second=200"]);
    let operator = server.operator();
    let partner = operator.partner("the one that was away", Rights::ALL);
    operator.set_tier(&partner, "sandbox", "unlimited");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..SESSIONS / 4 {
                    partner.session(&session_body(Kind::PayIn, "100.00"));
                }
            });
        }
    });
    let receiver = Receiver::start();
    operator.set_webhook(&partner, "sandbox", &receiver.url());
    let job = start(&server, &partner, json!({}));
    let seen = poll(SOON, "it is in the middle", || {
        Some(shown(&server, &partner, &job)).filter(|job| job["sent"].as_u64() > Some(1_000))
    });
    assert_eq!(seen["status"], "running", "{seen}");
    assert!(seen["sent"].as_u64() < Some(2_000), "it holds back while much is on its way: {seen}");
    ask(&server, &partner, json!({})).expect_refusal(409, "redelivery_running");
    let fresh = partner.session(&session_body(Kind::PayIn, "100.00"));
    receiver.wait_for(fresh["id"].as_str().unwrap(), &["gate_session.created"]);
    let before = shown(&server, &partner, &job);
    assert_eq!(before["status"], "running", "what happens meanwhile does not wait for the end: {before}");
    assert!(before["percent"].as_u64() < Some(100) && before["ended_at"].is_null(), "{before}");
    let directory = server.directory().clone();
    server.kill();
    let arrived = receiver.all().len();
    assert!(arrived < SESSIONS, "{arrived} had come");
    let server = Server::start_in(&directory, &[]);
    let done = wait_for_end(&server, &partner, &job);
    assert_eq!(
        (&done["status"], &done["scanned"], &done["sent"]),
        (&json!("done"), &json!(SESSIONS), &json!(SESSIONS))
    );
    let distinct = || ids(&receiver).into_iter().collect::<BTreeSet<_>>().len();
    poll(SOON * 2, "every event comes", || (distinct() == SESSIONS + 1).then_some(()));
    poll(SOON, "every delivery has ended", || {
        let waiting = partner.at(&server).get("/v1/webhooks/deliveries?status=pending").expect(200);
        waiting["data"].as_array().unwrap().is_empty().then_some(())
    });
    // What was on its way when the gateway died may come twice: at least once.
    let twice = receiver.all().len() - distinct();
    assert!(twice <= 600, "{arrived} had come at the kill, {twice} came twice");
}

#[test]
fn a_redelivery_waits_for_its_endpoint_and_can_be_cancelled() {
    let server = Server::start(&[]);
    let partner = server.operator().partner("away", Rights::ALL);
    server.operator().set_tier(&partner, "sandbox", "unlimited");
    for _ in 0..1_100 {
        partner.session(&session_body(Kind::PayIn, "100.00"));
    }
    let receiver = Receiver::start();
    let operator = server.operator();
    let webhook = format!("/operator/accounts/{}/webhook", partner.account);
    let mode = json!({ "mode": "sandbox" });
    operator.set_webhook(&partner, "sandbox", &receiver.url());
    operator.done("POST", &format!("{webhook}/pause"), &mode);
    let job = start(&server, &partner, json!({}));
    assert_eq!((&job["status"], &job["sent"], &job["percent"]), (&json!("running"), &json!(0), &json!(0)));
    let full = poll(SOON, "so much is queued for a paused endpoint, and no more", || {
        Some(shown(&server, &partner, &job)).filter(|job| job["waits_for"] == "deliveries")
    });
    assert!(full["sent"].as_u64() < Some(1_100) && receiver.all().is_empty(), "{full}");
    operator.done("DELETE", &webhook, &mode);
    assert_eq!(shown(&server, &partner, &job)["waits_for"], "endpoint");
    let one = format!("{}/{}", path(&partner), job["id"].as_str().unwrap());
    let cancelled = operator.done("DELETE", &one, &json!({ "reason": "they are back" }));
    assert_eq!((&cancelled["status"], &cancelled["sent"]), (&json!("cancelled"), &full["sent"]));
    assert_eq!(operator.done("DELETE", &one, &Value::Null), cancelled, "what has ended stays so");
    // Without an endpoint all that was queued is given up; a later job sends it.
    poll(SOON * 2, "nothing is on its way", || {
        let waiting = partner.get("/v1/webhooks/deliveries?status=pending").expect(200);
        waiting["data"].as_array().unwrap().is_empty().then_some(())
    });
    operator.set_webhook(&partner, "sandbox", &receiver.url());
    assert_eq!(run(&server, &partner, json!({}))["sent"], 1_100);
    wait_for(&receiver, 1_100);
    assert_eq!(shown(&server, &partner, &job), cancelled);
}

#[test]
fn what_cannot_be_started_is_refused_and_says_why() {
    let server = Server::start(&[]);
    let operator = server.operator();
    let partner = server.operator().partner("away", Rights::ALL);
    ask(&server, &partner, json!({})).expect_refusal(409, "endpoint_not_ready");
    let receiver = Receiver::start();
    operator.set_webhook(&partner, "sandbox", &receiver.url());
    let refused = |fields: Value, param: &str| {
        let refused = ask(&server, &partner, fields).expect_refusal(400, "invalid_request");
        assert_eq!(refused["param"], param);
        refused["message"].as_str().unwrap().to_owned()
    };
    assert!(refused(json!({ "types": ["gate_session.forgotten"] }), "types").contains("gate_session.forgotten"));
    refused(json!({ "types": [] }), "types");
    refused(json!({ "from": "yesterday" }), "from");
    refused(json!({ "to": "2026-13-01T00:00:00Z" }), "to");
    refused(json!({ "to": LONG_AGO }), "from");
    refused(json!({ "from": "2999-01-01T00:00:00Z", "to": "2999-01-02T00:00:00Z" }), "from");
    refused(json!({ "which": "some" }), "which");
    ask(&server, &partner, json!({ "until": LONG_AGO })).expect_refusal(400, "unknown_field");
    ask(&server, &partner, json!({ "mode": "live" })).expect_refusal(501, "not_enabled");
    let mut nobody = partner.clone();
    nobody.account = "acct_00000000000000000000000000".to_owned();
    ask(&server, &nobody, json!({})).expect_refusal(404, "not_found");
    for id in ["red_test_00000000000000000000000000", "red_live_00000000000000000000000000", "nonsense"] {
        for method in ["GET", "DELETE"] {
            let one = format!("{}/{id}", path(&partner));
            operator.call(method, &one, &Value::Null).expect_refusal(404, "not_found");
        }
    }
    operator.call("GET", &path(&partner), &Value::Null).expect_refusal(400, "invalid_request");
    let empty = operator.done("GET", &format!("{}?mode=sandbox", path(&partner)), &Value::Null);
    assert_eq!(empty["data"], json!([]));
}
