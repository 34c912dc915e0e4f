//! The whole way of money: session, widget, quote, redemption, settlement, transaction, webhooks.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use causeway_tests::http::Request;
use causeway_tests::operator::Rights;
use causeway_tests::partner::{Kind, Partner, lock_body, session_body, with};
use causeway_tests::poll::{SOON, poll};
use causeway_tests::program;
use causeway_tests::receiver::{Received, Receiver};
use causeway_tests::server::Server;
use serde_json::{Value, json};

use super::shared;

#[test]
fn a_pay_in_settles_and_its_partner_is_told_in_order() {
    settles_and_is_told(Kind::PayIn);
}

#[test]
fn a_pay_out_settles_and_its_partner_is_told_in_order() {
    settles_and_is_told(Kind::PayOut);
}

fn settles_and_is_told(kind: Kind) {
    let partner = shared::partner("a traveller");
    let receiver = Receiver::start();
    let operator = shared::server().operator();
    let secret = operator.set_webhook(&partner, "sandbox", &receiver.url());
    let journey = perform(&partner, kind, "120.00");
    let word = kind.word();
    let [processing, settled] = ["processing", "settled"].map(|status| format!("rail.{word}.{status}"));
    let session = journey.session["id"].as_str().unwrap();
    let events = receiver.wait_for(
        session,
        &[
            "gate_session.created",
            "quote.consumed",
            &processing,
            "gate_session.processing",
            &settled,
            "gate_session.completed",
        ],
    );
    for event in &events {
        event.verify(&secret).unwrap_or_else(|fault| panic!("{}: {fault}", event.event));
        assert!(event.id().starts_with("evt_test_"));
    }
    tells_the_whole_objects(&partner, &journey, &events);
    let attempts = receiver.all().len();
    assert_eq!(attempts, events.len(), "nothing is delivered twice without need");
}

/// What came of a journey, each object as it was in the end.
struct Journey {
    session: Value,
    payment: Value,
    quote: Value,
}

fn perform(partner: &Partner, kind: Kind, amount: &str) -> Journey {
    let body = session_body(kind, kind.session_amount(amount));
    let opened = partner.session(&with(body, json!({ "user_reference": "traveller 1" })));
    let bootstrap = json!({ "clientSecret": opened["client_secret"] });
    let token = partner.browse(Request::post("/v1/embed/bootstrap").json(&bootstrap));
    assert_eq!(token.expect(201)["session_id"], opened["id"]);
    let locked = partner.lock(&lock_body(kind, amount));
    let redeem = json!({ "quote_id": locked["id"], "session_id": opened["id"] });
    let started = partner.post(&kind.path(), &redeem).expect(201);
    assert_eq!(started["status"], "processing");
    let payment = partner.wait_for_payment(&started, "settled");
    let session = partner.read_session(&opened["id"]);
    assert_eq!(session["status"], "completed", "in the same commit as the settlement");
    assert_eq!(session["tx_refid"], payment["transaction_refid"]);
    assert_eq!(partner.read_transaction(&payment)["status"], "completed");
    Journey { session, payment, quote: partner.read_quote(&locked["id"]) }
}

/// `data` is the whole object after the change.
fn tells_the_whole_objects(partner: &Partner, journey: &Journey, events: &[Received]) {
    let data: Vec<&Value> = events.iter().map(|event| &event.event["data"]).collect();
    let created = &data[0];
    assert_eq!((&created["status"], &created["id"]), (&json!("open"), &journey.session["id"]));
    assert!(created.get("client_secret").is_none(), "createSession alone tells it");
    assert_eq!(data[1], &journey.quote);
    assert_eq!(data[2]["status"], "processing");
    assert_eq!(data[3]["status"], "open", "processing is an event, not a status of a session");
    assert_eq!(data[4], &journey.payment);
    assert_eq!(data[5], &journey.session);
    assert!(data.iter().all(|data| data["partner_id"].is_null() || data["partner_id"] == partner.account));
    let times: Vec<u64> = events.iter().map(|event| event.event["created_at"].as_u64().unwrap()).collect();
    assert!(times.is_sorted(), "{times:?}");
}

#[test]
fn both_journeys_survive_a_restart_and_go_on_after_it() {
    let server = Server::start(&["--rail-settle-delay=300ms"]);
    let partner = server.demo();
    let started = Kind::BOTH.map(|kind| partner.start(kind, "75.00"));
    let directory = server.directory().clone();
    server.kill();
    let server = Server::start_in(&directory, &[]);
    let partner = partner.at(&server);
    for payment in &started {
        partner.wait_for_payment(payment, "settled");
        assert_eq!(partner.read_session(&payment["session_id"])["status"], "completed");
        assert_eq!(partner.read_transaction(payment)["status"], "completed");
    }
    assert_eq!(server.stop().code, Some(0));
}

/// The receiver in Python shares no code with the gateway or with this harness.
#[test]
fn the_python_receiver_verifies_every_event() {
    let server = shared::server();
    let partner = server.operator().partner("a partner with Python", Rights::ALL);
    let port = free_port();
    let url = format!("http://127.0.0.1:{port}/hooks");
    let secret = server.operator().set_webhook(&partner, "sandbox", &url);
    let python = Python::start(&secret, port);
    let payments = Kind::BOTH.map(|kind| partner.start(kind, "80.00"));
    for payment in &payments {
        let session = payment["session_id"].as_str().unwrap();
        let types = poll(SOON, "Python takes the session's events", || {
            let types = python.types_of(session);
            (types.len() >= 5).then_some(types)
        });
        assert_eq!(types.first().map(String::as_str), Some("gate_session.created"));
        assert_eq!(types.last().map(String::as_str), Some("gate_session.completed"));
    }
    let quotes = python.events().iter().filter(|event| event["type"] == "quote.consumed").count();
    assert_eq!(quotes, payments.len());
}

/// A port that was free a moment ago: the secret is made with the URL, and the receiver needs the secret to start.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

struct Python {
    child: Child,
    log: tempfile::NamedTempFile,
}

impl Python {
    fn start(secret: &str, port: u16) -> Python {
        let log = tempfile::NamedTempFile::new().unwrap();
        let mut command = Command::new(program::python());
        command.arg(program::repository().join("tools/receiver/receiver.py"));
        command.args(["--secret", secret, "--port", &port.to_string(), "--log"]).arg(log.path());
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line.trim(), port.to_string(), "the receiver listens");
        Python { child, log }
    }

    /// The events that it has verified and taken, in that order.
    fn events(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.log.path()).unwrap();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    fn types_of(&self, session: &str) -> Vec<String> {
        let events = self.events();
        let named = |event: &&Value| event["data"]["id"] == session || event["data"]["session_id"] == session;
        events.iter().filter(named).map(|event| event["type"].as_str().unwrap().to_owned()).collect()
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        // It serves until it is told to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
