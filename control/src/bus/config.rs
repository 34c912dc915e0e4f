//! Which bus a cell has: the file that names it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use causeway_core::id::Mode;
use tokio_rustls::rustls::RootCertStore;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use zeroize::Zeroizing;

use super::Bus;
use crate::config::Config;
use crate::private_file;

/// Why there is no bus though one is asked for. Nothing of the file's content is repeated: it holds a password.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// The program was built without it.
    #[error(
        "{option} names an event bus, and this program was built without one: build it with `--features amqp`, or leave the \
         option out",
        option = option(*.0)
    )]
    NotBuilt(Mode),
    /// The file cannot be read.
    #[error("{option}: cannot read the file {path}: {error}", option = option(*.0), path = .1.display(), error = .2)]
    Unreadable(Mode, PathBuf, io::Error),
    /// It is no file.
    #[error(
        "{option}: {path} is a directory: name the file with the broker's URL",
        option = option(*.0),
        path = .1.display()
    )]
    Directory(Mode, PathBuf),
    /// Others may read the file.
    #[error(
        "{option}: the file {path} may be read by others (mode {mode:o}): run `chmod 600 {path}`",
        option = option(*.0),
        path = .1.display(),
        mode = .2
    )]
    TooOpen(Mode, PathBuf, u32),
    /// There is no URL in it.
    #[error(
        "{option}: the file {path} must hold one line such as amqps://user:password@host:5671/vhost: {reason}",
        option = option(*.0),
        path = .1.display(),
        reason = .2
    )]
    Malformed(Mode, PathBuf, &'static str),
    /// The authorities' certificates cannot be used.
    #[error(
        "--bus-ca-file: cannot use {path}: {reason}; it must hold the certificates of the authorities that the broker's is \
         signed by, in PEM",
        path = .0.display(),
        reason = .1
    )]
    Authorities(PathBuf, String),
}

/// The bus of a mode's cell, if its file is named. Nothing is connected to.
pub fn load(config: &Config, mode: Mode) -> Result<Option<Arc<dyn Bus>>, BusError> {
    load_if(cfg!(feature = "amqp"), config, mode)
}

fn load_if(is_built: bool, config: &Config, mode: Mode) -> Result<Option<Arc<dyn Bus>>, BusError> {
    let path = match mode {
        Mode::Sandbox => &config.bus_url_file,
        Mode::Live => &config.live_bus_url_file,
    };
    let Some(path) = path else { return Ok(None) };
    // Before the file is looked at: whoever has not built the bus in need not mend the file.
    if !is_built {
        return Err(BusError::NotBuilt(mode));
    }
    let authorities = config.bus_ca_file.as_deref().map(authorities).transpose()?;
    let text = read(path, mode)?;
    let url = str::from_utf8(&text).unwrap_or_default().trim_ascii();
    let exchange = format!("{}.{}", config.bus_exchange, mode.word());
    open(url, exchange, mode, authorities).map(Some).map_err(|reason| BusError::Malformed(mode, path.clone(), reason))
}

fn read(path: &Path, mode: Mode) -> Result<Zeroizing<Vec<u8>>, BusError> {
    let unreadable = |error| BusError::Unreadable(mode, path.to_owned(), error);
    if path.is_dir() {
        return Err(BusError::Directory(mode, path.to_owned()));
    }
    let bits = private_file::mode(path).map_err(unreadable)?;
    if bits & 0o077 != 0 {
        return Err(BusError::TooOpen(mode, path.to_owned(), bits));
    }
    fs::read(path).map(Zeroizing::new).map_err(unreadable)
}

/// The certificates in a file, each of which must be one that can be trusted: when it is used, one that cannot is passed over
/// in silence.
fn authorities(path: &Path) -> Result<String, BusError> {
    let unusable = |reason: String| BusError::Authorities(path.to_owned(), reason);
    let text = fs::read_to_string(path).map_err(|error| unusable(error.to_string()))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(text.as_bytes()) {
        let certificate = certificate.map_err(|_| unusable("it is not PEM".to_owned()))?;
        roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
    }
    if roots.is_empty() { Err(unusable("it holds no certificate".to_owned())) } else { Ok(text) }
}

