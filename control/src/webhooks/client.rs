//! One attempt to deliver: a POST to an address that the guard allows, whole within its time, over HTTP/2 where the receiver
//! speaks it and over HTTP/1.1 elsewhere.
//!
//! Connections are kept and used again per endpoint, and over HTTP/2 attempts share them. One may have been closed by the
//! receiver meanwhile; then the attempt goes on over a fresh one, if nothing of an answer came and the connection carried
//! other requests, too: receivers know repeated events by their id. What a receiver over HTTP/2 has provably not worked on
//! goes on in any case.

mod carrier;
mod connection;
mod dial;
mod driver;
mod meter;
mod multiplexed;
mod pool;
mod resolver;
mod shares;
mod trust;

use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use http::StatusCode;
use http::header::{HeaderMap, RETRY_AFTER};
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::RootCertStore;

use super::guard::{self, Guard, Refused, Target};
use crate::gate::system_time;
pub use connection::Connection;
pub use pool::Pool;
pub use trust::system_roots;

use carrier::{Carrier, Head, Lost};
use multiplexed::Multiplexed;
use resolver::Resolver;
use shares::{Join, Shares};

/// What is read of a response's body before it is given up, in bytes.
const RESPONSE_BYTES: usize = 4 * 1_024;
/// How long a response's body is waited for. The status has decided already.
const RESPONSE_WAIT: Duration = Duration::from_secs(1);
/// How long a connection that nobody uses is kept: shorter than most receivers keep theirs.
const IDLE: Duration = Duration::from_secs(20);
/// How long a connection is used at most, so that a name that leads elsewhere now is followed.
const LIFE: Duration = Duration::from_secs(300);

/// How often [`Client::tidy`] is to be called.
pub const TIDY: Duration = Duration::from_secs(5);

/// Sends webhooks. Shared by all attempts of a cell.
pub struct Client {
    guard: Guard,
    attempt: Duration,
    tls: TlsConnector,
    resolver: Resolver,
    pool: Pool,
    shares: Shares,
}

/// What a receiver answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status, whatever it is.
    pub status: StatusCode,
    /// For how long it asks to be left alone.
    pub retry_after: Option<Duration>,
}

/// Why there is no answer. The texts are shown to partners: they name no address, no secret and no body.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The guard refuses the endpoint.
    #[error("{0}")]
    Refused(#[from] Refused),
    /// No connection came about.
    #[error("could not connect: {0}")]
    Connect(String),
    /// The TLS handshake failed.
    #[error("TLS failed: {0}")]
    Tls(String),
    /// The connection broke, or the answer was no HTTP.
    #[error("no valid HTTP answer: {0}")]
    Http(String),
    /// The URL's path cannot be sent.
    #[error("the endpoint's URL cannot be sent as a request")]
    Request,
    /// The attempt took too long.
    #[error("no answer within {} ms", .0.as_millis())]
    TimedOut(Duration),
}

impl Client {
    /// A client that trusts `roots` and gives every attempt at most `attempt`, connecting included.
    pub fn new(guard: Guard, attempt: Duration, roots: RootCertStore) -> Client {
        Client::resolving(guard, attempt, roots, Resolver::system())
    }

    fn resolving(guard: Guard, attempt: Duration, roots: RootCertStore, resolver: Resolver) -> Client {
        let tls = trust::connector(roots);
        Client { guard, attempt, tls, resolver, pool: Pool::default(), shares: Shares::default() }
    }

    /// Posts `body` to `url` and gives the answer, whatever it is. Redirects are not followed.
    ///
    /// The head of an answer decides. What comes behind it is waited for so that the connection can be used again, but it
    /// changes nothing, also when the attempt's time ends meanwhile.
    pub async fn post(&self, url: &str, headers: HeaderMap, body: Bytes) -> Result<Answer, SendError> {
        let target = self.guard.target(url)?;
        let begun = Instant::now();
        let end = begun + self.attempt;
        let asking = self.ask(&target, &headers, body, begun);
        let head = timeout_at(end, asking).await.map_err(|_| SendError::TimedOut(self.attempt))??;
        let (status, headers) = head.answer();
        let answer = Answer { status, retry_after: retry_after(headers) };
        let patience = end.min(Instant::now() + RESPONSE_WAIT);
        if let Ok(Some(connection)) = timeout_at(patience, head.finish()).await {
            self.pool.keep(&target, connection);
        }
        Ok(answer)
    }

