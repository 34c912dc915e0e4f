//! The engine: one thread that drains the lanes, runs the state and hands batches to the committer. The only place where
//! clock, queue, model and store meet.

mod batch;
mod committer;
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
use crate::ingress::{CellHandle, Envelope, Lanes};
use crate::limits::{BATCH_COMMANDS, BATCH_RESERVED_INTERNAL, BATCHES_IN_FLIGHT, CLOCK_JUMP_ALARM_MS};
use crate::risk::scorer::Scorer;
use crate::routing::Catalogue;
use crate::settings::Settings;
use crate::state::State;
use crate::store::{Reader, Store, StoreError};
use crate::time::Timestamp;

use batch::Timers;
use committer::{Committer, Job};
pub use stats::CellStats;

/// What a cell is made of.
pub struct Options {
    /// The domain's settings.
    pub settings: Settings,
    /// Corridors, rates, assets and fees.
    pub catalogue: Arc<Catalogue>,
    /// The model, or [`crate::risk::scorer::NoModel`].
    pub scorer: Box<dyn Scorer>,
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
    /// A write or sync failed: unsynced work is answered as unknown, the cell reopens its store.
    StoreFailed(String),
    /// The store cannot be reopened yet; it is tried again.
    StoreStillFailing(String),
    /// The cell works again.
    StoreReopened,
}

/// A cell at work.
pub struct RunningCell {
    /// The way in.
    pub handle: CellHandle,
    /// The way to look.
    pub reader: Reader,
    /// What it counts.
    pub stats: Arc<CellStats>,
    stop: Arc<AtomicBool>,
    engine: Option<JoinHandle<()>>,
}

