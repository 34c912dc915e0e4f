//! What is wrong before any operation looks at it: paths, methods, versions, sizes, bytes that are no HTTP. Nothing of it
//! changes anything. Bad bodies are shown in `operations`.

use causeway_tests::contract::contract;
use causeway_tests::http::{Connection, Request, Response};
use causeway_tests::partner::{Kind, Partner, lock_body, session_body};
use causeway_tests::receiver::Receiver;
use serde_json::json;

use super::shared;

#[test]
fn unknown_paths_are_not_found() {
    let partner = shared::partner("a wanderer");
    for path in [
        "/",
        "/v1",
        "/v1/",
        "/v2/gate_sessions",
        "/gate_sessions",
        "/v1/gate_sessions/",
        "/v1//gate_sessions",
        "/v1/Gate_Sessions",
        "/v1/gate_sessions/x/y",
        "/v1/rails",
        "/v1/quotes/x/y",
        "/operator/accounts",
        "/metrics",
        "/v1/gate_sessions/../quotes",
    ] {
        partner.get(path).expect_refusal(404, "not_found");
    }
}

#[test]
fn wrong_methods_are_told_the_right_ones() {
    let partner = shared::partner("a guesser");
    for (method, path, allowed) in [
        ("PUT", "/v1/gate_sessions", "GET, HEAD, OPTIONS, POST"),
        ("DELETE", "/v1/quotes", "OPTIONS, POST"),
        ("POST", "/v1/gate_sessions/x", "GET, HEAD, OPTIONS"),
        ("GET", "/v1/gate_sessions/x/cancel", "OPTIONS, POST"),
        ("PATCH", "/v1/rails/pay_ins", "OPTIONS, POST"),
        ("GET", "/v1/embed/bootstrap", "OPTIONS, POST"),
        ("PUT", "/v1/customers/x", "DELETE, GET, HEAD, OPTIONS, PATCH"),
        ("DELETE", "/v1/customers", "GET, HEAD, OPTIONS, POST"),
        ("BREW", "/v1/gate_sessions", "GET, HEAD, OPTIONS, POST"),
    ] {
        let refused = partner.send(Request::new(method, path));
        refused.expect_refusal(405, "method_not_allowed");
        let mut told: Vec<&str> = refused.header("Allow").unwrap().split(", ").collect();
        told.sort_unstable();
        assert_eq!(told.join(", "), allowed, "{method} {path}");
    }
}

#[test]
fn only_the_known_version_and_json_are_spoken() {
    let partner = shared::partner("a linguist");
    let list = Request::get("/v1/gate_sessions");
    for version in ["2026-05-24", "2027-01-01", "latest", ""] {
        let refused = partner.send(list.clone().header("Gate-Version", version));
        assert_eq!(refused.expect_refusal(400, "invalid_request")["param"], "Gate-Version");
    }
    let known = partner.send(list.clone().header("Gate-Version", "2026-05-25"));
    known.expect(200);
    assert_eq!(known.header("Gate-Version"), Some("2026-05-25"));
    for accept in ["text/html", "application/xml", "application/json;q=0"] {
        let refused = partner.send(list.clone().header("Accept", accept));
        refused.expect_refusal(406, "not_acceptable");
    }
    for accept in ["*/*", "application/json", "text/html, */*;q=0.1"] {
        partner.send(list.clone().header("Accept", accept)).expect(200);
    }
}

#[test]
fn a_wrong_key_is_told_before_anything_else_that_is_wrong() {
    let partner = shared::partner("a stranger");
    let create = Request::post("/v1/gate_sessions").bytes("{");
    let wrong = create.header("Gate-Version", "1").header("Accept", "text/html").header("Content-Type", "text/plain");
    partner.send_as_is(&wrong).expect_refusal(401, "missing_key");
    for key in ["sk_test_unknown", "sk_live_unknown", "nonsense"] {
        partner.send(wrong.clone().bearer(key)).expect_refusal(401, "invalid_key");
    }
    partner.send(wrong.clone().bearer(&partner.publishable)).expect_refusal(401, "key_kind_not_allowed");
    assert_eq!(partner.send(wrong).expect_refusal(400, "invalid_request")["param"], "Gate-Version");
}

