//! The rails' dispatcher of one cell: durable work in, outcomes back as commands.
//!
//! It walks the work in commit order and never looks back: a row is taken once per process. Rows that were there at start
//! are enquired about before anything is sent. After an unclear answer it enquires too, for as long as it takes.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use causeway_core::command::Command;
use causeway_core::id::AttemptId;
use causeway_core::rail::{RailOutcome, RailReport, RailWork};
use causeway_core::store::Reader;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};

use super::{Rail, RailError, Word};
use crate::dispatch::{self, Backoff, Notice, Reporter};
use crate::gate::CellHandle;

/// Rows that one look takes.
const PAGE: usize = 256;

/// The rails' dispatcher of one cell.
pub struct Dispatcher {
    /// The cell.
    pub cell: CellHandle,
    /// Where its work lies.
    pub reader: Reader,
    /// The rails by the name that corridors give them; none in live.
    pub rails: HashMap<String, Arc<dyn Rail>>,
    /// Attempts that are being handed over at once.
    pub at_once: u32,
    /// Hears of what goes wrong.
    pub notice: Notice,
    /// What it counts.
    pub stats: Arc<Stats>,
}

/// What the dispatcher counts, from its start.
#[derive(Debug, Default)]
pub struct Stats {
    /// Attempts sent.
    pub sent: AtomicU64,
    /// Attempts enquired about.
    pub enquired: AtomicU64,
    /// Answers that said nothing.
    pub unclear: AtomicU64,
}

/// What to do with an attempt next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Send,
    Enquire,
}

impl Dispatcher {
    /// Works until the stop. `reports` are the two ends of [`super::reports`]; rails hold further senders.
    pub async fn run(
        self: Arc<Self>,
        reports: (mpsc::Sender<RailReport>, mpsc::Receiver<RailReport>),
        mut stop: watch::Receiver<bool>,
    ) {
        let (sender, receiver) = reports;
        let reporter = Reporter {
            cell: self.cell.clone(),
            command: Command::ReportRails,
            taken: Arc::new(|_| {}),
            notice: Arc::clone(&self.notice),
        };
        let places = Arc::new(Semaphore::new(self.at_once as usize));
        let walk = self.walk(&places, &sender, &mut stop);
        dispatch::run(reporter, receiver, walk, &places, self.at_once).await;
    }

    async fn walk(
        self: &Arc<Self>,
        places: &Arc<Semaphore>,
        sender: &mpsc::Sender<RailReport>,
        stop: &mut watch::Receiver<bool>,
    ) {
        let mut commits = self.cell.commits();
        let mut after = None;
        let mut first = Step::Enquire;
        loop {
            let Some(page) = self.page(after, stop).await else { return };
            if page.is_empty() && !dispatch::committed(&mut commits, stop).await {
                return;
            }
            let reached_the_end = page.len() < PAGE;
            for work in page {
                after = Some(work.attempt);
                let Some(place) = dispatch::place(places, stop).await else { return };
                let carrying = Arc::clone(self).carry(work, first, place, sender.clone(), stop.clone());
                tokio::spawn(carrying);
            }
            if reached_the_end {
                first = Step::Send;
            }
        }
    }

    async fn page(&self, after: Option<AttemptId>, stop: &mut watch::Receiver<bool>) -> Option<Vec<RailWork>> {
        dispatch::read(&self.reader, &self.notice, stop, move |reader| reader.rail_work(after, PAGE)).await
    }

    /// Brings one attempt to the point where the rail has it or has said what became of it.
    async fn carry(
        self: Arc<Self>,
        work: RailWork,
        first: Step,
        place: OwnedSemaphorePermit,
        sender: mpsc::Sender<RailReport>,
        mut stop: watch::Receiver<bool>,
    ) {
        let Some(rail) = self.rails.get(&work.rail) else {
            let (rail, attempt) = (&work.rail, work.attempt);
            return (self.notice)(&format!(
                "{attempt:?} is for the rail {rail:?}, which does not run here: nothing is sent"
            ));
        };
        let mut backoff = Backoff::new();
        let mut step = first;
        let mut told = false;
        loop {
            match self.ask(rail, &work, step).await {
                Ok(Word::Accepted) => break,
                Ok(Word::Outcome(outcome)) => {
                    // The reporter outlives all attempts; without it the row stays and is enquired about at next start.
                    sender.send(report(&work, outcome)).await.ok();
                    break;
                }
                Ok(Word::Unknown) if step == Step::Enquire => {
                    step = Step::Send;
                    continue;
                }
                Ok(Word::Unknown) => {}
                Err(error) => self.unclear(&work, &error, &mut told),
            }
            step = Step::Enquire;
            if !backoff.pause(&mut stop).await {
                break;
            }
        }
        drop(place);
    }

    async fn ask(&self, rail: &Arc<dyn Rail>, work: &RailWork, step: Step) -> Result<Word, RailError> {
        let (count, asked) = match step {
            Step::Send => (&self.stats.sent, rail.send(work)),
            Step::Enquire => (&self.stats.enquired, rail.enquire(work)),
        };
        count.fetch_add(1, Ordering::Relaxed);
        asked.await
    }

    /// Counts every unclear answer, and tells of the first one for each attempt: a rail that is down would fill the log.
    fn unclear(&self, work: &RailWork, error: &RailError, told: &mut bool) {
        self.stats.unclear.fetch_add(1, Ordering::Relaxed);
        if !std::mem::replace(told, true) {
            (self.notice)(&format!("{:?} is enquired about until its rail answers: {error}", work.attempt));
        }
    }
}

fn report(work: &RailWork, outcome: RailOutcome) -> RailReport {
    RailReport { attempt: work.attempt, payment: work.payment, account: work.account, session: work.session, outcome }
}

#[cfg(test)]
mod tests;
