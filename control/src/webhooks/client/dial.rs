//! From addresses to a stream of bytes, over TCP or TLS.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

use super::SendError;
use super::meter::{Meter, Metered};
use crate::webhooks::guard::Target;

/// HTTP/2 in the words of TLS.
pub const H2: &[u8] = b"h2";
/// How long an address is tried before it is another's turn; the last one has what is left of the attempt.
const TURN: Duration = Duration::from_secs(2);
/// Longest piece of somebody else's error text that we repeat, in characters.
const REASON_CHARS: usize = 120;

/// A stream to a receiver, and what it agreed to speak.
pub struct Dialled {
    /// The stream.
    pub stream: Box<dyn Stream>,
    /// What the receiver may still send.
    pub meter: Arc<Meter>,
    /// Whether that is HTTP/2.
    pub is_h2: bool,
}

/// Bytes both ways.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Connects to the first of `addresses` that answers. The name is not resolved again.
pub async fn dial(target: &Target, addresses: &[SocketAddr], tls: &TlsConnector) -> Result<Dialled, SendError> {
    let (stream, meter) = Metered::wire(connect(addresses).await?);
    if !target.secure {
        return Ok(Dialled { stream: Box::new(Metered::content(stream, &meter)), meter, is_h2: false });
    }
    let name = ServerName::try_from(target.host.clone()).map_err(|error| SendError::Tls(error.to_string()))?;
    meter.shakes_hands();
    let stream = tls.connect(name, stream).await.map_err(|error| SendError::Tls(reason(&error)))?;
    let is_h2 = stream.get_ref().1.alpn_protocol() == Some(H2);
    Ok(Dialled { stream: Box::new(Metered::content(stream, &meter)), meter, is_h2 })
}

async fn connect(addresses: &[SocketAddr]) -> Result<TcpStream, SendError> {
    let mut last = SendError::Connect("the host has no address".to_owned());
    for (at, address) in addresses.iter().enumerate() {
        let connecting = TcpStream::connect(address);
        let connected = if at + 1 < addresses.len() {
            timeout(TURN, connecting).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
        } else {
            connecting.await
        };
        match connected {
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
pub fn reason(error: &io::Error) -> String {
    let kind = error.kind();
    if matches!(kind, io::ErrorKind::Other | io::ErrorKind::InvalidData) {
        error.to_string().chars().take(REASON_CHARS).collect()
    } else {
        kind.to_string()
    }
}
