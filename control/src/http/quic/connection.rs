//! One connection over QUIC: h3 with our bounds around it.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use ::http::header::{CONNECTION, CONTENT_LENGTH, DATE, TE, TRANSFER_ENCODING, UPGRADE};
use ::http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};
use bytes::Bytes;
use h3::error::{ConnectionError, StreamError};
use h3::server::{self, RequestResolver, RequestStream};
use http_body::Body as _;
use http_body_util::BodyExt;
use tokio::task::JoinSet;
use tokio::time::Interval;

use super::super::answer::Answer;
use super::super::exchange::{self, Shared};
use super::super::watch::{Busy, Watch};
use super::super::{Limits, Protocol, Service};
use super::GOOD_BYE;
use super::body::Body;
use super::frames::FRAME_BYTES;
use super::transport::{Newest, Opened, Sending, Transport};

/// Headers that speak of a connection, which HTTP/3 leaves to QUIC: a request that has them was put together wrongly.
const OF_CONNECTIONS: [HeaderName; 5] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    TRANSFER_ENCODING,
    UPGRADE,
];

/// A connection on which requests may come.
pub struct Connection {
    quic: quinn::Connection,
    http: server::Connection<Transport, Bytes>,
    newest: Newest,
}

impl Connection {
    /// Opens what HTTP/3 needs on a connection whose greeting is over.
    pub async fn open(quic: quinn::Connection) -> Result<Connection, ConnectionError> {
        let newest = Newest::default();
        let transport = Transport::new(quic.clone(), newest.clone());
        let mut builder = server::builder();
        let http = builder.max_field_section_size(FRAME_BYTES as u64).send_grease(false).build(transport).await?;
        Ok(Connection { quic, http, newest })
    }

    /// Answers requests until the connection ends, idles or is silent for too long, or `stopped` ends and its last answer has
    /// arrived.
    pub async fn run<S: Service>(mut self, shared: Arc<Shared<S>>, stopped: impl Future<Output = ()> + Send) {
        let (limits, peer) = (shared.limits, self.quic.remote_address());
        let watch = Arc::new(Watch::new());
        let (mut exchanges, mut requests) = (JoinSet::new(), 0);
        let mut stopped = std::pin::pin!(stopped);
        let mut silence = Silence::begin();
        let mut tick = interval(&limits);
        // h3 remembers a stream that broke off before its head for as long as the connection lives.
        while requests < limits.requests {
            tokio::select! {
                biased;
                () = &mut stopped => break,
                Some(_) = exchanges.join_next() => {}
                accepted = self.http.accept() => {
                    // What went wrong on a connection is its client's affair.
                    let Ok(Some(request)) = accepted else { return };
                    let Some(opened) = self.newest.take() else { return };
                    requests += 1;
                    exchanges.spawn(exchange(request, opened, peer, shared.clone(), watch.clone()));
                }
                _ = tick.tick() => {
                    let is_quiet = silence.of(&self.quic) >= limits.quiet_timeout && exchanges.is_empty();
                    if is_quiet || watch.is_overdue(&limits) {
                        break;
                    }
                }
            }
        }
        self.leave(exchanges, &watch, &limits).await;
    }

    /// Says from which request on nothing is done, and waits until the answers to what was taken have arrived: closing a
    /// connection loses what is on its way.
    async fn leave(mut self, mut exchanges: JoinSet<()>, watch: &Watch, limits: &Limits) {
        // h3 names the request from which on nothing is done by its distance from the last one that it has given out.
        let said = tokio::time::timeout(limits.header_timeout, self.http.shutdown(1)).await;
        if !said.is_ok_and(|said| said.is_ok()) {
            return;
        }
        let mut tick = interval(limits);
        while !exchanges.is_empty() {
            tokio::select! {
                biased;
                _ = exchanges.join_next() => {}
                _ = self.quic.closed() => return,
                _ = tick.tick() => if watch.is_overdue(limits) { break },
            }
        }
        // That word, too, is lost unless it has time to arrive. Its client may well close the connection itself.
        let _ = tokio::time::timeout(GOOD_BYE, self.quic.closed()).await;
    }
}

/// How long nothing has come from a client.
struct Silence {
    heard: u64,
    since: Instant,
}

impl Silence {
    fn begin() -> Silence {
        Silence { heard: 0, since: Instant::now() }
    }

