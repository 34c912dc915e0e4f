//! One connection over HTTP/2, which many attempts share: each has a stream of its own, and what goes wrong with a stream
//! ends that one alone.
//!
//! An attempt that ends without an answer retires its connection: nobody can tell a receiver that is slow from one that is
//! gone. What is under way on it goes on; whatever is new goes over another.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use h2::client::{Builder, SendRequest};
use h2::{Ping, Reason, RecvStream};
use http::{Request, Response};
use parking_lot::Mutex;
use tokio::time::Instant;

use super::carrier::Lost;
use super::connection::HEAD_BYTES;
use super::dial::{Dialled, reason};
use super::driver::Driver;
use super::meter::Meter;
use super::{IDLE, LIFE, RESPONSE_BYTES, SendError};

/// Streams that are open on one connection at once; a receiver may ask for fewer.
const STREAMS: usize = 32;
/// What of an answer's body may be on its way, in bytes.
const WINDOW: u32 = 2 * RESPONSE_BYTES as u32;

/// A connection with streams.
pub struct Multiplexed {
    sender: SendRequest<Bytes>,
    meter: Arc<Meter>,
    opened: Instant,
    used: Mutex<Instant>,
    streams: AtomicUsize,
    requests: AtomicUsize,
    retired: AtomicBool,
    driver: Driver,
}

/// The right to one stream.
pub struct Lease {
    connection: Arc<Multiplexed>,
    answered: bool,
}

impl Multiplexed {
    /// Speaks HTTP/2 over a stream of bytes, and waits until the receiver has said how many streams it allows: whoever
    /// shares the connection would be refused otherwise. It says so first of all, so before it answers a ping.
    pub async fn speak(dialled: Dialled) -> Result<Arc<Multiplexed>, SendError> {
        let Dialled { stream, meter, .. } = dialled;
        let opened = Builder::new()
            .enable_push(false)
            .initial_max_send_streams(STREAMS)
            .initial_window_size(WINDOW)
            .max_concurrent_reset_streams(STREAMS)
            .max_header_list_size(HEAD_BYTES as u32)
            .handshake(stream)
            .await;
        let (sender, mut connection) = opened.map_err(|error| wrong(&error))?;
        let mut pings = connection.ping_pong().expect("nobody has taken it yet");
        let driver = Driver::new(connection);
        if let Err(broken) = pings.ping(Ping::opaque()).await {
            // The ping knows only that it is lost; why, the connection knows.
            return Err(wrong(&sender.ready().await.err().unwrap_or(broken)));
        }
        let now = Instant::now();
        let (used, retired) = (Mutex::new(now), AtomicBool::new(false));
        let (streams, requests) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Ok(Arc::new(Multiplexed { sender, meter, opened: now, used, streams, requests, retired, driver }))
    }

    /// When it was opened.
    pub fn opened(&self) -> Instant {
        self.opened
    }

    /// Whether further attempts may use it, now or when a stream ends.
    pub fn is_usable(&self, now: Instant) -> bool {
        let is_young = now.saturating_duration_since(self.opened) < LIFE;
        let is_idle =
            self.streams.load(Ordering::Relaxed) == 0 && now.saturating_duration_since(*self.used.lock()) >= IDLE;
        is_young && !is_idle && !self.retired.load(Ordering::Relaxed) && !self.driver.has_ended() && !self.is_going()
    }

    /// Whether the receiver has said that it lets the connection go, though streams may still be under way on it.
    fn is_going(&self) -> bool {
        let mut now = Context::from_waker(Waker::noop());
        matches!(self.sender.clone().poll_ready(&mut now), Poll::Ready(Err(_)))
    }

    /// A stream of its own, if there is one.
    pub fn lease(self: &Arc<Multiplexed>) -> Option<Lease> {
        let bound = self.sender.current_max_send_streams().min(STREAMS);
        let one_more = |streams: usize| (streams < bound).then_some(streams + 1);
        self.streams.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).ok()?;
        Some(Lease { connection: Arc::clone(self), answered: false })
    }
}

impl Lease {
    /// Sends one request and gives the head of the answer.
    pub async fn send(&mut self, request: Request<()>, body: Bytes) -> Result<Response<RecvStream>, Lost> {
        self.connection.meter.asks();
        self.connection.requests.fetch_add(1, Ordering::Relaxed);
        let sent = match self.connection.sender.clone().ready().await {
            Ok(mut sender) => sender.send_request(request, body.is_empty()),
            Err(error) => Err(error),
        };
        let (response, mut sending) = sent.map_err(|error| self.lost(&error, true))?;
        if !body.is_empty() {
            // What ended the stream meanwhile, if anything did, the answer's place says better.
            sending.send_data(body, true).ok();
        }
        let response = response.await.map_err(|error| self.lost(&error, false))?;
        self.answered = true;
        Ok(response)
    }

    /// Whether it was before anything of the request was sent or after that this went wrong, tells what it means. A goodbye
    /// in order ends the streams that were not worked on, and no others.
    fn lost(&self, error: &h2::Error, is_unsent: bool) -> Lost {
        let is_refused = error.is_reset() && error.is_remote() && error.reason() == Some(Reason::REFUSED_STREAM);
        let is_going = error.is_go_away() && error.is_remote();
        let has_ended = error.is_io() && !self.connection.meter.is_exceeded();
        let is_not_worked_on =
            is_refused || (is_going && error.reason() == Some(Reason::NO_ERROR)) || (has_ended && is_unsent);
        let carried_others = self.connection.requests.load(Ordering::Relaxed) > 1;
        let goes_on = is_not_worked_on || (carried_others && (is_going || has_ended));
        Lost { goes_on, error: wrong(error) }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if !self.answered {
            self.connection.retired.store(true, Ordering::Relaxed);
        }
        *self.connection.used.lock() = Instant::now();
        self.connection.streams.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What went wrong, without the text that a receiver may send along.
fn wrong(error: &h2::Error) -> SendError {
    let code = error.reason().unwrap_or(Reason::INTERNAL_ERROR);
    let code = code.description();
    SendError::Http(match error.get_io() {
        Some(error) => reason(error),
        None if error.is_go_away() && error.is_remote() && error.reason() == Some(Reason::NO_ERROR) => {
            "the receiver closed the connection before it took the request".to_owned()
        }
        None if error.is_go_away() && error.is_remote() => format!("the receiver closed the connection: {code}"),
        None if error.is_reset() && error.is_remote() => format!("the receiver reset the stream: {code}"),
        None => format!("not HTTP/2 as it should be: {code}"),
    })
}
