//! HTTP/2 without TLS, by prior knowledge. A few streams share a connection, as many as the server allows.

use std::io::{self, Error};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

use super::{Answer, Call};
use crate::target::Target;

/// Streams of one connection: what the gateway allows. More would wait inside the client and hide it.
const STREAMS: usize = 8;

/// One stream at a time of a shared connection.
pub struct Client {
    sender: SendRequest<Full<Bytes>>,
    origin: String,
    authorization: HeaderValue,
    body: Bytes,
}

impl Client {
    /// Connects once, for at most `wanted` clients.
    pub async fn open(target: &Target, secret_key: &str, wanted: usize) -> io::Result<Vec<Client>> {
        let stream = TcpStream::connect(target.address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream)).await.map_err(Error::other)?;
        // How it ends is told to the requests that were on it.
        tokio::spawn(connection);
        let authorization = HeaderValue::try_from(format!("Bearer {secret_key}")).map_err(Error::other)?;
        let client = || Client {
            sender: sender.clone(),
            origin: target.url(),
            authorization: authorization.clone(),
            body: Bytes::new(),
        };
        Ok((0..wanted.min(STREAMS)).map(|_| client()).collect())
    }

    /// Sends a request and reads its answer.
    pub async fn call(&mut self, call: Call<'_>) -> io::Result<Answer<'_>> {
        let request = self.request(call).map_err(Error::other)?;
        self.sender.ready().await.map_err(Error::other)?;
        let response = self.sender.send_request(request).await.map_err(Error::other)?;
        let (head, body) = response.into_parts();
        self.body = body.collect().await.map_err(Error::other)?.to_bytes();
        let replayed = head.headers.contains_key("idempotent-replayed");
        Ok(Answer { status: head.status.as_u16(), replayed, body: &self.body })
    }

    fn request(&self, call: Call<'_>) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
        let (method, path) = match call {
            Call::Get(path) => (Method::GET, path),
            Call::Post { path, .. } => (Method::POST, path),
        };
        let request = Request::builder().method(method).uri(format!("{}{path}", self.origin));
        let request = request.header(AUTHORIZATION, self.authorization.clone());
        match call {
            Call::Get(_) => request.body(Full::default()),
            Call::Post { key, body, .. } => {
                let request = request.header(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                request.header("idempotency-key", key).body(Full::new(Bytes::copy_from_slice(body.as_bytes())))
            }
        }
    }
}
