//! An answer on its way into a connection.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// Bytes that are handed over at once. More waits until the connection asks, which one whose reader is slow does late.
const PIECE: usize = 16 * 1_024;

/// A body that is given piece by piece, with what is held until the last one is taken.
pub(super) struct Answer<A> {
    rest: Bytes,
    _held: Option<A>,
}

impl<A> Answer<A> {
    pub(super) fn new(body: Bytes, held: Option<A>) -> Answer<A> {
        Answer { rest: body, _held: held }
    }
}

impl<A: Unpin> Body for Answer<A> {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let rest = &mut self.get_mut().rest;
        if rest.is_empty() {
            return Poll::Ready(None);
        }
        let piece = rest.split_to(rest.len().min(PIECE));
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}
