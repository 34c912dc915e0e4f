//! The publisher of one cell: events that wait for the bus in, what it has confirmed back as commands.
//!
//! It walks the queue in commit order and never looks back. An event is reported once the bus has it durably; what was not
//! reported before a crash is there at the next start and is published again: at least once. Of a session one event is on
//! its way at a time, so that its order holds whatever is refused, lost or tried again.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use causeway_core::change::{BusRow, Head};
use causeway_core::command::Command;
use causeway_core::event::Event;
use causeway_core::id::EventId;
use causeway_core::store::Reader;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};

use super::teller::Teller;
use super::window::{REFUSED_PAUSE, RETURNED_PAUSE, Window};
use super::{Bus, Link, Message, NotPublished, Turn};
use crate::dispatch::{self, Backoff, Notice, Reporter};
use crate::gate::{CellHandle, system_time};

/// Events that the bus is given at once.
const AT_ONCE: u32 = 128;
/// Rows that one look takes.
const PAGE: usize = 256;
/// Confirmed events that may wait for their place in a command.
const OUTCOMES: usize = 256;

/// The publisher of one cell.
pub struct Publisher {
    /// The cell.
    pub cell: CellHandle,
    /// Where its events wait.
    pub reader: Reader,
    /// Where they go.
    pub bus: Arc<dyn Bus>,
    /// Hears of what goes wrong, and that it is over.
    pub notice: Notice,
    /// What it counts.
    pub stats: Arc<Stats>,
}

/// What the publisher counts, from its start.
#[derive(Debug, Default)]
pub struct Stats {
    /// Events that the bus has confirmed.
    pub published: AtomicU64,
    /// Tries that came to anything else.
    pub failed: AtomicU64,
    /// Events on their way.
    pub under_way: AtomicU64,
    /// Events read and not confirmed, those on their way among them; more may be in the queue.
    pub waiting: AtomicU64,
    /// When the event was made that has waited longest, in Unix milliseconds; zero when none waits.
    pub oldest: AtomicU64,
    /// Whether there is a connection.
    pub connected: AtomicU64,
}

/// What came of a try.
enum Outcome {
    Confirmed,
    Not(NotPublished),
    /// It is not in the store. That cannot happen, since what waits is not removed; if it does, there will never be anything
    /// to publish, and to keep the row would hold its session and a place in the window for ever.
    Gone(String),
}

/// What outlives a connection.
struct Work {
    window: Window,
    after: Option<EventId>,
    /// Whether the queue may hold more than was read.
    has_more: bool,
    commits: watch::Receiver<Head>,
    places: Arc<Semaphore>,
    sender: mpsc::Sender<EventId>,
    teller: Teller,
    backoff: Backoff,
}

/// What is on its way over one connection.
#[derive(Default)]
struct UnderWay {
    tasks: JoinSet<Outcome>,
    rows: HashMap<Id, BusRow>,
}

impl Publisher {
    /// Works until the stop.
    pub async fn run(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let (sender, receiver) = mpsc::channel(OUTCOMES);
        let reporter = Reporter {
            cell: self.cell.clone(),
            command: Command::ReportPublished,
            taken: Arc::new(|_| {}),
            notice: Arc::clone(&self.notice),
        };
        let places = Arc::new(Semaphore::new(AT_ONCE as usize));
        let mut work = Work {
            window: Window::default(),
            after: None,
            has_more: true,
            commits: self.cell.commits(),
            places: Arc::clone(&places),
            sender,
            teller: Teller::new(Arc::clone(&self.notice)),
            backoff: Backoff::new(),
        };
        let walk = async {
            while let Some(link) = self.connect(&mut work, &mut stop).await
                && self.serve(&link, &mut work, &mut stop).await
                && work.backoff.pause(&mut stop).await
            {}
        };
        dispatch::run(reporter, receiver, walk, &places, AT_ONCE).await;
        self.stats.connected.store(0, Ordering::Relaxed);
    }

