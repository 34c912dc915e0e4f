//! A webhook receiver behind TLS, with a certificate of an authority of its own.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::{Request, Response, Version};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, ServerConfig};

use crate::http::Headers;
use crate::receiver::Received;

/// An authority that signs certificates.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
}

/// A receiver at `localhost` that takes everything and keeps it with the version of HTTP in which it came.
pub struct SecureReceiver {
    address: SocketAddr,
    kept: Arc<Mutex<Vec<(Version, Received)>>>,
    _runtime: Runtime,
}

impl Authority {
    /// A new one.
    pub fn new() -> Authority {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap().der().clone();
        Authority { issuer: Issuer::new(params, key), certificate }
    }

    /// Its certificate as administrators install it.
    pub fn pem(&self) -> String {
        pem("CERTIFICATE", &self.certificate)
    }

    /// A certificate for `localhost` and its private key, both in PEM.
    pub fn certified(&self) -> [String; 2] {
        let (certificate, key) = self.certify();
        [pem("CERTIFICATE", &certificate), pem("PRIVATE KEY", &key.serialize_der())]
    }

    fn certify(&self) -> (CertificateDer<'static>, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        (params.signed_by(&key, &self.issuer).unwrap().der().clone(), key)
    }

    fn acceptor(&self, protocols: &[&str]) -> TlsAcceptor {
        let (certificate, key) = self.certify();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        let mut config: rustls::ServerConfig = builder.with_single_cert(vec![certificate], key).unwrap();
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        TlsAcceptor::from(Arc::new(config))
    }
}

impl Default for Authority {
    fn default() -> Authority {
        Authority::new()
    }
}

impl SecureReceiver {
    /// Listens, with a certificate of `authority`, and agrees to one of these protocols (RFC 7301).
    pub fn start(authority: &Authority, protocols: &[&str]) -> SecureReceiver {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let (acceptor, kept) = (authority.acceptor(protocols), Arc::new(Mutex::new(Vec::new())));
        let keeping = Arc::clone(&kept);
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, kept) = (acceptor.clone(), Arc::clone(&keeping));
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    let service = service_fn(move |request| keep(request, Arc::clone(&kept)));
                    // The gateway closes its connections when it likes.
                    let _ = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        SecureReceiver { address, kept, _runtime: runtime }
    }

    /// The URL to deliver to.
    pub fn url(&self) -> String {
        format!("https://localhost:{}/hooks", self.address.port())
    }

    /// Everything that came, in the order in which it came.
    pub fn all(&self) -> Vec<(Version, Received)> {
        self.kept.lock().unwrap().clone()
    }
}

fn pem(label: &str, content: &[u8]) -> String {
    let text = BASE64_STANDARD.encode(content);
    format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
}

async fn keep(
    request: Request<Incoming>,
    kept: Arc<Mutex<Vec<(Version, Received)>>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    if let Ok(body) = body.collect().await {
        let mut headers = Headers::default();
        head.headers.iter().for_each(|(name, value)| headers.add(name.as_str(), value.to_str().unwrap_or_default()));
        let body = body.to_bytes().to_vec();
        let event = serde_json::from_slice(&body).unwrap_or_default();
        let path = head.uri.path().to_owned();
        kept.lock().unwrap().push((head.version, Received { at: Instant::now(), path, headers, body, event }));
    }
    Ok(Response::default())
}
