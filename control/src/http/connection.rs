//! One connection: hyper with our bounds around it.
//!
//! hyper's own timer for heads runs while a connection idles too; here idle connections live longer than slow heads, so a
//! small watch follows what the connection does and ends it when it does so for too long.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use ::http::header::{CONTENT_LENGTH, EXPECT, HOST};
use ::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version};
use bytes::{Bytes, BytesMut};
use http_body::Body;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};

use super::answer::Answer;
use super::wire_guard::WireGuard;
use super::{Admission, BodyError, Head, Limits, Request, Response, Service};

/// The longest head, in bytes.
const HEAD_BYTES: usize = 32 * 1_024;
/// The longest head that hyper takes over HTTP/2. It lies above ours because hyper's own refusal there has no words.
const HTTP2_HEAD_BYTES: u32 = 4 * HEAD_BYTES as u32;
/// The most headers of one request.
const HEADERS: usize = 64;
/// Requests that one HTTP/2 connection may have open. With the bound on connections it bounds the bodies that are held; no
/// bound is shared between connections, so that one that trickles holds up nobody else.
const STREAMS: u32 = 8;
/// What all connections of a listener share.
pub(super) struct Shared<S> {
    pub(super) limits: Limits,
    pub(super) service: Arc<S>,
}

/// Serves `stream` until it ends, idles for too long, or `stopped` ends and its last answer is out.
pub(super) async fn run<S: Service>(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    peer: SocketAddr,
    shared: Arc<Shared<S>>,
    stopped: impl Future<Output = ()> + Send,
) {
    let watch = Arc::new(Watch::new());
    let guard = WireGuard::new(stream, watch.clone(), {
        let shared = shared.clone();
        move |status| shared.service.refuse(status)
    });
    let builder = builder();
    let limits = shared.limits;
    let service = {
        let watch = watch.clone();
        service_fn(move |request| {
            let (shared, busy) = (shared.clone(), Busy::start(watch.clone()));
            async move {
                let response = answer(&shared, request, peer).await;
                drop(busy);
                Ok::<_, Infallible>(response)
            }
        })
    };
    let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(guard), service));
    let mut stopped = std::pin::pin!(stopped);
    let mut draining = false;
    let mut tick = tokio::time::interval(limits.header_timeout.min(limits.idle_timeout) / 2);
    loop {
        tokio::select! {
            biased;
            // What went wrong on a connection is its client's affair: it broke off, or it spoke something else.
            _ = &mut connection => return,
            () = &mut stopped, if !draining => {
                draining = true;
                connection.as_mut().graceful_shutdown();
            }
            _ = tick.tick() => if watch.is_overdue(&limits) { return },
        }
    }
}

fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().header_read_timeout(None).max_buf_size(HEAD_BYTES).max_headers(HEADERS);
    builder.http2().max_concurrent_streams(STREAMS).max_header_list_size(HTTP2_HEAD_BYTES);
    builder
}

async fn answer<S: Service>(
    shared: &Shared<S>,
    request: hyper::Request<Incoming>,
    peer: SocketAddr,
) -> hyper::Response<Answer<S::Admission>> {
    let (mut head, incoming) = request.into_parts();
    if is_too_large(&head.headers) {
        return outgoing(shared.service.refuse(431), None);
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
    };
    let response = shared.service.call(request, &mut admission).await;
    let response = outgoing(response, Some(admission));
    if asks_for_head { without_body(response) } else { response }
}

/// The answer to HEAD: on HTTP/2 nobody else keeps the body back.
fn without_body<A: Unpin>(response: hyper::Response<Answer<A>>) -> hyper::Response<Answer<A>> {
    let (mut head, body) = response.into_parts();
    let length = body.size_hint().exact().unwrap_or_default();
    head.headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    hyper::Response::from_parts(head, Answer::new(Bytes::new(), None))
}

/// Whether there are more headers than we take. Over HTTP/1.1 hyper has refused them before they come here.
fn is_too_large(headers: &HeaderMap) -> bool {
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len()).sum();
    bytes > HEAD_BYTES || headers.len() > HEADERS
}

/// HTTP/2 and absolute request targets name the host in the target; everybody else reads it from the header. Whoever sends
/// none or several of these over HTTP/1.1 is refused for it later, whatever the target says.
fn name_host(head: &mut ::http::request::Parts) {
    let named = head.uri.authority().and_then(|authority| HeaderValue::from_str(authority.as_str()).ok());
    let counts = head.version == Version::HTTP_2 || head.headers.get_all(HOST).iter().count() == 1;
    if let Some(host) = named.filter(|_| counts) {
        head.headers.insert(HOST, host);
    }
}

async fn read(
    head: &::http::request::Parts,
    body: Incoming,
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
async fn collect(mut body: Incoming, bound: usize, length: &mut usize) -> Result<Bytes, BodyError> {
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

fn outgoing<A: Unpin>(response: Response, held: Option<A>) -> hyper::Response<Answer<A>> {
    let mut outgoing = hyper::Response::new(Answer::new(response.body, held));
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

/// What a connection does, and since when.
pub(super) struct Watch {
    origin: Instant,
    /// Milliseconds after `origin` at which the present phase began.
    since: AtomicU64,
    /// Requests that wait for their answer.
    in_flight: AtomicU32,
    /// Whether a head has begun and is not complete.
    reads_head: AtomicBool,
    /// Whether what is written next belongs to an answer of the service.
    answering: AtomicBool,
}

impl Watch {
    pub(super) fn new() -> Watch {
        Watch {
            origin: Instant::now(),
            since: AtomicU64::new(0),
            in_flight: AtomicU32::new(0),
            reads_head: AtomicBool::new(false),
            answering: AtomicBool::new(false),
        }
    }

    /// Bytes came in; `true` when a head begins with them. On HTTP/2 they may be anything, pings too: only whole requests
    /// end idleness there.
    pub(super) fn received(&self, http2: bool) -> bool {
        if http2 {
            return false;
        }
        let begins = self.in_flight.load(Relaxed) == 0 && !self.reads_head.swap(true, Relaxed);
        if begins {
            self.mark();
        }
        begins
    }

    /// Everything written so far is out.
    pub(super) fn flushed(&self) {
        if self.in_flight.load(Relaxed) == 0 {
            self.answering.store(false, Relaxed);
        }
    }

    pub(super) fn is_answering(&self) -> bool {
        self.answering.load(Relaxed)
    }

    fn is_overdue(&self, limits: &Limits) -> bool {
        if self.in_flight.load(Relaxed) > 0 {
            return false;
        }
        let bound = if self.reads_head.load(Relaxed) { limits.header_timeout } else { limits.idle_timeout };
        self.origin.elapsed().saturating_sub(Duration::from_millis(self.since.load(Relaxed))) >= bound
    }

    fn mark(&self) {
        self.since.store(self.origin.elapsed().as_millis() as u64, Relaxed);
    }
}

/// Held while a request waits for its answer, also when its client goes away in the middle.
struct Busy(Arc<Watch>);

impl Busy {
    fn start(watch: Arc<Watch>) -> Busy {
        watch.in_flight.fetch_add(1, Relaxed);
        watch.reads_head.store(false, Relaxed);
        watch.answering.store(true, Relaxed);
        Busy(watch)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.mark();
        self.0.in_flight.fetch_sub(1, Relaxed);
    }
}
