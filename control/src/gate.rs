//! The door to the cells: the only importer of the core's ingress.

mod in_flight;
mod known;
mod running;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use arc_swap::{ArcSwap, Guard};
use causeway_core::command::Idempotency;
use causeway_core::command::{Answer, Command, Refusal, Submission};
use causeway_core::directory::Directory;
use causeway_core::id::{AttemptId, Mode};
use causeway_core::rail::RailOutcome;
use causeway_core::routing::Catalogue;
use causeway_core::store::{Reader, StoreError};
use causeway_core::time::{Millis, Timestamp};
use rustix::time::{ClockId, clock_gettime};
use tokio::sync::Semaphore;

use crate::config::duration::millis;
use crate::keys::KeyRing;
use crate::offer::Offer;
use crate::problem::Problem;

pub use causeway_core::ingress::{CellHandle, Lane, Rung};
pub use in_flight::InFlight;
pub use known::known_to;
pub use running::Running;

/// A future that is boxed, so that a trait object or a table row can give it.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The cells that this process runs; made once at start.
pub struct Gate {
    sandbox: Option<Cell>,
    live: Option<Cell>,
    hosts: Vec<(String, Mode)>,
}

/// One cell with what the edge needs beside it.
pub struct Cell {
    handle: CellHandle,
    reader: Reader,
    cached: Reader,
    keys: Arc<KeyRing>,
    offer: ArcSwap<Offer>,
    sandbox_rail: Option<Arc<dyn SandboxRail>>,
    in_flight: Arc<InFlight>,
    running: Running,
    options: CellOptions,
    reads: Arc<Semaphore>,
}

/// What an operator may set of a cell's edge.
#[derive(Clone, Debug)]
pub struct CellOptions {
    /// How long a write waits for its place in the engine, and a read for its place at the disk.
    pub deadline: Duration,
    /// Reads that may wait for the disk at a time; others wait for them.
    pub disk_reads: usize,
    /// How long an embed token is valid.
    pub embed_token_life: Millis,
    /// The origin of pages that this program serves, as browsers name it.
    pub own_origin: String,
    /// The clock that deadlines and elapsed quotes are judged by.
    pub clock: fn() -> Timestamp,
}

/// The simulated rail as test helpers see it. The rails' dispatcher implements it.
pub trait SandboxRail: Send + Sync + 'static {
    /// Makes the rail give `outcome` for `attempt`, durable in the rail's own record, unless it gave another before.
    /// Answers with the outcome that stands in the record afterwards.
    fn resolve(&self, attempt: AttemptId, outcome: RailOutcome) -> BoxFuture<'_, Result<RailOutcome, RailUnavailable>>;
}

/// The simulated rail could not write its record; nothing is known to have changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the simulated rail could not be reached: {0}")]
pub struct RailUnavailable(pub String);

impl Gate {
    /// The door to these cells. `hosts` binds host names, in lower case and without a port, to the one mode whose keys are
    /// taken there.
    pub fn new(sandbox: Option<Cell>, live: Option<Cell>, hosts: Vec<(String, Mode)>) -> Gate {
        Gate { sandbox, live, hosts }
    }

    /// The cell of `mode`, if this process runs it.
    pub fn cell(&self, mode: Mode) -> Option<&Cell> {
        match mode {
            Mode::Sandbox => self.sandbox.as_ref(),
            Mode::Live => self.live.as_ref(),
        }
    }

    /// All cells.
    pub fn cells(&self) -> impl Iterator<Item = &Cell> {
        self.sandbox.iter().chain(&self.live)
    }

    /// Whether keys of `mode` are taken at `host`, as the request names it.
    pub fn takes(&self, host: &str, mode: Mode) -> bool {
        let name = host.rsplit_once(':').map_or(host, |(name, port)| if port.contains(']') { host } else { name });
        let name = name.strip_suffix('.').unwrap_or(name);
        !self.hosts.iter().any(|(bound, only)| bound.eq_ignore_ascii_case(name) && *only != mode)
    }
}

impl Cell {
    /// A cell behind `handle` that prices and routes by `catalogue`. `sandbox_rail` is the simulated rail of a sandbox.
    pub fn new(
        handle: CellHandle,
        reader: Reader,
        keys: Arc<KeyRing>,
        catalogue: Arc<Catalogue>,
        sandbox_rail: Option<Arc<dyn SandboxRail>>,
        options: CellOptions,
    ) -> Cell {
        let reads = Arc::new(Semaphore::new(options.disk_reads));
        let offer = ArcSwap::from_pointee(Offer::new(catalogue));
        let (in_flight, running, cached) = (Arc::default(), Running::default(), reader.cached());
        Cell { handle, cached, reader, keys, offer, sandbox_rail, in_flight, running, options, reads }
    }

