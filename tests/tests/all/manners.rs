//! How the program behaves as an HTTP server, seen through bare sockets where a client library would hide it.

use causeway_tests::http::{Connection, Request, Response};
use causeway_tests::partner::{Kind, Partner, session_body};
use causeway_tests::poll::SOON;
use serde_json::json;

use super::shared;

const LIST: &str = "/v1/gate_sessions";

fn open() -> Connection {
    Connection::open(shared::server().api().address()).unwrap()
}

/// One answer to `head`, which needs neither its last empty line nor a host, with the partner's key.
fn ask(partner: &Partner, head: &str, body: &str) -> (Response, Connection) {
    let mut connection = open();
    let text = format!("{head}\r\nHost: x\r\nAuthorization: Bearer {}\r\n\r\n{body}", partner.secret);
    connection.write(text.as_bytes()).unwrap();
    let bodiless = head.starts_with("HEAD ");
    let answer = connection.read(bodiless).unwrap_or_else(|failure| panic!("{head}: {}", failure.error));
    (answer, connection)
}

fn create(headers: &str, body: &str) -> (String, String) {
    (format!("POST {LIST} HTTP/1.1\r\nContent-Type: application/json\r\n{headers}"), body.to_owned())
}

#[test]
fn head_is_get_without_its_body() {
    let partner = shared::partner("a reader of heads");
    let session = partner.session(&session_body(Kind::PayIn, "100.00"));
    let quote = partner.lock(&causeway_tests::partner::lock_body(Kind::PayIn, "100.00"));
    let id = |object: &serde_json::Value| object["id"].as_str().unwrap_or_default().to_owned();
    for path in [
        LIST.to_owned(),
        format!("{LIST}?limit=1"),
        format!("{LIST}/{}", id(&session)),
        format!("/v1/quotes/{}", id(&quote)),
        format!("{LIST}/gs_test_x"),
        format!("{LIST}?limit=x"),
        "/docs/errors".to_owned(),
    ] {
        let (get, _) = ask(&partner, &format!("GET {path} HTTP/1.1"), "");
        let (head, mut connection) = ask(&partner, &format!("HEAD {path} HTTP/1.1\r\nConnection: close"), "");
        assert_eq!((head.status, head.body.len()), (get.status, 0), "{path}");
        for name in ["Content-Type", "Content-Length", "Gate-Version", "RateLimit-Policy", "Vary"] {
            assert_eq!(head.header(name), get.header(name), "{path} {name}");
        }
        assert_eq!(connection.read_until_closed(SOON), b"", "{path}: nothing follows the head");
    }
    let nobody = Request::new("HEAD", LIST);
    let mut connection = open();
    connection.send(&nobody).unwrap();
    assert_eq!(connection.read(true).unwrap().status, 401);
}

#[test]
fn options_and_405_name_the_methods() {
    let partner = shared::partner("an asker");
    for (path, methods) in [
        (LIST, "GET, HEAD, POST, OPTIONS"),
        ("/v1/gate_sessions/gs_test_x", "GET, HEAD, OPTIONS"),
        ("/v1/gate_sessions/gs_test_x/cancel", "POST, OPTIONS"),
        ("/docs/errors", "GET, HEAD, OPTIONS"),
    ] {
        let (asked, _) = ask(&partner, &format!("OPTIONS {path} HTTP/1.1"), "");
        assert_eq!((asked.status, asked.header("Allow")), (204, Some(methods)), "{path}");
        for method in ["TRACE", "PUT", "PROPFIND"] {
            let (refused, _) = ask(&partner, &format!("{method} {path} HTTP/1.1"), "");
            refused.expect_refusal(405, "method_not_allowed");
            assert_eq!(refused.header("Allow"), Some(methods), "{method} {path}");
        }
    }
    let (everything, _) = ask(&partner, "OPTIONS * HTTP/1.1", "");
    assert_eq!((everything.status, everything.body.len()), (204, 0));
    let (nothing, _) = ask(&partner, "OPTIONS /v1/nowhere HTTP/1.1", "");
    nothing.expect_refusal(404, "not_found");
    let (unknown, _) = ask(&partner, "PUT /v1/nowhere HTTP/1.1", "");
    unknown.expect_refusal(404, "not_found");
}

