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
        waiting.retain(Waiting::is_usable);
        let taken = waiting.pop();
        if !waiting.is_empty() {
            endpoints.insert(key, waiting);
        }
        taken.map(|taken| taken.connection)
    }

    /// Keeps a connection, or closes it when there is no place.
    pub fn keep(&self, target: &Target, connection: Connection) {
        let mut endpoints = self.waiting.lock();
        if total(&endpoints) >= TOTAL {
            sweep(&mut endpoints);
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
    fn is_usable(&self) -> bool {
        self.connection.is_usable() && self.since.elapsed() < IDLE
    }
}

/// The key of a target.
pub fn key(target: &Target) -> Key {
    (target.secure, target.host.clone(), target.port)
}

fn sweep(endpoints: &mut Endpoints) {
    endpoints.retain(|_, waiting| {
        waiting.retain(Waiting::is_usable);
        !waiting.is_empty()
    });
}

fn total(endpoints: &Endpoints) -> usize {
    endpoints.values().map(Vec::len).sum()
}