    /// As far as it shows from one look to the next.
    fn of(&mut self, quic: &quinn::Connection) -> Duration {
        let heard = quic.stats().udp_rx.datagrams;
        if heard != self.heard {
            *self = Silence { heard, since: Instant::now() };
        }
        self.since.elapsed()
    }
}

/// How often bounds are looked at.
fn interval(limits: &Limits) -> Interval {
    tokio::time::interval(limits.header_timeout.min(limits.idle_timeout).min(limits.quiet_timeout) / 2)
}

/// One request and its answer. Dropped on the way, it leaves a reset stream.
async fn exchange<S: Service>(
    request: RequestResolver<Transport, Bytes>,
    mut opened: Opened,
    peer: SocketAddr,
    shared: Arc<Shared<S>>,
    watch: Arc<Watch>,
) {
    let resolved = tokio::time::timeout(shared.limits.header_timeout, request.resolve_request()).await;
    let Ok(Ok((request, stream))) = resolved else { return };
    let busy = Busy::start(watch.clone());
    let (mut sending, receiving) = stream.split();
    let (head, ()) = request.into_parts();
    let answer = match announced_length(&head.headers).filter(|_| is_sound(&head.headers)) {
        Some(announced) => {
            let request = Request::from_parts(head, Body::new(receiving, opened.arrived, announced));
            tokio::select! {
                biased;
                // The client does not want the answer any more.
                () = &mut opened.told => return,
                answer = exchange::answer(&shared, request, peer) => answer,
            }
        }
        None => exchange::refused(&shared, 400, &head.method, Protocol::Http3),
    };
    let answer = answer.map(|body| body.watched(watch));
    drop(busy);
    if send(&mut sending, answer).await.is_ok() {
        opened.told.await;
    }
}

async fn send<A: Unpin>(
    stream: &mut RequestStream<Sending, Bytes>,
    answer: Response<Answer<A>>,
) -> Result<(), StreamError> {
    let (mut head, mut body) = answer.into_parts();
    let length = body.size_hint().exact().filter(|_| head.status != StatusCode::NO_CONTENT);
    if let Some(length) = length {
        // The answer to HEAD names the length of what it leaves out.
        head.headers.entry(CONTENT_LENGTH).or_insert(HeaderValue::from(length));
    }
    let now = HeaderValue::try_from(httpdate::fmt_http_date(SystemTime::now()));
    head.headers.extend(now.ok().map(|now| (DATE, now)));
    stream.send_response(Response::from_parts(head, ())).await?;
    while let Some(Ok(frame)) = body.frame().await {
        if let Ok(data) = frame.into_data() {
            stream.send_data(data).await?;
        }
    }
    stream.finish().await
}

/// What the head says of the body's length: nothing, or one number. `None` when it says something else.
fn announced_length(headers: &HeaderMap) -> Option<Option<u64>> {
    let mut values = headers.get_all(CONTENT_LENGTH).iter();
    match (values.next(), values.next()) {
        (None, _) => Some(None),
        (Some(value), None) => {
            let digits = value.to_str().ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?;
            digits.parse().ok().map(Some)
        }
        (Some(_), Some(_)) => None,
    }
}

/// Whether the headers leave the connection alone.
fn is_sound(headers: &HeaderMap) -> bool {
    OF_CONNECTIONS.iter().all(|name| !headers.contains_key(name))
        && headers.get_all(TE).iter().all(|value| value == "trailers")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|&(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn a_length_is_one_number() {
        let length = |values: &[&'static str]| {
            announced_length(&values.iter().map(|value| (CONTENT_LENGTH, HeaderValue::from_static(value))).collect())
        };
        assert_eq!(length(&[]), Some(None));
        assert_eq!(length(&["0"]), Some(Some(0)));
        assert_eq!(length(&["65536"]), Some(Some(65_536)));
        for wrong in [&[""][..], &["+1"], &["-1"], &["1, 1"], &["1", "1"], &["0x1"], &["99999999999999999999"]] {
            assert_eq!(length(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn headers_of_a_connection_are_unsound() {
        assert!(is_sound(&headers(&[("te", "trailers"), ("accept", "*/*")])));
        for wrong in [("connection", "close"), ("transfer-encoding", "chunked"), ("te", "gzip"), ("upgrade", "h2c")] {
            assert!(!is_sound(&headers(&[wrong])), "{wrong:?}");
        }
    }
}
