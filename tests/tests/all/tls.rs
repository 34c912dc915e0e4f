//! HTTPS for partners, seen through curl: both versions, a certificate that is replaced, files that cannot be used.

use std::path::Path;
use std::process::Command;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use causeway_tests::poll::{SOON, poll};
use causeway_tests::program;
use causeway_tests::server::{DataDir, Server, spawn};
use rcgen::{CertifiedKey, generate_simple_self_signed};

/// Writes a new certificate for localhost and its key over what is there.
pub fn certificate(directory: &Path) {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let pem = |kind: &str, der: &[u8]| {
        format!("-----BEGIN {kind}-----\n{}\n-----END {kind}-----\n", BASE64_STANDARD.encode(der))
    };
    std::fs::write(directory.join("certificate.pem"), pem("CERTIFICATE", cert.der())).unwrap();
    std::fs::write(directory.join("key.pem"), pem("PRIVATE KEY", &signing_key.serialize_der())).unwrap();
}

/// The flags that name them.
pub fn flags(directory: &DataDir) -> [String; 2] {
    let path = |name: &str| directory.file(name).display().to_string();
    [format!("--tls-certificate={}", path("certificate.pem")), format!("--tls-key={}", path("key.pem"))]
}

/// What curl says of a list of sessions when it trusts `trusted` alone: status and version, or nothing.
fn list(server: &Server, trusted: &Path, version: &str) -> String {
    let port = server.api().address().port();
    let key = format!("Authorization: Bearer {}", server.demo().secret);
    let url = format!("https://localhost:{port}/v1/gate_sessions");
    let mut curl = Command::new(program::curl());
    // In a file, the key does not stand among what others see of processes.
    let header = trusted.with_file_name("header");
    std::fs::write(&header, key).unwrap();
    curl.args(["-q", "-sS", "--noproxy", "*", "--max-time", "20", version, "-o", "/dev/null"]);
    curl.args(["-w", "%{http_code} %{http_version}", "--resolve", &format!("localhost:{port}:127.0.0.1")]);
    curl.arg("--cacert").arg(trusted).arg("-H").arg(format!("@{}", header.display())).arg(url);
    let output = curl.output().unwrap();
    if output.status.success() { String::from_utf8(output.stdout).unwrap() } else { String::new() }
}

#[test]
fn partners_speak_https_in_both_versions_and_nothing_else() {
    let directory = DataDir::new();
    certificate(directory.path());
    let [certificate, key] = flags(&directory);
    let server = Server::start(&[&certificate, &key]);
    let trusted = directory.file("certificate.pem");
    assert_eq!(list(&server, &trusted, "--http1.1"), "200 1.1");
    assert_eq!(list(&server, &trusted, "--http2"), "200 2");
    assert!(server.directory().sandbox()["base_url"].as_str().unwrap().starts_with("https://127.0.0.1:"));
    let plain = server.api().send(&causeway_tests::http::Request::get("/v1/gate_sessions"));
    assert!(plain.is_err(), "plain HTTP is no TLS");
    assert_eq!(server.stop().code, Some(0));
}

#[test]
fn a_certificate_is_replaced_without_a_stop() {
    let directory = DataDir::new();
    certificate(directory.path());
    let [certificate_flag, key_flag] = flags(&directory);
    let mut server = Server::start(&[&certificate_flag, &key_flag]);
    let (old, new) = (directory.file("old.pem"), directory.file("certificate.pem"));
    std::fs::copy(&new, &old).unwrap();
    certificate(directory.path());
    assert_eq!(list(&server, &old, "--http1.1"), "200 1.1", "nobody has asked for the new one");
    server.hang_up();
    poll(SOON, "the new certificate is shown", || (list(&server, &new, "--http1.1") == "200 1.1").then_some(()));
    assert_eq!(list(&server, &old, "--http1.1"), "");
    std::fs::copy(&new, &old).unwrap();
    std::fs::write(&new, "nonsense").unwrap();
    server.hang_up();
    poll(SOON, "the log names the file", || {
        let log = server.log().tail();
        log.lines().any(|line| line.contains("certificate_not_read") && line.contains("certificate.pem")).then_some(())
    });
    assert_eq!(list(&server, &old, "--http1.1"), "200 1.1", "the one that was read before stays");
    assert!(server.is_running());
}

#[test]
fn files_that_cannot_be_used_are_refused_at_the_start() {
    let directory = DataDir::new();
    let [certificate_flag, key_flag] = flags(&directory);
    let refused = |flags: &[&str], said: &str| {
        let exit = spawn(&DataDir::new(), flags).wait(SOON);
        assert!(exit.code == Some(2) && exit.error.contains(said), "{said}: {exit}");
    };
    refused(&[&certificate_flag], "needs --tls-key beside it");
    refused(&[&key_flag], "needs --tls-certificate beside it");
    refused(&[&certificate_flag, &key_flag], "certificate.pem");
    certificate(directory.path());
    std::fs::write(directory.file("key.pem"), "").unwrap();
    refused(&[&certificate_flag, &key_flag], "key.pem: it holds none");
}
