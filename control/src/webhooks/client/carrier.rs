//! What a request goes over: a connection of its own, or a stream among others.

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HOST, HeaderMap, HeaderValue};
use http::request::Parts;
use http::{Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;

use super::connection::Connection;
use super::multiplexed::Lease;
use super::{RESPONSE_BYTES, SendError};
use crate::webhooks::guard::Target;

/// What a request goes over.
pub enum Carrier {
    /// HTTP/1.1.
    One(Connection),
    /// HTTP/2.
    Many(Lease),
}

/// The head of an answer, with what comes behind it.
pub enum Head {
    /// Over HTTP/1.1.
    One(Response<Incoming>, Connection),
    /// Over HTTP/2.
    Many(Response<h2::RecvStream>, Lease),
}

/// Why there is no head of an answer.
pub struct Lost {
    /// Whether another connection may bring an answer: the receiver provably did not work on the request, or it said nothing
    /// at all to it, and the connection may have gone because of the others that it carried.
    pub goes_on: bool,
    /// What to say of it.
    pub error: SendError,
}

impl Carrier {
    /// Posts `body` and gives the head of the answer.
    pub async fn post(self, target: &Target, headers: &HeaderMap, body: Bytes) -> Result<Head, Lost> {
        match self {
            Carrier::One(mut connection) => {
                let parts = parts(target, headers, None).map_err(Lost::before)?;
                match connection.send(Request::from_parts(parts, Full::new(body))).await {
                    Ok(response) => Ok(Head::One(response, connection)),
                    Err(error) => Err(Lost { goes_on: connection.carried_others() && !connection.has_heard(), error }),
                }
            }
            Carrier::Many(mut lease) => {
                let parts = parts(target, headers, Some(body.len())).map_err(Lost::before)?;
                let response = lease.send(Request::from_parts(parts, ()), body).await?;
                Ok(Head::Many(response, lease))
            }
        }
    }
}

impl Lost {
    fn before(error: SendError) -> Lost {
        Lost { goes_on: false, error }
    }
}

impl Head {
    /// The status and headers.
    pub fn answer(&self) -> (StatusCode, &HeaderMap) {
        match self {
            Head::One(response, _) => (response.status(), response.headers()),
            Head::Many(response, _) => (response.status(), response.headers()),
        }
    }

    /// Reads the body to its end and throws it away. The connection when it can be kept for another request: a body that
    /// is longer than it may be, or breaks, costs a connection of HTTP/1.1, or a stream of HTTP/2.
    pub async fn finish(self) -> Option<Connection> {
        match self {
            Head::One(response, connection) => is_short(response.into_body()).await.then_some(connection),
            Head::Many(response, lease) => {
                drain(response.into_body()).await;
                drop(lease);
                None
            }
        }
    }
}

/// The head of a request: over HTTP/2 the URI names the host, and the length is ours to write.
fn parts(target: &Target, headers: &HeaderMap, h2_length: Option<usize>) -> Result<Parts, SendError> {
    let (mut parts, ()) = Request::new(()).into_parts();
    parts.method = Method::POST;
    parts.headers = headers.clone();
    if let Some(length) = h2_length {
        let uri = Uri::builder().scheme("https").authority(target.authority.as_str());
        parts.uri = uri.path_and_query(target.path.as_str()).build().map_err(|_| SendError::Request)?;
        parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    } else {
        parts.uri = target.path.parse().map_err(|_| SendError::Request)?;
        let host = HeaderValue::from_str(&target.authority).map_err(|_| SendError::Request)?;
        parts.headers.insert(HOST, host);
    }
    Ok(parts)
}

/// Reads a body to its end; `false` when it is longer than it may be, or breaks.
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

/// Reads a stream to its end. What is longer than it may be is reset when the stream is dropped.
async fn drain(mut body: h2::RecvStream) {
    let mut length = 0;
    while let Some(Ok(data)) = body.data().await {
        length += data.len();
        if length > RESPONSE_BYTES || body.flow_control().release_capacity(data.len()).is_err() {
            return;
        }
    }
}
