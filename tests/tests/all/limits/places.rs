//! Requests in progress: each holds a place from its head to its answer, whoever keeps it waiting.

use causeway_tests::http::{Connection, Request};
use causeway_tests::partner::{Kind, Partner, session_body};
use causeway_tests::poll::{SOON, poll};
use causeway_tests::server::Server;

use super::{LIST, partner_in, server};

/// A request whose body never comes whole.
fn hanging(server: &Server, partner: &Partner) -> Connection {
    let mut connection = Connection::open(server.api().address()).unwrap();
    let head = format!(
        "POST {LIST} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nIdempotency-Key: hanging\r\n\
         Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{",
        partner.secret
    );
    connection.write(head.as_bytes()).unwrap();
    connection
}

/// Holds both places of a partner. Whoever finds one taken by the question whether it is free is refused, so that more
/// are sent than there are places.
fn hold_both(server: &Server, partner: &Partner) -> Vec<Connection> {
    let mut held = Vec::new();
    poll(SOON, "both places are held", || {
        held.push(hanging(server, partner));
        is_refused(partner).then_some(())
    });
    held
}

fn is_refused(partner: &Partner) -> bool {
    let answer = partner.get(LIST);
    if answer.status == 200 {
        return false;
    }
    let body = answer.expect_refusal(429, "rate_limited");
    assert!(body["message"].as_str().is_some_and(|message| message.contains("in progress")), "{body}");
    assert_eq!(answer.header("Retry-After"), Some("1"));
    assert!(answer.header("RateLimit").is_some_and(|field| field.ends_with("\"in-progress\";r=0")));
    true
}

#[test]
fn those_who_keep_us_waiting_hold_places_until_they_hang_up() {
    let (server, _config) = server(&["--body-timeout=1h"]);
    let (partner, other) = (partner_in(&server, "few"), partner_in(&server, "few"));
    for _ in 0..3 {
        let held = hold_both(&server, &partner);
        other.get(LIST).expect(200);
        partner.browse(Request::post("/v1/embed/bootstrap")).expect(201);
        drop(held);
        poll(SOON, "the places of those who hung up are free", || (!is_refused(&partner)).then_some(()));
    }
    // Nothing was left behind: two at a time go through again and again.
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| (0..50).for_each(|_| drop(partner.get(LIST).expect(200))));
        }
    });
}

#[test]
fn a_body_that_takes_too_long_gives_its_place_back() {
    let (server, _config) = server(&["--body-timeout=300ms"]);
    let partner = partner_in(&server, "few");
    let mut slow = hanging(&server, &partner);
    slow.read(false).unwrap().expect_refusal(400, "body_incomplete");
    for _ in 0..10 {
        partner.post(LIST, &session_body(Kind::PayIn, "100.00")).expect(201);
    }
}

/// Whoever is refused by the head alone is not waited for, and one who asks first does not send at all.
#[test]
fn a_refusal_does_not_wait_for_the_body() {
    let (server, _config) = server(&["--body-timeout=1h"]);
    let partner = partner_in(&server, "few");
    let held = hold_both(&server, &partner);
    hanging(&server, &partner).read(false).unwrap().expect_refusal(429, "rate_limited");
    let mut polite = Connection::open(server.api().address()).unwrap();
    let head = "POST /v1/gate_sessions HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n";
    polite.write(head.as_bytes()).unwrap();
    polite.read(false).unwrap().expect_refusal(401, "missing_key");
    drop(held);
}
