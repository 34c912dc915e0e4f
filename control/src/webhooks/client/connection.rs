//! One connection over HTTP/1.1: it takes one request after another.

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;

use super::dial::{Dialled, dial, reason};
use super::driver::Driver;
use super::meter::Meter;
use super::{LIFE, SendError};
use crate::webhooks::guard::Target;

/// What an answer's head may take, in bytes; a longer one is no valid answer.
pub const HEAD_BYTES: usize = 16 * 1_024;

/// A connection that takes one request after another.
pub struct Connection {
    sender: SendRequest<Full<Bytes>>,
    meter: Arc<Meter>,
    opened: Instant,
    requests: usize,
    driver: Driver,
}

impl Connection {
    /// Connects to the first of `addresses` that answers. The name is not resolved again.
    pub async fn open(target: &Target, addresses: &[SocketAddr], tls: &TlsConnector) -> Result<Connection, SendError> {
        Connection::speak(dial(target, addresses, tls).await?).await
    }

    /// Speaks HTTP/1.1 over a stream.
    pub async fn speak(dialled: Dialled) -> Result<Connection, SendError> {
        let Dialled { stream, meter, .. } = dialled;
        let opened = Builder::new().max_buf_size(HEAD_BYTES).handshake(TokioIo::new(stream)).await;
        let (sender, connection) = opened.map_err(|error| wrong(&error))?;
        Ok(Connection { sender, meter, opened: Instant::now(), requests: 0, driver: Driver::new(connection) })
    }

    /// Sends one request and gives the head of the answer.
    pub async fn send(&mut self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, SendError> {
        self.meter.asks();
        self.requests += 1;
        self.sender.ready().await.map_err(|error| wrong(&error))?;
        self.sender.send_request(request).await.map_err(|error| wrong(&error))
    }

    /// Whether anything came from the receiver since the last request.
    pub fn has_heard(&self) -> bool {
        self.meter.has_heard()
    }

    /// Whether the last request was not its first one.
    pub fn carried_others(&self) -> bool {
        self.requests > 1
    }

    /// Whether it can take another request: the receiver did not close it, and it is not so old that the name may lead
    /// elsewhere by now.
    pub fn is_usable(&self, now: Instant) -> bool {
        !self.sender.is_closed() && !self.driver.has_ended() && now.saturating_duration_since(self.opened) < LIFE
    }
}

/// What went wrong, in the system's words where it was the system.
fn wrong(error: &hyper::Error) -> SendError {
    let system = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    SendError::Http(system.map_or_else(|| error.to_string(), reason))
}
