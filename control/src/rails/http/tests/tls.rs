use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;

use super::*;

fn certified(name: &str) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed([name.to_owned()]).unwrap();
    (cert.der().clone(), PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap())
}

fn roots(certificate: &CertificateDer<'static>) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    roots
}

/// A rail that speaks only with whom it knows by certificate hears of nobody else.
#[tokio::test]
async fn a_client_certificate_is_shown_where_one_is_named() {
    let (server, server_key) = certified("localhost");
    let (client, client_key) = certified("gateway");
    let provider = Arc::new(ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots(&client)), Arc::clone(&provider));
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    let builder = builder.with_client_cert_verifier(verifier.build().unwrap());
    let acceptor = TlsAcceptor::from(Arc::new(builder.with_single_cert(vec![server.clone()], server_key).unwrap()));
    let rail = played(vec![Said::new(202, ""), Said::new(202, "")], Some(acceptor)).await;

    let nameless = RailConfig { tls: connector(roots(&server)), ..config("sepa", &rail.url("https")) };
    assert!(HttpRail::new(nameless).send(&work(7)).await.is_err());

    let builder = ClientConfig::builder_with_provider(provider);
    let builder = builder.with_safe_default_protocol_versions().unwrap().with_root_certificates(roots(&server));
    let known = builder.with_client_auth_cert(vec![client], client_key).unwrap();
    let known = RailConfig { tls: TlsConnector::from(Arc::new(known)), ..config("sepa", &rail.url("https")) };
    assert_eq!(HttpRail::new(known).send(&work(7)).await, Ok(Word::Accepted));

    let stranger = HttpRail::new(config("sepa", &rail.url("https"))).send(&work(7)).await.unwrap_err();
    assert!(stranger.0.contains("TLS failed"), "{stranger}");
}