#[test]
fn every_answer_names_its_request_anew() {
    let partner = shared::partner("a collector");
    let ids: Vec<String> =
        (0..5).map(|_| partner.get("/v1/gate_sessions").header("X-Request-Id").unwrap().to_owned()).collect();
    assert!(ids.iter().all(|id| id.starts_with("req_test_")), "{ids:?}");
    assert_eq!(ids.iter().collect::<std::collections::HashSet<_>>().len(), 5);
    let unknown = partner.send_as_is(&Request::get("/v1/gate_sessions"));
    let id = unknown.header("X-Request-Id").unwrap();
    assert!(!id.starts_with("req_test_"), "the mode is not known before authentication: {id}");
}

#[test]
fn what_is_too_large_is_refused_with_its_own_status() {
    let partner = shared::partner("a big talker");
    let create = Request::post("/v1/gate_sessions").key("large").header("Content-Type", "application/json");
    for size in [65_537, 200_000, 900_000] {
        let refused = partner.send(create.clone().bytes(vec![b' '; size]));
        refused.expect_refusal(413, "body_too_large");
    }
    let waits = create.header("Expect", "100-continue").bearer(&partner.secret);
    let mut head = Connection::open(shared::server().api().address()).unwrap();
    head.write(format!("POST {} HTTP/1.1\r\nHost: x\r\nContent-Length: 70000\r\n", waits.path).as_bytes()).unwrap();
    let keys = format!("Authorization: Bearer {}\r\nIdempotency-Key: large\r\n", partner.secret);
    head.write(format!("{keys}Expect: 100-continue\r\n\r\n").as_bytes()).unwrap();
    head.read(false).unwrap().expect_refusal(413, "body_too_large");
    let long = format!("/v1/gate_sessions?x={}", "a".repeat(70_000));
    raw(&format!("GET {long} HTTP/1.1\r\nHost: x\r\n\r\n")).expect_refusal(414, "uri_too_long");
    partner.get(&long[..9_000]).expect_refusal(414, "uri_too_long");
    let wide = format!("GET / HTTP/1.1\r\nHost: x\r\nX-Wide: {}\r\n\r\n", "a".repeat(70_000));
    raw(&wide).expect_refusal(431, "headers_too_large");
    let many: String = (0..200).map(|at| format!("X-{at}: 1\r\n")).collect();
    raw(&format!("GET / HTTP/1.1\r\nHost: x\r\n{many}\r\n")).expect_refusal(431, "headers_too_large");
}

#[test]
fn bytes_that_are_no_http_are_refused_in_the_same_words() {
    for bytes in [
        "nonsense\r\n\r\n",
        "GET\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}\u{1}\r\n\r\n",
        "GET / HTTP/1.1\r\nno colon\r\n\r\n",
        "GET / HTTP/1.1\r\nBad Name: 1\r\n\r\n",
        "POST /v1/quotes HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        "POST /v1/quotes HTTP/1.1\r\nHost: x\r\nContent-Length: ten\r\n\r\n",
        "POST /v1/quotes HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
    ] {
        raw(bytes).expect_refusal(400, "malformed_http");
    }
}

/// The host tells modes apart: a request that names none, or two, is for nobody.
#[test]
fn a_request_names_exactly_one_host() {
    let partner = shared::partner("a nameless one");
    let end = format!("Authorization: Bearer {}\r\nConnection: close\r\n\r\n", partner.secret);
    for head in [
        "GET /v1/gate_sessions HTTP/1.1\r\n",
        "GET /v1/gate_sessions HTTP/1.0\r\n",
        "GET /v1/gate_sessions HTTP/1.1\r\nHost:\r\n",
        "GET /v1/gate_sessions HTTP/1.1\r\nHost: x\r\nHost: x\r\n",
        "GET http://x/v1/gate_sessions HTTP/1.1\r\n",
        "GET http://x/v1/gate_sessions HTTP/1.1\r\nHost: x\r\nHost: y\r\n",
    ] {
        assert_eq!(raw(&format!("{head}{end}")).expect_refusal(400, "invalid_request")["param"], "Host", "{head}");
    }
    let sound = "GET http://x/v1/gate_sessions HTTP/1.1\r\nHost: y\r\nConnection: close\r\n\r\n";
    raw(sound).expect_refusal(401, "missing_key");
}