#[test]
fn bodies_that_are_not_plain_json_are_refused() {
    let partner = shared::partner("a polyglot");
    let body = session_body(Kind::PayIn, "100.00");
    let request = || Request::post(LIST).json(&body).key("polyglot");
    for (name, value) in [
        ("Content-Type", "text/plain"),
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Content-Type", "application/json; charset=latin1"),
        ("Content-Encoding", "gzip"),
        ("Content-Encoding", "br"),
    ] {
        let refused = partner.send(request().header(name, value));
        let answer = refused.expect_refusal(415, "unsupported_media_type");
        assert_eq!(answer["param"], name, "{value}");
    }
    partner.send(request().without("Content-Type")).expect_refusal(415, "unsupported_media_type");
    partner.send(request().header("Content-Type", "Application/JSON; charset=UTF-8")).expect(201);
}

#[test]
fn connections_live_on_after_answers_and_refusals() {
    let partner = shared::partner("a keeper");
    let mut connection = open();
    let requests = [
        (Request::get(LIST), 200),
        (Request::get("/v1/nowhere"), 404),
        (Request::get("/v1/gate_sessions/gs_test_x"), 404),
        (Request::post(LIST).key("kept").bytes("{").header("Content-Type", "application/json"), 400),
        (Request::post(LIST).key("kept").json(&session_body(Kind::PayIn, "100.00")), 201),
        (Request::get(LIST).header("Authorization", "Bearer sk_test_wrong"), 401),
        (Request::post(LIST).key("kept").json(&json!({})).header("Authorization", "Bearer sk_test_wrong"), 401),
        (Request::get(LIST), 200),
    ];
    for (request, status) in requests {
        let named = request.headers.get("Authorization").is_some();
        let request = if named { request } else { request.bearer(&partner.secret) };
        connection.send(&request).unwrap();
        connection.read(false).unwrap().expect(status);
    }
    connection.send(&Request::get(LIST).bearer(&partner.secret).header("Connection", "close")).unwrap();
    let last = connection.read(false).unwrap();
    assert_eq!(last.header("Connection"), Some("close"));
    assert_eq!(connection.read_until_closed(SOON), b"");
    // A client of HTTP/1.0 gets one answer and the end, unless it asks for more.
    let (_, mut old) = ask(&partner, &format!("GET {LIST} HTTP/1.0"), "");
    assert_eq!(old.read_until_closed(SOON), b"");
}

#[test]
fn who_asks_before_sending_is_told_to_go_on_or_why_not() {
    let partner = shared::partner("a polite one");
    let body = session_body(Kind::PayIn, "100.00").to_string();
    let (head, _) =
        create(&format!("Idempotency-Key: polite\r\nContent-Length: {}\r\nExpect: 100-continue", body.len()), "");
    let mut connection = open();
    let text = format!("{head}\r\nHost: x\r\nAuthorization: Bearer {}\r\n\r\n", partner.secret);
    connection.write(text.as_bytes()).unwrap();
    assert_eq!(connection.read(true).unwrap().status, 100);
    connection.write(body.as_bytes()).unwrap();
    connection.read(false).unwrap().expect(201);
    for (head, status) in [
        (format!("POST {LIST} HTTP/1.1\r\nAuthorization: Bearer sk_test_wrong"), 401),
        ("POST /v1/nowhere HTTP/1.1".to_owned(), 404),
    ] {
        let mut connection = open();
        let text = format!("{head}\r\nHost: x\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n");
        connection.write(text.as_bytes()).unwrap();
        let refused = connection.read(false).unwrap();
        assert_eq!(refused.status, status, "{head}");
    }
}

