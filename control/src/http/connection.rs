//! One connection over TCP: hyper with our bounds around it.
//!
//! hyper's own timer for heads runs while a connection idles too; here idle connections live longer than slow heads, so a
//! small watch follows what the connection does and ends it when it does so for too long.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use ::http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};

use super::exchange::{HEAD_BYTES, HEADERS, STREAMS, Shared, answer};
use super::unread::Watched;
use super::watch::{Busy, Watch};
use super::wire_guard::WireGuard;
use super::{Protocol, Service};

/// The longest head that hyper takes over HTTP/2. It lies above ours because hyper's own refusal there has no words.
const HTTP2_HEAD_BYTES: u32 = 4 * HEAD_BYTES as u32;

/// Serves `stream` until it ends, idles for too long, or `stopped` ends and its last answer is out.
pub(super) async fn run<S: Service>(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    peer: SocketAddr,
    shared: Arc<Shared<S>>,
    stopped: impl Future<Output = ()> + Send,
) {
    let watch = Arc::new(Watch::new());
    let guard = WireGuard::new(stream, watch.clone(), shared.limits.refused_body_timeout, {
        let shared = shared.clone();
        // What is no request is taken for one of HTTP/1.1, and answered in it.
        move |status| shared.service.refuse(status, Protocol::Http11)
    });
    let builder = builder();
    let limits = shared.limits;
    let service = {
        let watch = watch.clone();
        service_fn(move |request: Request<Incoming>| {
            let (shared, watch, busy) = (shared.clone(), watch.clone(), Busy::start(watch.clone()));
            let request = request.map(|body| Watched::new(body, watch.clone()));
            async move {
                let response = answer(&shared, request, peer).await.map(|body| body.watched(watch));
                drop(busy);
                Ok::<_, Infallible>(response)
            }
        })
    };
    let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(guard), service));
    let mut stopped = std::pin::pin!(stopped);
    let mut draining = false;
    let mut tick = tokio::time::interval(limits.header_timeout.min(limits.idle_timeout) / 2);
    loop {
        tokio::select! {
            biased;
            // What went wrong on a connection is its client's affair: it broke off, or it spoke something else.
            _ = &mut connection => return,
            () = &mut stopped, if !draining => {
                draining = true;
                connection.as_mut().graceful_shutdown();
            }
            _ = tick.tick() => if watch.is_overdue(&limits) { return },
        }
    }
}

fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().header_read_timeout(None).max_buf_size(HEAD_BYTES).max_headers(HEADERS);
    builder.http2().max_concurrent_streams(STREAMS).max_header_list_size(HTTP2_HEAD_BYTES);
    builder
}