    /// Connects, again and again until it succeeds; `None` when the stop came first.
    async fn connect(&self, work: &mut Work, stop: &mut watch::Receiver<bool>) -> Option<Arc<dyn Link>> {
        loop {
            // What has come meanwhile: the numbers must say what waits above all while nothing is taken.
            work.commits.borrow_and_update();
            work.has_more = true;
            if !self.read_ahead(work, stop).await {
                return None;
            }
            self.stats.looked(&work.window, 0);
            let tried = tokio::select! {
                biased;
                () = dispatch::stopped(stop) => return None,
                tried = self.bus.connect() => tried,
            };
            match tried {
                Ok(link) => return Some(link),
                Err(reason) => work.teller.away(&reason),
            }
            if !work.backoff.pause(stop).await {
                return None;
            }
        }
    }

    /// Publishes over one connection until it is lost; `false` when the stop came first.
    async fn serve(self: &Arc<Self>, link: &Arc<dyn Link>, work: &mut Work, stop: &mut watch::Receiver<bool>) -> bool {
        self.stats.connected.store(1, Ordering::Relaxed);
        let mut under_way = UnderWay::default();
        let lost = loop {
            if !self.read_ahead(work, stop).await {
                under_way.tasks.detach_all();
                return false;
            }
            self.begin(link, work, &mut under_way);
            self.stats.looked(&work.window, under_way.rows.len());
            if work.window.len() == 0 {
                work.teller.reached();
            }
            tokio::select! {
                biased;
                () = dispatch::stopped(stop) => {
                    under_way.tasks.detach_all();
                    return false;
                }
                Some(ended) = under_way.tasks.join_next_with_id() => {
                    if let Some(reason) = self.ended(work, &mut under_way, ended) {
                        break reason;
                    }
                }
                changed = work.commits.changed() => match changed {
                    Ok(()) => work.has_more = true,
                    Err(_) => return false,
                },
                () = due(work.window.wakes_at(), &work.places) => {}
                turn = link.turn() => match turn {
                    Turn::Lost(reason) => break reason,
                    Turn::Blocked => work.teller.blocked(),
                    Turn::Unblocked => work.teller.unblocked(),
                },
            }
        };
        self.stats.connected.store(0, Ordering::Relaxed);
        work.teller.away(&lost);
        self.give_up(work, under_way);
        true
    }

    /// Reads what has room; `false` when the stop came first.
    async fn read_ahead(&self, work: &mut Work, stop: &mut watch::Receiver<bool>) -> bool {
        while work.has_more && work.window.room() >= PAGE {
            let after = work.after;
            let page = dispatch::read(&self.reader, &self.notice, stop, move |reader| reader.bus(after, PAGE)).await;
            let Some(page) = page else { return false };
            work.has_more = page.len() == PAGE;
            work.after = page.last().map(|row| row.event).or(work.after);
            page.into_iter().for_each(|row| work.window.take_in(row));
        }
        true
    }

    /// Begins with as many events as there are places for.
    fn begin(self: &Arc<Self>, link: &Arc<dyn Link>, work: &mut Work, under_way: &mut UnderWay) {
        let now = Instant::now();
        while let Ok(place) = Arc::clone(&work.places).try_acquire_owned() {
            let Some(row) = work.window.next(now) else { return };
            let publish = Arc::clone(self).publish(Arc::clone(link), row, place, work.sender.clone());
            let task = under_way.tasks.spawn(publish);
            under_way.rows.insert(task.id(), row);
        }
    }

