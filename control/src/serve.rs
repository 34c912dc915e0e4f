//! Start, work and stop of the gateway: configuration becomes cells, dispatchers and listeners, in this order, and they
//! end in the other.

mod banner;
mod cell;
mod data_dir;
mod demo;
pub mod find;
mod model;
mod readings;
mod signals;

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use causeway_core::engine::CellStats;
use causeway_core::id::Mode;
use causeway_core::routing::Catalogue;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::catalogue::{self, CatalogueError};
use crate::config::Config;
use crate::gate::Gate;
use crate::http::{self, Limits};
use crate::keys::{KeyRing, MasterKey, MasterKeyError, RandomnessError};
use crate::operator::{Audit, OperatorInterface, TokenError, Tokens};
use crate::pipeline::{self, Pipeline};
use crate::telemetry::{Level, Telemetry};
use crate::webhooks::guard::{Guard, Loopback};

use cell::{Parts, Running, StartError};
use data_dir::{DataDir, DataDirError};
use demo::DemoError;
use model::Models;

/// Why the gateway does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Corridors or rates are wrong.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// There is no master key.
    #[error(transparent)]
    MasterKey(#[from] MasterKeyError),
    /// An address cannot be listened on.
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, io::Error),
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
    Audit(String, io::Error),
    /// The demo partner cannot be made.
    #[error(transparent)]
    Demo(#[from] DemoError),
    /// There is no randomness.
    #[error(transparent)]
    Randomness(#[from] RandomnessError),
    /// The operating system gives no threads or signals.
    #[error("the operating system refuses to run the program: {0}")]
    System(io::Error),
}

impl ServeError {
    /// 2 for what the configuration says, 1 for the rest.
    pub fn exit_code(&self) -> u8 {
        match self {
            ServeError::Catalogue(_) | ServeError::MasterKey(_) => 2,
            ServeError::Listen(..)
            | ServeError::DataDir(_)
            | ServeError::Cell(_)
            | ServeError::Tokens(_)
            | ServeError::Audit(..)
            | ServeError::Demo(_)
            | ServeError::Randomness(_)
            | ServeError::System(_) => 1,
        }
    }
}

/// Runs the gateway until a signal ends it.
pub fn run(config: &Config) -> Result<(), ServeError> {
    let catalogue = catalogue::load(config.corridors.as_deref(), config.rates.as_deref())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(ServeError::System)?;
    let telemetry = Telemetry::start(config.log_format);
    let served = runtime.block_on(serve(config, &catalogue, &telemetry));
    telemetry.flush();
    served
}

/// The two listeners, bound but not yet answering.
struct Listeners {
    partners: TcpListener,
    operators: TcpListener,
    addresses: Addresses,
}

/// The addresses really bound.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Addresses {
    partners: SocketAddr,
    operators: SocketAddr,
}

