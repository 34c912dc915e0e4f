//! The server that the ceiling is measured against: it reads a request whole and answers a constant body.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

use crate::failure::Failure;
use crate::target::Target;

/// The path under which webhooks are counted.
const WEBHOOKS: &str = "/webhooks";

/// A running constant server, on as many threads as the gateway takes for its own edge.
pub struct Ceiling {
    target: Target,
    webhooks: Arc<AtomicU64>,
    /// It ends with its runtime; empty only while this value is dropped.
    runtime: Option<Runtime>,
}

impl Ceiling {
    /// Starts it on a free port; it answers 201 with this body to everything.
    pub fn start(body: String) -> Result<Ceiling, Failure> {
        let failed = |error: std::io::Error| Failure::wrong(format!("cannot start the constant server: {error}"));
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(failed)?;
        let listener = std::net::TcpListener::bind("127.0.0.1:0").map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let target = Target::parse(&format!("http://{}", listener.local_addr().map_err(failed)?))?;
        let entered = runtime.enter();
        let listener = TcpListener::from_std(listener).map_err(failed)?;
        drop(entered);
        let webhooks = Arc::new(AtomicU64::new(0));
        runtime.spawn(accept(listener, Bytes::from(body), Arc::clone(&webhooks)));
        Ok(Ceiling { target, webhooks, runtime: Some(runtime) })
    }

    /// Where it listens.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Where it takes webhooks.
    pub fn webhook_url(&self) -> String {
        format!("{}{WEBHOOKS}", self.target.url())
    }

    /// Webhooks taken so far.
    pub fn webhooks(&self) -> u64 {
        self.webhooks.load(Ordering::Relaxed)
    }
}

impl Drop for Ceiling {
    fn drop(&mut self) {
        // The client's own runtime is still running here, and in it one must not wait for another.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn accept(listener: TcpListener, body: Bytes, webhooks: Arc<AtomicU64>) {
    // A failed accept means that a client has gone or that files are used up; the clients' own errors tell of it.
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, body.clone(), Arc::clone(&webhooks)));
        }
    }
}

/// A connection that breaks is its client's to report.
async fn serve(stream: TcpStream, body: Bytes, webhooks: Arc<AtomicU64>) {
    let service = service_fn(move |request: Request<Incoming>| {
        let body = body.clone();
        if request.uri().path() == WEBHOOKS {
            webhooks.fetch_add(1, Ordering::Relaxed);
        }
        async move {
            let answer = if request.into_body().collect().await.is_ok() { body } else { Bytes::new() };
            Ok::<_, Infallible>(constant(answer))
        }
    });
    if stream.set_nodelay(true).is_ok() {
        let _ended = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
    }
}

/// Headers of the number and length that the gateway sends.
fn constant(body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = hyper::StatusCode::CREATED;
    let headers = response.headers_mut();
    for (name, value) in [
        ("content-type", "application/json"),
        ("x-request-id", "req_test_00000000000000000000000000"),
        ("gate-version", "2026-05-25"),
    ] {
        headers.insert(name, hyper::header::HeaderValue::from_static(value));
    }
    response
}
