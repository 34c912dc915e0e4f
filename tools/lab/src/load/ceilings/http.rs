//! The server that the HTTP ceiling is measured against: hyper as the gateway uses it, in a process of its own, which reads
//! a request whole and answers a constant body.

use std::convert::Infallible;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use clap::Args;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::HeaderValue;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::net::{TcpListener, TcpStream};

use crate::failure::Failure;
use crate::load::pin::{self, Cpus};
use crate::target::Target;

/// The path under which webhooks are taken; a GET answers how many there were.
pub const WEBHOOKS: &str = "/webhooks";
/// Streams of an HTTP/2 connection: as many as the gateway allows.
const STREAMS: u32 = 8;

/// The hidden command that is this server.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// The body of every answer.
    #[arg(long)]
    body: String,
}

/// A constant server in a process of its own; it ends when this value goes, or its parent.
pub struct Constant {
    child: Child,
    target: Target,
}

impl Constant {
    /// Starts it on these processors.
    pub fn start(body: &str, cpus: &Cpus) -> Result<Constant, Failure> {
        let failed = |error: std::io::Error| Failure::wrong(format!("cannot start the constant server: {error}"));
        let mut command = Command::new(std::env::current_exe().map_err(failed)?);
        command.args(["constant", "--body", body]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = pin::spawn(&mut command, cpus).map_err(failed)?;
        let mut line = String::new();
        let read = child.stdout.take().map(|stdout| BufReader::new(stdout).read_line(&mut line));
        read.transpose().map_err(failed)?;
        let target = Target::parse(line.trim())?;
        Ok(Constant { child, target })
    }

    /// Where it listens.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// The process.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// Where it takes webhooks.
    pub fn webhook_url(&self) -> String {
        format!("{}{WEBHOOKS}", self.target.url())
    }
}

impl Drop for Constant {
    fn drop(&mut self) {
        // It holds nothing that could be lost.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The server's process: prints its URL, and ends when its input does.
pub fn run(options: &Options) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::wrong(format!("the constant server: {error}"));
    // As many threads as the gateway takes for its own edge.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(failed)?;
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).map_err(failed)?;
    println!("http://{}", listener.local_addr().map_err(failed)?);
    runtime.spawn(serve(listener, Bytes::from(options.body.clone())));
    std::io::stdin().read_to_end(&mut Vec::new()).map_err(failed)?;
    runtime.shutdown_background();
    Ok(())
}

/// Answers everything that comes to `listener`.
pub async fn serve(listener: TcpListener, body: Bytes) {
    let webhooks = Arc::new(AtomicU64::new(0));
    // A failed accept means that a client has gone or that files are used up; the clients' own errors tell of it.
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(connection(stream, body.clone(), Arc::clone(&webhooks)));
        }
    }
}

/// A connection that breaks is its client's to report.
async fn connection(stream: TcpStream, body: Bytes, webhooks: Arc<AtomicU64>) {
    let service = service_fn(move |request: Request<Incoming>| {
        let (body, webhooks) = (body.clone(), Arc::clone(&webhooks));
        async move {
            let (head, incoming) = request.into_parts();
            let is_whole = incoming.collect().await.is_ok();
            let answer = if head.uri.path() == WEBHOOKS {
                let more = u64::from(head.method == Method::POST);
                webhooks.fetch_add(more, Ordering::Relaxed).to_string().into()
            } else {
                body
            };
            let status = if head.method == Method::GET { StatusCode::OK } else { StatusCode::CREATED };
            Ok::<_, Infallible>(constant(if is_whole { status } else { StatusCode::BAD_REQUEST }, answer))
        }
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http2().max_concurrent_streams(STREAMS);
    if stream.set_nodelay(true).is_ok() {
        let _ended = builder.serve_connection(TokioIo::new(stream), service).await;
    }
}

/// Headers of the number and length that the gateway sends.
fn constant(status: StatusCode, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in [
        ("content-type", "application/json"),
        ("x-request-id", "req_test_00000000000000000000000000"),
        ("gate-version", "2026-05-25"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
