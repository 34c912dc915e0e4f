//! One request and its answer, the same for all versions of HTTP: what comes in is bounded and read here, and what goes out
//! is put together here.

use std::net::SocketAddr;
use std::sync::Arc;

use ::http::header::{ALT_SVC, CONTENT_LENGTH, EXPECT, HOST};
use ::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version};
use bytes::{Bytes, BytesMut};
use http_body::Body;
use http_body_util::BodyExt;

use super::answer::Answer;
use super::quic::Announced;
use super::{Admission, BodyError, Head, Limits, Protocol, Request, Response, Service};

/// The longest head, in bytes.
pub(super) const HEAD_BYTES: usize = 32 * 1_024;
/// The most headers of one request.
pub(super) const HEADERS: usize = 64;
/// Requests that one connection may have open, over HTTP/2 and HTTP/3. With the bound on connections it bounds the bodies that
/// are held; no bound is shared between connections, so that one that trickles holds up nobody else.
pub(super) const STREAMS: u32 = 8;

/// What all connections of a listener share.
pub(super) struct Shared<S> {
    pub(super) limits: Limits,
    pub(super) service: Arc<S>,
    /// What answers say of HTTP/3 to those who do not speak it yet.
    pub(super) announced: Option<Announced>,
}

/// Answers a request whose head is there.
pub(super) async fn answer<S: Service, B: Body<Data = Bytes> + Unpin>(
    shared: &Shared<S>,
    request: ::http::Request<B>,
    peer: SocketAddr,
) -> ::http::Response<Answer<S::Admission>> {
    let version = request.version();
    let mut response = respond(shared, request, peer).await;
    let announced = shared.announced.as_ref().filter(|_| version != Version::HTTP_3);
    if let Some(value) = announced.and_then(Announced::value) {
        response.headers_mut().insert(ALT_SVC, value);
    }
    response
}

async fn respond<S: Service, B: Body<Data = Bytes> + Unpin>(
    shared: &Shared<S>,
    request: ::http::Request<B>,
    peer: SocketAddr,
) -> ::http::Response<Answer<S::Admission>> {
    let (mut head, incoming) = request.into_parts();
    let protocol = Protocol::of(head.version);
    if is_too_large(&head.headers) {
        return refused(shared, 431, &head.method, protocol);
    }
    name_host(&mut head);
    let asks_for_head = head.method == Method::HEAD;
    let mut admission = shared.service.admit(Head {
        method: &head.method,
        path: head.uri.path(),
        query: head.uri.query().unwrap_or_default(),
        headers: &head.headers,
    });
    let is_refused = admission.is_refused();
    let body = if incoming.is_end_stream() {
        Ok(Bytes::new())
    } else {
        read(&head, incoming, &shared.limits, is_refused).await
    };
    let request = Request {
        method: head.method,
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: head.headers,
        body,
        peer,
        protocol,
    };
    let response = shared.service.call(request, &mut admission).await;
    let response = outgoing(response, Some(admission));
    if asks_for_head { without_body(response) } else { response }
}

/// A refusal of what is no request for the service.
pub(super) fn refused<S: Service>(
    shared: &Shared<S>,
    status: u16,
    method: &Method,
    protocol: Protocol,
) -> ::http::Response<Answer<S::Admission>> {
    let response = outgoing(shared.service.refuse(status, protocol), None);
    if *method == Method::HEAD { without_body(response) } else { response }
}

/// The answer to HEAD: on HTTP/2 and HTTP/3 nobody else keeps the body back.
fn without_body<A: Unpin>(response: ::http::Response<Answer<A>>) -> ::http::Response<Answer<A>> {
    let (mut head, body) = response.into_parts();
    let length = body.size_hint().exact().unwrap_or_default();
    head.headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    ::http::Response::from_parts(head, Answer::new(Bytes::new(), None))
}

/// Whether there are more headers than we take. Over HTTP/1.1 hyper has refused them before they come here.
fn is_too_large(headers: &HeaderMap) -> bool {
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len()).sum();
    bytes > HEAD_BYTES || headers.len() > HEADERS
}

/// HTTP/2, HTTP/3 and absolute request targets name the host in the target; everybody else reads it from the header. Whoever sends
/// none or several of these over HTTP/1.1 is refused for it later, whatever the target says.
fn name_host(head: &mut ::http::request::Parts) {
    let named = head.uri.authority().and_then(|authority| HeaderValue::from_str(authority.as_str()).ok());
    let counts =
        matches!(head.version, Version::HTTP_2 | Version::HTTP_3) || head.headers.get_all(HOST).iter().count() == 1;
    if let Some(host) = named.filter(|_| counts) {
        head.headers.insert(HOST, host);
    }
}

async fn read(
    head: &::http::request::Parts,
    body: impl Body<Data = Bytes> + Unpin,
    limits: &Limits,
    is_refused: bool,
) -> Result<Bytes, BodyError> {
    let announced = body.size_hint().lower();
    let waits_for_leave = head.headers.contains_key(EXPECT);
    if waits_for_leave && announced > limits.body_bytes as u64 {
        return Err(BodyError::TooLarge);
    }
    if waits_for_leave && is_refused {
        return Err(BodyError::NotWanted);
    }
    let patience = if is_refused { limits.refused_body_timeout.min(limits.body_timeout) } else { limits.body_timeout };
    let mut length = 0;
    match tokio::time::timeout(patience, collect(body, limits.body_bytes, &mut length)).await {
        Ok(body) => body,
        Err(_) if length > limits.body_bytes => Err(BodyError::TooLarge),
        Err(_) => Err(BodyError::TimedOut),
    }
}

/// The whole body; one that came in one piece is not copied. One that is too large is read to its end and forgotten: whoever
/// is cut off while sending does not hear why.
async fn collect(
    mut body: impl Body<Data = Bytes> + Unpin,
    bound: usize,
    length: &mut usize,
) -> Result<Bytes, BodyError> {
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| BodyError::Broken)?.into_data() else { continue };
        *length = length.saturating_add(data.len());
        if *length > bound {
            (first, rest) = (Bytes::new(), BytesMut::new());
        } else if first.is_empty() {
            first = data;
        } else {
            if rest.is_empty() {
                rest.extend_from_slice(&first);
            }
            rest.extend_from_slice(&data);
        }
    }
    if *length > bound {
        return Err(BodyError::TooLarge);
    }
    Ok(if rest.is_empty() { first } else { rest.freeze() })
}

pub(super) fn outgoing<A: Unpin>(response: Response, held: Option<A>) -> ::http::Response<Answer<A>> {
    let mut outgoing = ::http::Response::new(Answer::new(response.body, held));
    let status = StatusCode::from_u16(response.status);
    let mut sound = status.is_ok();
    *outgoing.status_mut() = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in response.headers {
        match (HeaderName::from_bytes(name.as_bytes()), HeaderValue::try_from(value)) {
            (Ok(name), Ok(value)) => {
                outgoing.headers_mut().append(name, value);
            }
            (Err(_), _) | (_, Err(_)) => sound = false,
        }
    }
    if !sound {
        // A header that cannot be sent is our own mistake; half an answer would hide it.
        *outgoing.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        *outgoing.body_mut() = Answer::new(Bytes::new(), None);
    }
    outgoing
}
