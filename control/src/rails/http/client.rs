//! Requests to one rail over HTTP/1.1, each whole within its time. Redirects are not followed.
//!
//! The address is an operator's own word, so it is not judged like a partner's; only plain http stays on loopback, whatever
//! its name resolves to.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{HOST, HeaderMap, HeaderValue};
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::webhooks::client::{Connection, Pool, SendError};
use crate::webhooks::guard::Target;

/// The longest answer, in bytes.
const ANSWER_BYTES: usize = 16 * 1_024;
/// Addresses of one name that are tried at most.
const ADDRESSES: usize = 4;

/// Asks one rail.
pub struct Client {
    target: Target,
    tls: TlsConnector,
    timeout: Duration,
    pool: Pool,
}

/// A whole answer.
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Bytes,
}

impl Client {
    /// A client of the rail at `target` that gives every request at most `timeout`, connecting included.
    pub fn new(target: Target, tls: TlsConnector, timeout: Duration) -> Client {
        Client { target, tls, timeout, pool: Pool::default() }
    }

    /// Asks at most once: whatever goes wrong, the request may have arrived.
    pub async fn ask_once(
        &self,
        method: Method,
        path: &str,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Answer, String> {
        let request = self.request(method, path, headers, body)?;
        self.within_time(async {
            let connection = match self.pool.take(&self.target) {
                Some(kept) => kept,
                None => self.connect().await?,
            };
            self.exchange(connection, request).await
        })
        .await
    }

    /// Asks what can be asked twice: once more when a kept connection turns out to be closed.
    pub async fn ask(&self, method: Method, path: &str, headers: HeaderMap) -> Result<Answer, String> {
        let request = self.request(method, path, headers, Bytes::new())?;
        self.within_time(async {
            if let Some(kept) = self.pool.take(&self.target)
                && let Ok(answer) = self.exchange(kept, request.clone()).await
            {
                return Ok(answer);
            }
            self.exchange(self.connect().await?, request).await
        })
        .await
    }

    async fn within_time(&self, asking: impl Future<Output = Result<Answer, String>>) -> Result<Answer, String> {
        let late = |_| SendError::TimedOut(self.timeout).to_string();
        timeout(self.timeout, asking).await.map_err(late)?
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Request<Full<Bytes>>, String> {
        let wrong = || "its url cannot be sent as a request".to_owned();
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = format!("{}{path}", self.target.path).parse().map_err(|_| wrong())?;
        *request.headers_mut() = headers;
        let host = HeaderValue::from_str(&self.target.authority).map_err(|_| wrong())?;
        request.headers_mut().insert(HOST, host);
        Ok(request)
    }

    /// The connection is kept when the whole answer was read.
    async fn exchange(&self, mut connection: Connection, request: Request<Full<Bytes>>) -> Result<Answer, String> {
        let response = connection.send(request).await.map_err(|error| error.to_string())?;
        let answer = whole(response).await?;
        self.pool.keep(&self.target, connection);
        Ok(answer)
    }

    async fn connect(&self) -> Result<Connection, String> {
        let Target { host, port, secure, .. } = &self.target;
        let found = tokio::net::lookup_host((host.as_str(), *port)).await;
        let found = found.map_err(|_| "its host name could not be resolved".to_owned())?;
        let is_fit = |address: &SocketAddr| *secure || address.ip().is_loopback();
        let addresses: Vec<SocketAddr> = found.filter(is_fit).take(ADDRESSES).collect();
        Connection::open(&self.target, &addresses, &self.tls).await.map_err(|error| error.to_string())
    }
}

/// Reads a body to its end; a longer one than any rail sends is no answer.
async fn whole(response: Response<Incoming>) -> Result<Answer, String> {
    let status = response.status().as_u16();
    let mut incoming = response.into_body();
    let mut body = BytesMut::new();
    while let Some(frame) = incoming.frame().await {
        let frame = frame.map_err(|error| SendError::Http(error.to_string()).to_string())?;
        let Ok(data) = frame.into_data() else { continue };
        if body.len() + data.len() > ANSWER_BYTES {
            return Err(format!("its answer is longer than {ANSWER_BYTES} bytes"));
        }
        body.extend_from_slice(&data);
    }
    Ok(Answer { status, body: body.freeze() })
}
