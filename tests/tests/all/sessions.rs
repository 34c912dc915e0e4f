//! Sessions over time: pages, filters, expiry.

use causeway_tests::operator::Rights;
use causeway_tests::partner::{Kind, Partner, lock_body, session_body};
use causeway_tests::poll::{SOON, poll};
use causeway_tests::receiver::Receiver;
use serde_json::{Value, json};

use super::shared;

#[test]
fn pages_follow_each_other_newest_first() {
    let partner = shared::partner("a keeper of many");
    let mut made: Vec<String> = (0..23).map(|_| open(&partner)).collect();
    let mut ordered = made.clone();
    ordered.sort();
    assert_eq!(made, ordered, "ids are ordered by creation");
    made.reverse();
    for limit in [1, 7, 23, 100] {
        assert_eq!(pages(&partner, &format!("limit={limit}")), made, "{limit}");
    }
    let first = partner.get("/v1/gate_sessions").expect(200);
    assert_eq!(ids(&first), made[..10], "ten at a time unless asked for more");
    assert_eq!(first["has_more"], true);
    let exact = partner.get("/v1/gate_sessions?limit=23").expect(200);
    assert_eq!(exact["has_more"], false);
}

#[test]
fn a_filter_shows_sessions_of_one_status() {
    let partner = shared::partner("a filterer");
    let all: Vec<String> = (0..6).map(|_| open(&partner)).collect();
    for id in [&all[1], &all[4]] {
        partner.act(&format!("/v1/gate_sessions/{id}/cancel")).expect(201);
    }
    complete(&partner, &all[2]);
    let with_status = |status: &str| pages(&partner, &format!("limit=1&status={status}"));
    assert_eq!(with_status("cancelled"), [all[4].clone(), all[1].clone()]);
    assert_eq!(with_status("completed"), [all[2].clone()]);
    assert_eq!(with_status("open"), [5, 3, 0].map(|at| all[at].clone()));
    assert_eq!(with_status("expired"), Vec::<String>::new());
}

#[test]
fn a_cursor_stays_valid_when_its_row_has_left_the_filter() {
    let partner = shared::partner("a patient reader");
    let all: Vec<String> = (0..3).map(|_| open(&partner)).collect();
    partner.act(&format!("/v1/gate_sessions/{}/cancel", all[1])).expect(201);
    let page = partner.get(&format!("/v1/gate_sessions?status=open&starting_after={}", all[1]));
    assert_eq!(ids(&page.expect(200)), [all[0].clone()]);
}

#[test]
fn an_overdue_session_expires_and_its_partner_is_told() {
    let server = shared::brisk();
    let partner = server.operator().partner("a waiter", Rights::ALL);
    let receiver = Receiver::start();
    let secret = server.operator().set_webhook(&partner, "sandbox", &receiver.url());
    let id = open(&partner);
    let expired = partner.wait_for_session(&json!(id), "expired");
    assert!(expired["tx_refid"].is_null());
    let events = receiver.wait_for(&id, &["gate_session.created", "gate_session.expired"]);
    events.iter().for_each(|event| event.verify(&secret).unwrap());
    assert_eq!(events[1].event["data"], expired);
    let listed = partner.get("/v1/gate_sessions?status=expired").expect(200);
    assert_eq!(ids(&listed).as_slice(), std::slice::from_ref(&id));
    let cancel = partner.act(&format!("/v1/gate_sessions/{id}/cancel"));
    cancel.expect_refusal(409, "session_not_open");
    redeem(&partner, &id).expect_refusal(409, "session_not_open");
}

/// The rail of `.06` ends after the session's time has run out.
#[test]
fn expiry_waits_until_a_running_movement_ends() {
    let server = shared::brisk();
    let partner = server.operator().partner("a slow mover", Rights::ALL);
    for (amount, status) in [("100.06", "completed"), ("100.05", "expired")] {
        let payment = partner.start(Kind::PayIn, amount);
        let session = partner.read_session(&payment["session_id"]);
        assert_eq!(session["status"], "open");
        let ended = poll(SOON, "the movement ends", || {
            let before = partner.read_session(&session["id"]);
            let now = partner.read_payment(&payment);
            let running = now["status"] == "processing";
            assert!(!running || before["status"] == "open", "{before}");
            (!running).then_some(now)
        });
        if status == "expired" {
            assert_eq!(ended["failure_code"], "verification_expired");
        }
        partner.wait_for_session(&session["id"], status);
    }
}

fn open(partner: &Partner) -> String {
    let session = partner.session(&session_body(Kind::PayIn, "100.00"));
    session["id"].as_str().unwrap().to_owned()
}

fn complete(partner: &Partner, id: &str) {
    redeem(partner, id).expect(201);
    partner.wait_for_session(&json!(id), "completed");
}

fn redeem(partner: &Partner, id: &str) -> causeway_tests::http::Response {
    let quote = partner.lock(&lock_body(Kind::PayIn, "100.00"));
    partner.post("/v1/rails/pay_ins", &json!({ "quote_id": quote["id"], "session_id": id }))
}

/// The ids of all pages of a query, one after the other.
fn pages(partner: &Partner, query: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    loop {
        let after = all.last().map(|id| format!("&starting_after={id}")).unwrap_or_default();
        let page = partner.get(&format!("/v1/gate_sessions?{query}{after}")).expect(200);
        all.extend(ids(&page));
        if page["has_more"] == false {
            return all;
        }
        assert!(!ids(&page).is_empty(), "more was promised");
    }
}

fn ids(page: &Value) -> Vec<String> {
    let data = page["data"].as_array().unwrap();
    data.iter().map(|session| session["id"].as_str().unwrap().to_owned()).collect()
}
