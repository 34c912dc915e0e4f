//! Taking leave of a client that may still be sending. A socket that is closed while unread bytes lie in it resets the
//! connection, and an answer on its way is lost with it; so what is on its way, too, is taken in first.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, ReadBuf};
use tokio::time::Sleep;

/// Bytes that are taken in at most: more than a client sends before it looks for an answer.
const BYTES: usize = 1 << 20;

/// A connection of which nothing more is wanted.
pub(super) struct Linger {
    until: Pin<Box<Sleep>>,
    left: usize,
}

impl Linger {
    /// For this long at most.
    pub(super) fn new(patience: Duration) -> Linger {
        Linger { until: Box::pin(tokio::time::sleep(patience)), left: BYTES }
    }

    /// Ready when the client has closed its side, or has had its time or its bytes.
    pub(super) fn poll(&mut self, io: &mut (impl AsyncRead + Unpin), cx: &mut Context<'_>) -> Poll<()> {
        if self.until.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        let mut bytes = [0; 4_096];
        while self.left > 0 {
            let mut buffer = ReadBuf::new(&mut bytes);
            let count = ready!(Pin::new(&mut *io).poll_read(cx, &mut buffer)).map_or(0, |()| buffer.filled().len());
            if count == 0 {
                break;
            }
            self.left = self.left.saturating_sub(count);
        }
        Poll::Ready(())
    }
}
