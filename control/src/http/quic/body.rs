//! A request's body on its way out of h3.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use h3::server::RequestStream;
use http_body::{Frame, SizeHint};

use super::frames::Arrived;
use super::transport::Receiving;

/// A body, which must be as long as it was announced, if it was.
pub struct Body {
    stream: RequestStream<Receiving, Bytes>,
    arrived: Arc<Arrived>,
    announced: Option<u64>,
    taken: u64,
}

/// The body is not what was announced, or its stream broke off.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the body broke off")]
pub struct Broken;

impl Body {
    /// The body on this stream; `announced` is what its head says of its length.
    pub fn new(stream: RequestStream<Receiving, Bytes>, arrived: Arc<Arrived>, announced: Option<u64>) -> Body {
        Body { stream, arrived, announced, taken: 0 }
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        let this = self.get_mut();
        loop {
            let Ok(next) = ready!(this.stream.poll_recv_data(cx)) else { return Poll::Ready(Some(Err(Broken))) };
            if let Some(mut data) = next {
                let data = data.copy_to_bytes(data.remaining());
                this.taken += data.len() as u64;
                let is_more = this.announced.is_some_and(|announced| this.taken > announced);
                return Poll::Ready(Some(if is_more { Err(Broken) } else { Ok(Frame::data(data)) }));
            }
            // An empty frame says the same as an end, until the stream has ended.
            if this.arrived.is_all(this.taken) {
                // What stands behind the body is read, so that a broken end is no end; nothing in it is used.
                let is_broken = ready!(this.stream.poll_recv_trailers(cx)).is_err();
                let is_less = is_broken || this.announced.is_some_and(|announced| this.taken < announced);
                return Poll::Ready(is_less.then_some(Err(Broken)));
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        self.announced.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