#[test]
fn ids_may_be_percent_encoded() {
    let partner = shared::partner("an encoder");
    let session = partner.session(&session_body(Kind::PayIn, "100.00"));
    let id = session["id"].as_str().unwrap();
    let all: String = id.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let lower: String = id.bytes().map(|byte| format!("%{byte:02x}")).collect();
    for text in [id.replace('_', "%5F"), id.replace('_', "%5f"), all.clone(), lower] {
        assert_eq!(partner.get(&format!("{LIST}/{text}")).expect(200)["id"], id, "{text}");
    }
    // One key, one path: whether it is encoded makes no difference to what is repeated.
    let cancel = |text: &str| Request::post(format!("{LIST}/{text}/cancel")).key("encoded");
    partner.send(cancel(id)).expect(201);
    let again = partner.send(cancel(&all));
    assert_eq!((again.expect(201)["id"].as_str(), again.header("Idempotent-Replayed")), (Some(id), Some("true")));
    for text in ["%", "%zz", "%ff", "%00", "a%2Fb", "..%2f", "%25"] {
        partner.get(&format!("{LIST}/{text}")).expect_refusal(404, "not_found");
    }
}

#[test]
fn headers_that_must_be_alone_are() {
    let partner = shared::partner("a stutterer");
    let body = session_body(Kind::PayIn, "100.00").to_string();
    let length = format!("Content-Length: {}", body.len());
    let twice = |header: &str| format!("{header}\r\n{header}");
    let key = "Idempotency-Key: stutter";
    let (head, _) = create(&format!("{key}\r\n{length}\r\nAuthorization: Bearer {}", partner.secret), "");
    ask(&partner, &head, &body).0.expect_refusal(401, "invalid_key");
    let (head, _) = create(&format!("{}\r\n{length}", twice(key)), "");
    assert_eq!(ask(&partner, &head, &body).0.expect_refusal(400, "invalid_request")["param"], "Idempotency-Key");
    let (head, _) = create(&format!("{key}\r\n{length}\r\nContent-Type: application/json"), "");
    assert_eq!(ask(&partner, &head, &body).0.expect_refusal(415, "unsupported_media_type")["param"], "Content-Type");
    let (head, _) = create(&format!("{key}\r\n{length}\r\nContent-Length: 1"), "");
    ask(&partner, &head, &body).0.expect_refusal(400, "malformed_http");
    assert_eq!(partner.get(LIST).expect(200)["data"], json!([]), "nothing of it happened");
}

/// Whatever stands behind a request whose length is told twice is never taken for a request.
#[test]
fn nothing_is_smuggled() {
    let partner = shared::partner("a smuggler");
    let hidden = format!("GET {LIST} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\r\n", partner.secret);
    for headers in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    ] {
        let (head, _) = create(&format!("Idempotency-Key: smuggled\r\n{headers}"), "");
        let (answer, mut connection) = ask(&partner, &head, &format!("0\r\n\r\n{hidden}"));
        assert!((400..500).contains(&answer.status), "{headers}: {}", answer.text());
        let rest = connection.read_until_closed(SOON);
        assert_eq!(String::from_utf8_lossy(&rest), "", "{headers}: the hidden request was answered");
    }
    for headers in [
        "Transfer-Encoding: identity",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: chunked\r\n folded",
        "Content-Length: 5\r\n 6",
        "Content-Length: +5",
        "Content-Length: 0x5",
        "Content-Length: 5, 6",
        "X-Folded: a\r\n b",
        "X-Folded: a\r\n\tb",
        "Content-Length : 5",
        " Content-Length: 5",
    ] {
        let (head, _) = create(&format!("Idempotency-Key: smuggled\r\n{headers}"), "");
        let (answer, mut connection) = ask(&partner, &head, &format!("0\r\n\r\n{hidden}"));
        answer.expect_refusal(400, "malformed_http");
        assert_eq!(connection.read_until_closed(SOON), b"", "{headers}");
    }
    let (head, _) = create("Idempotency-Key: smuggled\r\nTransfer-Encoding: chunked", "");
    for chunks in ["x\r\n", "-1\r\n", "5\r\nabcdefg\r\n0\r\n\r\n", "fffffffffffffffff\r\n", "5\r\nabcde0\r\n\r\n"] {
        let (answer, mut connection) = ask(&partner, &head, &format!("{chunks}{hidden}"));
        assert_eq!(answer.status, 400, "{chunks:?}: {}", answer.text());
        assert_eq!(connection.read_until_closed(SOON), b"", "{chunks:?}");
    }
    assert_eq!(partner.get(LIST).expect(200)["data"], json!([]), "nothing of it happened");
}

