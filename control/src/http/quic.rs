//! HTTP/3: the same service over QUIC, on the UDP port beside the TCP port of the same number. `docs/decisions/0009-http3.md`
//! says why it is as it is.

mod body;
mod connection;
mod frames;
mod stats;
mod transport;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use ::http::HeaderValue;
use quinn::crypto::rustls::QuicServerConfig;
use quinn::{Endpoint, IdleTimeout, Incoming, ServerConfig, TransportConfig, VarInt};
use tokio::sync::{OwnedSemaphorePermit, watch};

use super::exchange::{STREAMS, Shared};
use super::server::{stopped, stopped_later};
use super::{Limits, Service};
use crate::tls::Tls;
use connection::Connection;
pub use stats::Stats;
use stats::count;

/// Streams of one direction that a client may have open: it needs three, and some try out whether others are left alone.
const ONE_DIRECTION_STREAMS: u32 = 8;
/// Bytes that one stream may send before they are read.
const STREAM_WINDOW: u32 = 64 * 1_024;
/// The same of all streams of a connection.
const RECEIVE_WINDOW: u32 = STREAMS * STREAM_WINDOW;
/// Bytes of answers that a connection holds until their arrival is confirmed.
const SEND_WINDOW: u32 = 256 * 1_024;
/// Connections that wait to be accepted, and the bytes that each and all of them may send meanwhile.
const WAITING: usize = 256;
const WAITING_BYTES: u64 = 16 * 1_024;
const ALL_WAITING_BYTES: u64 = 1 << 20;
/// How long a connection, and the endpoint once all have ended, may take to say good-bye.
const GOOD_BYE: Duration = Duration::from_millis(500);
/// The code of a connection that ends without a fault.
const H3_NO_ERROR: VarInt = VarInt::from_u32(0x100);
/// How long clients may remember that HTTP/3 is spoken here, in seconds: not much longer than it takes to turn it off.
const REMEMBERED: u32 = 3_600;

/// Largest sum of what one connection holds, in bytes: windows, bodies that are collected, heads that h3 holds.
const CONNECTION_BYTES: usize = (RECEIVE_WINDOW + SEND_WINDOW) as usize
    + STREAMS as usize * (causeway_core::limits::BODY_BYTES + frames::FRAME_BYTES);
const _: () = assert!(CONNECTION_BYTES <= 2 << 20);

/// A bound UDP port.
pub struct Listener {
    endpoint: Endpoint,
    address: SocketAddr,
    config: ServerConfig,
    tls: Arc<Tls>,
    limits: Limits,
    stats: Arc<Stats>,
    is_up: Arc<AtomicBool>,
}

/// What answers over TCP say of HTTP/3, as long as it is spoken.
#[derive(Clone, Debug)]
pub struct Announced {
    value: HeaderValue,
    is_up: Arc<AtomicBool>,
}

impl Listener {
    /// Binds the port.
    pub fn bind(address: SocketAddr, limits: Limits, tls: Arc<Tls>) -> io::Result<Listener> {
        let config = config(&tls, &limits)?;
        let endpoint = Endpoint::server(config.clone(), address)?;
        let address = endpoint.local_addr()?;
        let (stats, is_up) = (Arc::new(Stats::new(limits.connections)), Arc::new(AtomicBool::new(true)));
        Ok(Listener { endpoint, address, config, tls, limits, stats, is_up })
    }

    /// The address really bound.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What is counted of its connections.
    pub fn stats(&self) -> Arc<Stats> {
        Arc::clone(&self.stats)
    }

    /// The announcement, of the port under which clients reach this one.
    pub fn announced(&self, port: u16) -> Announced {
        let value = format!("h3=\":{port}\"; ma={REMEMBERED}");
        let value = HeaderValue::try_from(value).expect("a port is made of digits");
        Announced { value, is_up: Arc::clone(&self.is_up) }
    }

