//! The server over real sockets: bytes in, bytes out.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};

mod leaving;
mod quic;
mod slow;
mod tls;

use crate::tls::Tls;

use super::{Head, Limits, Protocol, Request, Response, Secured, Service, serve};

/// How long a test waits for what must come.
const DEADLINE: Duration = Duration::from_secs(20);

/// Says back what it heard; waits at `/wait` until it is told to go on, and says as much as is asked for at `/long`.
#[derive(Default)]
struct Echo {
    go_on: Notify,
    calls: AtomicUsize,
    /// Calls whose clients went away.
    left: AtomicUsize,
    /// The versions of HTTP in which was spoken.
    protocols: Mutex<Vec<Protocol>>,
}

/// Counts a call that is dropped before its end.
struct Leaving<'a>(&'a AtomicUsize);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Service for Echo {
    type Admission = ();

    fn admit(&self, _: Head<'_>) {}

    async fn call(&self, request: Request, (): &mut ()) -> Response {
        self.calls.fetch_add(1, Ordering::SeqCst);
        self.protocols.lock().push(request.protocol);
        if request.path == "/wait" {
            let leaving = Leaving(&self.left);
            self.go_on.notified().await;
            std::mem::forget(leaving);
        }
        if request.path == "/long" {
            return Response::json(200, vec![b'a'; request.query.parse().unwrap()]);
        }
        let body = match &request.body {
            Ok(body) => String::from_utf8_lossy(body).into_owned(),
            Err(error) => error.to_string(),
        };
        Response::json(200, format!("{} {} {} {body}", request.method, request.path, request.query))
    }

    fn refuse(&self, status: u16, protocol: Protocol) -> Response {
        self.protocols.lock().push(protocol);
        Response::json(status, format!("refused {status}"))
    }
}

struct Server {
    address: std::net::SocketAddr,
    service: Arc<Echo>,
    stop: watch::Sender<bool>,
    running: tokio::task::JoinHandle<()>,
}

async fn start(limits: Limits) -> Server {
    start_with(limits, None).await
}

async fn start_with(limits: Limits, tls: Option<Arc<Tls>>) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = Arc::new(Echo::default());
    let (stop, stopped) = watch::channel(false);
    let secured = tls.map(|tls| Secured { tls, announced: None });
    let running = tokio::spawn(serve(listener, limits, secured, service.clone(), stopped));
    Server { address, service, stop, running }
}

fn limits() -> Limits {
    Limits { body_bytes: 100, ..Limits::default() }
}

impl Server {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends `bytes` and reads until the server closes.
    async fn talk(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect().await;
        // The server may close while the rest of a refused request is still on its way.
        let _ = stream.write_all(bytes).await;
        rest(&mut stream).await
    }
}

async fn rest(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    let mut buffer = [0; 4_096];
    // A reset at the end is an end, too.
    while let Ok(count) = tokio::time::timeout(DEADLINE, stream.read(&mut buffer)).await.unwrap() {
        if count == 0 {
            break;
        }
        text.extend_from_slice(&buffer[..count]);
    }
    String::from_utf8(text).unwrap()
}

/// Reads until `end` has come.
async fn until(stream: &mut TcpStream, end: &str) -> String {
    let mut text = String::new();
    let mut buffer = [0; 1_024];
    while !text.contains(end) {
        let count = tokio::time::timeout(DEADLINE, stream.read(&mut buffer)).await.unwrap().unwrap();
        assert!(count > 0, "closed after {text:?}");
        text.push_str(std::str::from_utf8(&buffer[..count]).unwrap());
    }
    text
}

