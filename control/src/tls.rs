//! TLS of the partner API: certificate and key from files, read at the start and whenever the operator asks for it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::ServerSessionMemoryCache;
use tokio_rustls::rustls::{self, ServerConfig};
use tokio_rustls::server::TlsStream;

/// The protocols that are offered over TCP, the preferred one first.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];
/// The protocol that is offered over QUIC.
const QUIC_PROTOCOL: &[u8] = b"h3";
/// Greetings over QUIC that are remembered, so that clients who come again are greeted faster.
const REMEMBERED: usize = 256;

/// A certificate with its key. New connections get what was read last.
pub struct Tls {
    certificate: PathBuf,
    key: PathBuf,
    current: ArcSwap<Current>,
}

/// What was read last, for both kinds of connections.
struct Current {
    tcp: Arc<ServerConfig>,
    quic: Arc<ServerConfig>,
}

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The certificate's file cannot be used.
    #[error(
        "cannot use the certificate {0}: {1}; it must hold the certificate and those between it and the root, in PEM"
    )]
    Certificate(PathBuf, String),
    /// The key's file cannot be used.
    #[error("cannot use the TLS key {0}: {1}; it must hold one private key in PEM, without a password")]
    Key(PathBuf, String),
    /// They do not go together.
    #[error("the certificate {0} and the TLS key {1} do not go together: {2}")]
    Pair(PathBuf, PathBuf, rustls::Error),
}

impl Tls {
    /// Reads both files.
    pub fn load(certificate: &Path, key: &Path) -> Result<Tls, TlsError> {
        let current = ArcSwap::from_pointee(read(certificate, key)?);
        Ok(Tls { certificate: certificate.to_owned(), key: key.to_owned(), current })
    }

    /// Reads both files again. When they cannot be used, what was read before stays.
    pub fn reload(&self) -> Result<(), TlsError> {
        self.current.store(Arc::new(read(&self.certificate, &self.key)?));
        Ok(())
    }

    /// Greets a client.
    pub async fn accept(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        TlsAcceptor::from(self.current.load().tcp.clone()).accept(stream).await
    }

    /// How clients over QUIC are greeted.
    pub fn quic(&self) -> Arc<ServerConfig> {
        self.current.load().quic.clone()
    }
}

/// TLS 1.2 and 1.3, without early data: what is replayed there would be a second request.
fn read(certificate: &Path, key: &Path) -> Result<Current, TlsError> {
    let unusable = |reason: String| TlsError::Certificate(certificate.to_owned(), reason);
    let chain = CertificateDer::pem_file_iter(certificate).and_then(|items| items.collect::<Result<Vec<_>, _>>());
    let chain = chain.map_err(|error| unusable(in_words(error)))?;
    if chain.is_empty() {
        return Err(unusable("it holds none".to_owned()));
    }
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| TlsError::Key(key.to_owned(), in_words(error)))?;
    let pair = |error| TlsError::Pair(certificate.to_owned(), key.to_owned(), error);
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().map_err(pair)?;
    let mut config = builder.with_no_client_auth().with_single_cert(chain, secret).map_err(pair)?;
    config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
    config.max_early_data_size = 0;
    let mut quic = config.clone();
    quic.alpn_protocols = vec![QUIC_PROTOCOL.to_vec()];
    quic.session_storage = ServerSessionMemoryCache::new(REMEMBERED);
    Ok(Current { tcp: Arc::new(config), quic: Arc::new(quic) })
}

/// What is wrong, never what the file holds.
fn in_words(error: pem::Error) -> String {
    if let pem::Error::Io(error) = error {
        return error.to_string();
    }
    let is_empty = matches!(error, pem::Error::NoItemsFound);
    if is_empty { "it holds none".to_owned() } else { "it is not PEM".to_owned() }
}
