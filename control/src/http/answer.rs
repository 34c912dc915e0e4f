//! An answer on its way into a connection.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::watch::{OnTheWay, Watch};

/// Bytes that are handed over at once. More waits until the connection asks, which one whose reader is slow does late.
const PIECE: usize = 16 * 1_024;

/// A body that is given piece by piece, with what is held until the last one is taken.
pub(super) struct Answer<A> {
    rest: Bytes,
    _held: Option<A>,
    on_the_way: Option<OnTheWay>,
}

impl<A> Answer<A> {
    pub(super) fn new(body: Bytes, held: Option<A>) -> Answer<A> {
        Answer { rest: body, _held: held, on_the_way: None }
    }

    /// The same, with the connection's watch told how it gets on.
    pub(super) fn watched(self, watch: Arc<Watch>) -> Answer<A> {
        Answer { on_the_way: Some(OnTheWay::start(watch)), ..self }
    }
}

impl<A: Unpin> Body for Answer<A> {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = self.get_mut();
        this.on_the_way.iter().for_each(OnTheWay::gets_on);
        if this.rest.is_empty() {
            return Poll::Ready(None);
        }
        let piece = this.rest.split_to(this.rest.len().min(PIECE));
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}
