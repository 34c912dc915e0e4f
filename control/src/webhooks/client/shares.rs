//! Connections over HTTP/2 by endpoint, which attempts share, bounded.
//!
//! Of an endpoint that is known to speak HTTP/2 one connection is opened at a time: who needs one meanwhile waits for it,
//! so that a burst of attempts shares it.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::Instant;

use super::multiplexed::{Lease, Multiplexed};
use super::pool::{Key, key};
use crate::webhooks::guard::Target;

/// Connections over all endpoints; an endpoint that is known to speak HTTP/2 and has none counts as one.
const TOTAL: usize = 256;
/// Connections to one endpoint. Further ones serve one attempt each.
const PER_ENDPOINT: usize = 8;

/// Connections that are shared.
#[derive(Default)]
pub struct Shares {
    endpoints: Mutex<Endpoints>,
}

/// How an attempt gets at a connection.
pub enum Join {
    /// It has a stream.
    Lease(Lease),
    /// Another attempt opens a connection: join again when the sender is gone.
    Wait(watch::Receiver<()>),
    /// It opens a connection itself. Others wait until the sender, if there is one, is dropped.
    Open(Option<watch::Sender<()>>),
}

type Endpoints = HashMap<Key, Endpoint>;

struct Endpoint {
    connections: Vec<Arc<Multiplexed>>,
    opening: watch::Receiver<()>,
}

impl Shares {
    /// A stream on a connection that was opened after `since`, or how to get one.
    pub fn join(&self, target: &Target, since: Option<Instant>) -> Join {
        let now = Instant::now();
        let mut endpoints = self.endpoints.lock();
        let Some(endpoint) = endpoints.get_mut(&key(target)) else { return Join::Open(None) };
        endpoint.connections.retain(|connection| connection.is_usable(now));
        let mut young = endpoint.connections.iter().filter(|one| since.is_none_or(|since| one.opened() > since));
        if let Some(lease) = young.find_map(Multiplexed::lease) {
            return Join::Lease(lease);
        }
        if endpoint.opening.has_changed().is_ok() {
            return Join::Wait(endpoint.opening.clone());
        }
        let (opening, opened) = watch::channel(());
        endpoint.opening = opened;
        Join::Open(Some(opening))
    }

    /// Lets others use a connection, if there is a place.
    pub fn add(&self, target: &Target, connection: &Arc<Multiplexed>) {
        let now = Instant::now();
        let mut endpoints = self.endpoints.lock();
        if total(&endpoints) >= TOTAL {
            endpoints.retain(|_, endpoint| {
                endpoint.connections.retain(|connection| connection.is_usable(now));
                !endpoint.connections.is_empty()
            });
        }
        if total(&endpoints) >= TOTAL {
            return;
        }
        let nobody = || Endpoint { connections: Vec::new(), opening: watch::channel(()).1 };
        let endpoint = endpoints.entry(key(target)).or_insert_with(nobody);
        if endpoint.connections.len() < PER_ENDPOINT {
            endpoint.connections.push(Arc::clone(connection));
        }
    }

    /// Closes the connections that nobody may use again, once their last stream has ended. That an endpoint speaks HTTP/2 is
    /// not forgotten.
    pub fn tidy(&self, now: Instant) {
        for endpoint in self.endpoints.lock().values_mut() {
            endpoint.connections.retain(|connection| connection.is_usable(now));
        }
    }

    /// The endpoint does not speak HTTP/2 any more.
    pub fn forget(&self, target: &Target) {
        self.endpoints.lock().remove(&key(target));
    }
}

fn total(endpoints: &Endpoints) -> usize {
    endpoints.values().map(|endpoint| endpoint.connections.len().max(1)).sum()
}
