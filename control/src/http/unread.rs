//! A request's body over TCP that tells when it was not read to its end.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use super::watch::Watch;

/// A body whose sender may go on sending when it is dropped before its end.
pub(super) struct Watched {
    body: Incoming,
    watch: Arc<Watch>,
    ended: bool,
}

impl Watched {
    pub(super) fn new(body: Incoming, watch: Arc<Watch>) -> Watched {
        Watched { body, watch, ended: false }
    }
}

impl Body for Watched {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let this = self.get_mut();
        let frame = ready!(Pin::new(&mut this.body).poll_frame(cx));
        this.ended |= frame.is_none();
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        if !self.ended && !self.is_end_stream() {
            self.watch.cut_short();
        }
    }
}