    /// Closes the connections that nobody will use any more. Who asks for one closes those to its endpoint; those to endpoints
    /// that nothing more is sent to would stay for as long as receivers like.
    pub fn tidy(&self, now: Instant) {
        self.pool.tidy(now);
        self.shares.tidy(now);
    }

    /// Over a connection that is there or opened for all, then over one that is newer than the attempt, then over one of its
    /// own: a receiver that lets a connection go after few requests may let go any that is shared before it is this one's turn.
    async fn ask(&self, target: &Target, headers: &HeaderMap, body: Bytes, begun: Instant) -> Result<Head, SendError> {
        let mut last = None;
        for way in [Way::Any, Way::Newer(begun), Way::Own] {
            let carrier = self.carrier(target, way).await?;
            match carrier.post(target, headers, body.clone()).await {
                Ok(head) => return Ok(head),
                Err(Lost { goes_on: true, error }) => last = Some(error),
                Err(Lost { goes_on: false, error }) => return Err(error),
            }
        }
        Err(last.expect("there is a way"))
    }

    async fn carrier(&self, target: &Target, way: Way) -> Result<Carrier, SendError> {
        let kept = match way {
            Way::Any => self.kept(target, None).await,
            // Connections that were opened before the attempt have most likely gone the same way.
            Way::Newer(begun) => self.kept(target, Some(begun)).await,
            Way::Own => return self.open(target, false).await,
        };
        match kept {
            Kept::There(carrier) => Ok(carrier),
            Kept::Nothing(opening) => {
                let fresh = self.open(target, true).await?;
                drop(opening);
                Ok(fresh)
            }
        }
    }

    /// What there is to the target already, or is being opened for another attempt. `since`: opened after it.
    async fn kept(&self, target: &Target, since: Option<Instant>) -> Kept {
        loop {
            match self.shares.join(target, since) {
                Join::Lease(lease) => return Kept::There(Carrier::Many(lease)),
                // It ends when the other attempt has opened its connection, or has given up.
                Join::Wait(mut opening) => drop(opening.changed().await),
                Join::Open(opening) => {
                    let kept = if since.is_none() { self.pool.take(target) } else { None };
                    return kept.map_or(Kept::Nothing(opening), |kept| Kept::There(Carrier::One(kept)));
                }
            }
        }
    }

    /// A fresh connection, which others may use at once if that can be and shall be.
    async fn open(&self, target: &Target, is_shared: bool) -> Result<Carrier, SendError> {
        let found = self.resolver.addresses(&target.host, target.port).await.map_err(|_| Refused::Unresolved)?;
        let dialled = dial::dial(target, &guard::permitted(target, found)?, &self.tls).await?;
        if !dialled.is_h2 {
            self.shares.forget(target);
            return Ok(Carrier::One(Connection::speak(dialled).await?));
        }
        let connection = Multiplexed::speak(dialled).await?;
        let lease = connection.lease().ok_or_else(|| SendError::Http("the receiver allows no stream".to_owned()))?;
        if is_shared {
            self.shares.add(target, &connection);
        }
        Ok(Carrier::Many(lease))
    }
}

/// Which connection a try goes over.
#[derive(Clone, Copy)]
enum Way {
    /// Any that is there, or a fresh one.
    Any,
    /// One that was opened after this, or a fresh one.
    Newer(Instant),
    /// A fresh one, for this try alone.
    Own,
}

/// A connection that is there, or the right to open one.
enum Kept {
    There(Carrier),
    Nothing(Option<watch::Sender<()>>),
}

/// `Retry-After`, as seconds or as a date.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = httpdate::parse_http_date(text).ok()?.duration_since(UNIX_EPOCH).ok()?;
    let now = Duration::from_millis(system_time().0);
    Some(at.saturating_sub(now))
}

#[cfg(test)]
mod tests;
