//! Connections over HTTP/1.1 that wait for their next request, per endpoint and bounded.

use std::collections::HashMap;

use parking_lot::Mutex;
use tokio::time::Instant;

use super::IDLE;
use super::connection::Connection;
use crate::webhooks::guard::Target;

/// Connections that wait, over all endpoints.
const TOTAL: usize = 256;
/// Connections to one endpoint that wait.
const PER_ENDPOINT: usize = 16;

/// Connections that wait. An endpoint without any has no entry.
#[derive(Default)]
pub struct Pool {
    waiting: Mutex<Endpoints>,
}

type Endpoints = HashMap<Key, Vec<Waiting>>;

/// Whether TLS is spoken, the host and the port.
pub type Key = (bool, String, u16);

struct Waiting {
    connection: Connection,
    since: Instant,
}

impl Pool {
    /// The youngest usable connection to the target.
    pub fn take(&self, target: &Target) -> Option<Connection> {
        let mut endpoints = self.waiting.lock();
        let key = key(target);
        let mut waiting = endpoints.remove(&key)?;
        let now = Instant::now();
        waiting.retain(|one| one.is_usable(now));
        let taken = waiting.pop();
        if !waiting.is_empty() {
            endpoints.insert(key, waiting);
        }
        taken.map(|taken| taken.connection)
    }

    /// Closes the connections that cannot be used again.
    pub fn tidy(&self, now: Instant) {
        sweep(&mut self.waiting.lock(), now);
    }

    /// Keeps a connection, or closes it when there is no place.
    pub fn keep(&self, target: &Target, connection: Connection) {
        let mut endpoints = self.waiting.lock();
        if total(&endpoints) >= TOTAL {
            sweep(&mut endpoints, Instant::now());
        }
        if total(&endpoints) >= TOTAL {
            return;
        }
        let waiting = endpoints.entry(key(target)).or_default();
        if waiting.len() < PER_ENDPOINT {
            waiting.push(Waiting { connection, since: Instant::now() });
        }
    }
}

impl Waiting {
    fn is_usable(&self, now: Instant) -> bool {
        self.connection.is_usable(now) && now.saturating_duration_since(self.since) < IDLE
    }
}

/// The key of a target.
pub fn key(target: &Target) -> Key {
    (target.secure, target.host.clone(), target.port)
}

fn sweep(endpoints: &mut Endpoints, now: Instant) {
    endpoints.retain(|_, waiting| {
        waiting.retain(|one| one.is_usable(now));
        !waiting.is_empty()
    });
}

fn total(endpoints: &Endpoints) -> usize {
    endpoints.values().map(Vec::len).sum()
}