    /// The same, with what a dispatcher has under way.
    pub fn with_in_flight(self, in_flight: Arc<InFlight>) -> Cell {
        Cell { in_flight, ..self }
    }

    /// The world that it lives in.
    pub fn mode(&self) -> Mode {
        self.handle.mode()
    }

    /// The time at the edge: the clock's, but never before what anybody was told, should the clock have been set back.
    pub fn now(&self) -> Timestamp {
        self.handle.time().tell((self.options.clock)())
    }

    /// The keys of its mode.
    pub fn keys(&self) -> &KeyRing {
        &self.keys
    }

    /// What it offers now.
    pub fn offer(&self) -> Guard<Arc<Offer>> {
        self.offer.load()
    }

    /// Offers what `catalogue` holds from now on: the one that the engine prices and routes by.
    pub fn publish(&self, catalogue: Arc<Catalogue>) {
        self.offer.store(Arc::new(Offer::new(catalogue)));
    }

    /// The simulated rail; none in live.
    pub fn sandbox_rail(&self) -> Option<&dyn SandboxRail> {
        self.sandbox_rail.as_deref()
    }

    /// Webhook deliveries that are being sent.
    pub fn in_flight(&self) -> &InFlight {
        &self.in_flight
    }

    /// Requests with an idempotency key that wait.
    pub fn running(&self) -> &Running {
        &self.running
    }

    /// How long a write waits for its place in the engine.
    pub fn deadline(&self) -> Duration {
        self.options.deadline
    }

    /// How long an embed token is valid.
    pub fn embed_token_life(&self) -> Millis {
        self.options.embed_token_life
    }

    /// The origin of pages that this program serves.
    pub fn own_origin(&self) -> &str {
        &self.options.own_origin
    }

    /// The accounts as of the last durable change.
    pub fn directory(&self) -> Guard<Arc<Directory>> {
        self.handle.directory()
    }

    /// Asks the cell and waits for the durable answer.
    pub async fn submit(
        &self,
        lane: Lane,
        command: Command,
        idempotency: Option<Idempotency>,
    ) -> Result<Answer, Refusal> {
        // Only partners are refused for having waited: what operators and dispatchers ask is done, however late.
        let deadline = match lane {
            Lane::Partner => (self.options.clock)().plus(millis(self.options.deadline)),
            Lane::Internal | Lane::Operator => Timestamp(u64::MAX),
        };
        self.handle.submit(lane, Submission { command, idempotency, deadline }).await
    }

    /// Reads what is synced: from memory at once, from disk on a bounded number of threads made for waiting.
    pub async fn read<T: Send + 'static>(
        &self,
        ask: impl Fn(&Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Problem> {
        match ask(&self.cached) {
            Err(StoreError::NotCached) => self.read_apart(ask).await,
            Ok(found) => Ok(found),
            Err(error) => Err(unreadable(error)),
        }
    }

    /// The same on a thread made for waiting in any case: for what takes long even when all of it is in memory.
    pub async fn read_apart<T: Send + 'static>(
        &self,
        ask: impl Fn(&Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Problem> {
        let place = tokio::time::timeout(self.options.deadline, self.reads.clone().acquire_owned()).await;
        let Ok(place) = place else { return Err(Refusal::Overloaded.into()) };
        let reader = self.reader.clone();
        let reading = tokio::task::spawn_blocking(move || {
            let _place = place;
            ask(&reader)
        });
        reading.await.map_err(Problem::internal)?.map_err(unreadable)
    }
}

/// A store that cannot be reached comes back: the partner may ask again. A damaged row does not heal.
fn unreadable(error: StoreError) -> Problem {
    match error {
        StoreError::Failed(_) | StoreError::NotCached => Refusal::StoreDown.into(),
        StoreError::Corrupt { .. } | StoreError::Unusable(_) => Problem::internal(error),
    }
}

impl Default for CellOptions {
    fn default() -> CellOptions {
        CellOptions {
            deadline: Duration::from_secs(10),
            disk_reads: 16,
            embed_token_life: Millis::seconds(3_600),
            own_origin: "http://127.0.0.1:8080".to_owned(),
            clock: system_time,
        }
    }
}

/// The time of the operating system; a clock before 1970 counts as 1970.
pub fn system_time() -> Timestamp {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(Timestamp(0), |elapsed| Timestamp(elapsed.as_millis() as u64))
}

/// Processor time of the calling thread: what it did itself, however busy the machine was.
pub fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}
