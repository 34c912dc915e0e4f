//! Names to addresses, beside the runtime's threads.
//!
//! The system's resolver blocks a thread until it has given up, long after the attempt that asked; and the store's reads
//! need such threads too. So few look-ups are under way at once, and a place is free again only when its look-up has ended.
//! Names that resolve quickly have places of their own, which a look-up loses when it turns out to be slow: any number of
//! names whose servers are silent delays each other, and no other receiver, also when they were quick until now.

use std::collections::HashSet;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};

/// Look-ups of quick names that are under way at once. Of all these threads there are two sets, one for each mode's cell; the
/// runtime has 512, and the store's reads have what is left.
const QUICK_PLACES: usize = 64;
/// Look-ups of other names that are under way at once.
const OTHER_PLACES: usize = 16;
/// Look-ups of names that were quick and that have lost their place, but have not ended.
const STUCK_PLACES: usize = 96;
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
    stuck: Arc<Semaphore>,
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
        let places = |count| Arc::new(Semaphore::new(count));
        let (quick, other, stuck) = (places(QUICK_PLACES), places(OTHER_PLACES), places(STUCK_PLACES));
        Resolver { shared: Arc::new(shared), quick, other, stuck }
    }

    /// The addresses of `host`, once there is a place for the look-up.
    pub async fn addresses(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        if let Ok(address) = host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(address, port)]);
        }
        let place = self.place(host).await.map_err(io::Error::other)?;
        // In a task of its own, since an attempt may end before its look-up does.
        tokio::spawn(self.clone().look_up(host.to_owned(), port, place)).await.map_err(io::Error::other)?
    }

    async fn place(&self, host: &str) -> Result<Place, AcquireError> {
        if self.shared.is_quick(host) {
            let place = Arc::clone(&self.quick).acquire_owned().await?;
            // Another look-up may have shown meanwhile that it is quick no more.
            if self.shared.is_quick(host) {
                return Ok(Place::Quick(place));
            }
        }
        Arc::clone(&self.other).acquire_owned().await.map(Place::Other)
    }

    async fn look_up(self, host: String, port: u16, place: Place) -> io::Result<Vec<SocketAddr>> {
        let (shared, name) = (Arc::clone(&self.shared), host.clone());
        let mut looking = tokio::task::spawn_blocking(move || {
            let begun = Instant::now();
            let found = (shared.look_up)(&name, port);
            shared.learn(name, found.is_ok() && begun.elapsed() < QUICK);
            found
        });
        let held = match place {
            Place::Other(place) => place,
            Place::Quick(place) => match timeout(QUICK, &mut looking).await {
                Ok(found) => return found.map_err(io::Error::other)?,
                Err(_) => {
                    self.shared.learn(host, false);
                    Arc::clone(&self.stuck).try_acquire_owned().unwrap_or(place)
                }
            },
        };
        let found = looking.await;
        drop(held);
        found.map_err(io::Error::other)?
    }
}

/// The right to a thread.
enum Place {
    Quick(OwnedSemaphorePermit),
    Other(OwnedSemaphorePermit),
}

impl Shared {
    fn is_quick(&self, host: &str) -> bool {
        self.quick_names.lock().contains(host)
    }

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
