//! The dispatcher of one rail in one cell: durable work in, outcomes back as commands.
//!
//! It walks the work in commit order and never looks back: a row is taken once per process. Rows that were there at start
//! are enquired about before anything is sent. After an unclear answer it enquires too. A rail that reports by itself is
//! asked for as long as it takes; one that may have to be asked is left after some tries to the sweep, which enquires about
//! whatever is open when its time has come. Every rail has its own dispatcher, so that none holds up another.

mod hands;
mod schedule;
mod stats;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use causeway_core::command::Command;
use causeway_core::id::AttemptId;
use causeway_core::rail::{RailReport, RailWork};
use causeway_core::store::Reader;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::time::sleep;

use super::{Rail, RailError, Word};
use crate::dispatch::{self, Backoff, Notice, Reporter};
use crate::gate::{CellHandle, system_time};

use hands::{Hand, Hands};

pub use schedule::Schedule;
pub use stats::Stats;

/// Rows that one look takes.
const PAGE: usize = 256;
/// Unclear answers in a row after which an attempt is left to the sweep: some two seconds.
const TRIES: u32 = 8;

/// The dispatcher of one rail.
pub struct Dispatcher {
    /// The cell.
    pub cell: CellHandle,
    /// Where its work lies.
    pub reader: Reader,
    /// The name that corridors give the rail.
    pub name: String,
    /// The rail.
    pub rail: Arc<dyn Rail>,
    /// Attempts that are being handed over at once.
    pub at_once: u32,
    /// When open attempts are enquired about; without it the rail reports by itself, and never loses anything.
    pub enquiries: Option<Schedule>,
    /// Hears of what goes wrong.
    pub notice: Notice,
    /// What it counts.
    pub stats: Arc<Stats>,
}

/// What to do with an attempt next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Send,
    Enquire,
}

/// What an attempt that is being carried holds.
struct Held {
    _place: OwnedSemaphorePermit,
    _hand: Hand,
}

/// What walk and sweep share.
struct Work {
    places: Arc<Semaphore>,
    hands: Arc<Hands>,
    sender: mpsc::Sender<RailReport>,
}

impl Dispatcher {
    /// Works until the stop. `reports` are the two ends of [`super::reports`]; the rail may hold further senders.
    pub async fn run(
        self: Arc<Self>,
        reports: (mpsc::Sender<RailReport>, mpsc::Receiver<RailReport>),
        stop: watch::Receiver<bool>,
    ) {
        let (sender, receiver) = reports;
        let reporter = Reporter {
            cell: self.cell.clone(),
            command: Command::ReportRails,
            taken: Arc::new(|_| {}),
            notice: Arc::clone(&self.notice),
        };
        let places = Arc::new(Semaphore::new(self.at_once as usize));
        let work = Work { places: Arc::clone(&places), hands: Arc::default(), sender };
        let both = async { tokio::join!(self.walk(&work, stop.clone()), self.sweep(&work, stop.clone())) };
        dispatch::run(reporter, receiver, async { _ = both.await }, &places, self.at_once).await;
    }

    /// Takes every row once, in commit order.
    async fn walk(self: &Arc<Self>, shared: &Work, mut stop: watch::Receiver<bool>) {
        let mut commits = self.cell.commits();
        let mut after = None;
        let mut first = Step::Enquire;
        loop {
            let Some(page) = self.page(after, &mut stop).await else { return };
            if page.is_empty() && !dispatch::committed(&mut commits, &mut stop).await {
                return;
            }
            let reached_the_end = page.len() < PAGE;
            for work in page {
                after = Some(work.attempt);
                if work.rail != self.name {
                    continue;
                }
                let Some(place) = dispatch::place(&shared.places, &mut stop).await else { return };
                let held = Held { _place: place, _hand: Hands::take(&shared.hands, work.attempt) };
                tokio::spawn(Arc::clone(self).carry(work, first, held, shared.sender.clone(), stop.clone()));
            }
            if reached_the_end {
                first = Step::Send;
            }
        }
    }