async fn wait(what: impl Fn() -> bool) {
    let started = Instant::now();
    while !what() {
        assert!(started.elapsed() < DEADLINE);
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test]
async fn requests_come_whole_and_answers_go_out() {
    let server = start(limits()).await;
    let body = "a".repeat(100);
    let head = "POST /x%20y?a=b HTTP/1.1\r\nhost: h\r\nconnection: close\r\n";
    let told = server.talk(format!("{head}content-length: 100\r\n\r\n{body}").as_bytes()).await;
    assert!(told.starts_with("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"), "{told}");
    assert!(told.ends_with(&format!("\r\n\r\nPOST /x%20y a=b {body}")), "{told}");
    let chunked = format!("{head}transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    assert!(server.talk(chunked.as_bytes()).await.ends_with("a=b abcde"));
}

#[tokio::test]
async fn requests_and_refusals_say_their_version_of_http() {
    let server = start(limits()).await;
    assert!(server.talk(b"GET / HTTP/1.0\r\n\r\n").await.contains("200 OK"));
    assert!(server.talk(b"nonsense\r\n\r\n").await.ends_with("refused 400"));
    assert_eq!(*server.service.protocols.lock(), [Protocol::Http10, Protocol::Http11]);
}

#[tokio::test]
async fn long_bodies_are_refused_and_the_sender_hears_it() {
    let server = start(limits()).await;
    for length in [101, 1_000, 1_000_000] {
        let head = format!("POST / HTTP/1.1\r\nhost: h\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
        let told = server.talk((head + &"a".repeat(length)).as_bytes()).await;
        assert!(told.ends_with("the body is too large"), "{length} {told}");
    }
    let endless =
        "POST / HTTP/1.1\r\nhost: h\r\nconnection: close\r\ncontent-length: 999\r\n\r\n".to_owned() + &"a".repeat(200);
    let impatient = start(Limits { body_timeout: Duration::from_millis(60), ..limits() }).await;
    assert!(impatient.talk(endless.as_bytes()).await.ends_with("the body is too large"));
    // Who asks first is answered without being asked to send.
    let told = server.talk(b"POST / HTTP/1.1\r\nhost: h\r\nexpect: 100-continue\r\ncontent-length: 9999\r\n\r\n").await;
    assert!(told.starts_with("HTTP/1.1 200") && told.ends_with("the body is too large"), "{told}");
}

#[tokio::test]
async fn what_is_no_request_is_refused_in_the_services_words() {
    let server = start(limits()).await;
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(100));
    let long = format!("GET /{}", "a".repeat(40_000));
    let long_after_another_header = format!("GET / HTTP/1.1\r\na: b\r\nc:{}", "d".repeat(40_000));
    let large = format!("GET / HTTP/1.1\r\na: {}\r\n\r\n", "b".repeat(40_000));
    for (bytes, status) in [
        ("nonsense\r\n\r\n", "400 Bad Request"),
        ("GET / HTTP/1.1\r\nbad header\r\n\r\n", "400 Bad Request"),
        ("GET / HTTP/1.1\r\ncontent-length: x\r\n\r\n", "400 Bad Request"),
        (many.as_str(), "431 Request Header Fields Too Large"),
        (large.as_str(), "431 Request Header Fields Too Large"),
        (long_after_another_header.as_str(), "431 Request Header Fields Too Large"),
        (long.as_str(), "414 URI Too Long"),
    ] {
        let told = server.talk(bytes.as_bytes()).await;
        assert!(told.starts_with(&format!("HTTP/1.1 {status}\r\nconnection: close\r\n")), "{bytes:.40} {told}");
        assert!(told.ends_with(&format!("\r\n\r\nrefused {}", &status[..3])), "{bytes:.40} {told}");
    }
    assert_eq!(server.service.calls.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_refusal_after_an_answer_is_in_the_services_words_too() {
    let server = start(limits()).await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET /a HTTP/1.1\r\nhost: h\r\n\r\n").await.unwrap();
    until(&mut stream, "GET /a").await;
    stream.write_all(b"nonsense\r\n\r\n").await.unwrap();
    assert!(rest(&mut stream).await.ends_with("refused 400"));
    let mut stream = server.connect().await;
    stream.write_all(b"POST /b HTTP/1.1\r\nhost: h\r\ncontent-length: 7\r\n\r\n{\"a\":1}").await.unwrap();
    until(&mut stream, r#"{"a":1}"#).await;
    stream.write_all(format!("GET /{}", "a".repeat(40_000)).as_bytes()).await.unwrap();
    assert!(rest(&mut stream).await.ends_with("refused 414"));
}

#[tokio::test]
async fn answers_to_head_have_no_body() {
    let server = start(limits()).await;
    let told = server.talk(b"HEAD /a HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n").await;
    assert!(told.starts_with("HTTP/1.1 200 OK\r\n") && told.ends_with("\r\n\r\n"), "{told}");
    assert!(told.contains(&format!("content-length: {}\r\n", "HEAD /a  ".len())), "{told}");
}

#[tokio::test]
async fn slow_heads_slow_bodies_and_idle_connections_end() {
    let short = Duration::from_millis(60);
    let head = start(Limits { header_timeout: short, ..limits() }).await;
    assert_eq!(head.talk(b"GET / HTTP/1.1\r\nho").await, "");
    let body = start(Limits { body_timeout: short, ..limits() }).await;
    let told = body.talk(b"POST / HTTP/1.1\r\nhost: h\r\nconnection: close\r\ncontent-length: 5\r\n\r\nab").await;
    assert!(told.ends_with("the body took too long"), "{told}");
    let idle = start(Limits { idle_timeout: short, ..limits() }).await;
    assert_eq!(idle.talk(b"").await, "");
    assert!(idle.talk(b"GET /once HTTP/1.1\r\nhost: h\r\n\r\n").await.contains("GET /once"));
}

/// Pings are no requests, however many there are.
#[tokio::test]
async fn an_http2_connection_that_only_pings_is_idle() {
    let server = start(Limits { idle_timeout: Duration::from_millis(200), ..limits() }).await;
    let (mut reader, mut writer) = server.connect().await.into_split();
    writer.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    let pings = async {
        while writer.write_all(b"\0\0\x08\x06\0\0\0\0\0pingping").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let answers = async {
        let mut buffer = [0; 1_024];
        while reader.read(&mut buffer).await.is_ok_and(|count| count > 0) {}
    };
    let closed = async {
        tokio::select! { () = pings => {}, () = answers => {} }
    };
    tokio::time::timeout(DEADLINE, closed).await.expect("the server closes it");
}

#[tokio::test]
async fn large_heads_are_refused_in_the_services_words_over_http2_too() {
    let server = start(limits()).await;
    let io = hyper_util::rt::TokioIo::new(server.connect().await);
    let executor = hyper_util::rt::TokioExecutor::new();
    let (mut sender, connection) = hyper::client::conn::http2::handshake(executor, io).await.unwrap();
    let connection = tokio::spawn(connection);
    let request = || ::http::Request::get("http://h/");
    let many = (0..100).fold(request(), |request, at| request.header(format!("x-{at}"), "1"));
    for request in [request().header("x-wide", "a".repeat(40_000)), many] {
        let answer = sender.send_request(request.body(Full::<Bytes>::default()).unwrap()).await.unwrap();
        assert_eq!(answer.status(), 431);
        assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "refused 431");
    }
    assert_eq!(server.service.calls.load(Ordering::SeqCst), 0);
    let fine = request().header("x-wide", "a".repeat(20_000)).body(Full::<Bytes>::default()).unwrap();
    assert_eq!(sender.send_request(fine).await.unwrap().status(), 200, "the connection lives on");
    connection.abort();
}

#[tokio::test]
async fn a_waiting_request_is_not_idle() {
    let server = start(Limits { idle_timeout: Duration::from_millis(40), ..limits() }).await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET /wait HTTP/1.1\r\nhost: h\r\n\r\n").await.unwrap();
    wait(|| server.service.calls.load(Ordering::SeqCst) == 1).await;
    // Longer than the bound; the answer comes nevertheless.
    let asked = Instant::now();
    wait(|| asked.elapsed() > Duration::from_millis(200)).await;
    server.service.go_on.notify_one();
    until(&mut stream, "GET /wait").await;
}

#[tokio::test]
async fn connections_beyond_the_bound_wait() {
    let server = start(Limits { connections: 1, ..limits() }).await;
    let first = server.connect().await;
    let mut second = server.connect().await;
    second.write_all(b"GET /second HTTP/1.1\r\nhost: h\r\n\r\n").await.unwrap();
    let mut buffer = [0; 1];
    assert!(tokio::time::timeout(Duration::from_millis(100), second.read(&mut buffer)).await.is_err());
    drop(first);
    until(&mut second, "GET /second").await;
}

#[tokio::test]
async fn stopping_lets_requests_finish_and_takes_no_more() {
    let server = start(limits()).await;
    let mut idle = server.connect().await;
    idle.write_all(b"GET /idle HTTP/1.1\r\nhost: h\r\n\r\n").await.unwrap();
    until(&mut idle, "GET /idle").await;
    let mut busy = server.connect().await;
    busy.write_all(b"GET /wait HTTP/1.1\r\nhost: h\r\n\r\n").await.unwrap();
    wait(|| server.service.calls.load(Ordering::SeqCst) == 2).await;
    server.stop.send_replace(true);
    assert_eq!(rest(&mut idle).await, "");
    assert!(!server.running.is_finished());
    server.service.go_on.notify_one();
    let told = rest(&mut busy).await;
    assert!(told.contains("connection: close") && told.contains("GET /wait"), "{told}");
    tokio::time::timeout(DEADLINE, server.running).await.unwrap().unwrap();
    assert!(TcpStream::connect(server.address).await.is_err());
}
