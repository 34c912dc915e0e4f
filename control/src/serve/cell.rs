//! One cell with everything around it: its store, its engine, its dispatchers, its metrics.

use std::path::Path;
use std::sync::Arc;

use causeway_core::engine::{self, CellStats, RunningCell};
use causeway_core::id::Mode;
use causeway_core::rail::RailReport;
use causeway_core::routing::Catalogue;
use causeway_core::settings::Settings;
use causeway_core::store::{Store, StoreError};
use causeway_core::time::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_rustls::rustls::RootCertStore;

use super::data_dir::DataDir;
use super::model::Models;
use super::readings;
use crate::catalogue;
use crate::config::{Config, duration::millis};
use crate::dispatch::Notice;
use crate::gate::{Cell, CellOptions, SandboxRail, system_time};
use crate::keys::KeyRing;
use crate::rails::simulated::{self, LogError, SimulatedRail};
use crate::rails::{self, Rail};
use crate::telemetry::{Level, Telemetry};
use crate::webhooks;
use crate::webhooks::client::{self, Client};
use crate::webhooks::guard::Guard;

/// Attempts that are being handed over to rails at once.
const RAILS_AT_ONCE: u32 = 256;

/// What a cell is made of.
pub struct Parts<'a> {
    /// The settings.
    pub config: &'a Config,
    /// The world.
    pub mode: Mode,
    /// Its keys.
    pub keys: Arc<KeyRing>,
    /// Corridors, rates, assets and fees of all modes.
    pub catalogue: &'a Catalogue,
    /// Where it lies.
    pub data: &'a DataDir,
    /// Gives it its scorer.
    pub models: &'a Models,
    /// Log and metrics.
    pub telemetry: &'a Telemetry,
    /// Where users' browsers find the hosted pages.
    pub public_url: &'a str,
}

/// A cell at work.
pub struct Running {
    mode: Mode,
    cell: RunningCell,
    rail: Option<Arc<SimulatedRail>>,
    reports: Option<(mpsc::Sender<RailReport>, mpsc::Receiver<RailReport>)>,
    /// What scores its payments, for people.
    pub model: String,
}

/// Why a cell does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its store cannot be used.
    #[error("the {mode} cell does not start: {error}", mode = .0.name(), error = .1)]
    Store(Mode, StoreError),
    /// The simulated rail's record cannot be used.
    #[error("the simulated rail does not start: {0}")]
    Rail(#[from] LogError),
}

/// Opens the store and starts the engine. Nothing is sent to rails and receivers yet.
pub fn start(parts: &Parts<'_>) -> Result<Running, StartError> {
    let mode = parts.mode;
    let failed = |error| StartError::Store(mode, error);
    let store = open_store(&parts.data.store(mode), mode).map_err(failed)?;
    let (scorer, model) = parts.models.scorer();
    let telemetry = parts.telemetry.clone();
    let cell = engine::start(engine::Options {
        settings: settings(parts.config, &parts.keys),
        catalogue: Arc::new(catalogue::for_mode(parts.catalogue, mode)),
        scorer,
        store,
        clock: Arc::new(SystemClock),
        alarm: Arc::new(move |alarm| telemetry.alarm(mode, &alarm)),
        tick: parts.config.timer_tick,
    });
    let cell = cell.map_err(failed)?;
    parts.telemetry.add_readings(mode, readings::of_cell(&cell.stats, &cell.handle));
    let reports = rails::reports();
    let rail = match mode {
        Mode::Sandbox => Some(Arc::new(open_rail(parts, reports.0.clone())?)),
        Mode::Live => None,
    };
    Ok(Running { mode, cell, rail, reports: Some(reports), model })
}

impl Running {
    /// The cell as the edge sees it.
    pub fn gate_cell(&self, config: &Config, keys: Arc<KeyRing>, public_url: &str) -> Cell {
        let options = CellOptions {
            deadline: config.request_deadline,
            disk_reads: config.disk_reads as usize,
            embed_token_life: millis(config.embed_token_life),
            public_url: public_url.to_owned(),
            clock: system_time,
        };
        let rail = self.rail.clone().map(|rail| rail as Arc<dyn SandboxRail>);
        Cell::new(self.cell.handle.clone(), self.cell.reader.clone(), keys, rail, options)
    }

    /// What it counts.
    pub fn stats(&self) -> Arc<CellStats> {
        Arc::clone(&self.cell.stats)
    }

