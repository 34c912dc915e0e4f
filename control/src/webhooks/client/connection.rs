//! One connection to a receiver, over TCP or TLS.

use std::io;
use std::net::SocketAddr;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

use super::SendError;
use crate::webhooks::guard::Target;

/// What an answer's head may take, in bytes; a longer one is no valid answer.
const HEAD_BYTES: usize = 16 * 1_024;
/// Longest piece of somebody else's error text that we repeat, in characters.
const REASON_CHARS: usize = 120;

/// A connection that takes one request after another.
pub struct Connection {
    sender: SendRequest<Full<Bytes>>,
}

impl Connection {
    /// Connects to the first of `addresses` that answers. The name is not resolved again.
    pub async fn open(target: &Target, addresses: &[SocketAddr], tls: &TlsConnector) -> Result<Connection, SendError> {
        let stream = connect(addresses).await?;
        if !target.secure {
            return Connection::speak(stream).await;
        }
        let name = ServerName::try_from(target.host.clone()).map_err(|error| SendError::Tls(error.to_string()))?;
        let stream = tls.connect(name, stream).await.map_err(|error| SendError::Tls(reason(&error)))?;
        Connection::speak(stream).await
    }

    /// Sends one request and gives the head of the answer.
    pub async fn send(&mut self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, SendError> {
        self.sender.ready().await.map_err(|error| SendError::Http(error.to_string()))?;
        self.sender.send_request(request).await.map_err(|error| SendError::Http(error.to_string()))
    }

    /// Whether the receiver closed it.
    pub fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    async fn speak(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> Result<Connection, SendError> {
        let opened = Builder::new().max_buf_size(HEAD_BYTES).handshake(TokioIo::new(stream)).await;
        let (sender, connection) = opened.map_err(|error| SendError::Http(error.to_string()))?;
        // It ends when the sender is dropped or the receiver closes; whoever waits for an answer hears of an error.
        tokio::spawn(async move { connection.await.ok() });
        Ok(Connection { sender })
    }
}

async fn connect(addresses: &[SocketAddr]) -> Result<TcpStream, SendError> {
    let mut last = SendError::Connect("the host has no address".to_owned());
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => {
                // One small request at a time: waiting to fill a segment would only delay it.
                stream.set_nodelay(true).map_err(|error| SendError::Connect(reason(&error)))?;
                return Ok(stream);
            }
            Err(error) => last = SendError::Connect(reason(&error)),
        }
    }
    Err(last)
}

/// The error in few words: its kind where the system names one, else the beginning of its text.
fn reason(error: &io::Error) -> String {
    let kind = error.kind();
    if matches!(kind, io::ErrorKind::Other | io::ErrorKind::InvalidData) {
        error.to_string().chars().take(REASON_CHARS).collect()
    } else {
        kind.to_string()
    }
}