async fn serve(config: &Config, catalogue: &Catalogue, telemetry: &Telemetry) -> Result<(), ServeError> {
    let signals = signals::Signals::listen().map_err(ServeError::System)?;
    let listeners = Listeners::bind(config).await?;
    let addresses = listeners.addresses;
    let data = DataDir::open(&config.data_dir)?;
    let master = master_key(config, &data)?;
    data.check_key(&master.fingerprint())?;
    let public_url = config.public_url.clone().unwrap_or_else(|| url_of(addresses.partners));
    let models = Models::find(config);
    let mut cells = Vec::new();
    for &mode in config.mode.modes() {
        let keys = Arc::new(KeyRing::derive(&master, mode));
        let parts = Parts { config, mode, keys, catalogue, data: &data, models: &models, telemetry, public_url: &public_url };
        cells.push((cell::start(&parts)?, parts));
    }
    data.remember_key(&master.fingerprint())?;
    let gate = Arc::new(gate(config, &cells, &public_url));
    let has_demo = demo_partner(&gate, &data, addresses).await?;
    let stopping = Arc::new(AtomicBool::new(false));
    let interface = operator_interface(config, &gate, &data, addresses, telemetry, unready(&cells, &stopping))?;
    let options = pipeline::Options { docs_url: docs_url(&public_url), ..pipeline::Options::default() };
    let pipeline = Pipeline::new(Arc::clone(&gate), telemetry.clone(), options)?;
    let (stop_dispatch, dispatch_stopped) = watch::channel(false);
    let mut dispatchers = Vec::new();
    for (running, parts) in &mut cells {
        dispatchers.extend(running.dispatch(parts, guard(parts.mode, addresses), &dispatch_stopped));
    }
    let (stop_http, http_stopped) = watch::channel(false);
    let answering = listeners.answer(limits(config), pipeline, interface, http_stopped);
    let model = cells.first().map(|(running, _)| running.model.clone()).unwrap_or_default();
    banner::print(config, addresses, &data, has_demo, &model);
    telemetry.write(started(telemetry, addresses, &model));

    signals.first().await;
    signals.second_ends_at_once();
    stopping.store(true, Ordering::Relaxed);
    telemetry.write(telemetry.record(Level::Info, "stopping"));
    stop_http.send_replace(true);
    finish_requests(config, answering, telemetry).await;
    stop_dispatch.send_replace(true);
    for dispatcher in dispatchers {
        // One that panicked has left its work in the store, where the next start finds it.
        let _ = dispatcher.await;
    }
    let running: Vec<Running> = cells.into_iter().map(|(running, _)| running).collect();
    // Engines are joined where waiting is allowed.
    let stopped = tokio::task::spawn_blocking(|| running.into_iter().for_each(Running::stop)).await;
    stopped.map_err(|error| ServeError::System(io::Error::other(error)))?;
    telemetry.write(telemetry.record(Level::Info, "stopped"));
    Ok(())
}

fn master_key(config: &Config, data: &DataDir) -> Result<MasterKey, MasterKeyError> {
    match &config.master_key_file {
        Some(path) => MasterKey::from_file(path, data.path()),
        // Only a sandbox comes here: live without a key file was refused with the configuration.
        None => MasterKey::of_sandbox(&data.own_master_key()),
    }
}

