//! The sandbox's rail: seeded, stateful, with a durable record of its own.
//!
//! It stands for something outside of this program, so it shares nothing with the cell: its record is an append-only log
//! in its own directory, and tests compare that with the ledger. One thread owns everything; what arrives together is
//! synced together, and no answer leaves before the record that it tells of is synced. A log rather than a second
//! database because the work is appending, because memory stays bounded by what is pending and two segments' worth of
//! ids, and because a witness should not stand on the same ground as what it testifies to.

mod book;
mod export;
mod history;
mod log;
mod plan;
mod record;
mod segment;
mod worker;

use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, SyncSender, TrySendError};
use std::thread::JoinHandle;
use std::time::Duration;

use causeway_core::id::{AttemptId, Mode};
use causeway_core::rail::{RailOutcome, RailReport, RailWork};
use tokio::sync::oneshot;

use super::{Rail, RailError, Word};
use crate::dispatch::Notice;
use crate::gate::{BoxFuture, RailUnavailable, SandboxRail};
use book::Book;
use worker::{Ask, Question, Worker};

pub use export::{Export, export};
pub use log::LogError;

/// The name under which corridors of the sandbox know it.
pub const NAME: &str = "simulated";

/// Questions that may wait; one more is turned away and asked again.
const QUESTIONS: usize = 4_096;

/// How the rail behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The same seed gives the same delays to the same attempts.
    pub seed: u64,
    /// The shortest time until an ordinary attempt settles; the longest is four times that. Soft failures take a quarter.
    pub settle_delay: Duration,
    /// How long the rail takes when it is late.
    pub late_delay: Duration,
}

/// The rail. Dropping it ends its thread; what is pending goes on when it is opened again.
pub struct SimulatedRail {
    questions: Option<SyncSender<Question>>,
    thread: Option<JoinHandle<()>>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { seed: 1, settle_delay: Duration::from_millis(200), late_delay: Duration::from_secs(30) }
    }
}

/// Where the record of a mode's simulated rail lies.
pub fn directory(data_dir: &Path, mode: Mode) -> PathBuf {
    data_dir.join(mode.name()).join("rail")
}

impl SimulatedRail {
    /// Opens the record in `directory`, which is made if it is missing, and goes on with what is pending. Outcomes go to
    /// `reports`.
    pub fn open(
        directory: &Path,
        settings: Settings,
        reports: tokio::sync::mpsc::Sender<RailReport>,
        notice: Notice,
    ) -> Result<SimulatedRail, LogError> {
        let book = Book::open(directory, settings, &notice)?;
        let (questions, waiting) = mpsc::sync_channel(QUESTIONS);
        let worker = Worker::new(book, waiting, reports, notice);
        let thread = std::thread::Builder::new().name("simulated-rail".to_owned()).spawn(move || worker.run());
        let thread = thread.map_err(|error| LogError::io(directory, error))?;
        Ok(SimulatedRail { questions: Some(questions), thread: Some(thread) })
    }

    async fn ask(&self, ask: Ask) -> Result<Word, RailError> {
        let (answer, awaited) = oneshot::channel();
        let stopped = || RailError("the simulated rail has stopped; its last notice says why".to_owned());
        let questions = self.questions.as_ref().ok_or_else(stopped)?;
        questions.try_send(Question { ask, answer }).map_err(|error| match error {
            TrySendError::Full(_) => RailError("the simulated rail has too many questions waiting".to_owned()),
            TrySendError::Disconnected(_) => stopped(),
        })?;
        awaited.await.map_err(|_| RailError("the simulated rail gave no answer".to_owned()))
    }
}

impl Rail for SimulatedRail {
    fn send<'a>(&'a self, work: &'a RailWork) -> BoxFuture<'a, Result<Word, RailError>> {
        Box::pin(self.ask(Ask::Send(Box::new(work.clone()))))
    }

    fn enquire<'a>(&'a self, work: &'a RailWork) -> BoxFuture<'a, Result<Word, RailError>> {
        Box::pin(self.ask(Ask::Enquire(work.attempt)))
    }
}

impl SandboxRail for SimulatedRail {
    fn resolve(&self, attempt: AttemptId, outcome: RailOutcome) -> BoxFuture<'_, Result<RailOutcome, RailUnavailable>> {
        Box::pin(async move {
            match self.ask(Ask::Resolve(attempt, outcome)).await {
                Ok(Word::Outcome(outcome)) => Ok(outcome),
                Ok(Word::Accepted | Word::Unknown) => {
                    Err(RailUnavailable("the attempt did not arrive there in time".to_owned()))
                }
                Err(RailError(reason)) => Err(RailUnavailable(reason)),
            }
        })
    }
}

impl Drop for SimulatedRail {
    fn drop(&mut self) {
        drop(self.questions.take());
        // A thread that panicked has said so already; there is nobody here to tell.
        self.thread.take().map(JoinHandle::join);
    }
}

#[cfg(test)]
mod tests;
