//! The same server behind TLS.

use std::path::Path;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::*;
use crate::tls::TlsError;

/// Writes a certificate of its own and its key; gives the certificate.
pub(super) fn certificate(directory: &Path) -> CertificateDer<'static> {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    std::fs::write(directory.join("certificate.pem"), pem("CERTIFICATE", cert.der())).unwrap();
    std::fs::write(directory.join("key.pem"), pem("PRIVATE KEY", &signing_key.serialize_der())).unwrap();
    cert.der().clone()
}

fn pem(kind: &str, der: &[u8]) -> String {
    use base64::Engine;
    let text = base64::prelude::BASE64_STANDARD.encode(der);
    format!("-----BEGIN {kind}-----\n{text}\n-----END {kind}-----\n")
}

pub(super) fn load(directory: &Path) -> Result<Tls, TlsError> {
    Tls::load(&directory.join("certificate.pem"), &directory.join("key.pem"))
}

/// Connects, trusting this certificate alone and speaking these protocols.
async fn connect(
    server: &Server,
    trusted: &CertificateDer<'static>,
    protocols: &[&str],
) -> std::io::Result<TlsStream<TcpStream>> {
    secure(server.connect().await, trusted, protocols).await
}

/// The same on a connection that is there.
pub(super) async fn secure(
    stream: TcpStream,
    trusted: &CertificateDer<'static>,
    protocols: &[&str],
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let mut config =
        builder.with_safe_default_protocol_versions().unwrap().with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

#[tokio::test]
async fn both_versions_are_spoken_as_agreed() {
    let directory = tempfile::tempdir().unwrap();
    let trusted = certificate(directory.path());
    let server = start_with(limits(), Some(Arc::new(load(directory.path()).unwrap()))).await;
    for protocols in [&["http/1.1"][..], &[]] {
        let mut stream = connect(&server, &trusted, protocols).await.unwrap();
        stream.write_all(b"GET /a HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n").await.unwrap();
        let mut told = String::new();
        stream.read_to_string(&mut told).await.unwrap();
        assert!(told.starts_with("HTTP/1.1 200 OK") && told.ends_with("GET /a  "), "{told}");
    }
    let stream = connect(&server, &trusted, &["h2", "http/1.1"]).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]), "HTTP/2 is preferred");
    let io = hyper_util::rt::TokioIo::new(stream);
    let executor = hyper_util::rt::TokioExecutor::new();
    let (mut sender, connection) = hyper::client::conn::http2::handshake(executor, io).await.unwrap();
    let connection = tokio::spawn(connection);
    let request = ::http::Request::get("https://localhost/b").body(Full::<Bytes>::default()).unwrap();
    let answer = sender.send_request(request).await.unwrap();
    assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "GET /b  ");
    connection.abort();
    assert_eq!(*server.service.protocols.lock(), [Protocol::Http11, Protocol::Http11, Protocol::Http2]);
}

#[tokio::test]
async fn who_speaks_something_else_or_nothing_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    certificate(directory.path());
    let short = Limits { header_timeout: Duration::from_millis(60), ..limits() };
    let server = start_with(short, Some(Arc::new(load(directory.path()).unwrap()))).await;
    let told = server.talk(b"GET /a HTTP/1.1\r\nhost: h\r\n\r\n").await;
    assert!(!told.contains("HTTP"), "{told}");
    assert_eq!(server.talk(b"").await, "", "silence ends the connection");
    assert_eq!(server.service.calls.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_new_certificate_is_shown_after_it_was_read_and_a_bad_one_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let first = certificate(directory.path());
    let tls = Arc::new(load(directory.path()).unwrap());
    let server = start_with(limits(), Some(tls.clone())).await;
    let second = certificate(directory.path());
    assert!(connect(&server, &first, &[]).await.is_ok());
    tls.reload().unwrap();
    assert!(connect(&server, &second, &[]).await.is_ok());
    assert!(connect(&server, &first, &[]).await.is_err());
    std::fs::write(directory.path().join("certificate.pem"), "nonsense").unwrap();
    assert!(matches!(tls.reload(), Err(TlsError::Certificate(..))));
    assert!(connect(&server, &second, &[]).await.is_ok());
}

#[test]
fn files_that_cannot_be_used_are_named() {
    let directory = tempfile::tempdir().unwrap();
    let refused = || load(directory.path()).map(|_| ()).unwrap_err().to_string();
    assert!(refused().contains("certificate.pem"));
    certificate(directory.path());
    assert!(load(directory.path()).is_ok());
    let key = std::fs::read_to_string(directory.path().join("key.pem")).unwrap();
    std::fs::write(directory.path().join("key.pem"), "").unwrap();
    let said = refused();
    assert!(said.contains("TLS key") && said.contains("key.pem: it holds none"), "{said}");
    certificate(directory.path());
    std::fs::write(directory.path().join("key.pem"), &key).unwrap();
    let said = refused();
    assert!(said.contains("do not go together"), "{said}");
    assert!(!said.contains(key.lines().nth(1).unwrap()), "no secret is told");
}
