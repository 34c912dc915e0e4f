//! Requests and responses as they stand on the wire.

use std::io::{self, BufRead};

use serde_json::Value;

/// The longest head that is read, in bytes.
const HEAD_BYTES: usize = 64 * 1024;

/// Headers in their order. Names are looked up without regard to case.
#[derive(Clone, Debug, Default)]
pub struct Headers(Vec<(String, String)>);

impl Headers {
    /// The first value of `name`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// All values of `name`.
    pub fn all<'h>(&'h self, name: &str) -> impl Iterator<Item = &'h str> {
        let named = move |pair: &&(String, String)| pair.0.eq_ignore_ascii_case(name);
        let found: Vec<&str> = self.0.iter().filter(named).map(|pair| pair.1.as_str()).collect();
        found.into_iter()
    }

    /// All of them, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Adds a header behind the others.
    pub fn add(&mut self, name: &str, value: &str) {
        self.0.push((name.to_owned(), value.to_owned()));
    }

    /// Takes all headers of this name out.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|pair| !pair.0.eq_ignore_ascii_case(name));
    }
}

/// A request. What is not said here is not sent, except `Host` and `Content-Length`.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// The headers.
    pub headers: Headers,
    /// The body.
    pub body: Vec<u8>,
}

impl Request {
    /// A request without headers and body.
    pub fn new(method: &str, path: impl Into<String>) -> Request {
        Request { method: method.to_owned(), path: path.into(), headers: Headers::default(), body: Vec::new() }
    }

    /// A GET.
    pub fn get(path: impl Into<String>) -> Request {
        Request::new("GET", path)
    }

    /// A POST.
    pub fn post(path: impl Into<String>) -> Request {
        Request::new("POST", path)
    }

    /// The same with a JSON body.
    pub fn json(self, value: &Value) -> Request {
        self.bytes(value.to_string()).header("Content-Type", "application/json")
    }

    /// The same with these bytes as body.
    pub fn bytes(self, body: impl Into<Vec<u8>>) -> Request {
        Request { body: body.into(), ..self }
    }

    /// The same with this as the only header of its name.
    pub fn header(self, name: &str, value: &str) -> Request {
        self.without(name).also(name, value)
    }

    /// The same with one header more.
    pub fn also(mut self, name: &str, value: &str) -> Request {
        self.headers.add(name, value);
        self
    }

    /// The same without headers of this name.
    pub fn without(mut self, name: &str) -> Request {
        self.headers.remove(name);
        self
    }

    /// The same with this API key.
    pub fn bearer(self, key: &str) -> Request {
        self.header("Authorization", &format!("Bearer {key}"))
    }

    /// The same with this idempotency key.
    pub fn key(self, key: &str) -> Request {
        self.header("Idempotency-Key", key)
    }

    /// The body as JSON; null when it is none.
    pub fn body_json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The path without its query.
    pub fn bare_path(&self) -> &str {
        self.path.split_once('?').map_or(self.path.as_str(), |(path, _)| path)
    }

    /// The bytes to send to `host`.
    pub fn wire(&self, host: &str) -> Vec<u8> {
        let mut text = format!("{} {} HTTP/1.1\r\n", self.method, self.path);
        if self.headers.get("Host").is_none() {
            text.push_str(&format!("Host: {host}\r\n"));
        }
        for (name, value) in &self.headers.0 {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        let writes = !matches!(self.method.as_str(), "GET" | "HEAD" | "OPTIONS" | "DELETE");
        if writes || !self.body.is_empty() {
            text.push_str(&format!("Content-Length: {}\r\n", self.body.len()));
        }
        let mut wire = (text + "\r\n").into_bytes();
        wire.extend_from_slice(&self.body);
        wire
    }
}

/// A response.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: Headers,
    /// The body.
    pub body: Vec<u8>,
}

impl Response {
    /// The first value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)
    }

    /// The body as JSON; fails the test when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("status {}, no JSON ({error}): {}", self.status, self.text()))
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The error code; empty when the body has none.
    pub fn code(&self) -> String {
        let body: Value = serde_json::from_slice(&self.body).unwrap_or(Value::Null);
        body["code"].as_str().unwrap_or_default().to_owned()
    }

    /// Fails the test unless the status is this one; the JSON otherwise.
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        self.json()
    }

    /// Fails the test unless this is a refusal with this status and code.
    pub fn expect_refusal(&self, status: u16, code: &str) -> Value {
        let body = self.expect(status);
        assert_eq!(body["code"], code, "{body}");
        body
    }
}

/// Reads a head up to its empty line; `None` when the peer closed before its first byte.
pub(crate) fn read_head(reader: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut head = String::new();
    loop {
        let before = head.len();
        if reader.read_line(&mut head)? == 0 {
            if before == 0 {
                return Ok(None);
            }
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the head broke off"));
        }
        if head.len() > HEAD_BYTES {
            return Err(io::Error::other("the head is too long"));
        }
        if matches!(&head[before..], "\r\n" | "\n") {
            return Ok(Some(head));
        }
    }
}

/// The headers below the first line of a head.
pub(crate) fn parse_headers(head: &str) -> Headers {
    let mut headers = Headers::default();
    for line in head.lines().skip(1) {
        if let Some((name, value)) = line.split_once(':') {
            headers.add(name.trim(), value.trim());
        }
    }
    headers
}
