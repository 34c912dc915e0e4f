//! How much a receiver may send: so many bytes for each request that it got.
//!
//! Heads, bodies, interim answers, pings: whatever it is, the connection breaks when there is more of it than any answer
//! needs. That bounds what a flood of any kind costs in time and memory, also where a protocol itself knows no bound. It is
//! counted on the wire, beneath TLS, which has messages of its own that may come at any time; whether a receiver said anything
//! is seen above it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What one request entitles a receiver to send, in bytes: twice an answer's longest head, and what is read of its body.
const A_REQUEST: usize = 48 * 1_024;
/// What TLS may take besides, in bytes: a chain of certificates as long as it may be, and tickets.
const A_HANDSHAKE: usize = 96 * 1_024;
/// What may be left over from earlier requests, in bytes.
const MOST: usize = 1_024 * 1_024;

/// What a receiver may still send.
#[derive(Debug, Default)]
pub struct Meter {
    left: AtomicUsize,
    heard: AtomicBool,
    exceeded: AtomicBool,
}

/// A stream whose reading is metered.
pub struct Metered<S> {
    stream: S,
    meter: Arc<Meter>,
    layer: Layer,
}

/// Where a stream is metered.
#[derive(Clone, Copy)]
enum Layer {
    /// Beneath TLS.
    Wire,
    /// Above it, if there is any.
    Content,
}

impl Meter {
    /// A request is about to be sent.
    pub fn asks(&self) {
        let more = |left: usize| Some((left + A_REQUEST).min(MOST));
        self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok();
        self.heard.store(false, Ordering::Relaxed);
    }

    /// Whether anything came since the last request.
    pub fn has_heard(&self) -> bool {
        self.heard.load(Ordering::Relaxed)
    }

    /// Whether more came than was due.
    pub fn is_exceeded(&self) -> bool {
        self.exceeded.load(Ordering::Relaxed)
    }

    /// A handshake is about to begin.
    pub fn shakes_hands(&self) {
        self.left.fetch_add(A_HANDSHAKE, Ordering::Relaxed);
    }

    fn read(&self, bytes: usize, layer: Layer) -> io::Result<()> {
        match layer {
            Layer::Wire => self.pay(bytes),
            Layer::Content => {
                self.heard.fetch_or(bytes > 0, Ordering::Relaxed);
                Ok(())
            }
        }
    }

    fn pay(&self, bytes: usize) -> io::Result<()> {
        let less = |left: usize| left.checked_sub(bytes);
        let paid = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        paid.map(drop).map_err(|_| {
            self.exceeded.store(true, Ordering::Relaxed);
            io::Error::other("the receiver sent more than an answer may hold")
        })
    }
}

impl<S> Metered<S> {
    /// What comes from the wire, with its meter.
    pub fn wire(stream: S) -> (Metered<S>, Arc<Meter>) {
        let meter = Arc::<Meter>::default();
        // Over HTTP/2 receivers speak of their own accord, once: their settings.
        meter.asks();
        (Metered { stream, meter: Arc::clone(&meter), layer: Layer::Wire }, meter)
    }

    /// What the receiver has to say on it.
    pub fn content(stream: S, meter: &Arc<Meter>) -> Metered<S> {
        Metered { stream, meter: Arc::clone(meter), layer: Layer::Content }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        match read {
            Poll::Ready(Ok(())) => Poll::Ready(self.meter.read(buffer.filled().len() - before, self.layer)),
            Poll::Ready(Err(_)) | Poll::Pending => read,
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
