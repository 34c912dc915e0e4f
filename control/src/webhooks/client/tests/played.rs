//! Receivers that are played: what each connection meets is a function of its number.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::webhooks::client::dial::Stream;
use crate::webhooks::receiver::OK;

pub struct Played {
    pub port: u16,
    pub connections: Arc<AtomicUsize>,
}

impl Played {
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hooks?a=b", self.port)
    }

    pub fn secure_url(&self) -> String {
        format!("https://localhost:{}/hooks?a=b", self.port)
    }
}

/// A receiver whose connections, numbered from zero, are each met by `play`.
pub async fn played<F>(play: impl Fn(usize, TcpStream) -> F + Send + 'static) -> Played
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(play(counter.fetch_add(1, Ordering::SeqCst), stream));
        }
    });
    Played { port, connections }
}

/// Answers every request as a receiver should.
pub async fn serve_well(mut stream: impl Stream) {
    while take_request(&mut stream).await {
        stream.write_all(OK.as_bytes()).await.ok();
        stream.flush().await.ok();
    }
}

/// Reads to the end of a request; `false` when none comes.
pub async fn take_request(stream: &mut impl Stream) -> bool {
    let mut bytes = Vec::new();
    while stream.read_buf(&mut bytes).await.is_ok_and(|read| read > 0) {
        if bytes.ends_with(super::BODY) {
            return true;
        }
    }
    false
}

/// Holds a connection open until the other side closes it.
pub async fn hold(mut stream: impl Stream) {
    let mut bytes = [0; 1_024];
    while stream.read(&mut bytes).await.is_ok_and(|read| read > 0) {}
}

/// A certificate of a name that ends with a year, and who proves it, speaking `protocols`.
pub fn certified(name: &str, year: i32, protocols: &[&[u8]]) -> (TlsAcceptor, CertificateDer<'static>) {
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    (params.not_before, params.not_after) = (date_time_ymd(2000, 1, 1), date_time_ymd(year, 1, 1));
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap().der().clone();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let mut config = builder.with_single_cert(vec![certificate.clone()], key).unwrap();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    (TlsAcceptor::from(Arc::new(config)), certificate)
}
