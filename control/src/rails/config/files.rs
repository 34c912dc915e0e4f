//! The files that a rail names: its secret, whom TLS trusts, and who we are there.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use toml::Spanned;
use zeroize::Zeroizing;

use super::{RailRow, Wrong};
use crate::keys::SecretText;
use crate::private_file;
use crate::webhooks::client::system_roots;

/// Characters of a secret.
const SECRET: std::ops::RangeInclusive<usize> = 32..=1_024;

/// Reads a secret: one line of printable characters in a file that nobody else may read.
pub fn secret(file: &Spanned<PathBuf>, directory: &Path) -> Result<SecretText, Wrong> {
    let bytes = private(file, directory)?;
    let text = str::from_utf8(&bytes).map(str::trim_ascii).unwrap_or_default();
    if SECRET.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(SecretText::new(text.to_owned()));
    }
    Err(wrong(
        file,
        directory,
        &format!(
            "must hold {} to {} printable characters and nothing else, such as `openssl rand -hex 32` writes",
            SECRET.start(),
            SECRET.end()
        ),
    ))
}

/// TLS 1.2 and 1.3 as the row says: the machine's roots or its own, with a client certificate if it names one.
pub fn connector(row: &RailRow, at: usize, is_secure: bool, directory: &Path) -> Result<TlsConnector, Wrong> {
    let roots = match &row.ca_file {
        Some(file) => own_roots(file, directory)?,
        None if is_secure => system_roots().map_err(|reason| (at, reason))?,
        None => RootCertStore::empty(),
    };
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().expect("ring offers the default protocol versions");
    let builder = builder.with_root_certificates(roots);
    let mut config = match (&row.client_certificate_file, &row.client_key_file) {
        (None, None) => builder.with_no_client_auth(),
        (Some(certificate), Some(key)) => {
            let chain = certificates(certificate, directory)?;
            let client = builder.with_client_auth_cert(chain, private_key(key, directory)?);
            client.map_err(|error| wrong(certificate, directory, &format!("does not go with the key: {error}")))?
        }
        (Some(alone), None) | (None, Some(alone)) => {
            let reason = "client_certificate_file and client_key_file go together: name both or none";
            return Err((alone.span().start, reason.to_owned()));
        }
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

fn own_roots(file: &Spanned<PathBuf>, directory: &Path) -> Result<RootCertStore, Wrong> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(file, directory)? {
        let added = roots.add(certificate);
        added.map_err(|error| wrong(file, directory, &format!("holds a certificate that cannot be used: {error}")))?;
    }
    Ok(roots)
}

fn certificates(file: &Spanned<PathBuf>, directory: &Path) -> Result<Vec<CertificateDer<'static>>, Wrong> {
    let text = fs::read(place(file, directory)).map_err(|error| unreadable(file, directory, &error))?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(wrong(file, directory, "holds no certificate in PEM form")),
        Err(error) => Err(wrong(file, directory, &format!("is no PEM file: {error}"))),
    }
}

fn private_key(file: &Spanned<PathBuf>, directory: &Path) -> Result<PrivateKeyDer<'static>, Wrong> {
    let text = private(file, directory)?;
    // What the parser says of a key is not repeated: it might hold a part of it.
    PrivateKeyDer::from_pem_slice(&text).map_err(|_| wrong(file, directory, "holds no private key in PEM form"))
}

/// A file that nobody else may read.
fn private(file: &Spanned<PathBuf>, directory: &Path) -> Result<Zeroizing<Vec<u8>>, Wrong> {
    let path = place(file, directory);
    let mode = private_file::mode(&path).map_err(|error| unreadable(file, directory, &error))?;
    if mode & 0o077 != 0 {
        let reason = format!("may be read by others (mode {mode:o}): run `chmod 600 {}`", path.display());
        return Err(wrong(file, directory, &reason));
    }
    fs::read(&path).map(Zeroizing::new).map_err(|error| unreadable(file, directory, &error))
}

fn place(file: &Spanned<PathBuf>, directory: &Path) -> PathBuf {
    directory.join(file.get_ref())
}

fn unreadable(file: &Spanned<PathBuf>, directory: &Path, error: &std::io::Error) -> Wrong {
    wrong(file, directory, &format!("cannot be read: {error}"))
}

fn wrong(file: &Spanned<PathBuf>, directory: &Path, reason: &str) -> Wrong {
    (file.span().start, format!("the file {} {reason}", place(file, directory).display()))
}
