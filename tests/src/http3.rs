//! HTTP/3 through the client of the crates that the gateway's server is made of, one connection at a time, for callers that
//! wait for their answers.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, Bytes};
use h3::client::{RequestStream, SendRequest};
use h3_quinn::{BidiStream, OpenStreams};
use quinn::crypto::rustls::QuicClientConfig;
use quinn::{ClientConfig, Endpoint};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{self, RootCertStore};

use crate::http::{Headers, Request, Response};

/// How long an answer may take. Nothing healthy comes near it.
const PATIENCE: Duration = Duration::from_secs(30);
/// The name in the certificates of tests.
const NAME: &str = "localhost";

/// A connection over which requests are sent.
pub struct Http3 {
    runtime: Runtime,
    sender: SendRequest<OpenStreams, Bytes>,
    closed: JoinHandle<h3::error::ConnectionError>,
    authority: String,
}

/// A request whose head is sent and whose body is not.
pub struct Begun(RequestStream<BidiStream<Bytes>, Bytes>);

impl Http3 {
    /// Connects to a gateway on this machine, trusting this certificate alone.
    pub fn open(address: SocketAddr, certificate: &Path) -> Result<Http3, String> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let config = trusting(certificate);
        let (sender, closed) = runtime.block_on(async {
            let endpoint = Endpoint::client((Ipv4Addr::LOCALHOST, 0).into()).map_err(|error| error.to_string())?;
            let connecting = endpoint.connect_with(config, address, NAME).map_err(|error| error.to_string())?;
            let connected = tokio::time::timeout(PATIENCE, connecting).await.map_err(|error| error.to_string())?;
            let connection = h3_quinn::Connection::new(connected.map_err(|error| error.to_string())?);
            let (mut driver, sender) = h3::client::new(connection).await.map_err(|error| error.to_string())?;
            let closed = tokio::spawn(async move { std::future::poll_fn(|cx| driver.poll_close(cx)).await });
            Ok::<_, String>((sender, closed))
        })?;
        Ok(Http3 { runtime, sender, closed, authority: format!("{NAME}:{}", address.port()) })
    }

    /// Sends a request and waits for its answer.
    pub fn send(&self, request: &Request) -> Result<Response, String> {
        self.send_all(std::slice::from_ref(request)).remove(0)
    }

    /// Sends them all at once and waits for all answers.
    pub fn send_all(&self, requests: &[Request]) -> Vec<Result<Response, String>> {
        let exchange = |request: &Request| {
            let (head, body, sender) = (self.head(request), Bytes::from(request.body.clone()), self.sender.clone());
            self.runtime.spawn(async move { finish(begin(sender, head).await?, body).await })
        };
        let running: Vec<_> = requests.iter().map(exchange).collect();
        running.into_iter().map(|exchange| self.runtime.block_on(exchange).unwrap()).collect()
    }

    /// Sends the head of a request.
    pub fn begin(&self, request: &Request) -> Result<Begun, String> {
        self.runtime.block_on(begin(self.sender.clone(), self.head(request)))
    }

    /// Sends the body of a request and waits for the answer.
    pub fn finish(&self, begun: Begun, body: &[u8]) -> Result<Response, String> {
        self.runtime.block_on(finish(begun, Bytes::copy_from_slice(body)))
    }

    /// Waits for the answer to a request whose body is not sent.
    pub fn answer(&self, begun: &mut Begun) -> Result<Response, String> {
        self.runtime.block_on(read(begun))
    }

    /// Waits until the gateway closes the connection; whether it did so in good order.
    pub fn wait_until_closed(self) -> bool {
        let Http3 { runtime, closed, sender, .. } = self;
        let ended = runtime.block_on(async { tokio::time::timeout(PATIENCE, closed).await });
        drop(sender);
        ended.expect("the gateway closes the connection").unwrap().is_h3_no_error()
    }

    fn head(&self, request: &Request) -> http::Request<()> {
        let authority = request.headers.get("Host").unwrap_or(&self.authority);
        let uri = format!("https://{authority}{}", request.path);
        let mut builder = http::Request::builder().method(request.method.as_str()).uri(uri);
        for (name, value) in request.headers.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("Host")) {
            builder = builder.header(name, value);
        }
        if !request.body.is_empty() {
            builder = builder.header("content-length", request.body.len());
        }
        builder.body(()).unwrap()
    }
}

async fn begin(mut sender: SendRequest<OpenStreams, Bytes>, head: http::Request<()>) -> Result<Begun, String> {
    let begun = tokio::time::timeout(PATIENCE, sender.send_request(head)).await;
    begun.map_err(|error| error.to_string())?.map(Begun).map_err(|error| error.to_string())
}

async fn finish(mut begun: Begun, body: Bytes) -> Result<Response, String> {
    if !body.is_empty() {
        // A gateway that has refused the request stops listening; the answer says why.
        let _ = begun.0.send_data(body).await;
    }
    let _ = begun.0.finish().await;
    read(&mut begun).await
}

async fn read(begun: &mut Begun) -> Result<Response, String> {
    let whole = async {
        let head = begun.0.recv_response().await.map_err(|error| error.to_string())?;
        let mut headers = Headers::default();
        head.headers().iter().for_each(|(name, value)| headers.add(name.as_str(), value.to_str().unwrap()));
        let mut body = Vec::new();
        while let Some(mut data) = begun.0.recv_data().await.map_err(|error| error.to_string())? {
            body.extend_from_slice(&data.copy_to_bytes(data.remaining()));
        }
        Ok(Response { status: head.status().as_u16(), headers, body })
    };
    tokio::time::timeout(PATIENCE, whole).await.map_err(|_| "no answer came".to_owned())?
}

fn trusting(certificate: &Path) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(certificate).unwrap()).unwrap();
    let builder = rustls::ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"h3".to_vec()];
    ClientConfig::new(Arc::new(QuicClientConfig::try_from(config).unwrap()))
}