/// Starts a cell from what its store holds.
pub fn start(options: Options) -> Result<RunningCell, StoreError> {
    let reader = Reader::new(Arc::clone(&options.store));
    let (head, directory) = recovered(&reader)?;
    let published = Arc::new(ArcSwap::from_pointee(directory.clone()));
    let (commits, commits_seen) = watch::channel(head.batch);
    let (handle, lanes) = CellHandle::new(options.settings.mode, Arc::clone(&published), commits_seen);
    let stats = Arc::new(CellStats::default());
    let stop = Arc::new(AtomicBool::new(false));
    let link = Link { published, commits: Arc::new(commits), stats: Arc::clone(&stats) };
    let state = State::new(options.settings.clone(), Arc::clone(&options.catalogue), directory, head);
    let looked = (options.clock.now(), Instant::now());
    let engine = Engine {
        timers: Timers::default(),
        state,
        lanes,
        link,
        reader: reader.clone(),
        stop: Arc::clone(&stop),
        looked,
        options,
    };
    let thread = std::thread::Builder::new().name(format!("engine-{}", handle.mode().name()));
    let engine = thread.spawn(move || engine.run()).map_err(|error| StoreError::Unusable(error.to_string()))?;
    Ok(RunningCell { handle, reader, stats, stop, engine: Some(engine) })
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
struct Link {
    published: Arc<ArcSwap<Directory>>,
    commits: Arc<watch::Sender<u64>>,
    stats: Arc<CellStats>,
}

struct Engine {
    options: Options,
    state: State,
    timers: Timers,
    reader: Reader,
    lanes: Lanes<Receiver<Envelope>>,
    link: Link,
    stop: Arc<AtomicBool>,
    looked: (Timestamp, Instant),
}

impl Engine {
    /// Works until stopped. A panic here or in the committer means that memory cannot be trusted: the process ends, and the
    /// next start recovers from disk.
    fn run(mut self) {
        let _guard = AbortOnPanic;
        loop {
            let (jobs, queue) = bounded(BATCHES_IN_FLIGHT);
            let head = self.state.head();
            let committer = Committer::spawn(Arc::clone(&self.options.store), queue, self.link.clone(), head);
            let stopped = self.work(&jobs, &committer);
            drop(jobs);
            let failure = committer.join();
            match failure {
                None if stopped => return self.refuse_waiting(),
                None => {}
                Some(error) if self.recover(&error) => {}
                Some(_) => return self.refuse_waiting(),
            }
        }
    }

    /// Runs batches until stopped (`true`) or until the committer failed (`false`).
    fn work(&mut self, jobs: &Sender<Job>, committer: &Committer) -> bool {
        loop {
            if committer.has_failed() {
                return false;
            }
            let envelopes = self.drain();
            if envelopes.is_empty() && self.stop.load(Ordering::Acquire) {
                return true;
            }
            let (now, clock) = self.now();
            let envelopes = in_time(envelopes, clock);
            let progress = committer.progress(self.state.head());
            let due = match self.timers.due(&self.reader, now, progress, self.options.tick) {
                Ok(due) => due,
                Err(error) => return committer.fail(error, envelopes),
            };
            let scorer = self.options.scorer.as_mut();
            match batch::run(&mut self.state, &*self.options.store, scorer, now, due, envelopes, &self.link.stats) {
                Ok(None) => {}
                Ok(Some(job)) => {
                    if jobs.send(job).is_err() {
                        return false;
                    }
                }
                Err((error, envelopes)) => return committer.fail(error, envelopes),
            }
            self.state.evict(committer.synced());
        }
    }

    /// Waits for work, at most a tick, and takes what one batch may hold: outcomes first, up to their share.
    fn drain(&self) -> Vec<Envelope> {
        let mut select = Select::new();
        select.recv(&self.lanes.internal);
        select.recv(&self.lanes.partner);
        select.recv(&self.lanes.operator);
        // Being woken says only that one of the lanes may have something; all are looked at.
        let _ = select.ready_timeout(self.options.tick);
        let mut taken = Vec::new();
        take(&self.lanes.internal, BATCH_RESERVED_INTERNAL, &mut taken);
        take(&self.lanes.operator, BATCH_RESERVED_INTERNAL / 2, &mut taken);
        take(&self.lanes.partner, BATCH_COMMANDS - taken.len(), &mut taken);
        taken
    }

    /// The time of the next batch: the clock's, never before the last batch's; and what the clock says. What the clock
    /// gained on the monotonic one since the last look is a jump.
    fn now(&mut self) -> (Timestamp, Timestamp) {
        let (now, looked) = (self.options.clock.now(), Instant::now());
        let (last, last_looked) = std::mem::replace(&mut self.looked, (now, looked));
        let gained = now.since(last).0.saturating_sub(looked.duration_since(last_looked).as_millis() as u64);
        if gained > CLOCK_JUMP_ALARM_MS {
            (self.options.alarm)(Alarm::ClockJumped { by: gained });
        }
        (now.max(self.state.head().now), now)
    }

    /// Discards memory and starts again from what is on disk, however long the disk takes to come back; `false` when the
    /// cell was stopped meanwhile.
    fn recover(&mut self, error: &StoreError) -> bool {
        (self.options.alarm)(Alarm::StoreFailed(error.to_string()));
        self.link.stats.store_failed();
        let mut pause = Duration::from_millis(10);
        while !self.stop.load(Ordering::Acquire) {
            let recovered = self.options.store.reopen().and_then(|()| recovered(&self.reader));
            match recovered {
                Ok((head, directory)) => {
                    self.restart(head, directory);
                    return true;
                }
                Err(error) => (self.options.alarm)(Alarm::StoreStillFailing(error.to_string())),
            }
            self.refuse_waiting();
            std::thread::park_timeout(pause);
            pause = (pause * 2).min(Duration::from_secs(1));
        }
        false
    }

    fn restart(&mut self, head: Head, directory: Directory) {
        self.link.published.store(Arc::new(directory.clone()));
        self.state = State::new(self.options.settings.clone(), Arc::clone(&self.options.catalogue), directory, head);
        self.timers = Timers::default();
        self.link.stats.store_works();
        (self.options.alarm)(Alarm::StoreReopened);
    }

    /// Nothing that waits in the lanes was seen by anybody: it can be refused.
    fn refuse_waiting(&self) {
        let mut waiting = Vec::new();
        take(&self.lanes.internal, usize::MAX, &mut waiting);
        take(&self.lanes.operator, usize::MAX, &mut waiting);
        take(&self.lanes.partner, usize::MAX, &mut waiting);
        committer::answer_all(waiting.into_iter().map(|envelope| envelope.answer), Err(Refusal::Overloaded));
    }
}

/// Refuses what waited beyond its deadline. Deadlines are set by the clock, so they are judged by the clock: the cell's own
/// time may be ahead of one that was set back.
fn in_time(envelopes: Vec<Envelope>, clock: Timestamp) -> Vec<Envelope> {
    let (in_time, late): (Vec<_>, Vec<_>) = envelopes.into_iter().partition(|one| clock <= one.submission.deadline);
    committer::answer_all(late.into_iter().map(|envelope| envelope.answer), Err(Refusal::Overloaded));
    in_time
}

fn take(lane: &Receiver<Envelope>, most: usize, taken: &mut Vec<Envelope>) {
    taken.extend(lane.try_iter().take(most));
}

fn recovered(reader: &Reader) -> Result<(Head, Directory), StoreError> {
    let mut directory = Directory::default();
    for account in reader.accounts()? {
        directory.put(account);
    }
    Ok((reader.head()?.unwrap_or_default(), directory))
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
