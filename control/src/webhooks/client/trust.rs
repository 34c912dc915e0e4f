//! Whom TLS trusts: the machine's own certificate store.
//!
//! The platform team of a bank administers that store; a list compiled into the program would age with it, and would
//! ignore an authority that was withdrawn or added here. rustls runs on ring, named explicitly: a second provider in the
//! tree would make it panic at first use.

use std::sync::Arc;

use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::dial::H2;

/// The machine's root certificates. With none of them every https endpoint fails, so the error deserves a line at start.
pub fn system_roots() -> Result<RootCertStore, String> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (usable, _) = roots.add_parsable_certificates(found.certs);
    if usable > 0 {
        return Ok(roots);
    }
    let reason = found.errors.first().map_or_else(String::new, |error| format!(" ({error})"));
    Err(format!(
        "this machine has no root certificates{reason}: install its CA certificates or name a file in SSL_CERT_FILE; \
         until then no https webhook can be delivered"
    ))
}

/// TLS 1.2 and 1.3 with those roots and no client certificate. Whoever can speaks HTTP/2.
pub fn connector(roots: RootCertStore) -> TlsConnector {
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().expect("ring offers the default protocol versions");
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![H2.to_vec(), b"http/1.1".to_vec()];
    TlsConnector::from(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    /// rustls panics at first use when it finds two providers, and nothing but this would tell before.
    #[test]
    fn ring_is_the_only_provider_in_the_tree() {
        let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
        let lock = std::fs::read_to_string(lock).unwrap();
        assert!(lock.contains("name = \"ring\""));
        for other in ["aws-lc-rs", "aws-lc-sys", "openssl-sys"] {
            assert!(
                !lock.contains(&format!("name = \"{other}\"")),
                "Cargo.lock has {other}: find it with cargo tree -i"
            );
        }
    }
}
