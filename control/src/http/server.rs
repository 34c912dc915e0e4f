//! The accept loop: connections up to a bound, and a drain when the program stops.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};

use super::exchange::Shared;
use super::quic::Announced;
use super::{Limits, Service, connection};
use crate::tls::Tls;

/// How long accepting pauses after a failure: descriptors that ran out need a moment to come back.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What a listener needs beside its socket to speak HTTPS.
#[derive(Clone)]
pub struct Secured {
    /// Certificate and key.
    pub tls: Arc<Tls>,
    /// What its answers say of HTTP/3, where it is spoken, too.
    pub announced: Option<Announced>,
}

/// Answers the connections of `listener` until `stop` is true. Then it takes no more, lets requests that are on their way
/// finish, and returns when the last connection has ended; each is bounded by its timeouts.
///
/// When it is `secured`, connections begin with the greeting of TLS, which must come within the time for a head.
pub async fn serve(
    listener: TcpListener,
    limits: Limits,
    secured: Option<Secured>,
    service: Arc<impl Service>,
    stop: watch::Receiver<bool>,
) {
    let places = Arc::new(Semaphore::new(limits.connections));
    let announced = secured.as_ref().and_then(|secured| secured.announced.clone());
    let shared = Arc::new(Shared { limits, service, announced });
    let mut stopped = std::pin::pin!(stopped(stop.clone()));
    loop {
        let next = async {
            let place = places.clone().acquire_owned().await;
            (accept(&listener, &shared.service).await, place)
        };
        let ((stream, peer), place) = tokio::select! {
            next = next => next,
            () = &mut stopped => break,
        };
        let (secured, shared, stopped) = (secured.clone(), shared.clone(), stopped_later(&stop));
        tokio::spawn(async move {
            // A failure here costs latency only; the connection works without it.
            let _ = stream.set_nodelay(true);
            match secured {
                None => connection::run(stream, peer, shared, stopped).await,
                Some(Secured { tls, .. }) => {
                    // Who speaks something else, or nothing, is not told: there are no common words yet.
                    if let Ok(Ok(stream)) = tokio::time::timeout(limits.header_timeout, tls.accept(stream)).await {
                        connection::run(stream, peer, shared, stopped).await;
                    }
                }
            }
            drop(place);
        });
    }
    drop(listener);
    let all = u32::try_from(limits.connections).unwrap_or(u32::MAX);
    // Every place back means that every connection has ended. The semaphore is never closed.
    let _ = places.acquire_many(all).await;
}

async fn accept(listener: &TcpListener, service: &Arc<impl Service>) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) if ended_early(&error) => {}
            Err(error) => {
                service.accept_failed(&error);
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// The client gave up before its connection was accepted: nothing is wrong on this side.
fn ended_early(error: &io::Error) -> bool {
    [io::ErrorKind::ConnectionAborted, io::ErrorKind::ConnectionReset].contains(&error.kind())
}

pub(super) fn stopped_later(stop: &watch::Receiver<bool>) -> impl Future<Output = ()> + Send + use<> {
    stopped(stop.clone())
}

/// Ends when `stop` is true, or when nobody is left who could say so.
pub(super) async fn stopped(mut stop: watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}
