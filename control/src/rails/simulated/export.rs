//! The record as lines of JSON, for those who compare it with the ledger. Reads the files only, while nobody writes them.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};

use causeway_core::id::{AttemptId, Mode};
use causeway_core::payment::PaymentKind;
use serde::Serialize;

use super::log::{self, LogError};
use super::record::{Entry, Record, State};
use super::segment::Entries;

/// All attempts as lines of JSON: first those that ended, in the order of their ends, then the pending ones.
pub struct Export {
    directory: PathBuf,
    mode: Mode,
    to_read: VecDeque<u64>,
    reading: Option<Entries>,
    pending: BTreeMap<AttemptId, Record>,
}

/// One attempt in an export. Amounts are decimal strings, times milliseconds since 1970.
#[derive(Serialize)]
struct Line<'a> {
    attempt: String,
    payment: String,
    account: String,
    session: String,
    kind: &'static str,
    number: u32,
    corridor: &'a str,
    currency: &'a str,
    fiat_amount: &'a str,
    asset: &'a str,
    crypto_amount: &'a str,
    state: &'static str,
    accepted_at: u64,
    ended_at: Option<u64>,
}

/// The record in `directory`, with the ids of `mode`. Nothing is written; an unfinished write at the end is passed over.
pub fn export(directory: &Path, mode: Mode) -> Result<Export, LogError> {
    let to_read = log::numbers(directory)?.into();
    Ok(Export { directory: directory.to_owned(), mode, to_read, reading: None, pending: BTreeMap::new() })
}

impl Export {
    fn next_line(&mut self) -> Result<Option<String>, LogError> {
        while let Some(entry) = self.next_entry()? {
            match entry {
                Entry::Begin(_) => {}
                Entry::Accepted(record) => {
                    self.pending.insert(record.attempt, *record);
                }
                Entry::Ended(end) => {
                    if let Some(record) = self.pending.remove(&end.attempt) {
                        return Ok(Some(self.line(&record, Some((end.state, end.at.0)))));
                    }
                }
            }
        }
        let pending = self.pending.pop_first();
        Ok(pending.map(|(_, record)| self.line(&record, None)))
    }

    fn next_entry(&mut self) -> Result<Option<Entry>, LogError> {
        loop {
            if let Some(reading) = &mut self.reading {
                if let Some(entry) = reading.next() {
                    return entry.map(Some);
                }
                if !self.to_read.is_empty() {
                    reading.must_be_whole()?;
                }
            }
            let Some(number) = self.to_read.pop_front() else { return Ok(None) };
            self.reading = Some(log::entries(&self.directory, number)?);
        }
    }

    fn line(&self, record: &Record, end: Option<(State, u64)>) -> String {
        let kind = PaymentKind::from(record.kind);
        let line = Line {
            attempt: record.attempt.text(self.mode),
            payment: record.payment.text(kind.prefix(), self.mode),
            account: record.account.text(),
            session: record.session.text(self.mode),
            kind: kind.word(),
            number: record.number,
            corridor: &record.corridor,
            currency: &record.currency,
            fiat_amount: &record.fiat_amount,
            asset: &record.asset,
            crypto_amount: &record.crypto_amount,
            state: end.map_or("accepted", |(state, _)| state.word()),
            accepted_at: record.accepted_at.0,
            ended_at: end.map(|(_, at)| at),
        };
        serde_json::to_string(&line).expect("texts and numbers can always be written as JSON")
    }
}

impl Iterator for Export {
    type Item = Result<String, LogError>;

    fn next(&mut self) -> Option<Result<String, LogError>> {
        self.next_line().transpose()
    }
}