fn gate(config: &Config, cells: &[(Running, Parts<'_>)], public_url: &str) -> Gate {
    let cell = |mode| {
        let found = cells.iter().find(|(_, parts)| parts.mode == mode);
        found.map(|(running, parts)| running.gate_cell(config, Arc::clone(&parts.keys), public_url))
    };
    let bound = |names: &[String], mode| names.iter().map(|name| (name.to_ascii_lowercase(), mode)).collect::<Vec<_>>();
    let hosts = [bound(&config.sandbox_hosts, Mode::Sandbox), bound(&config.live_hosts, Mode::Live)].concat();
    Gate::new(cell(Mode::Sandbox), cell(Mode::Live), hosts)
}

async fn demo_partner(gate: &Gate, data: &DataDir, addresses: Addresses) -> Result<bool, DemoError> {
    match gate.cell(Mode::Sandbox) {
        Some(cell) => demo::ensure(cell, &data.sandbox_file(), &format!("{}/v1", url_of(addresses.partners))).await,
        None => Ok(false),
    }
}

fn operator_interface(
    config: &Config,
    gate: &Arc<Gate>,
    data: &DataDir,
    addresses: Addresses,
    telemetry: &Telemetry,
    unready: Box<dyn Fn() -> Option<String> + Send + Sync>,
) -> Result<OperatorInterface, ServeError> {
    let audit = Audit::open(data.path()).map_err(|error| ServeError::Audit(data.path().display().to_string(), error))?;
    Ok(OperatorInterface {
        gate: Arc::clone(gate),
        guards: config.mode.modes().iter().map(|&mode| (mode, guard(mode, addresses))).collect(),
        tokens: Arc::new(Tokens::open(data.path())?),
        audit,
        address: addresses.operators,
        hosts: config.operator_hosts.iter().map(|host| host.to_ascii_lowercase()).collect(),
        telemetry: telemetry.clone(),
        unready,
        docs_url: docs_url(&url_of(addresses.partners)),
    })
}

/// Where webhooks of a mode may go. The sandbox reaches receivers on loopback while nobody else can reach it.
fn guard(mode: Mode, addresses: Addresses) -> Guard {
    let is_local = addresses.partners.ip().is_loopback() && addresses.operators.ip().is_loopback();
    let loopback = match mode {
        Mode::Sandbox if is_local => Loopback::Except(vec![addresses.partners.port(), addresses.operators.port()]),
        Mode::Sandbox | Mode::Live => Loopback::Refused,
    };
    Guard { loopback, ..Guard::public() }
}

/// Why the program cannot do its work at the moment.
fn unready(cells: &[(Running, Parts<'_>)], stopping: &Arc<AtomicBool>) -> Box<dyn Fn() -> Option<String> + Send + Sync> {
    let stats: Vec<(Mode, Arc<CellStats>)> = cells.iter().map(|(running, parts)| (parts.mode, running.stats())).collect();
    let stopping = Arc::clone(stopping);
    Box::new(move || {
        if stopping.load(Ordering::Relaxed) {
            return Some("the program is stopping".to_owned());
        }
        let down = stats.iter().find(|(_, stats)| stats.is_down.load(Ordering::Relaxed));
        down.map(|(mode, _)| format!("the store of the {} cell cannot be written", mode.name()))
    })
}

impl Listeners {
    async fn bind(config: &Config) -> Result<Listeners, ServeError> {
        let (partners, partners_address) = bind(config.listen).await?;
        let (operators, operators_address) = bind(config.operator_listen).await?;
        let addresses = Addresses { partners: partners_address, operators: operators_address };
        Ok(Listeners { partners, operators, addresses })
    }

    fn answer(
        self,
        limits: Limits,
        pipeline: Pipeline<Telemetry>,
        interface: OperatorInterface,
        stop: watch::Receiver<bool>,
    ) -> Vec<JoinHandle<()>> {
        let partners = http::serve(self.partners, limits, Arc::new(pipeline), stop.clone());
        let operators = http::serve(self.operators, limits, Arc::new(interface), stop);
        vec![tokio::spawn(partners), tokio::spawn(operators)]
    }
}

async fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), ServeError> {
    let failed = |error| ServeError::Listen(address, error);
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

fn limits(config: &Config) -> Limits {
    Limits {
        header_timeout: config.header_timeout,
        idle_timeout: config.idle_timeout,
        body_timeout: config.body_timeout,
        connections: config.connections as usize,
        ..Limits::default()
    }
}

/// Waits for the requests that were accepted, up to the drain time. What the cells have taken is finished in any case.
async fn finish_requests(config: &Config, answering: Vec<JoinHandle<()>>, telemetry: &Telemetry) {
    let all = async {
        for listener in answering {
            // A listener that panicked has no requests left.
            let _ = listener.await;
        }
    };
    if tokio::time::timeout(config.drain_time, all).await.is_err() {
        telemetry.write(telemetry.record(Level::Warn, "requests_cut_off").text("after", &format!("{:?}", config.drain_time)));
    }
}

fn started(telemetry: &Telemetry, addresses: Addresses, model: &str) -> crate::telemetry::Record {
    telemetry
        .record(Level::Info, "started")
        .text("version", env!("CARGO_PKG_VERSION"))
        .text("listen", &addresses.partners.to_string())
        .text("operator_listen", &addresses.operators.to_string())
        .text("model", model)
}

/// The address as a client on this machine names it.
fn url_of(address: SocketAddr) -> String {
    let ip = match address {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        SocketAddr::V4(_) | SocketAddr::V6(_) => address.ip(),
    };
    format!("http://{}", SocketAddr::new(ip, address.port()))
}

fn docs_url(public_url: &str) -> String {
    format!("{public_url}/docs/errors")
}

/// Whether a path needs quotes on a command line.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    if !text.is_empty() && text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests;
