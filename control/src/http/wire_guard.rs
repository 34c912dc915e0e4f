//! Stands between hyper and the socket: tells the watch what passes, and replaces hyper's own bare answers to bytes that
//! are no request (400), or whose head is too large (414, 431), by the service's words.
//! Whoever is refused while still sending is let go gently.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Response;
use super::linger::Linger;
use super::watch::Watch;

/// How an HTTP/2 connection begins.
const PREFACE: &[u8] = b"PRI ";
/// How hyper's own refusals begin.
const REFUSAL: &[u8] = b"HTTP/1.1 4";

pub(super) struct WireGuard<Io, F> {
    io: Io,
    watch: Arc<Watch>,
    /// How long a client that was refused may go on sending.
    patience: Duration,
    refuse: F,
    begun: bool,
    http2: bool,
    line: Line,
    /// Bytes that go out instead of hyper's, and how many of them did.
    instead: Option<(Vec<u8>, usize)>,
    leaving: Option<Linger>,
}

impl<Io, F: Fn(u16) -> Response> WireGuard<Io, F> {
    pub(super) fn new(io: Io, watch: Arc<Watch>, patience: Duration, refuse: F) -> WireGuard<Io, F> {
        let line = Line::default();
        WireGuard { io, watch, patience, refuse, begun: false, http2: false, line, instead: None, leaving: None }
    }

    /// The status of hyper's own refusal, when `bytes` are one. It gives up on a head at its bound, whatever stands in it:
    /// a request line that has not even ended by then is named for what it is.
    fn refusal(&self, bytes: &[u8]) -> Option<u16> {
        if self.watch.is_answering() || self.http2 || !bytes.starts_with(REFUSAL) {
            return None;
        }
        let status = std::str::from_utf8(bytes.get(9..12)?).ok()?.parse().ok()?;
        Some(if status == 431 && self.line.is_of_request() { 414 } else { status })
    }
}

/// The line that is coming in, as far as it shows what it is: a space ends the method of a request line, a colon the name
/// of a header.
#[derive(Default)]
struct Line {
    separator: Option<u8>,
}

impl Line {
    fn received(&mut self, mut bytes: &[u8]) {
        if let Some(end) = bytes.iter().rposition(|&byte| byte == b'\n') {
            bytes = &bytes[end + 1..];
            self.separator = None;
        }
        if self.separator.is_none() {
            self.separator = bytes.iter().copied().find(|byte| matches!(byte, b' ' | b':'));
        }
    }

    fn is_of_request(&self) -> bool {
        self.separator == Some(b' ')
    }
}

impl<Io: AsyncWrite + Unpin, F: Fn(u16) -> Response> WireGuard<Io, F> {
    /// Writes, and tells the watch.
    fn noted(&mut self, write: impl FnOnce(Pin<&mut Io>) -> Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        let written = write(Pin::new(&mut self.io));
        if matches!(written, Poll::Ready(Ok(_))) {
            self.watch.sent(self.http2);
        }
        written
    }

    /// Writes the service's words in place of hyper's; `None` when hyper's bytes are an answer like any other.
    fn poll_instead(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Option<Poll<io::Result<()>>> {
        if self.instead.is_none() {
            let status = self.refusal(bytes)?;
            self.watch.cut_short();
            self.instead = Some((on_the_wire(&(self.refuse)(status)), 0));
        }
        let (text, written) = self.instead.as_mut()?;
        while *written < text.len() {
            match Pin::new(&mut self.io).poll_write(cx, &text[*written..]) {
                Poll::Ready(Ok(0)) => return Some(Poll::Ready(Err(io::ErrorKind::WriteZero.into()))),
                Poll::Ready(Ok(count)) => *written += count,
                Poll::Ready(Err(error)) => return Some(Poll::Ready(Err(error))),
                Poll::Pending => return Some(Poll::Pending),
            }
        }
        self.instead = None;
        Some(Poll::Ready(Ok(())))
    }
}

/// A last answer in HTTP/1.1, written by hand because hyper has given up on this connection.
fn on_the_wire(response: &Response) -> Vec<u8> {
    let reason = ::http::StatusCode::from_u16(response.status).ok().and_then(|status| status.canonical_reason());
    let mut text = format!("HTTP/1.1 {} {}\r\nconnection: close\r\n", response.status, reason.unwrap_or_default());
    for (name, value) in &response.headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str(&format!("content-length: {}\r\n\r\n", response.body.len()));
    let mut bytes = text.into_bytes();
    bytes.extend_from_slice(&response.body);
    bytes
}

impl<Io: AsyncRead + Unpin, F: Unpin> AsyncRead for WireGuard<Io, F> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        ready!(Pin::new(&mut this.io).poll_read(cx, buffer))?;
        let received = &buffer.filled()[before..];
        if !received.is_empty() {
            if !this.begun {
                (this.begun, this.http2) = (true, received.starts_with(PREFACE));
            }
            if this.watch.received(this.http2) {
                this.line = Line::default();
            }
            this.line.received(received);
        }
        Poll::Ready(Ok(()))
    }
}

impl<Io: AsyncRead + AsyncWrite + Unpin, F: Fn(u16) -> Response + Unpin> AsyncWrite for WireGuard<Io, F> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        match this.poll_instead(cx, bytes) {
            Some(done) => done.map_ok(|()| bytes.len()),
            None => this.noted(|io| io.poll_write(cx, bytes)),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        match this.poll_instead(cx, slices.first().map_or(&[], |slice| slice)) {
            Some(done) => done.map_ok(|()| slices.iter().map(|slice| slice.len()).sum()),
            None => this.noted(|io| io.poll_write_vectored(cx, slices)),
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(Pin::new(&mut this.io).poll_flush(cx))?;
        this.watch.flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.leaving.is_none() {
            ready!(Pin::new(&mut this.io).poll_shutdown(cx))?;
            if this.http2 || !this.watch.is_cut_short() {
                return Poll::Ready(Ok(()));
            }
        }
        let leaving = this.leaving.get_or_insert_with(|| Linger::new(this.patience));
        leaving.poll(&mut this.io, cx).map(Ok)
    }
}
