//! Exchanges through curl, for HTTPS over TCP in either version.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::http::{Request, Response, parse_headers};
use crate::program;

/// curl, as it asks one gateway on this machine.
pub struct Curl {
    port: u16,
    certificate: PathBuf,
    scratch: TempDir,
}

impl Curl {
    /// Asks the gateway on `port`, trusting this certificate for `localhost` alone.
    pub fn new(port: u16, certificate: &Path) -> Curl {
        Curl { port, certificate: certificate.to_owned(), scratch: tempfile::tempdir().unwrap() }
    }

    /// Sends a request in the version that this flag names, such as `--http2`; the error is what curl says.
    pub fn send(&self, version: &str, request: &Request) -> Result<Response, String> {
        let file = |name: &str| self.scratch.path().join(name);
        // In a file, the key does not stand among what others see of processes.
        let headers: String = request.headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
        std::fs::write(file("headers"), headers).unwrap();
        std::fs::write(file("body"), &request.body).unwrap();
        let mut curl = Command::new(program::curl());
        curl.args(["-q", "-sS", "--noproxy", "*", "--max-time", "20", version]);
        curl.args(["--resolve", &format!("localhost:{}:127.0.0.1", self.port)]).arg("--cacert").arg(&self.certificate);
        curl.arg("-H").arg(format!("@{}", file("headers").display()));
        curl.arg("-D").arg(file("head")).arg("-o").arg(file("answer"));
        match request.method.as_str() {
            "HEAD" => curl.arg("--head"),
            method => curl.args(["-X", method]),
        };
        if !request.body.is_empty() {
            curl.arg("--data-binary").arg(format!("@{}", file("body").display()));
        }
        let output = curl.arg(format!("https://localhost:{}{}", self.port, request.path)).output().unwrap();
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        let head = std::fs::read_to_string(file("head")).unwrap();
        // An interim answer stands before the last one.
        let head = head.trim_end().rsplit("\r\n\r\n").next().unwrap_or_default();
        let status = head.split(' ').nth(1).and_then(|status| status.trim().parse().ok());
        let body =
            if request.method == "HEAD" { Vec::new() } else { std::fs::read(file("answer")).unwrap_or_default() };
        Ok(Response { status: status.ok_or(head)?, headers: parse_headers(head), body })
    }
}
