//! One attempt to deliver: a POST over HTTP/1.1 to an address that the guard allows, whole within its time.
//!
//! Connections are kept and used again per endpoint. A kept connection may have been closed by the receiver meanwhile;
//! then the attempt goes on over a fresh one, once: receivers know repeated events by their id.

mod connection;
mod pool;
mod trust;

use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use http::header::{HOST, HeaderMap, HeaderValue, RETRY_AFTER};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::RootCertStore;

use super::guard::{Guard, Refused, Target};
use crate::gate::system_time;
pub use connection::Connection;
pub use pool::Pool;
pub use trust::system_roots;

/// What is read of a response's body before its connection is given up, in bytes.
const RESPONSE_BYTES: usize = 4 * 1_024;
/// How long a response's body is waited for. The status has decided already.
const RESPONSE_WAIT: Duration = Duration::from_secs(1);

/// Sends webhooks. Shared by all attempts of a cell.
pub struct Client {
    guard: Guard,
    attempt: Duration,
    tls: TlsConnector,
    pool: Pool,
}

/// What a receiver answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status, whatever it is.
    pub status: StatusCode,
    /// For how long it asks to be left alone.
    pub retry_after: Option<Duration>,
}

/// Why there is no answer. The texts are shown to partners: they name no address, no secret and no body.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The guard refuses the endpoint.
    #[error("{0}")]
    Refused(#[from] Refused),
    /// No connection came about.
    #[error("could not connect: {0}")]
    Connect(String),
    /// The TLS handshake failed.
    #[error("TLS failed: {0}")]
    Tls(String),
    /// The connection broke, or the answer was no HTTP.
    #[error("no valid HTTP answer: {0}")]
    Http(String),
    /// The URL's path cannot be sent.
    #[error("the endpoint's URL cannot be sent as a request")]
    Request,
    /// The attempt took too long.
    #[error("no answer within {} ms", .0.as_millis())]
    TimedOut(Duration),
}

impl Client {
    /// A client that trusts `roots` and gives every attempt at most `attempt`, connecting included.
    pub fn new(guard: Guard, attempt: Duration, roots: RootCertStore) -> Client {
        Client { guard, attempt, tls: trust::connector(roots), pool: Pool::default() }
    }

    /// Posts `body` to `url` and gives the answer, whatever it is. Redirects are not followed.
    pub async fn post(&self, url: &str, headers: HeaderMap, body: Bytes) -> Result<Answer, SendError> {
        let target = self.guard.target(url)?;
        let attempt = self.exchange(&target, &headers, body);
        timeout(self.attempt, attempt).await.map_err(|_| SendError::TimedOut(self.attempt))?
    }

    async fn exchange(&self, target: &Target, headers: &HeaderMap, body: Bytes) -> Result<Answer, SendError> {
        if let Some(mut kept) = self.pool.take(target) {
            let request = request(target, headers, body.clone())?;
            if let Ok(response) = kept.send(request).await {
                return Ok(self.finish(target, kept, response).await);
            }
        }
        let addresses = self.guard.addresses(target).await?;
        let mut fresh = Connection::open(target, &addresses, &self.tls).await?;
        let response = fresh.send(request(target, headers, body)?).await?;
        Ok(self.finish(target, fresh, response).await)
    }

    /// Keeps the connection when the whole answer was read.
    async fn finish(&self, target: &Target, connection: Connection, response: Response<Incoming>) -> Answer {
        let answer = Answer { status: response.status(), retry_after: retry_after(response.headers()) };
        if let Ok(true) = timeout(RESPONSE_WAIT, is_short(response.into_body())).await {
            self.pool.keep(target, connection);
        }
        answer
    }
}

/// `Retry-After`, as seconds or as a date.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = httpdate::parse_http_date(text).ok()?.duration_since(UNIX_EPOCH).ok()?;
    let now = Duration::from_millis(system_time().0);
    Some(at.saturating_sub(now))
}

fn request(target: &Target, headers: &HeaderMap, body: Bytes) -> Result<Request<Full<Bytes>>, SendError> {
    let host = HeaderValue::from_str(&target.authority).map_err(|_| SendError::Request)?;
    let mut request = Request::new(Full::new(body));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = target.path.parse().map_err(|_| SendError::Request)?;
    *request.headers_mut() = headers.clone();
    request.headers_mut().insert(HOST, host);
    Ok(request)
}

/// Reads a body to its end and throws it away; `false` when it is longer than it may be, or breaks.
async fn is_short(mut body: Incoming) -> bool {
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return false };
        length += frame.data_ref().map_or(0, Bytes::len);
        if length > RESPONSE_BYTES {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests;
