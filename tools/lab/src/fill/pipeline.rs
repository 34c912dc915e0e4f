//! Two threads: one generates and performs, the other scores, encodes and writes. What lies between them is bounded.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use causeway_core::change::Effects;
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

/// Writes a history as tables.
pub fn tables(history: History, tables: Tables, progress: &mut Progress) -> Result<(), Failure> {
    let mut desk = Desk { tables: Some(tables), scorer: None, progress };
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
    desk.finish()
}

/// Performs a history into a database, and writes it as tables if there are any.
pub fn database(
    database: &Database,
    mut driver: Driver,
    scorer: Option<Box<dyn Scorer>>,
    tables: Option<Tables>,
    progress: &mut Progress,
) -> Result<(), Failure> {
    let wants_stories = tables.is_some();
    let mut desk = Desk { tables, scorer, progress };
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
        let (batches, last) = last_batches(rest);
        batches.iter().try_for_each(|batch| bulk.add(batch))?;
        Ok::<Batch, Failure>(last)
    })?;
    desk.finish()
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
            }
            let bytes = self.tables.as_ref().map_or(0, Tables::bytes) + bulk.as_ref().map_or(0, |bulk| bulk.bytes());
            self.progress.add(message.begun, bytes);
        }
        Ok(())
    }

    fn finish(self) -> Result<(), Failure> {
        self.tables.map_or(Ok(()), Tables::finish)
    }
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
