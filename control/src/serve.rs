//! Start, work and stop of the gateway: configuration becomes cells, dispatchers and listeners, in this order, and they
//! end in the other.

mod banner;
mod cell;
pub mod demo;
pub mod find;
mod first;
mod ground;
mod library;
mod listeners;
mod model;
mod policy;
mod readings;
mod reviews;
mod process;
pub mod rollback;
mod settings;
mod signals;
mod tiers;
mod watched;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use causeway_core::id::Mode;
use causeway_core::routing::Catalogue;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::bus::config::BusError;
use crate::bus::{self, Bus};
use crate::catalogue::{self, CatalogueError};
use crate::config::Config;
use crate::data_dir::{DataDir, DataDirError};
use crate::keys::{KeyRing, MasterKey, MasterKeyError, RandomnessError};
use crate::operator::{Audit, TokenError};
use crate::rails;
use crate::rails::config::{RailConfig, RailsError};
use crate::risk_policy::{PolicyFile, PolicyFileError};
use crate::telemetry::{Level, Telemetry};
use crate::tls::{Tls, TlsError};

use cell::{Outside, Running, StartError};
use demo::DemoError;
use ground::Ground;
use library::Shelves;
use listeners::Listeners;
use model::Found;
use policy::ApplyError;
use signals::{Hangup, Signals};

