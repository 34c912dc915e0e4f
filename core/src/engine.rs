//! The engine: one thread that drains the lanes, runs the state and hands batches to the committer. The only place where
//! clock, queue, model and store meet.

mod batch;
pub(crate) mod committer;
pub(crate) mod cycle;
pub(crate) mod pace;
mod priority;
pub(crate) mod recovery;
mod stats;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use crossbeam_channel::{Receiver, Select, Sender, bounded};
use tokio::sync::watch;

use crate::change::Head;
use crate::command::Refusal;
use crate::directory::Directory;
use crate::id::Mode;
use crate::ingress::{CellHandle, CellTime, Doorbells, Envelope, Lanes};
use crate::limits::{BATCHES_IN_FLIGHT, SHELF_CHANGES};
use crate::planted::{self, Bug};
use crate::risk::scorer::{Shelf, ShelfChange, ShelfDoor};
use crate::routing::Catalogue;
use crate::settings::Settings;
use crate::store::{Reader, Store, StoreError};
use crate::time::Timestamp;

use committer::{Committer, Job};
use cycle::{Cycle, Parts};
use pace::{Look, Pace};
use recovery::refuse_waiting;
pub use stats::CellStats;

/// What a cell is made of.
pub struct Options {
    /// The domain's settings.
    pub settings: Settings,
    /// Corridors, rates, assets and fees.
    pub catalogue: Arc<Catalogue>,
    /// The models that are loaded from the start on; further ones come over [`RunningCell::shelf`].
    pub shelf: Shelf,
    /// Where rows lie; opened, and of this cell's mode.
    pub store: Arc<dyn Store>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Hears of what an operator should know.
    pub alarm: Alarms,
    /// How often due timers are looked for.
    pub tick: Duration,
}

/// Tells the time. The engine asks once per batch.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;
}

/// Called with each alarm.
pub type Alarms = Arc<dyn Fn(Alarm) + Send + Sync>;

/// What an operator should know of at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Alarm {
    /// The clock is far ahead of the last batch.
    ClockJumped {
        /// By how many milliseconds.
        by: u64,
    },
    /// The clock was set back. The cell's time goes on at half speed until the clock has caught up.
    ClockSetBack {
        /// By how many milliseconds.
        by: u64,
    },
    /// A write or sync failed: unsynced work is answered as unknown, the cell reopens its store.
    StoreFailed(String),
    /// The store cannot be reopened yet; it is tried again.
    StoreStillFailing(String),
    /// The cell works again.
    StoreReopened,
    /// The committer's thread does not go before others, so that answers may take longer under load, and why.
    CommitterNotFavoured(String),
}

/// A cell at work.
pub struct RunningCell {
    /// The way in.
    pub handle: CellHandle,
    /// The way to look.
    pub reader: Reader,
    /// What it counts.
    pub stats: Arc<CellStats>,
    /// The way of loaded models in and out.
    pub shelf: ShelfDoor,
    stop: Arc<AtomicBool>,
    engine: Option<JoinHandle<()>>,
}

/// Starts a cell from what its store holds.
pub fn start(options: Options) -> Result<RunningCell, StoreError> {
    let Options { settings, catalogue, shelf, store, clock, alarm, tick } = options;
    let (mode, stats) = (settings.mode, Arc::<CellStats>::default());
    let parts = Parts { settings, catalogue, store: Arc::clone(&store), shelf, stats: Arc::clone(&stats), tick };
    let cycle = Cycle::open(parts)?;
    let (link, handle, lanes) = Link::new(mode, &cycle, Arc::clone(&stats));
    let stop = Arc::new(AtomicBool::new(false));
    let pace = Pace::new(cycle.head().now, Look { clock: clock.now(), elapsed: Duration::ZERO });
    let (shelf, changes) = ShelfDoor::new();
    // The channel stays open when nobody changes anything any more.
    let shelf_changes = (changes, shelf.clone());
    let (started, cell_time) = (Instant::now(), handle.time());
    let reader = Reader::new(Arc::clone(&store));
    let engine = Engine {
        cycle,
        store,
        clock,
        alarm,
        tick,
        lanes,
        shelf_changes,
        link,
        stop: Arc::clone(&stop),
        started,
        pace,
        cell_time,
    };
    let thread = std::thread::Builder::new().name(format!("engine-{}", handle.mode().name()));
    let engine = thread.spawn(move || engine.run()).map_err(|error| StoreError::Unusable(error.to_string()))?;
    Ok(RunningCell { handle, reader, stats, shelf, stop, engine: Some(engine) })
}

impl RunningCell {
    /// Finishes what was accepted, refuses the rest, and ends. Durable when it returns.
    pub fn stop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(engine) = self.engine.take() {
            engine.join().expect("a lost engine ends the process before it can be joined");
        }
    }
}

impl Drop for RunningCell {
    fn drop(&mut self) {
        self.stop();
    }
}

/// What outlives a failed store: the ends that others hold.
#[derive(Clone)]
pub(crate) struct Link {
    published: Arc<ArcSwap<Directory>>,
    commits: Arc<watch::Sender<Head>>,
    bells: Doorbells,
    stats: Arc<CellStats>,
}

impl Link {
    /// The ends of a cell's handle, and the handle.
    pub(crate) fn new(
        mode: Mode,
        cycle: &Cycle,
        stats: Arc<CellStats>,
    ) -> (Link, CellHandle, Lanes<Receiver<Envelope>>) {
        let published = Arc::new(ArcSwap::from_pointee(cycle.directory().clone()));
        let (commits, commits_seen) = watch::channel(cycle.head());
        let bells = Doorbells::default();
        // What the last process left due.
        bells.ring_for_all();
        let (handle, lanes) = CellHandle::new(mode, Arc::clone(&published), commits_seen, bells.clone());
        (Link { published, commits: Arc::new(commits), bells, stats }, handle, lanes)
    }

