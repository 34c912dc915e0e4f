//! One cell with everything around it: its store, its engine, its dispatchers, its metrics.

use std::path::Path;
use std::sync::Arc;

use causeway_core::engine::{self, CellStats, RunningCell};
use causeway_core::id::Mode;
use causeway_core::rail::RailReport;
use causeway_core::risk::scorer::Shelf;
use causeway_core::routing::Catalogue;
use causeway_core::store::{Reader, Store, StoreError};
use causeway_core::time::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_rustls::rustls::RootCertStore;

use super::ground::Ground;
use super::library::{self, Shelves};
use super::model::Found;
use super::reviews;
use super::rollback::{Rollbacks, Watcher};
use super::settings::settings;
use super::watched::{OnTurn, Turn, Watched};
use super::{first, readings};
use crate::bus::{self, Bus, Publisher};
use crate::config::duration::millis;
use crate::dispatch::Notice;
use crate::gate::{Cell, CellOptions, InFlight, SandboxRail, system_time};
use crate::keys::KeyRing;
use crate::models::{Follower, Models, Registry, stock};
use crate::operator::Audit;
use crate::rails;
use crate::rails::config::RailConfig;
use crate::rails::http::HttpRail;
use crate::rails::simulated::{self, LogError, SimulatedRail};
use crate::telemetry::{Level, Telemetry};
use crate::webhooks;
use crate::webhooks::client::{self, Client};

/// Attempts that are being handed over to the simulated rail at once.
const SIMULATED_AT_ONCE: u32 = 256;

/// Both ends of a rail's reports.
type Reports = (mpsc::Sender<RailReport>, mpsc::Receiver<RailReport>);

/// What a cell reaches outside of the process, beside receivers.
pub struct Outside<'a> {
    /// Rails, of which those of its mode are its own.
    pub rails: &'a [RailConfig],
    /// Where it publishes its events.
    pub bus: Option<Arc<dyn Bus>>,
}

/// A cell at work.
pub struct Running {
    cell: RunningCell,
    catalogue: Arc<Catalogue>,
    keys: Arc<KeyRing>,
    rail: Option<Arc<SimulatedRail>>,
    reports: Option<Reports>,
    http_rails: Vec<Arc<HttpRail>>,
    bus: Option<Arc<dyn Bus>>,
    in_flight: Arc<InFlight>,
    models: Arc<Models>,
    /// Why models of the plan are not there.
    missing: Vec<String>,
    /// What scores, for people.
    model: String,
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

/// Opens the store and starts the engine of the keys' mode. Nothing is sent to rails, receivers and the
/// bus yet.
pub fn start(
    ground: &Ground<'_>,
    keys: Arc<KeyRing>,
    catalogue: &Catalogue,
    outside: Outside<'_>,
    found: &Found,
) -> Result<Running, StartError> {
    let mode = keys.mode();
    let failed = |error| StartError::Store(mode, error);
    let store = open_store(&ground.data.store(mode), mode, ground.config.store_cache).map_err(failed)?;
    let watched = Watched::new(on_turn(ground.telemetry, mode));
    let (deciders, registry) = (watched.deciders(), Registry::open(ground.data.models(mode)));
    let plan = Reader::new(Arc::clone(&store)).models().map_err(failed)?;
    let mut shelf = Shelf::watched(Box::new(watched));
    let stocked = stock(&registry, &*found.loader, &plan, &mut shelf);
    let missing = stocked.missing.iter().map(|(id, reason)| format!("{id}: {reason}")).collect();
    let telemetry = ground.telemetry.clone();
    let catalogue = Arc::new(catalogue.clone());
    let cell = engine::start(engine::Options {
        settings: settings(ground, &keys, outside.bus.is_some()),
        catalogue: Arc::clone(&catalogue),
        shelf,
        store,
        clock: Arc::new(SystemClock),
        alarm: Arc::new(move |alarm| telemetry.alarm(mode, &alarm)),
        tick: ground.config.timer_tick,
    });
    let cell = cell.map_err(failed)?;
    ground.telemetry.add_readings(mode, readings::of_cell(&cell.stats, &cell.handle));
    ground.telemetry.add_readings(mode, readings::of_deciders(&deciders));
    let loader = Arc::clone(&found.loader);
    let models = Arc::new(Models::new(cell.handle.clone(), cell.shelf.clone(), registry, loader, stocked));
    ground.telemetry.add_readings(mode, readings::of_models(&models));
    let reports = crate::rails::reports();
    let rail = match mode {
        Mode::Sandbox => Some(Arc::new(open_rail(ground, reports.0.clone())?)),
        Mode::Live => None,
    };
    let own = outside.rails.iter().filter(|rail| rail.mode == mode);
    let http_rails = own.map(|rail| Arc::new(HttpRail::new(rail.clone()))).collect();
    let (reports, in_flight, model) = (Some(reports), Arc::default(), String::new());
    let bus = outside.bus;
    Ok(Running { cell, catalogue, keys, rail, reports, http_rails, bus, in_flight, models, missing, model })
}

impl Running {
    /// The world that it lives in.
    pub fn mode(&self) -> Mode {
        self.keys.mode()
    }