    /// A try has ended. Gives the reason when the connection has, too.
    fn ended(
        &self,
        work: &mut Work,
        under_way: &mut UnderWay,
        ended: Result<(Id, Outcome), JoinError>,
    ) -> Option<String> {
        let (id, outcome) = match ended {
            Ok(ended) => ended,
            Err(error) => {
                let broken = NotPublished::Refused(format!("publishing was broken off: {error}"));
                (error.id(), Outcome::Not(broken))
            }
        };
        let row = under_way.rows.remove(&id)?;
        if !matches!(outcome, Outcome::Confirmed) {
            self.stats.failed.fetch_add(1, Ordering::Relaxed);
        }
        match outcome {
            Outcome::Confirmed => {
                self.stats.published.fetch_add(1, Ordering::Relaxed);
                work.window.confirmed(&row);
                work.backoff = Backoff::new();
                work.teller.reached();
                if !work.window.has_refusals() {
                    work.teller.all_taken();
                }
                None
            }
            Outcome::Not(NotPublished::Returned(reason)) => {
                work.window.refused(row, RETURNED_PAUSE, Instant::now());
                work.teller.refused(&reason);
                None
            }
            Outcome::Not(NotPublished::Refused(reason)) => {
                work.window.refused(row, REFUSED_PAUSE, Instant::now());
                work.teller.refused(&reason);
                None
            }
            Outcome::Not(NotPublished::Lost(reason)) => {
                work.window.take_back(row);
                Some(reason)
            }
            Outcome::Gone(reason) => {
                work.teller.say(&reason);
                work.window.confirmed(&row);
                None
            }
        }
    }

    /// The connection is lost: what it has confirmed by now counts, the rest is tried again over the next one.
    fn give_up(&self, work: &mut Work, mut under_way: UnderWay) {
        while let Some(ended) = under_way.tasks.try_join_next_with_id() {
            // The reason of the first one was told.
            self.ended(work, &mut under_way, ended);
        }
        under_way.tasks.abort_all();
        let mut rows: Vec<BusRow> = under_way.rows.into_values().collect();
        rows.sort_unstable_by_key(|row| std::cmp::Reverse(row.event));
        rows.into_iter().for_each(|row| work.window.take_back(row));
    }

    /// One try. What the bus has is on its way to the cell when this ends.
    async fn publish(
        self: Arc<Self>,
        link: Arc<dyn Link>,
        row: BusRow,
        place: OwnedSemaphorePermit,
        sender: mpsc::Sender<EventId>,
    ) -> Outcome {
        let event = match self.event(row).await {
            Ok(event) => event,
            Err(outcome) => {
                if let Outcome::Gone(_) = outcome {
                    sender.send(row.event).await.ok();
                }
                return outcome;
            }
        };
        let message = Message::of(&event, self.cell.mode());
        let outcome = match link.publish(&message).await {
            Ok(()) => {
                // The reporter outlives all tries but those that the stop left behind; their events are published again.
                sender.send(row.event).await.ok();
                Outcome::Confirmed
            }
            Err(why) => Outcome::Not(why),
        };
        drop(place);
        outcome
    }

    /// The event as it is now: what it says of a person may have been erased since it was read before.
    async fn event(&self, row: BusRow) -> Result<Event, Outcome> {
        let reader = self.reader.clone();
        let read = tokio::task::spawn_blocking(move || reader.event(row.account, row.event)).await;
        let returned = |reason| Outcome::Not(NotPublished::Returned(reason));
        match read {
            Ok(Ok(Some(event))) => Ok(event),
            Ok(Ok(None)) => {
                let id = row.event.text(self.cell.mode());
                Err(Outcome::Gone(format!(
                    "{id} waits for the event bus and is not in the store: it is left out, and its session goes on"
                )))
            }
            Ok(Err(error)) => Err(returned(format!("it cannot be read: {error}"))),
            Err(error) => Err(returned(format!("reading it was broken off: {error}"))),
        }
    }
}

impl Stats {
    fn looked(&self, window: &Window, under_way: usize) {
        self.under_way.store(under_way as u64, Ordering::Relaxed);
        self.waiting.store(window.len() as u64, Ordering::Relaxed);
        self.oldest.store(window.oldest().map_or(0, |event| event.made_at().0), Ordering::Relaxed);
    }

    /// For how long the event has waited that has waited longest, in seconds; zero when none waits.
    pub fn lag_seconds(&self) -> f64 {
        match self.oldest.load(Ordering::Relaxed) {
            0 => 0.0,
            oldest => system_time().0.saturating_sub(oldest) as f64 * 1e-3,
        }
    }
}

/// Ends when what rests is due and has a place, or never. Woken without a place, the publisher could only look again, and
/// again, for as long as the bus takes its time.
async fn due(at: Option<Instant>, places: &Semaphore) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
    drop(places.acquire().await);
}

#[cfg(test)]
mod tests;
