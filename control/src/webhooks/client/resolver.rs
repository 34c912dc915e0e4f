//! Names to addresses, beside the runtime's threads.
//!
//! The system's resolver blocks a thread until it has given up, long after the attempt that asked; and the store's reads
//! need such threads too. So few look-ups are under way at once, and a place is free again only when its look-up has ended.
//! Names that resolve quickly have places of their own: any number of names whose servers are silent delays each other, and
//! no other receiver.

use std::collections::HashSet;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Semaphore;
use tokio::time::Instant;

/// Look-ups of each kind that are under way at once.
const PLACES: usize = 16;
/// A look-up within this time is quick.
const QUICK: Duration = Duration::from_secs(1);
/// Names that are known to resolve quickly. When there are more, they are learned anew.
const NAMES: usize = 4_096;

/// Asks for the addresses of a name and a port, and blocks.
pub type LookUp = Box<dyn Fn(&str, u16) -> io::Result<Vec<SocketAddr>> + Send + Sync>;

/// Resolves names.
#[derive(Clone)]
pub struct Resolver {
    shared: Arc<Shared>,
    quick: Arc<Semaphore>,
    other: Arc<Semaphore>,
}

struct Shared {
    look_up: LookUp,
    quick_names: Mutex<HashSet<String>>,
}

impl Resolver {
    /// The system's.
    pub fn system() -> Resolver {
        Resolver::new(Box::new(|host, port| (host, port).to_socket_addrs().map(Iterator::collect)))
    }

    /// One that asks `look_up`.
    pub fn new(look_up: LookUp) -> Resolver {
        let shared = Shared { look_up, quick_names: Mutex::default() };
        let places = || Arc::new(Semaphore::new(PLACES));
        Resolver { shared: Arc::new(shared), quick: places(), other: places() }
    }

    /// The addresses of `host`, once there is a place for the look-up.
    pub async fn addresses(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        if let Ok(address) = host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(address, port)]);
        }
        let places = if self.shared.quick_names.lock().contains(host) { &self.quick } else { &self.other };
        let place = Arc::clone(places).acquire_owned().await.map_err(io::Error::other)?;
        let (shared, host) = (Arc::clone(&self.shared), host.to_owned());
        let looking = tokio::task::spawn_blocking(move || {
            let begun = Instant::now();
            let found = (shared.look_up)(&host, port);
            shared.learn(host, found.is_ok() && begun.elapsed() < QUICK);
            drop(place);
            found
        });
        looking.await.map_err(io::Error::other)?
    }
}

impl Shared {
    fn learn(&self, host: String, is_quick: bool) {
        let mut names = self.quick_names.lock();
        if !is_quick {
            names.remove(&host);
            return;
        }
        if names.len() >= NAMES && !names.contains(&host) {
            names.clear();
        }
        names.insert(host);
    }
}