    /// Its models.
    pub fn models(&self) -> &Arc<Models> {
        &self.models
    }

    /// Makes the first package live when no model was ever registered.
    pub async fn settle_models(&mut self, ground: &Ground<'_>, found: &Found, audit: &Audit) {
        let is_named = ground.config.model_dir.is_some();
        let settled = first::settle(&self.models, found, is_named, &self.missing, audit, ground.telemetry);
        self.model = settled.await;
    }

    /// Looks after the models, until `stop`.
    pub fn watch_models(
        &self,
        ground: &Ground<'_>,
        audit: &Audit,
        library: &Arc<Shelves>,
        stop: &watch::Receiver<bool>,
    ) -> Vec<JoinHandle<()>> {
        let rollbacks = Arc::<Rollbacks>::default();
        ground.telemetry.add_readings(self.mode(), readings::of_rollbacks(&rollbacks));
        let drift = library::follower(ground, self, library);
        let watcher = Watcher {
            models: Arc::clone(&self.models),
            audit: audit.clone(),
            telemetry: ground.telemetry.clone(),
            verdict_on: library::verdict_of(&drift, &self.models),
            rollbacks,
            told: Default::default(),
        };
        let scored = Arc::default();
        ground.telemetry.add_readings(self.mode(), readings::of_shadows(&scored));
        let (models, reader) = (Arc::clone(&self.models), self.cell.reader.clone());
        let follower = Follower { models, reader, notice: notice(ground.telemetry, self.mode(), "models"), scored };
        let tasks = [tokio::spawn(watcher.run(stop.clone())), tokio::spawn(follower.run(stop.clone()))];
        tasks.into_iter().chain([library::follow(drift, stop)]).collect()
    }

    /// What scores its payments, for people.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// Where it publishes its events, for people.
    pub fn bus_place(&self) -> Option<String> {
        self.bus.as_ref().map(|bus| format!("{}: {}", self.mode().name(), bus.place()))
    }

    /// What it counts.
    pub fn stats(&self) -> Arc<CellStats> {
        Arc::clone(&self.cell.stats)
    }

    /// Reads what is synced.
    pub fn reader(&self) -> Reader {
        self.cell.reader.clone()
    }

    /// The cell as the edge sees it.
    pub fn behind_gate(&self, ground: &Ground<'_>) -> Cell {
        let options = CellOptions {
            deadline: ground.config.request_deadline,
            disk_reads: ground.config.disk_reads as usize,
            embed_token_life: millis(ground.config.embed_token_life),
            own_origin: ground.own_origin(),
            clock: system_time,
        };
        let rail = self.rail.clone().map(|rail| rail as Arc<dyn SandboxRail>);
        let catalogue = Arc::clone(&self.catalogue);
        let (handle, reader) = (self.cell.handle.clone(), self.cell.reader.clone());
        Cell::new(handle, reader, Arc::clone(&self.keys), catalogue, rail, options)
            .with_in_flight(Arc::clone(&self.in_flight))
    }

