//! One request to the operator interface, over HTTP/1.1, plain or inside TLS.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use serde_json::Value;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, ClientConnection, StreamOwned};

use super::RemoteError;
use crate::webhooks::client::system_roots;

/// How long an answer may take: a package that is registered is checked for up to a minute.
const PATIENCE: Duration = Duration::from_secs(120);
/// The longest answer, in bytes.
const ANSWER: u64 = 4 << 20;

/// The interface at an address, and the token.
pub struct Client {
    uri: Uri,
    token: String,
}

trait Stream: Read + Write {}

impl<S: Read + Write> Stream for S {}

impl Client {
    /// The interface at `url`.
    pub fn new(url: &str, token: &str) -> Result<Client, RemoteError> {
        let wrong = || RemoteError::Url(url.to_owned());
        let uri: Uri = url.trim_end_matches('/').parse().map_err(|_| wrong())?;
        let is_known = matches!(uri.scheme_str(), Some("http" | "https")) && matches!(uri.path(), "" | "/");
        if is_known && uri.host().is_some() { Ok(Client { uri, token: token.to_owned() }) } else { Err(wrong()) }
    }

    /// Asks, and gives the answer's object.
    pub fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value, RemoteError> {
        let body = body.map(Value::to_string).unwrap_or_default();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\nconnection: close\r\n\r\n",
            self.authority(),
            self.token,
            body.len()
        );
        let failed = |error: &dyn std::fmt::Display| RemoteError::Connect(self.uri.to_string(), error.to_string());
        let mut stream = self.connect().map_err(|error| failed(&error))?;
        let sent = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
        sent.and_then(|()| stream.flush()).map_err(|error| failed(&error))?;
        let (status, bytes) = read(stream).map_err(|error| failed(&error))?;
        let answer: Value = serde_json::from_slice(&bytes).map_err(|error| RemoteError::Answer(error.to_string()))?;
        if (200..300).contains(&status) {
            return Ok(answer);
        }
        let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
        Err(RemoteError::Refused { status, code: text("code"), message: text("message") })
    }

    fn authority(&self) -> String {
        self.uri.authority().map(|authority| authority.to_string()).unwrap_or_default()
    }

    fn connect(&self) -> std::io::Result<Box<dyn Stream>> {
        let is_secure = self.uri.scheme_str() == Some("https");
        let host = self.uri.host().unwrap_or_default().trim_matches(['[', ']']);
        let port = self.uri.port_u16().unwrap_or(if is_secure { 443 } else { 80 });
        let mut last = std::io::Error::other("the host has no address");
        for address in (host, port).to_socket_addrs()? {
            match TcpStream::connect_timeout(&address, Duration::from_secs(5)) {
                Ok(stream) => {
                    stream.set_read_timeout(Some(PATIENCE))?;
                    stream.set_write_timeout(Some(PATIENCE))?;
                    return if is_secure { secure(host, stream) } else { Ok(Box::new(stream)) };
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

fn secure(host: &str, stream: TcpStream) -> std::io::Result<Box<dyn Stream>> {
    let roots = system_roots().map_err(std::io::Error::other)?;
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().map_err(std::io::Error::other)?;
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::try_from(host.to_owned()).map_err(std::io::Error::other)?;
    let connection = ClientConnection::new(Arc::new(config), name).map_err(std::io::Error::other)?;
    Ok(Box::new(StreamOwned::new(connection, stream)))
}

/// Status and body of an answer that ends with its length, its last chunk, or the connection.
fn read(stream: impl Read) -> std::io::Result<(u16, Vec<u8>)> {
    let mut stream = BufReader::new(stream.take(ANSWER));
    let broken = || std::io::Error::other("the answer is no HTTP");
    let mut line = String::new();
    stream.read_line(&mut line)?;
    let status = line.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(broken)?;
    let (mut length, mut is_chunked) = (None, false);
    loop {
        line.clear();
        if stream.read_line(&mut line)? == 0 {
            return Err(broken());
        }
        let header = line.trim_end().to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(value) = header.strip_prefix("content-length:") {
            length = Some(value.trim().parse::<u64>().map_err(|_| broken())?);
        }
        is_chunked |= header.starts_with("transfer-encoding:") && header.ends_with("chunked");
    }
    let mut body = Vec::new();
    if !is_chunked {
        stream.take(length.unwrap_or(ANSWER)).read_to_end(&mut body)?;
        return Ok((status, body));
    }
    loop {
        line.clear();
        stream.read_line(&mut line)?;
        let size = u64::from_str_radix(line.trim().split(';').next().unwrap_or_default(), 16).map_err(|_| broken())?;
        if size == 0 {
            return Ok((status, body));
        }
        stream.by_ref().take(size).read_to_end(&mut body)?;
        stream.read_line(&mut line)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_whichever_way_they_end() {
        for text in [
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}rest",
            "HTTP/1.1 200 OK\r\n\r\n{}",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n",
        ] {
            assert_eq!(read(text.as_bytes()).unwrap(), (200, b"{}".to_vec()), "{text}");
        }
        for text in ["", "nonsense", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz"]
        {
            assert!(read(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn an_address_is_one() {
        for url in ["http://127.0.0.1:8081", "https://operators.bank.example/", "http://[::1]:8081"] {
            assert!(Client::new(url, "t").is_ok(), "{url}");
        }
        for url in ["127.0.0.1:8081", "ftp://x", "http://x/path", ""] {
            assert!(Client::new(url, "t").is_err(), "{url}");
        }
    }
}
