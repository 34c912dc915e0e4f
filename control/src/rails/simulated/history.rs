//! How attempts ended: in memory for the segment that is written and the one before, from disk for older ones.
//!
//! Ids ascend with time, so each segment covers a narrow range of them, and a new id lies beyond all of them: the disk is
//! asked only about old attempts. The last segment that was asked stays in memory, because such questions come in order.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use causeway_core::id::AttemptId;

use super::log::{self, LogError};
use super::record::{End, Entry, State};

/// The first and the last id among the attempts that ended in a segment.
pub type Range = (AttemptId, AttemptId);

/// How attempts ended.
pub struct History {
    directory: PathBuf,
    current: Ends,
    previous: Ends,
    older: Vec<(u64, Range)>,
    read: Option<(u64, Ends)>,
}

/// The ends of one segment.
#[derive(Default)]
struct Ends {
    states: HashMap<AttemptId, State>,
    range: Option<Range>,
}

impl History {
    /// The history of a log whose last segment is still to be replayed.
    pub fn new(directory: &Path) -> Result<History, LogError> {
        let mut older = Vec::new();
        for number in log::numbers(directory)? {
            let mut entries = log::entries(directory, number)?;
            match entries.next().transpose()? {
                Some(Entry::Begin(covered)) => older.extend(covered.map(|range| (number - 1, range))),
                Some(Entry::Accepted(_) | Entry::Ended(_)) | None => entries.must_be_whole()?,
            }
        }
        let (current, previous) = (Ends::default(), Ends::default());
        Ok(History { directory: directory.to_owned(), current, previous, older, read: None })
    }

    /// Adds an end to the segment that is written.
    pub fn add(&mut self, end: &End) {
        self.current.add(end);
    }

    /// How the attempt ended, if it did.
    pub fn state(&mut self, attempt: AttemptId) -> Result<Option<State>, LogError> {
        let recent = self.current.states.get(&attempt).or_else(|| self.previous.states.get(&attempt));
        if let Some(&state) = recent {
            return Ok(Some(state));
        }
        for place in (0..self.older.len()).rev() {
            let (number, (first, last)) = self.older[place];
            if (first..=last).contains(&attempt)
                && let Some(&state) = self.segment(number)?.states.get(&attempt)
            {
                return Ok(Some(state));
            }
        }
        Ok(None)
    }

    /// The segment that was written, with `number`, is closed. Gives what it covers.
    pub fn roll(&mut self, number: u64) -> Option<Range> {
        self.previous = std::mem::take(&mut self.current);
        let range = self.previous.range;
        self.older.extend(range.map(|range| (number, range)));
        range
    }

    fn segment(&mut self, number: u64) -> Result<&Ends, LogError> {
        let read = match self.read.take() {
            Some((kept, ends)) if kept == number => ends,
            _ => read(&self.directory, number)?,
        };
        Ok(&self.read.insert((number, read)).1)
    }
}

impl Ends {
    fn add(&mut self, end: &End) {
        self.states.insert(end.attempt, end.state);
        let (first, last) = self.range.unwrap_or((end.attempt, end.attempt));
        self.range = Some((first.min(end.attempt), last.max(end.attempt)));
    }
}

fn read(directory: &Path, number: u64) -> Result<Ends, LogError> {
    let mut ends = Ends::default();
    let mut entries = log::entries(directory, number)?;
    for entry in entries.by_ref() {
        if let Entry::Ended(end) = entry? {
            ends.add(&end);
        }
    }
    entries.must_be_whole()?;
    Ok(ends)
}