/// Sends bytes on a connection of their own; the refusal must be a whole one, and the connection must end.
fn raw(bytes: &str) -> Response {
    let mut connection = Connection::open(shared::server().api().address()).unwrap();
    // The other side may refuse and close before all of it is sent.
    let _ = connection.write(bytes.as_bytes());
    let response = connection.read(false).unwrap_or_else(|failure| panic!("{bytes:.80}: {}", failure.error));
    contract().judge_outside(&response).unwrap_or_else(|fault| panic!("{bytes:.80}: {fault}"));
    connection.read_until_closed(causeway_tests::poll::SOON);
    response
}

#[test]
fn a_body_in_chunks_is_a_body() {
    let partner = shared::partner("a slow typist");
    let body = session_body(Kind::PayIn, "100.00").to_string();
    let (one, two) = body.split_at(17);
    let head = format!(
        "POST /v1/gate_sessions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nIdempotency-Key: chunks\r\n\
         Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
        partner.secret
    );
    let chunks = format!("{head}{:x}\r\n{one}\r\n{:x}\r\n{two}\r\n0\r\n\r\n", one.len(), two.len());
    let mut connection = Connection::open(shared::server().api().address()).unwrap();
    connection.write(chunks.as_bytes()).unwrap();
    connection.read(false).unwrap().expect(201);
}

#[test]
fn requests_on_one_connection_are_answered_in_order() {
    let partner = shared::partner("a pipeliner");
    let mut connection = Connection::open(shared::server().api().address()).unwrap();
    for at in 0..5 {
        let body = session_body(Kind::PayIn, &format!("{}.00", 10 + at));
        let request = Request::post("/v1/gate_sessions").json(&body).key(&format!("pipe {at}"));
        connection.send(&request.bearer(&partner.secret)).unwrap();
    }
    for at in 0..5 {
        let session = connection.read(false).unwrap().expect(201);
        assert_eq!(session["amount"], format!("{}.00", 10 + at));
    }
}

#[test]
fn nothing_that_is_refused_changes_anything() {
    let partner = shared::partner("a mischief");
    let receiver = Receiver::start();
    shared::server().operator().set_webhook(&partner, "sandbox", &receiver.url());
    let quote = partner.lock(&lock_body(Kind::PayIn, "100.00"));
    everything_refused(&partner, quote["id"].as_str().unwrap());
    let listed = partner.get("/v1/gate_sessions").expect(200);
    assert_eq!(listed["data"], json!([]));
    assert_eq!(partner.read_quote(&quote["id"]), quote);
    let session = partner.session(&session_body(Kind::PayIn, "100.00"));
    receiver.wait_for(session["id"].as_str().unwrap(), &["gate_session.created"]);
    assert_eq!(receiver.all().len(), 1, "the first event is that of the first granted request");
}

fn everything_refused(partner: &Partner, quote: &str) {
    let create = Request::post("/v1/gate_sessions").json(&session_body(Kind::PayIn, "100.00")).key("k");
    for request in [
        create.clone().without("Idempotency-Key"),
        create.clone().header("Gate-Version", "1"),
        create.clone().header("Accept", "text/html"),
        create.clone().header("Content-Type", "text/plain"),
        create.clone().bearer(&partner.publishable),
        create.clone().bytes("{\"amount\":"),
        create.clone().json(&session_body(Kind::PayIn, "100.001")),
        create.clone().bytes(vec![b' '; 70_000]),
        Request::new("PUT", "/v1/gate_sessions").bytes(create.body.clone()),
        Request::post("/v1/rails/pay_ins").json(&json!({ "quote_id": quote, "session_id": "gs_test_x" })).key("k"),
        Request::post("/v1/rails/pay_outs").json(&json!({ "quote_id": quote, "session_id": "gs_test_x" })).key("k"),
        Request::post("/v1/gate_sessions/gs_test_x/cancel").key("k"),
        Request::post("/v1/test_helpers/gate_sessions/gs_test_x/complete").json(&json!({ "outcome": "completed" })),
    ] {
        let refused = partner.send(request.clone());
        assert!(refused.status >= 400, "{} {}: {}", request.method, request.path, refused.text());
    }
}
