//! What the rail knows: pending attempts in memory, everything in the log. No clock and no thread; `now` is an argument.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use causeway_core::id::AttemptId;
use causeway_core::rail::{RailOutcome, RailReport, RailWork};
use causeway_core::time::Timestamp;

use super::Settings;
use super::history::History;
use super::log::{Log, LogError, SEGMENT_BYTES};
use super::plan::plan;
use super::record::{End, Entry, Record, State};
use crate::dispatch::Notice;
use crate::rails::Word;

/// Attempts that may be pending; one more is turned away and sent again later.
pub const PENDING: usize = 100_000;

/// What the rail knows.
pub struct Book {
    settings: Settings,
    log: Log,
    history: History,
    pending: HashMap<AttemptId, Record>,
    due: BTreeMap<(Timestamp, AttemptId), Due>,
}

/// What happens at a time.
enum Due {
    /// The attempt ends as planned.
    End,
    /// The rail says again what it has said. Forgotten by a restart, which harms nobody.
    Again(RailReport),
}

impl Book {
    /// Opens the record in `directory`.
    pub fn open(directory: &Path, settings: Settings, notice: &Notice) -> Result<Book, LogError> {
        Book::open_with(directory, settings, SEGMENT_BYTES, notice)
    }

    /// Like [`Book::open`], with segments of another size.
    pub fn open_with(directory: &Path, settings: Settings, limit: u64, notice: &Notice) -> Result<Book, LogError> {
        let mut pending = HashMap::new();
        let mut ends = Vec::new();
        let log = Log::open(directory, limit, notice, |entry| match entry {
            Entry::Begin(_) => {}
            Entry::Accepted(record) => {
                pending.insert(record.attempt, *record);
            }
            Entry::Ended(end) => {
                pending.remove(&end.attempt);
                ends.push(end);
            }
        })?;
        let mut history = History::new(directory)?;
        ends.iter().for_each(|end| history.add(end));
        let due = pending.values().map(|record| ((record.due_at, record.attempt), Due::End)).collect();
        Ok(Book { settings, log, history, pending, due })
    }

    /// Takes an attempt, unless it is known; `None` when too many are pending.
    pub fn send(&mut self, work: &RailWork, now: Timestamp) -> Result<Option<Word>, LogError> {
        match self.enquire(work.attempt)? {
            Word::Unknown if self.pending.len() >= PENDING => Ok(None),
            Word::Unknown => {
                self.accept(work, now);
                Ok(Some(Word::Accepted))
            }
            known @ (Word::Accepted | Word::Outcome(_)) => Ok(Some(known)),
        }
    }

    /// What is known of an attempt.
    pub fn enquire(&mut self, attempt: AttemptId) -> Result<Word, LogError> {
        if self.pending.contains_key(&attempt) {
            return Ok(Word::Accepted);
        }
        let ended = self.history.state(attempt)?;
        Ok(ended.map_or(Word::Unknown, |state| Word::Outcome(RailOutcome::from(state))))
    }

    /// Ends a pending attempt now instead of as planned. One that has ended keeps its outcome.
    pub fn resolve(
        &mut self,
        attempt: AttemptId,
        outcome: RailOutcome,
        now: Timestamp,
        said: &mut impl Extend<RailReport>,
    ) -> Result<Word, LogError> {
        if let Some(record) = self.pending.get(&attempt) {
            self.due.remove(&(record.due_at, attempt));
            said.extend(self.end(attempt, State::from(outcome), now));
        }
        self.enquire(attempt)
    }

    /// Lets happen what is due at `now`, at most `limit` things.
    pub fn run_due(&mut self, now: Timestamp, limit: usize, said: &mut impl Extend<RailReport>) {
        for _ in 0..limit {
            let Some(entry) = self.due.first_entry().filter(|entry| entry.key().0 <= now) else { return };
            let ((due_at, attempt), due) = entry.remove_entry();
            match due {
                Due::End => said.extend(self.end_as_planned(attempt, due_at, now)),
                Due::Again(report) => said.extend([report]),
            }
        }
    }

    /// When the next thing is due.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.due.first_key_value().map(|((due_at, _), _)| *due_at)
    }

    /// Makes everything durable. After an error the book must not be used any more.
    pub fn sync(&mut self) -> Result<(), LogError> {
        self.log.sync()?;
        if !self.log.is_full() {
            return Ok(());
        }
        let covered = self.history.roll(self.log.number());
        let carried = self.pending.values().map(|record| Entry::Accepted(Box::new(record.clone())));
        self.log.roll(std::iter::once(Entry::Begin(covered)).chain(carried))
    }

    fn accept(&mut self, work: &RailWork, now: Timestamp) {
        let record = Record::new(work, &plan(&self.settings, work, now), now);
        self.due.insert((record.due_at, record.attempt), Due::End);
        self.log.append(&Entry::Accepted(Box::new(record.clone())));
        self.pending.insert(record.attempt, record);
    }

    fn end_as_planned(&mut self, attempt: AttemptId, due_at: Timestamp, now: Timestamp) -> Option<RailReport> {
        let record = self.pending.get(&attempt)?;
        let (state, twice) = (record.planned, record.twice);
        let delay = due_at.since(record.accepted_at);
        let report = self.end(attempt, state, now)?;
        if twice {
            self.due.insert((now.plus(delay), attempt), Due::Again(report));
        }
        Some(report)
    }

    fn end(&mut self, attempt: AttemptId, state: State, now: Timestamp) -> Option<RailReport> {
        let record = self.pending.remove(&attempt)?;
        let end = End { attempt, state, at: now };
        self.log.append(&Entry::Ended(end));
        self.history.add(&end);
        Some(record.report(state))
    }
}

#[cfg(test)]
mod tests;
