//! One connection over HTTP/2, which many attempts share: each has a stream of its own, and what goes wrong with a stream
//! ends that one alone.
//!
//! An attempt that ends without an answer retires its connection: nobody can tell a receiver that is slow from one that is
//! gone. What is under way on it goes on; whatever is new goes over another.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use bytes::Bytes;
use h2::client::{Builder, SendRequest};
use h2::{Ping, Reason, RecvStream};
use http::{Request, Response};
use parking_lot::Mutex;
use tokio::time::Instant;

use super::connection::HEAD_BYTES;
use super::dial::{Stream, reason};
use super::driver::Driver;
use super::meter::{Meter, Metered};
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
    pub async fn speak(stream: Box<dyn Stream>) -> Result<Arc<Multiplexed>, SendError> {
        let (stream, meter) = Metered::new(stream);
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
        let (used, streams, retired) = (Mutex::new(now), AtomicUsize::new(0), AtomicBool::new(false));
        Ok(Arc::new(Multiplexed { sender, meter, opened: now, used, streams, retired, driver }))
    }

    /// When it was opened.
    pub fn opened(&self) -> Instant {
        self.opened
    }

    /// Whether further attempts may use it, now or when a stream ends.
    pub fn is_usable(&self) -> bool {
        let is_young = self.opened.elapsed() < LIFE;
        let is_idle = self.streams.load(Ordering::Relaxed) == 0 && self.used.lock().elapsed() >= IDLE;
        is_young && !is_idle && !self.retired.load(Ordering::Relaxed) && !self.driver.has_ended()
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
    /// Sends one request and gives the head of the answer. `Err(true, _)`: the receiver did not work on it.
    pub async fn send(&mut self, request: Request<()>, body: Bytes) -> Result<Response<RecvStream>, (bool, SendError)> {
        let response = self.exchange(request, body).await;
        self.answered = response.is_ok();
        response.map_err(|error| (self.is_unheard(&error), wrong(&error)))
    }

    async fn exchange(&self, request: Request<()>, body: Bytes) -> Result<Response<RecvStream>, h2::Error> {
        self.connection.meter.asks();
        let mut sender = self.connection.sender.clone().ready().await?;
        let (response, mut sending) = sender.send_request(request, body.is_empty())?;
        if !body.is_empty() {
            sending.send_data(body, true)?;
        }
        response.await
    }

    /// Whether the receiver was gone, going or too busy before it worked on the request.
    fn is_unheard(&self, error: &h2::Error) -> bool {
        let is_refused = error.is_reset() && error.is_remote() && error.reason() == Some(Reason::REFUSED_STREAM);
        let is_going = error.is_go_away() && error.is_remote();
        is_refused || is_going || (error.is_io() && !self.connection.meter.is_exceeded())
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
        None if error.is_go_away() && error.is_remote() => format!("the receiver closed the connection: {code}"),
        None if error.is_reset() && error.is_remote() => format!("the receiver reset the stream: {code}"),
        None => format!("not HTTP/2 as it should be: {code}"),
    })
}