#[test]
fn absolute_targets_are_taken_and_their_host_counts() {
    let partner = shared::partner("an absolutist");
    let (answer, _) = ask(&partner, &format!("GET http://gate.example{LIST}?limit=1 HTTP/1.1"), "");
    assert_eq!(answer.expect(200)["url"], LIST);
    for target in ["gate.example:443", "//gate.example/v1/gate_sessions", "v1/gate_sessions", "/v1/gate sessions"] {
        let (answer, _) = ask(&partner, &format!("GET {target} HTTP/1.1"), "");
        assert!([400, 404].contains(&answer.status), "{target}: {}", answer.text());
    }
}

#[test]
fn large_reads_are_compressed_for_those_who_take_it() {
    let partner = shared::partner("a packer");
    let create = |at: usize| partner.post(LIST, &session_body(Kind::PayIn, &format!("{}.00", 10 + at)));
    (0..20).for_each(|at| drop(create(at).expect(201)));
    let list = |accept: &str| {
        let request = Request::get(format!("{LIST}?limit=20")).bearer(&partner.secret);
        let mut connection = open();
        connection.send(&if accept.is_empty() { request } else { request.header("Accept-Encoding", accept) }).unwrap();
        connection.read(false).unwrap()
    };
    let plain = list("");
    assert_eq!(plain.expect(200)["data"].as_array().map(Vec::len), Some(20));
    for accept in ["gzip", "br;q=1.0, gzip;q=0.8, *;q=0.1"] {
        let packed = list(accept);
        assert_eq!((packed.status, packed.header("Content-Encoding")), (200, Some("gzip")), "{accept}");
        assert_eq!(packed.body[..3], [0x1f, 0x8b, 8]);
        assert!(packed.body.len() < plain.body.len() / 3, "{} of {}", packed.body.len(), plain.body.len());
    }
    for accept in ["", "identity", "gzip;q=0", "*;q=0", "br"] {
        let plain = list(accept);
        assert_eq!((plain.status, plain.header("Content-Encoding")), (200, None), "{accept}");
        assert!(plain.headers.all("Vary").any(|names| names.contains("Accept-Encoding")), "{accept}");
    }
    let small = partner.send(Request::get(format!("{LIST}?limit=1")).header("Accept-Encoding", "gzip"));
    assert_eq!((small.header("Content-Encoding"), small.header("Vary")), (None, None));
}

/// An answer that holds a secret beside what its sender chose is never compressed, whatever its size.
#[test]
fn secrets_are_not_compressed() {
    let partner = shared::partner("a keeper of secrets");
    let mut body = session_body(Kind::PayIn, "100.00");
    let pairs = (0..20).map(|at| (format!("k{at}"), json!("v".repeat(400))));
    body["metadata"] = pairs.collect::<serde_json::Map<_, _>>().into();
    for _ in 0..2 {
        let created = partner.send(Request::post(LIST).json(&body).key("secret").header("Accept-Encoding", "gzip"));
        assert!(created.body.len() > 8_000 && created.expect(201)["client_secret"].is_string());
        assert_eq!(created.header("Content-Encoding"), None);
    }
    let token = partner.browse(Request::post("/v1/embed/bootstrap").header("Accept-Encoding", "gzip"));
    assert_eq!((token.expect(201)["embed_token"].is_string(), token.header("Content-Encoding")), (true, None));
    let key = Request::post(format!("/operator/accounts/{}/keys", partner.account))
        .json(&json!({ "mode": "sandbox", "kind": "secret" }))
        .header("Accept-Encoding", "gzip");
    let operator = shared::server().operator();
    let made = operator.send(&key.bearer(operator.token()));
    assert_eq!((made.status, made.header("Content-Encoding")), (201, None));
}