    /// Starts sending durable work to rails, receivers and the bus, until `stop`.
    pub fn dispatch(&mut self, ground: &Ground<'_>, stop: &watch::Receiver<bool>) -> Vec<JoinHandle<()>> {
        let Some(reports) = self.reports.take() else { return Vec::new() };
        let mut tasks = self.dispatch_to_rails(ground, reports, stop);
        let webhooks = self.webhooks_dispatcher(ground);
        ground.telemetry.add_readings(self.mode(), readings::of_webhooks(&webhooks.stats, &self.cell.handle));
        tasks.push(tokio::spawn(webhooks.run(stop.clone())));
        let sweeper = self.sweeper(ground);
        ground.telemetry.add_readings(self.mode(), readings::of_sweeper(&sweeper));
        tasks.push(tokio::spawn(sweeper.run(stop.clone())));
        let waiting = Arc::default();
        ground.telemetry.add_readings(self.mode(), readings::of_reviews(&waiting));
        let unread = notice(ground.telemetry, self.mode(), "reviews");
        tasks.push(tokio::spawn(reviews::watch(self.cell.reader.clone(), unread, waiting, stop.clone())));
        tasks.push(self.publish(ground, stop));
        tasks.push(tokio::spawn(self.redeliverer(ground).run(stop.clone())));
        tasks
    }

    /// The rails that are reached over HTTP.
    pub fn http_rails(&self) -> &[Arc<HttpRail>] {
        &self.http_rails
    }

    /// Finishes what was accepted and refuses the rest; durable when it returns. Waits for the engine's thread.
    pub fn stop(mut self) {
        self.cell.stop();
    }

    /// One dispatcher for each rail. `reports` are those of the simulated one, which keeps a sender.
    fn dispatch_to_rails(
        &self,
        ground: &Ground<'_>,
        reports: Reports,
        stop: &watch::Receiver<bool>,
    ) -> Vec<JoinHandle<()>> {
        let over_http = self.http_rails.iter().map(|rail| (self.http_dispatcher(ground, rail), rails::reports()));
        let simulated = self.rail.clone().map(|rail| (self.simulated_dispatcher(ground, rail), reports));
        let dispatchers: Vec<(rails::Dispatcher, Reports)> = simulated.into_iter().chain(over_http).collect();
        let running = dispatchers.iter().map(|(dispatcher, _)| dispatcher.name.clone()).collect();
        let notice = notice(ground.telemetry, self.mode(), "rails");
        let strays = rails::tell_of_strays(self.cell.reader.clone(), running, notice, stop.clone());
        let mut tasks = vec![tokio::spawn(strays)];
        for (dispatcher, reports) in dispatchers {
            ground.telemetry.add_readings(self.mode(), readings::of_rail(&dispatcher));
            tasks.push(tokio::spawn(Arc::new(dispatcher).run(reports, stop.clone())));
        }
        tasks
    }

    fn simulated_dispatcher(&self, ground: &Ground<'_>, rail: Arc<SimulatedRail>) -> rails::Dispatcher {
        rails::Dispatcher {
            cell: self.cell.handle.clone(),
            reader: self.cell.reader.clone(),
            name: simulated::NAME.to_owned(),
            rail,
            at_once: SIMULATED_AT_ONCE,
            enquiries: None,
            notice: notice(ground.telemetry, self.mode(), "rails"),
            stats: Arc::default(),
        }
    }

    fn http_dispatcher(&self, ground: &Ground<'_>, rail: &Arc<HttpRail>) -> rails::Dispatcher {
        rails::Dispatcher {
            cell: self.cell.handle.clone(),
            reader: self.cell.reader.clone(),
            name: rail.config.name.clone(),
            rail: Arc::clone(rail) as Arc<dyn rails::Rail>,
            at_once: rail.config.at_once,
            enquiries: Some(rail.config.enquiries),
            notice: notice(ground.telemetry, self.mode(), "rails"),
            stats: Arc::clone(&rail.stats),
        }
    }

    /// The publisher, when there is a bus.
    fn publish(&self, ground: &Ground<'_>, stop: &watch::Receiver<bool>) -> JoinHandle<()> {
        let (reader, notice) = (self.cell.reader.clone(), notice(ground.telemetry, self.mode(), "event_bus"));
        let Some(bus) = self.bus.clone() else {
            return tokio::spawn(bus::tell_of_waiting(reader, notice, stop.clone()));
        };
        let stats = Arc::default();
        ground.telemetry.add_readings(self.mode(), readings::of_bus(&stats));
        let publisher = Publisher { cell: self.cell.handle.clone(), reader, bus, notice, stats };
        tokio::spawn(Arc::new(publisher).run(stop.clone()))
    }

