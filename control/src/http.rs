//! HTTP as the rest of the program sees it: a whole request in, a whole response out. Nothing else imports hyper to serve,
//! or quinn and h3.

mod answer;
mod connection;
mod exchange;
pub mod host;
mod linger;
mod protocol;
pub mod quic;
mod server;
mod unread;
mod watch;
mod wire_guard;

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use ::http::{HeaderMap, Method};
use bytes::Bytes;
use serde::Serialize;

pub use protocol::Protocol;
pub use server::{Secured, serve};

/// A request whose body was read, or could not be.
#[derive(Debug)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The path as sent, percent-encoding kept: `/v1/quotes/qt_test_…`.
    pub path: String,
    /// What stands behind the question mark, without it; empty when there is none.
    pub query: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, empty when there is none.
    pub body: Result<Bytes, BodyError>,
    /// The other end of the connection.
    pub peer: SocketAddr,
    /// The version of HTTP in which it came.
    pub protocol: Protocol,
}

/// What of a request is known before its body is read.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// The method.
    pub method: &'a Method,
    /// The path as sent.
    pub path: &'a str,
    /// What stands behind the question mark.
    pub query: &'a str,
    /// The headers.
    pub headers: &'a HeaderMap,
}

/// Why a body was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// Longer than [`Limits::body_bytes`].
    #[error("the body is too large")]
    TooLarge,
    /// Not there after [`Limits::body_timeout`].
    #[error("the body took too long")]
    TimedOut,
    /// The request was refused before its sender was given leave to send it.
    #[error("the body was not asked for")]
    NotWanted,
    /// The connection broke or its framing is wrong.
    #[error("the body broke off")]
    Broken,
}

/// A response. Header names are written in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The headers, in their order; `content-length` and `date` are added by the server.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Bytes,
}

/// Answers requests. One value serves all connections.
pub trait Service: Send + Sync + 'static {
    /// What is made of a request's head. It is dropped when the connection has taken the answer, or has ended before.
    type Admission: Admission;

    /// Judges a request before its body is read, so that whoever waits for a body waits on somebody's account.
    fn admit(&self, head: Head<'_>) -> Self::Admission;

    /// The answer to a request.
    fn call(&self, request: Request, admission: &mut Self::Admission) -> impl Future<Output = Response> + Send;

    /// The answer to bytes that are no request, 400, or whose head is too large, 414 or 431; the connection ends after it.
    fn refuse(&self, status: u16, protocol: Protocol) -> Response {
        let _ = protocol;
        Response::empty(status)
    }

    /// Hears that a connection could not be accepted (out of file descriptors, say); the server waits and goes on.
    fn accept_failed(&self, error: &std::io::Error) {
        let _ = error;
    }
}

/// What a service makes of a request's head.
pub trait Admission: Send + Unpin + 'static {
    /// Whether the request is refused whatever its body says: nobody waits long for that then.
    fn is_refused(&self) -> bool;
}

/// The admission of services that do not judge by the head.
impl Admission for () {
    fn is_refused(&self) -> bool {
        false
    }
}

/// The bounds of one listener.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// From the first byte of a request until its head is complete.
    pub header_timeout: Duration,
    /// Between two requests of a connection, and without anything of an answer being taken.
    pub idle_timeout: Duration,
    /// Without a word from a client over QUIC that waits for nothing. Most clients take a connection for dead after 30 seconds
    /// of silence, and cannot be told then what became of their requests.
    pub quiet_timeout: Duration,
    /// From a request's head until its body is complete.
    pub body_timeout: Duration,
    /// The same when the request is refused by its head, and when it was refused before all of it came: time to take in what
    /// is on its way.
    pub refused_body_timeout: Duration,
    /// The longest body, in bytes.
    pub body_bytes: usize,
    /// Connections at a time; more wait in the listener's backlog.
    pub connections: usize,
    /// Requests of one connection over HTTP/3, broken ones too; then its client is asked for a new one.
    pub requests: u32,
    /// How long requests may take to end once the program stops.
    pub drain_time: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            header_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(75),
            quiet_timeout: Duration::from_secs(20),
            body_timeout: Duration::from_secs(10),
            refused_body_timeout: Duration::from_secs(1),
            body_bytes: causeway_core::limits::BODY_BYTES,
            connections: 2_048,
            requests: 10_000,
            drain_time: Duration::from_secs(30),
        }
    }
}

impl Request {
    /// What of it was known before its body.
    pub fn head(&self) -> Head<'_> {
        Head { method: &self.method, path: &self.path, query: &self.query, headers: &self.headers }
    }
}

impl Response {
    /// A response without headers and body.
    pub fn empty(status: u16) -> Response {
        Response { status, headers: Vec::new(), body: Bytes::new() }
    }

    /// A response with a JSON body.
    pub fn json(status: u16, body: impl Into<Bytes>) -> Response {
        Response { status, headers: vec![("content-type", "application/json".to_owned())], body: body.into() }
    }

    /// This response with one more header.
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Response {
        self.headers.push((name, value.into()));
        self
    }
}

/// The JSON of `value`, without whitespace.
pub fn to_json(value: &impl Serialize) -> Vec<u8> {
    let mut json = Vec::with_capacity(768);
    serde_json::to_writer(&mut json, value).expect("wire types have text keys only, and memory takes them");
    json
}

#[cfg(test)]
mod tests;
