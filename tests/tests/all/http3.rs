//! HTTP/3 for partners: the crates' own client and an independent one, beside HTTP/1.1 and HTTP/2 through curl.

use std::io::Write;
use std::net::{TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use causeway_tests::contract::contract;
use causeway_tests::curl::Curl;
use causeway_tests::http::{Request, Response};
use causeway_tests::http3::Http3;
use causeway_tests::partner::{Kind, fresh_key, session_body};
use causeway_tests::poll::{SOON, poll};
use causeway_tests::program;
use causeway_tests::server::{DataDir, Server, refused};
use serde_json::{Value, json};

use super::tls::{certificate, flags};

const SESSIONS: &str = "/v1/gate_sessions";

/// A gateway with a certificate.
struct Secure {
    server: Server,
    files: DataDir,
}

impl Secure {
    fn start(more: &[&str]) -> Secure {
        let files = DataDir::new();
        certificate(files.path());
        let server = Secure::start_in(&DataDir::new(), &files, more);
        Secure { server, files }
    }

    fn start_in(directory: &DataDir, files: &DataDir, more: &[&str]) -> Server {
        let [certificate, key] = flags(files);
        Server::start_in(directory, &[&[certificate.as_str(), &key], more].concat())
    }

    fn trusted(&self) -> PathBuf {
        self.files.file("certificate.pem")
    }

    fn port(&self) -> u16 {
        self.server.api().address().port()
    }

    fn connect(&self) -> Http3 {
        Http3::open(self.server.api().address(), &self.trusted()).unwrap()
    }

    fn curl(&self) -> Curl {
        Curl::new(self.port(), &self.trusted())
    }

    /// The request with the demo partner's key.
    fn keyed(&self, request: Request) -> Request {
        request.bearer(&self.server.demo().secret)
    }

    fn create(&self, key: &str) -> Request {
        self.keyed(Request::post(SESSIONS).json(&session_body(Kind::PayIn, "100.00")).key(key))
    }

    /// Requests of every kind that are answered the same whenever they are sent, once the session of `create` is there.
    fn exchanges(&self) -> Vec<(u16, Request)> {
        let keyed = |request| self.keyed(request);
        let create = self.create("the same");
        let eligible = "/v1/capabilities/eligibility?currency=EUR&asset=USDC";
        vec![
            (200, keyed(Request::get(SESSIONS))),
            (200, keyed(Request::new("HEAD", SESSIONS))),
            (201, create.clone()),
            (409, create.clone().json(&session_body(Kind::PayIn, "100.01"))),
            (400, create.clone().without("Idempotency-Key")),
            (400, create.clone().bytes("{")),
            (413, create.clone().key("large").bytes(vec![b' '; 200_000])),
            (415, create.clone().key("typed").header("Content-Type", "text/plain")),
            (401, Request::get(SESSIONS).bearer("sk_test_unknown")),
            (401, create.without("Authorization")),
            (401, keyed(Request::get(SESSIONS).header("Host", "live.example"))),
            (404, keyed(Request::get("/v1/gate_sessions/gs_test_x"))),
            (405, keyed(Request::new("PUT", SESSIONS))),
            (406, keyed(Request::get(SESSIONS).header("Accept", "text/html"))),
            (204, Request::new("OPTIONS", SESSIONS)),
            (200, keyed(Request::get(eligible).header("CF-IPCountry", "DE"))),
        ]
    }
}

/// For the trusted proxy's header and the bound host of [`Secure::exchanges`].
const EDGE: [&str; 3] = ["--trusted-proxies=127.0.0.1", "--country-header=CF-IPCountry", "--live-hosts=live.example"];

/// An answer without what differs from one time to the next, and what a connection is told of itself.
fn lasting(response: &Response) -> (u16, Vec<String>, Value) {
    let differs = |name: &str| ["date", "x-request-id", "alt-svc", "connection"].contains(&name);
    let headers = response.headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value));
    let mut headers: Vec<String> =
        headers.filter(|(name, _)| !differs(name)).map(|(name, value)| format!("{name}: {value}")).collect();
    headers.sort();
    let mut body: Value = serde_json::from_slice(&response.body).unwrap_or(Value::Null);
    if let Some(members) = body.as_object_mut() {
        members.remove("request_id");
    }
    (response.status, headers, body)
}