/// Why the gateway does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Corridors or rates are wrong.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// The rails file is wrong.
    #[error(transparent)]
    Rails(#[from] RailsError),
    /// The event bus is wrong.
    #[error(transparent)]
    Bus(#[from] BusError),
    /// There is no master key.
    #[error(transparent)]
    MasterKey(#[from] MasterKeyError),
    /// An address cannot be listened on.
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, io::Error),
    /// The UDP port beside the partners' TCP port cannot be had.
    #[error(
        "cannot listen on UDP {0}, where HTTP/3 is spoken: {1}; free the port, take another one with --listen, or turn HTTP/3 \
         off with --http3=off"
    )]
    ListenUdp(SocketAddr, io::Error),
    /// The data directory cannot be used.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// A cell cannot be started.
    #[error(transparent)]
    Cell(#[from] StartError),
    /// The operators' tokens cannot be used.
    #[error(transparent)]
    Tokens(#[from] TokenError),
    /// The audit file cannot be used.
    #[error("cannot open the audit file in {0}: {1}")]
    Audit(PathBuf, io::Error),
    /// The demo partner cannot be made.
    #[error(transparent)]
    Demo(#[from] DemoError),
    /// The file with rules and lists cannot be used.
    #[error(transparent)]
    PolicyFile(#[from] PolicyFileError),
    /// The file with rules and lists cannot be applied.
    #[error(transparent)]
    Policy(#[from] ApplyError),
    /// Certificate or key cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// There is no randomness.
    #[error(transparent)]
    Randomness(#[from] RandomnessError),
    /// The operating system gives no threads or signals.
    #[error("the operating system refuses to run the program: {0}")]
    System(#[from] io::Error),
}

impl ServeError {
    /// 2 for what the configuration says, 1 for the rest.
    pub fn exit_code(&self) -> u8 {
        match self {
            ServeError::Catalogue(_)
            | ServeError::Rails(_)
            | ServeError::Bus(_)
            | ServeError::PolicyFile(_)
            | ServeError::MasterKey(_)
            | ServeError::Tls(_) => 2,
            ServeError::Listen(..)
            | ServeError::ListenUdp(..)
            | ServeError::DataDir(_)
            | ServeError::Cell(_)
            | ServeError::Tokens(_)
            | ServeError::Audit(..)
            | ServeError::Demo(_)
            | ServeError::Policy(_)
            | ServeError::Randomness(_)
            | ServeError::System(_) => 1,
        }
    }
}

/// Runs the gateway until a signal ends it.
pub fn run(config: &Config) -> Result<(), ServeError> {
    process::prepare();
    let files = Files::load(config)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let telemetry = Telemetry::start(config.log_format);
    let served = runtime.block_on(serve(config, &files, &telemetry));
    telemetry.flush();
    served
}

/// What the files say that the configuration names.
struct Files {
    /// The catalogue of each cell that runs.
    catalogues: Vec<(Mode, Catalogue)>,
    /// The rails that are reached over HTTP, of all modes.
    rails: Vec<RailConfig>,
    /// Where events are published.
    buses: Vec<(Mode, Arc<dyn Bus>)>,
    /// Rules and lists, for every cell.
    policy: Option<PolicyFile>,
}

/// What runs, and the ends by which it is stopped.
struct Work {
    cells: Vec<Running>,
    answering: Vec<JoinHandle<()>>,
    dispatching: Vec<JoinHandle<()>>,
    stopping: Arc<AtomicBool>,
    stop_answering: watch::Sender<bool>,
    stop_dispatching: watch::Sender<bool>,
}

async fn serve(config: &Config, files: &Files, telemetry: &Telemetry) -> Result<(), ServeError> {
    let signals = Signals::listen()?;
    // What the configuration names is read before anything is written.
    let named = config.master_key_file.as_deref();
    let named = named.map(|path| MasterKey::from_file(path, &config.data_dir)).transpose()?;
    let tls = config.tls_certificate.as_deref().zip(config.tls_key.as_deref());
    let tls = tls.map(|(certificate, key)| Tls::load(certificate, key)).transpose()?.map(Arc::new);
    let listeners = Listeners::bind(config, tls.clone()).await?;
    let data = DataDir::open(&config.data_dir)?;
    let master = match named {
        Some(key) => key,
        None if data.was_used() && !data.own_master_key().exists() => {
            return Err(DataDirError::KeyMissing(config.data_dir.clone()).into());
        }
        // Only a sandbox comes here: live without a key file was refused with the configuration.
        None => MasterKey::of_sandbox(&data.own_master_key())?,
    };
    let ground = Ground::new(config, telemetry, &data, listeners.addresses);
    let work = start(&ground, listeners, &master, files).await?;
    signals.end(|| hangup(tls.as_deref(), telemetry)).await;
    signals.second_ends_at_once();
    work.stop(&ground).await
}

/// With TLS, SIGHUP asks for the certificate that lies there now.
fn hangup(tls: Option<&Tls>, telemetry: &Telemetry) -> Hangup {
    let Some(tls) = tls else { return Hangup::Ends };
    telemetry.write(match tls.reload() {
        Ok(()) => telemetry.record(Level::Info, "certificate_read"),
        Err(error) => telemetry.record(Level::Error, "certificate_not_read").text("reason", &error.to_string()),
    });
    Hangup::Handled
}

async fn start(
    ground: &Ground<'_>,
    listeners: Listeners,
    master: &MasterKey,
    files: &Files,
) -> Result<Work, ServeError> {
    ground.data.bind_key(&master.fingerprint())?;
    let found = model::find(ground.config);
    let mut cells = start_cells(ground, master, files, &found)?;
    let audit = Audit::open(ground.data.path());
    let audit = audit.map_err(|error| ServeError::Audit(ground.data.path().to_owned(), error))?;
    for cell in &mut cells {
        cell.settle_models(ground, &found, &audit).await;
    }
    let gate = Arc::new(ground.gate(&cells));
    let has_demo = ground.demo_partner(&gate).await?;
    let stopping = Arc::new(AtomicBool::new(false));
    let quotas = ground.quotas(&gate);
    if let Some(stats) = listeners.http3_stats() {
        ground.telemetry.add_readings(None, readings::of_http3(&stats));
    }
    let pipeline = ground.pipeline(&gate, &quotas)?;
    let library = Arc::new(Shelves::new(&cells));
    let interface = ground.operator_interface(&gate, &cells, audit.clone(), Arc::clone(&stopping), library.clone())?;
    if let Some(file) = &files.policy {
        policy::apply(file, &gate, &interface.audit, ground.telemetry).await?;
    }
    let (stop_dispatching, dispatch_stop) = watch::channel(false);
    let (stop_answering, answer_stop) = watch::channel(false);
    let watching = cells.iter().flat_map(|cell| cell.watch_models(ground, &audit, &library, &dispatch_stop));
    let watching: Vec<_> = watching.collect();
    let dispatching = cells.iter_mut().flat_map(|cell| cell.dispatch(ground, &dispatch_stop)).chain(watching).collect();
    let answering = listeners.answer(ground.config, pipeline, interface, ground.reception(&gate, &cells), &answer_stop);
    announce(ground, &cells, has_demo);
    Ok(Work { cells, answering, dispatching, stopping, stop_answering, stop_dispatching })
}

impl Files {
    fn load(config: &Config) -> Result<Files, ServeError> {
        let rails = config.rails.as_deref().map(rails::config::load).transpose()?.unwrap_or_default();
        let load = |mode| load_catalogue(config, mode, &rails);
        let catalogues: Result<_, CatalogueError> =
            config.mode.modes().iter().map(|&mode| Ok((mode, load(mode)?))).collect();
        let bus = |mode| Ok(bus::config::load(config, mode)?.map(|bus| (mode, bus)));
        let buses: Result<Vec<_>, BusError> =
            config.mode.modes().iter().filter_map(|&mode| bus(mode).transpose()).collect();
        let policy = config.risk_policy.as_deref().map(PolicyFile::load).transpose()?;
        Ok(Files { catalogues: catalogues?, rails, buses: buses?, policy })
    }
}

/// Live has no corridors and rates but its own: what is shipped is for the sandbox.
fn load_catalogue(config: &Config, mode: Mode, rails: &[RailConfig]) -> Result<Catalogue, CatalogueError> {
    let of_mode = rails.iter().filter(|rail| rail.mode == mode);
    let names: Vec<String> = of_mode.map(|rail| rail.name.clone()).collect();
    match mode {
        Mode::Sandbox => catalogue::load_sandbox(config.corridors.as_deref(), config.rates.as_deref(), &names),
        Mode::Live => {
            let names = config.rails.as_ref().map(|_| names.as_slice());
            catalogue::load_live(config.live_corridors.as_deref(), config.live_rates.as_deref(), names)
        }
    }
}

fn start_cells(
    ground: &Ground<'_>,
    master: &MasterKey,
    files: &Files,
    found: &Found,
) -> Result<Vec<Running>, StartError> {
    let start = |(mode, catalogue): &(Mode, Catalogue)| {
        let bus = files.buses.iter().find(|(of, _)| of == mode).map(|(_, bus)| Arc::clone(bus));
        let outside = Outside { rails: &files.rails, bus };
        cell::start(ground, Arc::new(KeyRing::derive(master, *mode)), catalogue, outside, found)
    };
    files.catalogues.iter().map(start).collect()
}

fn announce(ground: &Ground<'_>, cells: &[Running], has_demo: bool) {
    let model = cells.first().map(Running::model).unwrap_or_default();
    let buses: Vec<String> = cells.iter().filter_map(Running::bus_place).collect();
    banner::print(ground, has_demo, model, &buses);
    let record = ground.telemetry.record(Level::Info, "started").text("version", env!("CARGO_PKG_VERSION"));
    let record = record.text("listen", &ground.addresses.partners.to_string());
    let http3 = ground.addresses.http3.map(|address| address.to_string());
    let record = record.text_if("http3_listen", http3.as_deref());
    let record = record.text("operator_listen", &ground.addresses.operators.to_string());
    let rails = ground.addresses.rails.map(|address| address.to_string());
    let record = record.text_if("rails_listen", rails.as_deref());
    let buses = (!buses.is_empty()).then(|| buses.join("; "));
    ground.telemetry.write(record.text("model", model).text_if("event_bus", buses.as_deref()));
}

impl Work {
    /// Takes no more, finishes what was accepted, refuses the rest.
    async fn stop(self, ground: &Ground<'_>) -> Result<(), ServeError> {
        let telemetry = ground.telemetry;
        self.stopping.store(true, Ordering::Relaxed);
        telemetry.write(telemetry.record(Level::Info, "stopping"));
        self.stop_answering.send_replace(true);
        finish_requests(ground, self.answering).await;
        self.stop_dispatching.send_replace(true);
        for dispatcher in self.dispatching {
            // One that panicked has left its work in the store, where the next start finds it.
            let _ = dispatcher.await;
        }
        // Engines are joined where waiting is allowed.
        let stopped = tokio::task::spawn_blocking(|| self.cells.into_iter().for_each(Running::stop)).await;
        stopped.map_err(io::Error::other)?;
        telemetry.write(telemetry.record(Level::Info, "stopped"));
        Ok(())
    }
}

/// Waits for the requests that were accepted, up to the drain time. What the cells have taken is finished in any case.
async fn finish_requests(ground: &Ground<'_>, answering: Vec<JoinHandle<()>>) {
    let all = async {
        for listener in answering {
            // A listener that panicked has no requests left.
            let _ = listener.await;
        }
    };
    if tokio::time::timeout(ground.config.drain_time, all).await.is_err() {
        let after = format!("{:?}", ground.config.drain_time);
        ground.telemetry.write(ground.telemetry.record(Level::Warn, "requests_cut_off").text("after", &after));
    }
}

#[cfg(test)]
mod tests;
