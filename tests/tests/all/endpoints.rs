//! Endpoints: dead ones delay nobody else, gone ones are disabled, paused ones wait, secrets are rotated.

use std::net::TcpListener;

use causeway_tests::operator::Rights;
use causeway_tests::partner::{Kind, Partner, session_body};
use causeway_tests::poll::{SOON, poll};
use causeway_tests::receiver::{Answer, Receiver, TOLD_OF_A_PAY_IN as TOLD};
use causeway_tests::server::Server;
use serde_json::{Value, json};

/// What an operator is shown of a partner's endpoint.
fn endpoint(server: &Server, partner: &Partner) -> Value {
    let path = format!("/operator/accounts/{}", partner.account);
    server.operator().done("GET", &path, &Value::Null)["modes"][0]["webhook"].clone()
}

fn change(server: &Server, partner: &Partner, method: &str, word: &str) -> Value {
    let path = format!("/operator/accounts/{}/webhook/{word}", partner.account);
    server.operator().done(method, &path, &json!({ "mode": "sandbox", "reason": "ticket 9" }))
}

fn open(partner: &Partner) -> String {
    partner.session(&session_body(Kind::PayIn, "100.00"))["id"].as_str().unwrap().to_owned()
}

/// Receivers that take connections and never answer hold their places for a minute here, and there are more of them than
/// places. Who answers is served at once, also by a process that has just been started.
#[test]
fn dead_receivers_delay_nobody_else() {
    let dead = TcpListener::bind("127.0.0.1:0").unwrap();
    let dead = format!("http://{}/hooks", dead.local_addr().unwrap());
    let options = ["--deliveries-at-once=8", "--delivery-timeout=1s", "--delivery-gaps=10ms,10ms,10ms,10ms"];
    let server = Server::start(&options);
    let dying: Vec<Partner> = (0..24).map(|at| server.operator().partner(&format!("dead {at}"), Rights::ALL)).collect();
    for partner in &dying {
        server.operator().set_webhook(partner, "sandbox", &dead);
        open(partner);
    }
    for partner in &dying {
        poll(SOON * 2, "every dead one has failed once", || {
            let deliveries = partner.get("/v1/webhooks/deliveries").expect(200);
            deliveries["data"][0]["attempts"].as_u64().filter(|attempts| *attempts > 0)
        });
    }
    let directory = server.directory().clone();
    server.kill();
    let patient = ["--deliveries-at-once=8", "--delivery-timeout=5m"];
    let server = Server::start_in(&directory, &patient);
    let dying: Vec<Partner> = dying.into_iter().map(|partner| partner.at(&server)).collect();
    dying.iter().for_each(|partner| drop(open(partner)));
    let partner = server.operator().partner("well", Rights::ALL);
    let receiver = Receiver::start();
    server.operator().set_webhook(&partner, "sandbox", &receiver.url());
    for _ in 0..20 {
        let payment = partner.start(Kind::PayIn, "100.00");
        receiver.wait_for(payment["session_id"].as_str().unwrap(), &TOLD);
    }
}

#[test]
fn an_endpoint_that_is_gone_is_disabled_until_it_is_resumed() {
    let server = Server::start(&[]);
    let partner = server.demo();
    let receiver = Receiver::answering(|_, before| Answer::status(if before == 0 { 410 } else { 200 }));
    server.operator().set_webhook(&partner, "sandbox", &receiver.url());
    let first = open(&partner);
    let disabled = poll(SOON, "it is disabled", || {
        Some(endpoint(&server, &partner)).filter(|shown| shown["status"] == "disabled")
    });
    assert_eq!(disabled["why"], "gone");
    let dead = partner.get("/v1/webhooks/deliveries?status=dead_lettered").expect(200);
    assert_eq!(dead["data"][0]["last_response_status"], 410);
    partner.act("/v1/webhooks/test").expect_refusal(400, "invalid_request");
    open(&partner);
    let metrics = server.operator().call("GET", "/metrics", &Value::Null).text();
    assert!(metrics.contains("causeway_webhook_endpoints{mode=\"sandbox\",state=\"disabled\"} 1"), "{metrics}");
    change(&server, &partner, "POST", "resume");
    let later = open(&partner);
    receiver.wait_for(&later, &["gate_session.created"]);
    let all = receiver.all();
    assert_eq!(all.len(), 2, "what happened while it was disabled is kept and not delivered");
    assert_eq!(all[0].session(), first);
    let told = server.stop().error;
    assert!(told.contains("is disabled: it answered 410"), "{told}");
}

#[test]
fn a_paused_endpoint_gets_everything_in_order_when_it_is_resumed() {
    let server = Server::start(&[]);
    let partner = server.demo();
    let receiver = Receiver::start();
    server.operator().set_webhook(&partner, "sandbox", &receiver.url());
    change(&server, &partner, "POST", "pause");
    assert_eq!(endpoint(&server, &partner)["status"], "paused");
    let payment = partner.start(Kind::PayIn, "100.00");
    partner.wait_for_payment(&payment, "settled");
    assert!(receiver.all().is_empty());
    let waiting = partner.get("/v1/webhooks/deliveries?status=pending").expect(200);
    assert_eq!(waiting["data"].as_array().unwrap().len(), TOLD.len());
    let directory = server.directory().clone();
    server.stop();
    let server = Server::start_in(&directory, &[]);
    assert_eq!(endpoint(&server, &partner)["status"], "paused", "it outlives a restart");
    change(&server, &partner, "POST", "resume");
    receiver.wait_for(payment["session_id"].as_str().unwrap(), &TOLD);
}

/// Before the activation receivers verify with the first secret, after it with the second, and nobody ever sees an event that
/// neither signs.
#[test]
fn a_secret_is_rotated_without_a_gap() {
    let server = Server::start(&[]);
    let partner = server.demo();
    let receiver = Receiver::start();
    let first = server.operator().set_webhook(&partner, "sandbox", &receiver.url());
    let second = change(&server, &partner, "POST", "secret")["secret"].as_str().unwrap().to_owned();
    let arrived = |session: &str| receiver.wait_for(session, &["gate_session.created"]).remove(0);
    let before = arrived(&open(&partner));
    before.verify(&first).unwrap();
    assert!(before.verify(&second).is_err(), "Gate-Signature has one signature, of the first secret");
    change(&server, &partner, "POST", "secret/activate");
    let after = arrived(&open(&partner));
    after.verify(&second).unwrap();
    assert!(after.verify(&first).is_err());
    let shown = endpoint(&server, &partner);
    assert!(shown["second_secret"] == "last" && shown["second_secret_until"].is_string(), "{shown}");
}