#[cfg(feature = "amqp")]
fn open(url: &str, exchange: String, mode: Mode, authorities: Option<String>) -> Result<Arc<dyn Bus>, &'static str> {
    Ok(Arc::new(super::amqp::RabbitMq::new(url, exchange, mode, authorities)?))
}

#[cfg(not(feature = "amqp"))]
fn open(_: &str, _: String, _: Mode, _: Option<String>) -> Result<Arc<dyn Bus>, &'static str> {
    Err("no bus is built in")
}

fn option(mode: Mode) -> &'static str {
    match mode {
        Mode::Sandbox => "--bus-url-file",
        Mode::Live => "--live-bus-url-file",
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn refusal(is_built: bool, content: &str, bits: u32) -> String {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("url");
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(bits)).unwrap();
        refused(is_built, &["--bus-url-file", path.to_str().unwrap()])
    }

    fn refused(is_built: bool, flags: &[&str]) -> String {
        let words = [&["causeway", "serve"], flags].concat();
        let crate::config::Action::Serve(config) = crate::config::read(words.iter().map(Into::into)).unwrap() else {
            panic!("another action")
        };
        assert!(load_if(is_built, &config, Mode::Live).unwrap().is_none(), "each mode has its own");
        load_if(is_built, &config, Mode::Sandbox)
            .map(|_| ())
            .map_err(|error| error.to_string())
            .err()
            .unwrap_or_default()
    }

    #[cfg(feature = "amqp")]
    #[test]
    fn a_file_is_private_and_holds_one_url_of_which_nothing_is_told() {
        assert_eq!(refusal(true, "amqp://bank:hunter2@127.0.0.1:5672/%2f\n", 0o600), "");
        assert_eq!(refusal(true, "amqps://bank:hunter2@broker.bank.example/events", 0o400), "");
        for (content, bits, part) in [
            ("amqp://bank:hunter2@127.0.0.1", 0o640, "chmod 600"),
            ("http://bank:hunter2@127.0.0.1", 0o600, "amqp"),
            ("bank:hunter2", 0o600, "amqps://"),
            ("", 0o600, "amqps://"),
            ("amqp://bank:hunter2@127.0.0.1\namqp://other", 0o600, "amqps://"),
            ("amqp://127.0.0.1/%2f", 0o600, "name and password"),
        ] {
            let reason = refusal(true, content, bits);
            assert!(reason.contains(part) && reason.starts_with("--bus-url-file"), "{content}: {reason}");
            assert!(!reason.contains("hunter2"), "{reason}");
        }
    }

    #[cfg(feature = "amqp")]
    #[test]
    fn authorities_are_certificates_and_for_a_broker_that_shows_one() {
        let directory = tempfile::tempdir().unwrap();
        let file = |name: &str, content: &str| {
            let path = directory.path().join(name);
            fs::write(&path, content).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let secure = file("secure", "amqps://bank:hunter2@broker.bank.example");
        let plain = file("plain", "amqp://bank:hunter2@127.0.0.1");
        let pem = |der: &[u8]| {
            use base64::Engine;
            let text = base64::prelude::BASE64_STANDARD.encode(der);
            format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
        };
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = rcgen::CertificateParams::new(Vec::new()).unwrap().self_signed(&key).unwrap();
        let good = file("good", &pem(certificate.der()));
        for (url, authorities, part) in [
            (&secure, &good, ""),
            (&plain, &good, "amqp://, over which"),
            (&secure, &file("empty", ""), "holds no certificate"),
            (&secure, &file("words", &pem(b"no certificate")), "--bus-ca-file"),
            (&secure, &"/nowhere/at/all".to_owned(), "/nowhere/at/all"),
        ] {
            let reason = refused(true, &["--bus-url-file", url, "--bus-ca-file", authorities]);
            assert!(reason.contains(part) && reason.is_empty() == part.is_empty(), "{part}: {reason}");
        }
        let reason = refused(true, &["--bus-url-file", directory.path().to_str().unwrap()]);
        assert!(reason.contains("is a directory"), "{reason}");
    }

    #[test]
    fn a_program_without_a_bus_says_so() {
        let reason = refusal(false, "amqp://bank:hunter2@127.0.0.1", 0o600);
        assert!(reason.contains("--features amqp") && reason.contains("--bus-url-file"), "{reason}");
    }
}