    fn redeliverer(&self, ground: &Ground<'_>) -> webhooks::Redeliverer {
        webhooks::Redeliverer {
            cell: self.cell.handle.clone(),
            reader: self.cell.reader.clone(),
            notice: notice(ground.telemetry, self.mode(), "webhooks"),
        }
    }

    fn webhooks_dispatcher(&self, ground: &Ground<'_>) -> Arc<webhooks::Dispatcher> {
        let notice = notice(ground.telemetry, self.mode(), "webhooks");
        let roots = client::system_roots().unwrap_or_else(|reason| {
            notice(&reason);
            RootCertStore::empty()
        });
        Arc::new(webhooks::Dispatcher {
            cell: self.cell.handle.clone(),
            reader: self.cell.reader.clone(),
            keys: Arc::clone(&self.keys),
            client: Client::new(ground.guard(self.mode()), ground.config.delivery_timeout, roots),
            at_once: ground.config.deliveries_at_once,
            per_endpoint: ground.config.deliveries_per_endpoint,
            per_second: ground.config.deliveries_per_second,
            retries: ground.config.delivery_gaps.0.len(),
            in_flight: Arc::clone(&self.in_flight),
            notice,
            stats: Arc::default(),
        })
    }

    fn sweeper(&self, ground: &Ground<'_>) -> webhooks::Sweeper {
        webhooks::Sweeper {
            cell: self.cell.handle.clone(),
            reader: self.cell.reader.clone(),
            life: millis(ground.config.event_retention),
            notice: notice(ground.telemetry, self.mode(), "webhooks"),
            swept: Arc::default(),
        }
    }
}

struct SystemClock;

impl engine::Clock for SystemClock {
    fn now(&self) -> Timestamp {
        system_time()
    }
}

#[cfg(feature = "full")]
fn open_store(path: &Path, mode: Mode, cache: u32) -> Result<Arc<dyn Store>, StoreError> {
    use causeway_core::store::{Identity, RocksStore, StoreMemory};
    let memory = StoreMemory { block_cache_bytes: (cache as usize) << 20, ..StoreMemory::default() };
    Ok(Arc::new(RocksStore::open(path, Identity { mode }, memory)?))
}

/// A build without the embedded store keeps everything in memory: for editing and unit tests.
#[cfg(not(feature = "full"))]
fn open_store(_: &Path, _: Mode, _: u32) -> Result<Arc<dyn Store>, StoreError> {
    Ok(Arc::new(causeway_core::store::MemoryStore::default()))
}

fn open_rail(ground: &Ground<'_>, reports: mpsc::Sender<RailReport>) -> Result<SimulatedRail, LogError> {
    let settings = simulated::Settings {
        seed: ground.config.rail_seed,
        settle_delay: ground.config.rail_settle_delay,
        late_delay: ground.config.rail_late_delay,
    };
    let directory = simulated::directory(ground.data.path(), Mode::Sandbox);
    SimulatedRail::open(&directory, settings, reports, notice(ground.telemetry, Mode::Sandbox, "simulated_rail"))
}

/// A change of who decides becomes a log line.
fn on_turn(telemetry: &Telemetry, mode: Mode) -> OnTurn {
    let telemetry = telemetry.clone();
    Box::new(move |turn| {
        let (level, decider, reason) = match &turn {
            Turn::Fallback(reason) => (Level::Warn, "fallback", Some(reason.as_str())),
            Turn::Model => (Level::Info, "model", None),
        };
        let record = telemetry.record(level, "decider_changed").text("mode", mode.name());
        telemetry.write(record.text("decider", decider).text_if("reason", reason));
    })
}

/// Lines of a dispatcher become log lines under its name.
fn notice(telemetry: &Telemetry, mode: Mode, event: &'static str) -> Notice {
    let telemetry = telemetry.clone();
    Arc::new(move |text| {
        let record = telemetry.record(Level::Warn, event).text("mode", mode.name()).text("notice", text);
        telemetry.write(record);
    })
}
