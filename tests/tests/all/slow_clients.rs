//! Clients that take their time are cut off after the configured time, and others are not.

use std::time::{Duration, Instant};

use causeway_tests::http::{Connection, Request};
use causeway_tests::partner::{Kind, Partner, session_body};
use causeway_tests::poll::SOON;
use causeway_tests::server::Server;
use serde_json::json;

fn server() -> Server {
    Server::start(&["--header-timeout=300ms", "--body-timeout=300ms", "--idle-timeout=600ms"])
}

#[test]
fn a_slow_head_a_slow_body_and_an_idle_connection_are_cut_off() {
    let server = server();
    let partner = server.demo();
    slow_head(&server);
    slow_body(&server, &partner);
    idle(&server, &partner);
    assert_eq!(partner.get("/v1/gate_sessions").expect(200)["data"], json!([]));
}

fn slow_head(server: &Server) {
    for bytes in ["G", "GET /v1/gate_sessions HTTP/1.1\r\nHost:"] {
        let mut connection = open(server);
        connection.write(bytes.as_bytes()).unwrap();
        let started = Instant::now();
        connection.read_until_closed(SOON);
        assert!(started.elapsed() >= Duration::from_millis(250), "cut off after its time, not before");
    }
}

/// The announced body never comes whole: the request is refused, and nothing of it happens.
fn slow_body(server: &Server, partner: &Partner) {
    let body = session_body(Kind::PayIn, "100.00").to_string();
    let head = format!(
        "POST /v1/gate_sessions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nIdempotency-Key: slow\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        partner.secret,
        body.len() + 1
    );
    let mut connection = open(server);
    connection.write((head + &body).as_bytes()).unwrap();
    connection.read(false).unwrap().expect_refusal(400, "body_incomplete");
    connection.read_until_closed(SOON);
}

fn idle(server: &Server, partner: &Partner) {
    let mut connection = open(server);
    let request = Request::get("/v1/gate_sessions").bearer(&partner.secret);
    for _ in 0..3 {
        connection.send(&request).unwrap();
        connection.read(false).unwrap().expect(200);
    }
    let started = Instant::now();
    assert_eq!(connection.read_until_closed(SOON), b"");
    assert!(started.elapsed() >= Duration::from_millis(500), "an idle connection outlives a slow head");
}

/// Those who only connect, and those who break off, cost nobody else anything.
#[test]
fn others_are_served_meanwhile() {
    let server = Server::start(&["--connections=64", "--header-timeout=500ms"]);
    let partner = server.demo();
    let mut idlers: Vec<Connection> = (0..60).map(|_| open(&server)).collect();
    for idler in &mut idlers {
        idler.write(b"POST /v1/quotes HTTP/1.1\r\nHost: x\r\n").unwrap();
    }
    for _ in 0..20 {
        partner.session(&session_body(Kind::PayIn, "100.00"));
        let mut quitter = open(&server);
        let request = Request::post("/v1/gate_sessions").json(&session_body(Kind::PayIn, "100.00"));
        quitter.send(&request.bearer(&partner.secret).key("x")).unwrap();
    }
    for mut idler in idlers {
        idler.read_until_closed(SOON);
    }
    assert_eq!(server.stop().code, Some(0));
}

fn open(server: &Server) -> Connection {
    Connection::open(server.api().address()).unwrap()
}
