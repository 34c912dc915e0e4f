//! The same server over QUIC: whole exchanges through the crates' own client. What a client does wrong is in `wrong`, how
//! connections begin and end in `connections`.

use ::http::Request as HttpRequest;
use bytes::Buf;
use h3::client::{RequestStream, SendRequest};
use quinn::crypto::rustls::QuicClientConfig;
use quinn::{ClientConfig, ConnectionError, Endpoint, TransportConfig};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::{self, RootCertStore};

use super::super::Secured;
use super::super::quic::{Announced, Listener, Stats};
use super::tls::{certificate, load};
use super::*;

mod connections;
mod wrong;

/// A server that speaks HTTP/3, and whom its clients trust.
pub(super) struct Quic {
    address: std::net::SocketAddr,
    service: Arc<Echo>,
    pub(super) stop: watch::Sender<bool>,
    pub(super) running: tokio::task::JoinHandle<()>,
    announced: Announced,
    stats: Arc<Stats>,
    tls: Arc<Tls>,
    directory: tempfile::TempDir,
    pub(super) trusted: CertificateDer<'static>,
}

/// A client with its connection.
pub(super) struct Client {
    connection: quinn::Connection,
    sender: SendRequest<h3_quinn::OpenStreams, Bytes>,
    pub(super) driver: tokio::task::JoinHandle<h3::error::ConnectionError>,
}

pub(super) async fn start_quic(limits: Limits) -> Quic {
    let directory = tempfile::tempdir().unwrap();
    let trusted = certificate(directory.path());
    let tls = Arc::new(load(directory.path()).unwrap());
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap(), limits, tls.clone()).unwrap();
    let (address, announced, stats) = (listener.address(), listener.announced(443), listener.stats());
    let service = Arc::new(Echo::default());
    let (stop, stopped) = watch::channel(false);
    let running = tokio::spawn(listener.serve(service.clone(), stopped));
    Quic { address, service, stop, running, announced, stats, tls, directory, trusted }
}

/// Trusts this certificate alone, and would send early data.
fn tls_of_clients(trusted: &CertificateDer<'static>) -> rustls::ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let builder = rustls::ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let mut config =
        builder.with_safe_default_protocol_versions().unwrap().with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"h3".to_vec()];
    config.enable_early_data = true;
    config
}

fn config(trusted: &CertificateDer<'static>) -> ClientConfig {
    ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls_of_clients(trusted)).unwrap()))
}

/// A client that takes in no more than this of an answer before it is read.
pub(super) fn small_windows(trusted: &CertificateDer<'static>, window: u32) -> ClientConfig {
    let mut transport = TransportConfig::default();
    transport.stream_receive_window(window.into());
    let mut config = config(trusted);
    config.transport_config(Arc::new(transport));
    config
}

/// Asks for what is at this path.
pub(super) async fn ask(client: &mut Client, path: &str) -> RequestStream<h3_quinn::BidiStream<Bytes>, Bytes> {
    let mut stream = client.sender.send_request(request("GET", path)).await.unwrap();
    stream.finish().await.unwrap();
    stream
}

impl Quic {
    /// Greets the server.
    async fn greet(&self, config: ClientConfig) -> Result<quinn::Connection, ConnectionError> {
        let endpoint = Endpoint::client("127.0.0.1:0".parse().unwrap()).unwrap();
        endpoint.connect_with(config, self.address, "localhost").unwrap().await
    }

    async fn connect(&self) -> Client {
        self.connect_with(config(&self.trusted)).await
    }

    pub(super) async fn connect_with(&self, config: ClientConfig) -> Client {
        let connection = self.greet(config).await.unwrap();
        let (mut driver, sender) = h3::client::new(h3_quinn::Connection::new(connection.clone())).await.unwrap();
        let driver = tokio::spawn(async move { std::future::poll_fn(|cx| driver.poll_close(cx)).await });
        Client { connection, sender, driver }
    }
}

impl Client {
    /// Sends a request and gives status, headers and body of the answer.
    async fn ask(&mut self, request: HttpRequest<()>, body: &'static [u8]) -> ::http::Response<String> {
        let mut stream = self.sender.send_request(request).await.unwrap();
        stream.send_data(Bytes::from_static(body)).await.unwrap();
        stream.finish().await.unwrap();
        let mut answer = stream.recv_response().await.unwrap();
        // h3 gives no version to answers.
        *answer.version_mut() = ::http::Version::HTTP_3;
        let mut text = Vec::new();
        while let Some(data) = stream.recv_data().await.unwrap() {
            text.extend_from_slice(data.chunk());
        }
        answer.map(|()| String::from_utf8(text).unwrap())
    }

    async fn get(&mut self, path: &str) -> ::http::Response<String> {
        self.ask(request("GET", path), b"").await
    }
}

fn request(method: &str, path: &str) -> HttpRequest<()> {
    HttpRequest::builder().method(method).uri(format!("https://localhost{path}")).body(()).unwrap()
}

#[tokio::test]
async fn requests_come_whole_and_answers_go_out_over_http3() {
    let server = start_quic(limits()).await;
    let mut client = server.connect().await;
    let answer = client.ask(request("POST", "/x%20y?a=b"), b"{\"a\":1}").await;
    assert_eq!((answer.status().as_u16(), answer.body().as_str()), (200, "POST /x%20y a=b {\"a\":1}"));
    let header = |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    assert_eq!(header("content-type").as_deref(), Some("application/json"));
    assert_eq!(header("content-length"), Some(answer.body().len().to_string()));
    assert!(header("date").is_some_and(|date| date.ends_with(" GMT")));
    assert_eq!(header("alt-svc"), None, "who speaks it need not be told");
    assert_eq!(client.get("/again").await.body(), "GET /again  ");
    assert_eq!(*server.service.protocols.lock(), [Protocol::Http3; 2]);
}

#[tokio::test]
async fn answers_to_head_have_no_body_over_http3() {
    let server = start_quic(limits()).await;
    let answer = server.connect().await.ask(request("HEAD", "/a"), b"").await;
    assert_eq!(answer.body(), "");
    assert_eq!(answer.headers()["content-length"], "HEAD /a  ".len().to_string());
}

#[tokio::test]
async fn answers_over_tcp_announce_http3_while_it_is_spoken() {
    let quic = start_quic(limits()).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (_stop, stopped) = watch::channel(false);
    let secured = Secured { tls: quic.tls.clone(), announced: Some(quic.announced.clone()) };
    tokio::spawn(serve(listener, limits(), Some(secured), quic.service.clone(), stopped));
    let told = async || {
        let stream = TcpStream::connect(address).await.unwrap();
        let mut config = tls_of_clients(&quic.trusted);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let name = rustls::pki_types::ServerName::try_from("localhost").unwrap();
        let mut stream = tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
        stream.write_all(b"GET /a HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n").await.unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        text
    };
    let text = told().await;
    assert!(text.contains("\r\nalt-svc: h3=\":443\"; ma=3600\r\n"), "{text}");
    quic.stop.send_replace(true);
    tokio::time::timeout(DEADLINE, quic.running).await.unwrap().unwrap();
    let text = told().await;
    assert!(text.starts_with("HTTP/1.1 200") && !text.contains("alt-svc"), "{text}");
}
