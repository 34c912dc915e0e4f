//! Delivery: retried on schedule, in order per session, redirects and slow answers count as failures.

use std::time::Duration;

use causeway_tests::operator::Rights;
use causeway_tests::partner::{Kind, session_body};
use causeway_tests::poll::{SOON, poll};
use causeway_tests::receiver::{Answer, Receiver, TOLD_OF_A_PAY_IN as TOLD};
use causeway_tests::server::Server;
use serde_json::json;

use super::shared;

/// Each of these is a failure; the same event comes again with the same body, and those behind it wait.
#[test]
fn a_failed_delivery_is_tried_again_and_order_is_kept() {
    for status in [500, 404, 301, 307] {
        let partner = shared::partner("an unreliable one");
        let receiver = Receiver::answering(move |_, before| {
            let location = (300..400).contains(&status).then(|| "http://127.0.0.1:9/".to_owned());
            if before < 2 { Answer { location, ..Answer::status(status) } } else { Answer::status(200) }
        });
        let operator = shared::server().operator();
        let secret = operator.set_webhook(&partner, "sandbox", &receiver.url());
        let payment = partner.start(Kind::PayIn, "100.00");
        let session = payment["session_id"].as_str().unwrap();
        receiver.wait_for(session, &TOLD);
        let last = |count: usize| (receiver.all().len() >= count).then(|| receiver.all());
        let all = poll(SOON, "every event came three times", || last(3 * TOLD.len()));
        for (at, attempts) in all.chunks(3).enumerate() {
            for attempt in attempts {
                assert_eq!(attempt.kind(), TOLD[at], "{status}: the next event waits for this one");
                assert_eq!((attempt.id(), &attempt.body), (attempts[0].id(), &attempts[0].body));
                attempt.verify(&secret).unwrap();
            }
            let gaps = [attempts[1].at - attempts[0].at, attempts[2].at - attempts[1].at];
            assert!(gaps[0] >= Duration::from_millis(25), "{status}: {gaps:?}");
        }
    }
}

#[test]
fn a_receiver_that_answers_too_late_has_failed() {
    let server = Server::start(&["--delivery-timeout=150ms"]);
    let partner = server.demo();
    let (release, held) = std::sync::mpsc::channel::<()>();
    let held = std::sync::Mutex::new(held);
    let receiver = Receiver::answering(move |_, before| {
        if before == 0 {
            // Holds the answer back until the test has seen the second attempt, or for good.
            let _ = held.lock().unwrap().recv_timeout(Duration::from_secs(5));
        }
        Answer::status(200)
    });
    server.operator().set_webhook(&partner, "sandbox", &receiver.url());
    let session = partner.session(&session_body(Kind::PayIn, "100.00"));
    let attempts = poll(SOON, "the event comes again", || {
        let all = receiver.all();
        (all.len() >= 2).then_some(all)
    });
    release.send(()).unwrap();
    assert_eq!(attempts[0].id(), attempts[1].id());
    assert_eq!(attempts[0].session(), session["id"]);
    assert!(attempts[1].at - attempts[0].at >= Duration::from_millis(150));
}

/// After the last attempt the delivery is dead, and the session's next event is delivered without it.
#[test]
fn a_dead_delivery_lets_the_next_one_pass() {
    let server = Server::start(&["--delivery-gaps=10ms,10ms,10ms,10ms"]);
    let partner = server.demo();
    let receiver = Receiver::answering(|received, _| {
        Answer::status(if received.kind() == "gate_session.created" { 503 } else { 200 })
    });
    server.operator().set_webhook(&partner, "sandbox", &receiver.url());
    let session = partner.session(&session_body(Kind::PayIn, "100.00"));
    let id = session["id"].as_str().unwrap();
    partner.act(&format!("/v1/gate_sessions/{id}/cancel")).expect(201);
    receiver.wait_for(id, &["gate_session.created", "gate_session.cancelled"]);
    let kinds: Vec<String> = receiver.all().iter().map(|received| received.kind().to_owned()).collect();
    let created = kinds.iter().filter(|kind| *kind == "gate_session.created").count();
    assert_eq!(created, 5, "{kinds:?}");
    assert_eq!(kinds.last().map(String::as_str), Some("gate_session.cancelled"));
    poll(SOON, "it is counted", || {
        let metrics = server.operator().call("GET", "/metrics", &json!(null)).text();
        metrics.contains("causeway_webhooks_dead_lettered_total{mode=\"sandbox\"} 1.0").then_some(())
    });
}

/// One partner's dead receiver does not hold up another's, nor one session's trouble another session.
#[test]
fn trouble_stays_where_it_is() {
    let server = Server::start(&["--delivery-gaps=1m"]);
    let operator = server.operator();
    let (ill, well) = (operator.partner("ill", Rights::ALL), operator.partner("well", Rights::ALL));
    let picky = Receiver::answering(|received, _| {
        let data = &received.event["data"];
        Answer::status(if data["amount"] == "13.00" { 500 } else { 200 })
    });
    let fine = Receiver::start();
    operator.set_webhook(&ill, "sandbox", &picky.url());
    operator.set_webhook(&well, "sandbox", &fine.url());
    let stuck = ill.session(&session_body(Kind::PayIn, "13.00"));
    let lucky = ill.session(&session_body(Kind::PayIn, "14.00"));
    let healthy = well.session(&session_body(Kind::PayIn, "13.00"));
    picky.wait_for(lucky["id"].as_str().unwrap(), &["gate_session.created"]);
    fine.wait_for(healthy["id"].as_str().unwrap(), &["gate_session.created"]);
    picky.wait_for(stuck["id"].as_str().unwrap(), &["gate_session.created"]);
}

/// An endpoint that is not the internet's: only loopback, and never the gateway itself.
#[test]
fn an_endpoint_that_must_not_be_called_is_not_called() {
    let server = Server::start(&[]);
    let partner = server.demo();
    let path = format!("/operator/accounts/{}/webhook", partner.account);
    let own = [server.api().address().to_string(), server.operator_address().to_string()];
    let urls = own.map(|address| format!("http://{address}/hooks"));
    for url in urls.iter().map(String::as_str).chain([
        "http://partner.example/hooks",
        "ftp://127.0.0.1/hooks",
        "nonsense",
        "",
        "https://user:secret@partner.example/hooks",
        "https://partner.example/hooks#part",
        "https://[fe80::1%25eth0]/",
        "https://partner%2eexample/hooks",
    ]) {
        let body = json!({ "mode": "sandbox", "url": url });
        let refused = server.operator().call("PUT", &path, &body);
        assert_eq!(refused.status, 400, "{url}: {}", refused.text());
    }
}
