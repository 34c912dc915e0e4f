use std::sync::atomic::Ordering;

use http::header::HeaderValue;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::CertificateDer;

use super::*;
use crate::webhooks::guard::Loopback;
use crate::webhooks::receiver::{OK, Then, receiver};

mod frames;
mod hostile;
mod idle;
mod multiplexed;
mod names;
mod played;
mod tls;

/// What is posted.
const BODY: &[u8] = b"{\"a\":1}";

fn client(own_ports: Vec<u16>) -> Client {
    trusting(own_ports, RootCertStore::empty(), Duration::from_secs(10))
}

fn trusting(own_ports: Vec<u16>, roots: RootCertStore, attempt: Duration) -> Client {
    let guard = Guard { loopback: Loopback::Except(own_ports), ..Guard::public() };
    Client::new(guard, attempt, roots)
}

async fn post(client: &Client, url: &str) -> Result<StatusCode, SendError> {
    let mut headers = HeaderMap::new();
    headers.insert("gate-event-id", HeaderValue::from_static("evt_test_1"));
    let answer = client.post(url, headers, Bytes::from_static(BODY)).await;
    answer.map(|answer| answer.status)
}

#[tokio::test]
async fn a_request_arrives_as_it_was_signed_and_the_connection_is_used_again() {
    let mut receiver = receiver(OK, Then::Wait, None).await;
    let client = client(vec![]);
    let url = format!("http://127.0.0.1:{}/hooks?a=b", receiver.port);
    for _ in 0..3 {
        assert_eq!(post(&client, &url).await.unwrap(), StatusCode::OK);
        let request = receiver.requests.recv().await.unwrap();
        assert!(request.starts_with("POST /hooks?a=b HTTP/1.1\r\n"), "{request}");
        assert!(request.contains(&format!("host: 127.0.0.1:{}\r\n", receiver.port)), "{request}");
        assert!(request.contains("gate-event-id: evt_test_1\r\n"), "{request}");
        assert!(request.ends_with("\r\n\r\n{\"a\":1}"), "{request}");
    }
    assert_eq!(receiver.connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_kept_connection_that_the_receiver_closed_is_replaced() {
    let mut receiver = receiver(OK, Then::Close, None).await;
    let client = client(vec![]);
    let url = format!("http://localhost:{}/", receiver.port);
    for round in 1..=3 {
        assert_eq!(post(&client, &url).await.unwrap(), StatusCode::OK);
        receiver.requests.recv().await.unwrap();
        assert_eq!(receiver.connections.load(Ordering::SeqCst), round);
    }
}

#[test]
fn retry_after_is_seconds_or_a_date() {
    let read = |text: &str| retry_after(&HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_str(text).unwrap())]));
    assert_eq!(read("120"), Some(Duration::from_secs(120)));
    assert_eq!(read(" 0 "), Some(Duration::ZERO));
    assert_eq!(read("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::ZERO));
    assert!(read("Wed, 21 Oct 2099 07:28:00 GMT") > Some(Duration::from_secs(1_000_000)));
    for text in ["", "-1", "soon", "1.5", "99999999999999999999999"] {
        assert_eq!(read(text), None, "{text}");
    }
    assert_eq!(retry_after(&HeaderMap::new()), None);
}

#[tokio::test]
async fn a_long_body_costs_its_connection_and_nothing_else() {
    let answer: &'static str =
        format!("HTTP/1.1 201 Created\r\ncontent-length: 100000\r\n\r\n{}", "x".repeat(100_000)).leak();
    let receiver = receiver(answer, Then::Wait, None).await;
    let client = client(vec![]);
    let url = format!("http://127.0.0.1:{}/", receiver.port);
    for round in 1..=2 {
        assert_eq!(post(&client, &url).await.unwrap(), StatusCode::CREATED);
        assert_eq!(receiver.connections.load(Ordering::SeqCst), round);
    }
}

#[tokio::test]
async fn nobody_there_and_our_own_ports_are_told_apart() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let url = format!("http://127.0.0.1:{port}/");
    assert_eq!(post(&client(vec![]), &url).await.unwrap_err().to_string(), "could not connect: connection refused");
    let error = post(&client(vec![port]), &url).await.unwrap_err();
    assert!(matches!(error, SendError::Refused(Refused::OwnPort)), "{error}");
}

fn roots(certificate: &CertificateDer<'static>) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    roots
}
