//! Two threads: one generates and performs, the other scores, encodes and writes. What lies between them is bounded.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use causeway_core::change::{Change, Effects};
use causeway_core::risk::scorer::Scorer;
use causeway_core::store::{Batch, Bulk, StoreError};

use super::csv::Tables;
use super::database::{Database, Driver, last_batches};
use super::generate::History;
use super::generate::draft::Story;
use super::model;
use super::progress::Progress;
use crate::failure::Failure;

/// What the first thread makes.
pub enum Load {
    /// A payment that begins.
    Story(Arc<Story>),
    /// Rows that are final.
    Rows(Effects),
}

/// How many payments were written, where there is such a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// Rows of the tables.
    pub rows: Option<u64>,
    /// Payments in the database.
    pub payments: Option<u64>,
}

/// What is handed on at once.
#[derive(Default)]
struct Message {
    begun: u64,
    stories: Vec<Arc<Story>>,
    rows: Option<Effects>,
}

/// Stories that are handed on at once.
const STORIES: u64 = 1_024;
/// Messages between the threads.
const MESSAGES: usize = 16;

/// Writes a history as tables. Fails when they hold another number than expected.
pub fn tables(history: History, tables: Tables, progress: &mut Progress, expected: Written) -> Result<(), Failure> {
    let mut desk = Desk { tables: Some(tables), scorer: None, progress, payments: None };
    let (sender, receiver) = sync_channel(MESSAGES);
    thread::scope(|scope| {
        let first = named(scope, move || {
            let mut outlet = Outlet::new(sender, true);
            history.into_iter().try_for_each(|story| outlet.put(Load::Story(Arc::new(story))))?;
            outlet.send()
        })?;
        let written = desk.write(receiver, None);
        both(written, join(first))
    })?;
    desk.finish(expected)
}

/// Performs a history into a database, and writes it as tables if there are any. All is synced when it returns. Fails when
/// they hold another number than expected.
pub fn database(
    database: &Database,
    mut driver: Driver,
    scorer: Option<Box<dyn Scorer>>,
    tables: Option<Tables>,
    progress: &mut Progress,
    expected: Written,
) -> Result<(), Failure> {
    let wants_stories = tables.is_some();
    let mut desk = Desk { tables, scorer, progress, payments: Some(0) };
    database.store.fill(|bulk| {
        let (sender, receiver) = sync_channel(MESSAGES);
        let rest = thread::scope(|scope| {
            let first = named(scope, move || {
                let mut outlet = Outlet::new(sender, wants_stories);
                driver.run(&mut |load| outlet.put(load))?;
                outlet.send()?;
                driver.rest()
            })?;
            let written = desk.write(receiver, Some(&mut *bulk));
            both(written, join(first))
        })?;
        last_batches(rest, |batch| Ok(bulk.add(&batch)?))
    })?;
    desk.finish(expected)
}

/// The first thread's end.
struct Outlet {
    sender: SyncSender<Message>,
    wants_stories: bool,
    message: Message,
}

impl Outlet {
    fn new(sender: SyncSender<Message>, wants_stories: bool) -> Outlet {
        Outlet { sender, wants_stories, message: Message::default() }
    }

    fn put(&mut self, load: Load) -> Result<(), Failure> {
        match load {
            Load::Story(story) => {
                self.message.begun += 1;
                if self.wants_stories {
                    self.message.stories.push(story);
                }
                if self.message.begun == STORIES { self.send() } else { Ok(()) }
            }
            Load::Rows(rows) => {
                self.message.rows = Some(rows);
                self.send()
            }
        }
    }

    fn send(&mut self) -> Result<(), Failure> {
        let message = std::mem::take(&mut self.message);
        self.sender.send(message).map_err(|_| Failure::wrong("nothing more can be written"))
    }
}

/// The second thread's end.
struct Desk<'a> {
    tables: Option<Tables>,
    scorer: Option<Box<dyn Scorer>>,
    progress: &'a mut Progress,
    /// Payments that the database was given, if there is one.
    payments: Option<u64>,
}

impl Desk<'_> {
    /// Writes until the first thread has ended.
    fn write(&mut self, messages: Receiver<Message>, mut bulk: Option<&mut Bulk<'_>>) -> Result<(), Failure> {
        for message in messages {
            if let Some(tables) = &mut self.tables {
                message.stories.iter().try_for_each(|story| tables.add(story))?;
            }
            if let Some((bulk, mut rows)) = bulk.as_mut().zip(message.rows) {
                if let Some(scorer) = &mut self.scorer {
                    model::score(scorer.as_mut(), &mut rows.changes);
                }
                bulk.add(&Batch::encode(&rows))?;
                let payments = rows.changes.iter().filter(|row| matches!(row, Change::Payment(_))).count() as u64;
                self.payments = self.payments.map(|before| before + payments);
            }
            let bytes = self.tables.as_ref().map_or(0, Tables::bytes) + bulk.as_ref().map_or(0, |bulk| bulk.bytes());
            self.progress.add(message.begun, bytes);
        }
        Ok(())
    }

    fn finish(self, expected: Written) -> Result<(), Failure> {
        let written = Written { rows: self.tables.as_ref().map(Tables::rows), payments: self.payments };
        require(expected, written)?;
        self.tables.map_or(Ok(()), Tables::finish)
    }
}

fn require(expected: Written, written: Written) -> Result<(), Failure> {
    let of = |what: &str, expected: Option<u64>, written: Option<u64>| match (expected, written) {
        (expected, written) if expected == written => Ok(()),
        (expected, written) => Err(Failure::wrong(format!(
            "{what} hold {} payments rather than {}: the generator is wrong, use none of it",
            written.unwrap_or_default(),
            expected.unwrap_or_default()
        ))),
    };
    of("the tables", expected.rows, written.rows)?;
    of("the data directory", expected.payments, written.payments)
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Failure {
        Failure::wrong(error.to_string())
    }
}

/// Starts the first thread.
fn named<'scope, T: Send + 'scope>(
    scope: &'scope thread::Scope<'scope, '_>,
    work: impl FnOnce() -> Result<T, Failure> + Send + 'scope,
) -> Result<thread::ScopedJoinHandle<'scope, Result<T, Failure>>, Failure> {
    let started = thread::Builder::new().name("history".to_owned()).spawn_scoped(scope, work);
    started.map_err(|error| Failure::wrong(format!("cannot start a second thread: {error}")))
}

/// When writing failed, that is the reason for the other thread's failure too.
fn both<T>(written: Result<(), Failure>, made: Result<T, Failure>) -> Result<T, Failure> {
    written.and(made)
}

fn join<T>(thread: thread::ScopedJoinHandle<'_, Result<T, Failure>>) -> Result<T, Failure> {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_number_of_payments_is_a_failure() {
        let all = Written { rows: Some(5), payments: Some(5) };
        assert_eq!(require(all, all), Ok(()));
        let check = |written: Written, word: &str| {
            let failure = require(all, written).unwrap_err();
            assert_eq!(failure.exit_code(), 1);
            assert!(failure.to_string().contains(word) && failure.to_string().contains("4 payments"), "{failure}");
        };
        check(Written { rows: Some(4), ..all }, "tables");
        check(Written { payments: Some(4), ..all }, "data directory");
    }
}