    /// Memory was discarded: what is on disk is published instead.
    pub(crate) fn reset(&self, cycle: &Cycle) {
        self.published.store(Arc::new(cycle.directory().clone()));
        // What survived of a failed commit may be work that dispatchers have not seen.
        self.commits.send_replace(cycle.head());
        self.bells.ring_for_all();
    }
}

struct Engine {
    cycle: Cycle,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    alarm: Alarms,
    tick: Duration,
    lanes: Lanes<Receiver<Envelope>>,
    shelf_changes: (Receiver<ShelfChange>, ShelfDoor),
    link: Link,
    stop: Arc<AtomicBool>,
    started: Instant,
    pace: Pace,
    cell_time: CellTime,
}

impl Engine {
    /// Works until stopped. A panic here or in the committer means that memory cannot be trusted: the process ends, and the
    /// next start recovers from disk.
    fn run(mut self) {
        let _guard = AbortOnPanic;
        loop {
            let (jobs, queue) = bounded(BATCHES_IN_FLIGHT);
            let head = self.cycle.head();
            let committer =
                Committer::spawn(Arc::clone(&self.store), queue, self.link.clone(), head, Arc::clone(&self.alarm));
            let stopped = self.work(&jobs, &committer);
            drop(jobs);
            let failure = committer.join();
            match failure {
                None if stopped => return refuse_waiting(&self.lanes, Refusal::Overloaded),
                None => {}
                Some(error) if self.recover(&error) => {}
                Some(_) => return refuse_waiting(&self.lanes, Refusal::Overloaded),
            }
        }
    }

    /// Runs batches until stopped (`true`) or until the committer failed (`false`).
    fn work(&mut self, jobs: &Sender<Job>, committer: &Committer) -> bool {
        loop {
            if committer.has_failed() {
                return false;
            }
            self.wait_for_work();
            for change in self.shelf_changes.0.try_iter().take(SHELF_CHANGES) {
                self.cycle.shelf().change(change);
            }
            let envelopes = self.lanes.drain();
            if envelopes.is_empty() && self.stop.load(Ordering::Acquire) {
                return true;
            }
            let (now, clock) = self.now();
            let envelopes = in_time(envelopes, clock);
            let due = match self.cycle.due(now, committer.progress(self.cycle.head())) {
                Ok(due) => due,
                Err(error) => return committer.fail(error, envelopes),
            };
            match self.cycle.turn(now, due, envelopes) {
                Ok(None) => {}
                Ok(Some(job)) => {
                    if jobs.send(job).is_err() {
                        return false;
                    }
                }
                Err((error, envelopes)) => return committer.fail(error, envelopes),
            }
            self.cycle.evict(committer.synced());
        }
    }

    /// Waits for work, at most a tick.
    fn wait_for_work(&self) {
        let mut select = Select::new();
        select.recv(&self.lanes.internal);
        select.recv(&self.lanes.partner);
        select.recv(&self.lanes.operator);
        select.recv(&self.shelf_changes.0);
        // Being woken says only that one of the lanes may have something; all are looked at.
        let _ = select.ready_timeout(self.tick);
    }

    /// The time of the next batch, and what the clock says. Nobody was told of a later time than the batch's.
    fn now(&mut self) -> (Timestamp, Timestamp) {
        let look = Look { clock: self.clock.now(), elapsed: self.started.elapsed() };
        let told = self.cell_time.newest().max(self.cycle.head().now);
        let (now, alarm) = self.pace.now(look, told);
        self.cell_time.tell(now);
        if let Some(alarm) = alarm {
            (self.alarm)(alarm);
        }
        (now, look.clock)
    }

    /// Discards memory and starts again from what is on disk, however long the disk takes to come back; `false` when the
    /// cell was stopped meanwhile.
    fn recover(&mut self, error: &StoreError) -> bool {
        (self.alarm)(Alarm::StoreFailed(error.to_string()));
        self.link.stats.store_failed();
        let mut pause = Duration::from_millis(10);
        while !self.stop.load(Ordering::Acquire) {
            match recovery::go_on(&mut self.cycle, &self.link, &self.lanes) {
                Ok(()) => {
                    self.link.stats.store_works();
                    (self.alarm)(Alarm::StoreReopened);
                    return true;
                }
                Err(error) => (self.alarm)(Alarm::StoreStillFailing(error.to_string())),
            }
            std::thread::park_timeout(pause);
            pause = (pause * 2).min(Duration::from_secs(1));
        }
        false
    }
}

/// Refuses what waited beyond its deadline. Deadlines are set by the clock, so they are judged by the clock: the cell's own
/// time may be ahead of one that was set back.
pub(crate) fn in_time(envelopes: Vec<Envelope>, clock: Timestamp) -> Vec<Envelope> {
    let is_in_time = |one: &Envelope| {
        clock <= one.submission.deadline && !planted::has(Bug::RefuseEarly) || planted::has(Bug::IgnoreDeadline)
    };
    let (in_time, late): (Vec<_>, Vec<_>) = envelopes.into_iter().partition(is_in_time);
    committer::answer_all(late.into_iter().map(|envelope| envelope.answer), Err(Refusal::Overloaded));
    in_time
}

struct AbortOnPanic;

impl Drop for AbortOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            std::process::abort();
        }
    }
}

#[cfg(test)]
mod tests;
