//! The rail's thread: takes what has arrived, lets happen what is due, syncs once, and only then speaks.

use std::collections::{BTreeMap, VecDeque};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use causeway_core::id::AttemptId;
use causeway_core::rail::{RailOutcome, RailReport, RailWork};
use causeway_core::time::{Millis, Timestamp};
use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::oneshot;

use super::book::Book;
use super::log::LogError;
use crate::dispatch::Notice;
use crate::gate::system_time;
use crate::rails::Word;

/// Questions and due attempts that one sync covers at most.
const BATCH: usize = 1_024;
/// Shortest time between two syncs: under load more attempts share one, and the disk is left to the cell.
const SYNC_GAP: Duration = Duration::from_millis(5);
/// How long the thread sleeps when nothing is due.
const IDLE: Duration = Duration::from_secs(1);
/// Reports that may wait for the dispatcher; with more of them nothing ends until it has caught up.
const UNREPORTED: usize = 4_096;
/// How long a test helper's wish waits for its attempt, which may still be on its way.
const PATIENCE: Millis = Millis::seconds(5);
/// Wishes that may wait.
const WISHES: usize = 1_024;

/// A question and where its answer goes. Without an answer it is dropped.
pub struct Question {
    /// What is asked.
    pub ask: Ask,
    /// Where the answer goes.
    pub answer: oneshot::Sender<Word>,
}

/// What can be asked.
pub enum Ask {
    /// Move the money.
    Send(Box<RailWork>),
    /// Say what became of it.
    Enquire(AttemptId),
    /// End it with this outcome.
    Resolve(AttemptId, RailOutcome),
}

/// The thread's state.
pub struct Worker {
    book: Book,
    questions: Receiver<Question>,
    reports: Sender<RailReport>,
    notice: Notice,
    wishes: BTreeMap<AttemptId, Vec<Wish>>,
    answers: Vec<(oneshot::Sender<Word>, Word)>,
    unreported: VecDeque<RailReport>,
    synced_at: Instant,
}

/// A test helper's wish for an attempt that has not arrived.
struct Wish {
    outcome: RailOutcome,
    until: Timestamp,
    answer: oneshot::Sender<Word>,
}

impl Worker {
    /// A worker on an open book.
    pub fn new(book: Book, questions: Receiver<Question>, reports: Sender<RailReport>, notice: Notice) -> Worker {
        Worker {
            book,
            questions,
            reports,
            notice,
            wishes: BTreeMap::new(),
            answers: Vec::new(),
            unreported: VecDeque::new(),
            synced_at: Instant::now(),
        }
    }

    /// Works until nobody can ask any more, or the record cannot be written.
    pub fn run(mut self) {
        loop {
            let Some(batch) = self.wait() else { return };
            if let Err(error) = self.turn(batch) {
                // Nothing is known of what was not synced: no answer leaves, and the dispatcher enquires after a restart.
                return (self.notice)(&format!("the simulated rail stops: {error}"));
            }
        }
    }

    /// The questions that have arrived; none when something is due first; `None` when nobody can ask any more.
    fn wait(&self) -> Option<Vec<Question>> {
        let first = match self.questions.recv_timeout(self.idle_time()) {
            Ok(question) => question,
            Err(RecvTimeoutError::Timeout) => return Some(Vec::new()),
            Err(RecvTimeoutError::Disconnected) => return None,
        };
        let mut batch = vec![first];
        while batch.len() < BATCH {
            match self.questions.recv_timeout(SYNC_GAP.saturating_sub(self.synced_at.elapsed())) {
                Ok(question) => batch.push(question),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
            }
        }
        Some(batch)
    }

    fn idle_time(&self) -> Duration {
        if !self.unreported.is_empty() {
            return SYNC_GAP;
        }
        let next = self.book.next_due().into_iter().chain(self.wishes.values().flatten().map(|wish| wish.until)).min();
        let until = next.map_or(IDLE, |next| Duration::from_millis(next.since(system_time()).0));
        until.max(SYNC_GAP.saturating_sub(self.synced_at.elapsed())).min(IDLE)
    }

    fn turn(&mut self, batch: Vec<Question>) -> Result<(), LogError> {
        let now = system_time();
        for question in batch {
            self.consider(question, now);
        }
        let room = UNREPORTED.saturating_sub(self.unreported.len()).min(BATCH);
        self.book.run_due(now, room, &mut self.unreported);
        self.book.sync()?;
        self.synced_at = Instant::now();
        for (answer, word) in self.answers.drain(..) {
            // Whoever asked may have gone: the record stands all the same.
            answer.send(word).ok();
        }
        self.wishes.retain(|_, wishes| {
            wishes.retain(|wish| wish.until > now);
            !wishes.is_empty()
        });
        self.report();
        Ok(())
    }

    fn consider(&mut self, question: Question, now: Timestamp) {
        let Question { ask, answer } = question;
        let word = match ask {
            Ask::Send(work) => self.send(&work, now),
            Ask::Enquire(attempt) => self.book.enquire(attempt).map(Some),
            Ask::Resolve(attempt, outcome) => match self.book.resolve(attempt, outcome, now, &mut self.unreported) {
                Ok(Word::Unknown) => {
                    return self.remember(attempt, Wish { outcome, until: now.plus(PATIENCE), answer });
                }
                word => word.map(Some),
            },
        };
        match word {
            Ok(word) => self.answers.extend(word.map(|word| (answer, word))),
            Err(error) => (self.notice)(&format!("the simulated rail cannot answer a question: {error}")),
        }
    }

    /// Takes an attempt; the first wish that waits for it comes true at once, and the others hear of it.
    fn send(&mut self, work: &RailWork, now: Timestamp) -> Result<Option<Word>, LogError> {
        let word = self.book.send(work, now)?;
        let wishes = word.and_then(|_| self.wishes.remove(&work.attempt)).unwrap_or_default();
        for wish in wishes {
            let word = self.book.resolve(work.attempt, wish.outcome, now, &mut self.unreported)?;
            self.answers.push((wish.answer, word));
        }
        Ok(word)
    }

    /// Dropping a wish tells its helper that there is no answer.
    fn remember(&mut self, attempt: AttemptId, wish: Wish) {
        if self.wishes.values().map(Vec::len).sum::<usize>() < WISHES {
            self.wishes.entry(attempt).or_default().push(wish);
        }
    }

    /// Hands over what the dispatcher takes now; the rest waits. Without a dispatcher nobody needs to know: at the next
    /// start it enquires.
    fn report(&mut self) {
        while let Some(report) = self.unreported.pop_front() {
            match self.reports.try_send(report) {
                Ok(()) => {}
                Err(TrySendError::Full(report)) => return self.unreported.push_front(report),
                Err(TrySendError::Closed(_)) => return self.unreported.clear(),
            }
        }
    }
}
