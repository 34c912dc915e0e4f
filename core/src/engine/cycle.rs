//! One cell without threads: what the engine's thread turns over and what the simulator steps through.

use std::sync::Arc;
use std::time::Duration;

use super::batch::{self, Timers};
use super::committer::{Job, Progress};
use super::stats::CellStats;
use crate::change::Head;
use crate::command::Timer;
use crate::directory::Directory;
use crate::ingress::Envelope;
use crate::risk::scorer::Shelf;
use crate::routing::Catalogue;
use crate::settings::Settings;
use crate::state::State;
use crate::store::{Reader, Store, StoreError};
use crate::time::Timestamp;

/// The state with what it is read from and scored by.
pub(crate) struct Cycle {
    settings: Settings,
    catalogue: Arc<Catalogue>,
    store: Arc<dyn Store>,
    reader: Reader,
    shelf: Shelf,
    stats: Arc<CellStats>,
    tick: Duration,
    state: State,
    timers: Timers,
}

/// What a [`Cycle`] is made of.
pub(crate) struct Parts {
    pub settings: Settings,
    pub catalogue: Arc<Catalogue>,
    pub store: Arc<dyn Store>,
    pub shelf: Shelf,
    pub stats: Arc<CellStats>,
    /// How often due timers are looked for; zero: at every turn.
    pub tick: Duration,
}

impl Cycle {
    /// A cycle that goes on from what the store holds.
    pub(crate) fn open(parts: Parts) -> Result<Cycle, StoreError> {
        let Parts { settings, catalogue, store, shelf, stats, tick } = parts;
        let reader = Reader::new(Arc::clone(&store));
        let (head, directory) = recovered(&reader)?;
        let state = State::new(settings.clone(), Arc::clone(&catalogue), directory, head);
        Ok(Cycle { settings, catalogue, store, reader, shelf, stats, tick, state, timers: Timers::default() })
    }

    /// Where the state stands, synced or not.
    pub(crate) fn head(&self) -> Head {
        self.state.head()
    }

    /// The accounts and the plan of models, synced or not.
    pub(crate) fn directory(&self) -> &Directory {
        self.state.directory()
    }

    /// The models that are loaded.
    pub(crate) fn shelf(&mut self) -> &mut Shelf {
        &mut self.shelf
    }

    /// The timers that the next turn runs.
    pub(crate) fn due(&mut self, now: Timestamp, progress: Progress) -> Result<Vec<Timer>, StoreError> {
        self.timers.due(&self.reader, now, progress, self.tick)
    }

    /// Runs one batch. `Ok(None)`: there was nothing to do. On an error the unanswered envelopes come back, and the state is
    /// of no more use until [`Cycle::reopen`].
    pub(crate) fn turn(
        &mut self,
        now: Timestamp,
        due: Vec<Timer>,
        envelopes: Vec<Envelope>,
    ) -> Result<Option<Job>, (StoreError, Vec<Envelope>)> {
        batch::run(&mut self.state, &*self.store, &mut self.shelf, now, due, envelopes, &self.stats)
    }

    /// Lets go of rows that are not needed in memory; `synced` is the newest durable batch.
    pub(crate) fn evict(&mut self, synced: u64) {
        self.state.evict(synced);
    }

    /// Discards memory and goes on from what is on disk.
    pub(crate) fn reopen(&mut self) -> Result<(), StoreError> {
        self.store.reopen()?;
        let (head, directory) = recovered(&self.reader)?;
        self.state = State::new(self.settings.clone(), Arc::clone(&self.catalogue), directory, head);
        self.timers = Timers::default();
        Ok(())
    }
}

fn recovered(reader: &Reader) -> Result<(Head, Directory), StoreError> {
    let mut directory = Directory::default();
    for account in reader.accounts()? {
        directory.put(account);
    }
    if let Some(policy) = reader.risk_policy()? {
        directory.set_risk_policy(policy);
    }
    directory.set_models(Arc::new(reader.models()?));
    Ok((reader.head()?.unwrap_or_default(), directory))
}