    /// Enquires about what is still open, each attempt when its time has come.
    async fn sweep(self: &Arc<Self>, shared: &Work, mut stop: watch::Receiver<bool>) {
        let Some(schedule) = self.enquiries else { return };
        let mut before = system_time();
        loop {
            tokio::select! {
                () = sleep(schedule.pause()) => {}
                () = dispatch::stopped(&mut stop) => return,
            }
            let now = system_time();
            let is_due = |work: &RailWork| work.rail == self.name && schedule.is_due(work.attempt, before, now);
            let mut after = None;
            loop {
                let Some(page) = self.page(after, &mut stop).await else { return };
                let Some(last) = page.last() else { break };
                after = Some(last.attempt);
                for work in page.into_iter().filter(is_due) {
                    let Some(place) = dispatch::place(&shared.places, &mut stop).await else { return };
                    let Some(hand) = Hands::take_again(&shared.hands, work.attempt) else { continue };
                    let held = Held { _place: place, _hand: hand };
                    tokio::spawn(Arc::clone(self).carry(
                        work,
                        Step::Enquire,
                        held,
                        shared.sender.clone(),
                        stop.clone(),
                    ));
                }
            }
            before = now;
        }
    }

    async fn page(&self, after: Option<AttemptId>, stop: &mut watch::Receiver<bool>) -> Option<Vec<RailWork>> {
        dispatch::read(&self.reader, &self.notice, stop, move |reader| reader.rail_work(after, PAGE)).await
    }

    /// Whether the attempt has no durable outcome yet. One that has must not be sent, whatever the rail remembers.
    async fn is_open(&self, attempt: AttemptId, stop: &mut watch::Receiver<bool>) -> bool {
        let row = dispatch::read(&self.reader, &self.notice, stop, move |reader| reader.rail_work_of(attempt)).await;
        row.flatten().is_some()
    }

    /// Brings one attempt to the point where the rail has it or has said what became of it.
    async fn carry(
        self: Arc<Self>,
        work: RailWork,
        first: Step,
        held: Held,
        sender: mpsc::Sender<RailReport>,
        mut stop: watch::Receiver<bool>,
    ) {
        let mut backoff = Backoff::new();
        let mut step = first;
        let mut unclear = 0;
        loop {
            match self.ask(&work, step).await {
                Ok(Word::Accepted) => break,
                Ok(Word::Outcome(outcome)) => {
                    self.stats.outcome(outcome);
                    // The reporter outlives all attempts; without it the row stays and is enquired about at next start.
                    sender.send(work.report(outcome)).await.ok();
                    break;
                }
                Ok(Word::Unknown) if step == Step::Enquire => {
                    if !self.is_open(work.attempt, &mut stop).await {
                        break;
                    }
                    step = Step::Send;
                    continue;
                }
                Ok(Word::Unknown) => {}
                Err(error) => self.unclear(&work, &error, unclear == 0),
            }
            unclear += 1;
            step = Step::Enquire;
            let is_left_to_the_sweep = self.enquiries.is_some() && unclear == TRIES;
            if is_left_to_the_sweep || !backoff.pause(&mut stop).await {
                break;
            }
        }
        drop(held);
    }

    async fn ask(&self, work: &RailWork, step: Step) -> Result<Word, RailError> {
        let (count, asked) = match step {
            Step::Send => (&self.stats.sent, self.rail.send(work)),
            Step::Enquire => (&self.stats.enquired, self.rail.enquire(work)),
        };
        count.fetch_add(1, Ordering::Relaxed);
        let _counted = self.stats.begin();
        asked.await
    }

    /// Counts every unclear answer, and tells of the first one in a row: a rail that is down would fill the log.
    fn unclear(&self, work: &RailWork, error: &RailError, is_first: bool) {
        self.stats.unclear.fetch_add(1, Ordering::Relaxed);
        if is_first {
            (self.notice)(&format!("{:?} is enquired about until its rail answers: {error}", work.attempt));
        }
    }
}

/// Tells of work that was left by an earlier start for rails that do not run any more, a line for each. New work is always
/// for a rail that runs.
pub async fn tell_of_strays(reader: Reader, running: Vec<String>, notice: Notice, mut stop: watch::Receiver<bool>) {
    let mut counts = std::collections::BTreeMap::<String, u64>::new();
    let mut after = None;
    loop {
        let page = dispatch::read(&reader, &notice, &mut stop, move |reader| reader.rail_work(after, PAGE)).await;
        let Some(page) = page else { return };
        let Some(last) = page.last() else { break };
        after = Some(last.attempt);
        for work in page.into_iter().filter(|work| !running.contains(&work.rail)) {
            *counts.entry(work.rail).or_default() += 1;
        }
    }
    for (rail, count) in counts {
        notice(&format!("{count} attempts are for the rail {rail:?}, which does not run here: nothing is sent"));
    }
}

#[cfg(test)]
mod tests;