    /// Starts sending durable work to rails and receivers, until `stop`.
    pub fn dispatch(&mut self, parts: &Parts<'_>, guard: Guard, stop: &watch::Receiver<bool>) -> Vec<JoinHandle<()>> {
        let Some(reports) = self.reports.take() else { return Vec::new() };
        let rails = self.rails_dispatcher(parts);
        let webhooks = self.webhooks_dispatcher(parts, guard);
        parts.telemetry.add_readings(self.mode, readings::of_rails(&rails.stats));
        parts.telemetry.add_readings(self.mode, readings::of_webhooks(&webhooks.stats));
        vec![tokio::spawn(rails.run(reports, stop.clone())), tokio::spawn(webhooks.run(stop.clone()))]
    }

    /// Finishes what was accepted and refuses the rest; durable when it returns. Waits for the engine's thread.
    pub fn stop(mut self) {
        self.cell.stop();
    }

    fn rails_dispatcher(&self, parts: &Parts<'_>) -> Arc<rails::Dispatcher> {
        let simulated = self.rail.clone().map(|rail| (simulated::NAME.to_owned(), rail as Arc<dyn Rail>));
        Arc::new(rails::Dispatcher {
            cell: self.cell.handle.clone(),
            reader: self.cell.reader.clone(),
            rails: simulated.into_iter().collect(),
            at_once: RAILS_AT_ONCE,
            notice: notice(parts.telemetry, self.mode, "rails"),
            stats: Arc::default(),
        })
    }

    fn webhooks_dispatcher(&self, parts: &Parts<'_>, guard: Guard) -> Arc<webhooks::Dispatcher> {
        let notice = notice(parts.telemetry, self.mode, "webhooks");
        let roots = client::system_roots().unwrap_or_else(|reason| {
            notice(&reason);
            RootCertStore::empty()
        });
        Arc::new(webhooks::Dispatcher {
            cell: self.cell.handle.clone(),
            reader: self.cell.reader.clone(),
            keys: Arc::clone(&parts.keys),
            client: Client::new(guard, parts.config.delivery_timeout, roots),
            public_url: parts.public_url.to_owned(),
            at_once: parts.config.deliveries_at_once,
            notice,
            stats: Arc::default(),
        })
    }
}

#[cfg(feature = "full")]
fn open_store(path: &Path, mode: Mode) -> Result<Arc<dyn Store>, StoreError> {
    use causeway_core::store::{Identity, RocksStore, StoreMemory};
    Ok(Arc::new(RocksStore::open(path, Identity { mode }, StoreMemory::default())?))
}

/// A build without the embedded store keeps everything in memory: for editing and unit tests.
#[cfg(not(feature = "full"))]
fn open_store(_: &Path, _: Mode) -> Result<Arc<dyn Store>, StoreError> {
    Ok(Arc::new(causeway_core::store::MemoryStore::default()))
}

fn open_rail(parts: &Parts<'_>, reports: mpsc::Sender<RailReport>) -> Result<SimulatedRail, LogError> {
    let settings = simulated::Settings {
        seed: parts.config.rail_seed,
        settle_delay: parts.config.rail_settle_delay,
        late_delay: parts.config.rail_late_delay,
    };
    let directory = simulated::directory(parts.data.path(), parts.mode);
    SimulatedRail::open(&directory, settings, reports, notice(parts.telemetry, parts.mode, "simulated_rail"))
}

/// Lines of a dispatcher become log lines under its name.
fn notice(telemetry: &Telemetry, mode: Mode, event: &'static str) -> Notice {
    let telemetry = telemetry.clone();
    Arc::new(move |text| {
        let record = telemetry.record(Level::Warn, event).text("mode", mode.name()).text("notice", text);
        telemetry.write(record);
    })
}

fn settings(config: &Config, keys: &KeyRing) -> Settings {
    Settings {
        session_life: millis(config.session_life),
        quote_life: millis(config.quote_life),
        verification_life: millis(config.verification_life),
        delivery_gaps: config.delivery_gaps.0.iter().copied().map(millis).collect(),
        ..Settings::new(keys.mode(), keys.id_key(), keys.quote_key())
    }
}

struct SystemClock;

impl engine::Clock for SystemClock {
    fn now(&self) -> Timestamp {
        system_time()
    }
}