    /// Answers connections until `stop` is true. Then it takes no more, lets requests that were accepted finish, and returns
    /// when the last connection has ended.
    pub async fn serve(self, service: Arc<impl Service>, stop: watch::Receiver<bool>) {
        let limits = self.limits;
        let shared = Arc::new(Shared { limits, service, announced: None });
        let mut stopped = std::pin::pin!(stopped(stop.clone()));
        loop {
            let incoming = tokio::select! {
                incoming = self.endpoint.accept() => incoming,
                () = &mut stopped => break,
            };
            let Some(incoming) = incoming else {
                shared
                    .service
                    .accept_failed(&io::Error::other("the UDP port failed; HTTP/3 is off until the next start"));
                break;
            };
            if let Some((incoming, place)) = self.admitted(incoming) {
                self.start(incoming, place, shared.clone(), stop.clone());
            }
        }
        self.is_up.store(false, Relaxed);
        self.endpoint.set_server_config(None);
        // Every place back means that every connection has ended.
        let ended = tokio::time::timeout(limits.drain_time.saturating_sub(2 * GOOD_BYE), self.stats.all_free()).await;
        if ended.is_err() {
            // Over TCP the system says that nothing more comes; here nobody else does.
            self.endpoint.close(H3_NO_ERROR, b"");
        }
        // Who does not hear the last word in time finds out alone.
        let _ = tokio::time::timeout(GOOD_BYE, self.endpoint.wait_idle()).await;
    }

    /// A place for a connection; refused at once when there is none, so that its client turns to TCP.
    ///
    /// A sender's address can be forged until the sender has answered. While half of the places are free that costs a client
    /// nothing; beyond that it must show first that it is where it says, so that forged ones never take the other half.
    fn admitted(&self, incoming: Incoming) -> Option<(Incoming, OwnedSemaphorePermit)> {
        if self.stats.is_crowded() && !incoming.remote_address_validated() && incoming.may_retry() {
            // It cannot be refused: it may be asked again.
            let _ = incoming.retry();
            count(&self.stats.retried);
            return None;
        }
        match self.stats.place() {
            Some(place) => Some((incoming, place)),
            None => {
                incoming.refuse();
                count(&self.stats.full);
                None
            }
        }
    }

    /// Greets with the newest certificate, then answers.
    fn start<S: Service>(
        &self,
        incoming: Incoming,
        place: OwnedSemaphorePermit,
        shared: Arc<Shared<S>>,
        stop: watch::Receiver<bool>,
    ) {
        let mut config = self.config.clone();
        if let Ok(crypto) = QuicServerConfig::try_from(self.tls.quic()) {
            config.crypto = Arc::new(crypto);
        }
        let (header_timeout, stats) = (self.limits.header_timeout, self.stats());
        tokio::spawn(async move {
            let open = async {
                // Waiting for the whole greeting means that nothing is taken from early data.
                let quic = incoming.accept_with(Arc::new(config)).ok()?.await.ok()?;
                Connection::open(quic).await.ok()
            };
            let opened = tokio::select! {
                opened = tokio::time::timeout(header_timeout, open) => opened,
                () = stopped_later(&stop) => return,
            };
            match opened {
                Ok(Some(connection)) => {
                    count(&stats.accepted);
                    connection.run(shared, stopped(stop)).await;
                }
                Ok(None) | Err(_) => count(&stats.failed),
            }
            drop(place);
        });
    }
}

impl Announced {
    /// The value of `Alt-Svc`; none when HTTP/3 is not spoken any more.
    pub fn value(&self) -> Option<HeaderValue> {
        self.is_up.load(Relaxed).then(|| self.value.clone())
    }
}

fn config(tls: &Tls, limits: &Limits) -> io::Result<ServerConfig> {
    let crypto = QuicServerConfig::try_from(tls.quic()).map_err(io::Error::other)?;
    let mut config = ServerConfig::with_crypto(Arc::new(crypto));
    config.transport_config(Arc::new(transport(limits)));
    // A client that moves could say, for a moment, that it is at any address, a trusted proxy's too.
    config.migration(false);
    config.max_incoming(WAITING).incoming_buffer_size(WAITING_BYTES).incoming_buffer_size_total(ALL_WAITING_BYTES);
    Ok(config)
}

fn transport(limits: &Limits) -> TransportConfig {
    let mut transport = TransportConfig::default();
    transport.max_concurrent_bidi_streams(STREAMS.into()).max_concurrent_uni_streams(ONE_DIRECTION_STREAMS.into());
    transport.stream_receive_window(STREAM_WINDOW.into()).receive_window(RECEIVE_WINDOW.into());
    transport.send_window(SEND_WINDOW.into()).datagram_receive_buffer_size(None);
    // Silence of the whole connection; that requests stay away is seen above it, sooner.
    let silence = limits.idle_timeout.saturating_add(limits.header_timeout);
    transport.max_idle_timeout(Some(IdleTimeout::try_from(silence).unwrap_or(VarInt::MAX.into())));
    transport
}