#[test]
fn the_same_request_is_answered_the_same_over_all_three_versions() {
    let secure = Secure::start(&EDGE);
    let (http3, curl) = (secure.connect(), secure.curl());
    http3.send(&secure.create("the same")).unwrap().expect(201);
    let announced = format!("h3=\":{}\"; ma=3600", secure.port());
    for (status, request) in secure.exchanges() {
        let what = format!("{} {}", request.method, request.path);
        let answer = http3.send(&request).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(answer.status, status, "{what}: {}", answer.text());
        assert_eq!(answer.header("Alt-Svc"), None, "{what}");
        assert!(answer.header("Date").is_some(), "{what}");
        if request.method != "HEAD" {
            assert_eq!(contract().judge(&request, &answer), Ok(()), "{what}");
        }
        for version in ["--http1.1", "--http2"] {
            let other = curl.send(version, &request).unwrap_or_else(|error| panic!("{what} {version}: {error}"));
            assert_eq!(lasting(&other), lasting(&answer), "{what} {version}");
            assert_eq!(other.header("Alt-Svc"), Some(announced.as_str()), "{what} {version}");
        }
    }
    let here = secure.keyed(Request::get("/v1/capabilities/eligibility?currency=EUR&asset=USDC"));
    let here = http3.send(&here.header("CF-IPCountry", "DE")).unwrap().expect(200);
    assert_eq!((&here["geo_source"], &here["country_code"]), (&json!("edge"), &json!("DE")), "the peer is the proxy");
    let log = secure.server.log();
    assert!(log.out().contains(&format!("UDP port {}", secure.port())), "{}", log.out());
    operators_see_the_versions(&secure);
    assert_eq!(secure.server.stop().code, Some(0));
}

/// In the log and in the metrics.
fn operators_see_the_versions(secure: &Secure) {
    let metrics = secure.server.operator().call("GET", "/metrics", &json!(null)).text();
    for version in ["1.1", "2", "3"] {
        assert!(metrics.contains(&format!("http=\"{version}\"}} ")), "{version} in {metrics}");
        let line = format!(" http={version} ");
        poll(SOON, "the log names the version", || secure.server.log().error().contains(&line).then_some(()));
    }
    assert!(metrics.contains("causeway_http3_connections_total{outcome=\"accepted\"} 1.0"), "{metrics}");
    assert!(metrics.contains("causeway_http3_places{state=\"taken\"} 1.0"), "{metrics}");
}

#[test]
fn an_independent_client_hears_the_same() {
    let secure = Secure::start(&EDGE);
    let http3 = secure.connect();
    http3.send(&secure.create("the same")).unwrap().expect(201);
    let mut exchanges = secure.exchanges();
    // aioquic takes the length that an answer to HEAD names for that of a body, and closes the connection.
    exchanges.retain(|(_, request)| request.method != "HEAD");
    let requests: Vec<Value> = exchanges.iter().map(|(_, request)| described(request)).collect();
    let told = aioquic(secure.port(), &secure.trusted(), &json!(requests));
    assert_eq!(told["early_data"], Value::Null, "nothing may be sent before the greeting is over");
    let answers = told["answers"].as_array().unwrap();
    assert_eq!(answers.len(), exchanges.len());
    for ((status, request), answer) in exchanges.iter().zip(answers) {
        let what = format!("{} {}", request.method, request.path);
        let answer = understood(answer);
        assert_eq!(answer.status, *status, "{what}: {}", answer.text());
        assert_eq!(lasting(&answer), lasting(&http3.send(request).unwrap()), "{what}");
    }
}

fn described(request: &Request) -> Value {
    let headers: Vec<(&str, &str)> = request.headers.iter().collect();
    let body = String::from_utf8(request.body.clone()).unwrap();
    json!({ "method": request.method, "path": request.path, "headers": headers, "body": body })
}

fn understood(answer: &Value) -> Response {
    let mut headers = causeway_tests::http::Headers::default();
    for pair in answer["headers"].as_array().unwrap() {
        headers.add(pair[0].as_str().unwrap(), pair[1].as_str().unwrap());
    }
    let body = answer["body"].as_str().unwrap().as_bytes().to_vec();
    Response { status: answer["status"].as_u64().unwrap() as u16, headers, body }
}

/// What the client of another family says of these requests.
fn aioquic(port: u16, certificate: &Path, requests: &Value) -> Value {
    let mut python = Command::new(program::python());
    python.arg(program::repository().join("tools/http3/client.py"));
    python.arg(format!("--port={port}")).arg("--certificate").arg(certificate);
    let mut client = python.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    client.stdin.take().unwrap().write_all(requests.to_string().as_bytes()).unwrap();
    let output = client.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn many_requests_share_one_connection() {
    let secure = Secure::start(&[]);
    let http3 = secure.connect();
    let creates: Vec<Request> = (0..40).map(|_| secure.create(&fresh_key())).collect();
    let answers = http3.send_all(&creates);
    let mut ids: Vec<String> = Vec::new();
    for (request, answer) in creates.iter().zip(answers) {
        let answer = answer.unwrap();
        assert_eq!(contract().judge(request, &answer), Ok(()));
        ids.push(answer.expect(201)["id"].as_str().unwrap().to_owned());
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), creates.len());
    let again = http3.send(&creates[0]).unwrap();
    assert_eq!(again.header("Idempotent-Replayed"), Some("true"));
}

/// Nobody waits long for the body of a request that its head has decided.
#[test]
fn a_refusal_by_the_head_waits_for_no_body() {
    let secure = Secure::start(&["--body-timeout=1h"]);
    let http3 = secure.connect();
    let unknown = secure.create("never").bearer("sk_test_unknown");
    let mut begun = http3.begin(&unknown).unwrap();
    http3.answer(&mut begun).unwrap().expect_refusal(401, "invalid_key");
}

#[test]
fn a_new_certificate_is_shown_over_http3_too() {
    let secure = Secure::start(&[]);
    let (address, old) = (secure.server.api().address(), secure.files.file("old.pem"));
    let before = secure.connect();
    std::fs::copy(secure.trusted(), &old).unwrap();
    certificate(secure.files.path());
    assert!(Http3::open(address, &old).is_ok(), "nobody has asked for the new one");
    secure.server.hang_up();
    poll(SOON, "the new certificate is shown", || Http3::open(address, &secure.trusted()).ok());
    assert!(Http3::open(address, &old).is_err());
    before.send(&secure.keyed(Request::get(SESSIONS))).unwrap().expect(200);
}

#[test]
fn what_was_accepted_over_http3_is_finished_before_the_end() {
    let Secure { server, files } = Secure::start(&[]);
    let secure = Secure { server, files };
    let (idle, busy) = (secure.connect(), secure.connect());
    let create = secure.create("at the end");
    idle.send(&secure.keyed(Request::get(SESSIONS))).unwrap().expect(200);
    let begun = busy.begin(&create).unwrap();
    // An answer to a later request says that the earlier one was accepted.
    busy.send(&secure.keyed(Request::get(SESSIONS))).unwrap().expect(200);
    secure.server.terminate();
    assert!(idle.wait_until_closed(), "who waits for nothing is let go in good order");
    let created = busy.finish(begun, &create.body).unwrap();
    let text = created.text();
    created.expect(201);
    assert!(busy.wait_until_closed(), "the last answer came before the end");
    let directory = secure.server.directory().clone();
    assert_eq!(secure.server.wait().code, Some(0));
    let server = Secure::start_in(&directory, &secure.files, &[]);
    let secure = Secure { server, files: secure.files };
    let again = secure.connect().send(&secure.create("at the end")).unwrap();
    assert_eq!((again.header("Idempotent-Replayed"), again.text()), (Some("true"), text));
}

#[test]
fn http3_can_be_turned_off_and_announced_elsewhere() {
    let off = Secure::start(&["--http3=off"]);
    let list = off.keyed(Request::get(SESSIONS));
    assert_eq!(off.curl().send("--http2", &list).unwrap().header("Alt-Svc"), None);
    assert!(!off.server.log().out().contains("UDP"), "{}", off.server.log().out());
    UdpSocket::bind(("127.0.0.1", off.port())).expect("nobody has the UDP port");
    let elsewhere = Secure::start(&["--http3-public-port=443"]);
    let list = elsewhere.keyed(Request::get(SESSIONS));
    let told = elsewhere.curl().send("--http1.1", &list).unwrap();
    assert_eq!(told.header("Alt-Svc"), Some("h3=\":443\"; ma=3600"));
}

#[test]
fn a_udp_port_that_is_taken_is_named_at_the_start() {
    let (files, data) = (DataDir::new(), DataDir::new());
    // A port that is free for TCP, as far as can be told.
    let taken = poll(SOON, "a port is free for TCP and taken for UDP", || {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        UdpSocket::bind(port).ok()
    });
    certificate(files.path());
    let [certificate, key] = flags(&files);
    let listen = format!("--listen={}", taken.local_addr().unwrap());
    let directory = format!("--data-dir={}", data.path().display());
    let words = ["serve", &directory, &listen, "--operator-listen=127.0.0.1:0", &certificate, &key];
    let exit = refused(&words, &data);
    assert!(exit.code == Some(1) && exit.error.contains("UDP") && exit.error.contains("--http3=off"), "{exit}");
    let exit = refused(&["serve", &directory, "--http3-public-port=443"], &data);
    assert!(exit.code == Some(2) && exit.error.contains("--tls-certificate"), "{exit}");
}
