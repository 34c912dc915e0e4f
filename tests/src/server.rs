//! The gateway as a process: started on free ports with short durations, stopped, killed, started again.

pub(crate) mod janitor;
mod process;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::http::Client;
use crate::operator::Operator;
use crate::partner::Partner;
use crate::poll::SOON;

pub use process::{Exit, Log, Running};

/// Short durations. A test names others behind them.
const SHORT: &[&str] = &[
    "--rail-settle-delay=20ms",
    "--rail-late-delay=700ms",
    "--delivery-gaps=50ms,100ms,200ms,400ms",
    "--drain-time=10s",
];

/// A data directory that lives as long as somebody holds it.
#[derive(Clone)]
pub struct DataDir(Arc<TempDir>);

/// A gateway that answers.
pub struct Server {
    running: Running,
    directory: DataDir,
    api: Arc<Client>,
    operator: Operator,
}

impl DataDir {
    /// An empty one.
    pub fn new() -> DataDir {
        let directory = tempfile::Builder::new().prefix("causeway-").tempdir();
        DataDir(Arc::new(directory.unwrap()))
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// A file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// The demo partner's file.
    pub fn sandbox(&self) -> Value {
        let text = std::fs::read_to_string(self.file("sandbox.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    }
}

impl Default for DataDir {
    fn default() -> DataDir {
        DataDir::new()
    }
}

impl Server {
    /// A sandbox in an empty data directory, with these flags behind the short durations.
    pub fn start(flags: &[&str]) -> Server {
        Server::start_in(&DataDir::new(), flags)
    }

    /// The same in a directory that may have been used before.
    pub fn start_in(directory: &DataDir, flags: &[&str]) -> Server {
        Server::try_start_in(directory, flags).unwrap_or_else(|exit| panic!("the gateway did not start: {exit}"))
    }

    /// The same with these variables in its environment.
    pub fn start_with(environment: &[(&str, &str)], directory: &DataDir, flags: &[&str]) -> Server {
        let server = Server::up(spawn_with(environment, directory, flags), directory);
        server.unwrap_or_else(|exit| panic!("the gateway did not start: {exit}"))
    }

    /// The same; how it ended when it did not come up.
    pub fn try_start_in(directory: &DataDir, flags: &[&str]) -> Result<Server, Exit> {
        Server::up(spawn(directory, flags), directory)
    }

    fn up(mut running: Running, directory: &DataDir) -> Result<Server, Exit> {
        let addresses = running.addresses(SOON)?;
        let api = Arc::new(Client::new(addresses.partners));
        let token = std::fs::read_to_string(directory.file("operator-token")).unwrap_or_default();
        let log = running.log().clone();
        let operator = Operator::new(Client::new(addresses.operator), token.trim(), api.clone(), log);
        operator.wait_until_ready();
        Ok(Server { running, directory: directory.clone(), api, operator })
    }

    /// The partner API.
    pub fn api(&self) -> &Arc<Client> {
        &self.api
    }

    /// The operator interface.
    pub fn operator(&self) -> &Operator {
        &self.operator
    }

    /// Where the operator interface listens.
    pub fn operator_address(&self) -> SocketAddr {
        self.operator.address()
    }

    /// Whether the process still runs.
    pub fn is_running(&mut self) -> bool {
        self.running.is_running()
    }

    /// The number of the process that was started.
    pub fn id(&self) -> u32 {
        self.running.id()
    }

    /// Where the data lies.
    pub fn directory(&self) -> &DataDir {
        &self.directory
    }

    /// What it has printed so far.
    pub fn log(&self) -> &Log {
        self.running.log()
    }

    /// The partner that was made at the first start.
    pub fn demo(&self) -> Partner {
        let file = self.directory.sandbox();
        let text = |name: &str| file[name].as_str().unwrap_or_default().to_owned();
        let origin = file["allowed_origins"][0].as_str().unwrap_or_default();
        Partner::new(
            self.api.clone(),
            self.log().clone(),
            &text("account_id"),
            [&text("secret_key"), &text("publishable_key")],
            origin,
        )
    }

    /// Sends SIGTERM.
    pub fn terminate(&self) {
        self.running.terminate();
    }

    /// Sends SIGHUP.
    pub fn hang_up(&self) {
        self.running.hang_up();
    }

    /// Sends SIGTERM and waits for the end.
    pub fn stop(self) -> Exit {
        self.running.terminate();
        self.running.wait(Duration::from_secs(40))
    }

    /// Waits for the end that somebody else has asked for.
    pub fn wait(self) -> Exit {
        self.running.wait(Duration::from_secs(40))
    }

    /// Sends SIGKILL and waits for the end.
    pub fn kill(self) {
        drop(self);
    }
}

/// Starts the gateway in `directory` without waiting for anything.
pub fn spawn(directory: &DataDir, flags: &[&str]) -> Running {
    spawn_with(&[], directory, flags)
}

fn spawn_with(environment: &[(&str, &str)], directory: &DataDir, flags: &[&str]) -> Running {
    let path = directory.path().to_string_lossy().into_owned();
    let fixed = ["serve", "--data-dir", &path, "--listen=127.0.0.1:0", "--operator-listen=127.0.0.1:0"];
    Running::start_with(environment, &[&fixed, &last_of_each(flags)[..]].concat(), directory.path())
}

/// Starts the gateway with nothing but these words, and waits for its end: for words that it refuses.
pub fn refused(words: &[&str], directory: &DataDir) -> Exit {
    Running::start(words, directory.path()).wait(SOON)
}

/// The short durations and `flags` behind them, without those that `flags` names again.
fn last_of_each<'a>(flags: &[&'a str]) -> Vec<&'a str> {
    let name = |flag: &str| flag.split('=').next().unwrap_or_default().to_owned();
    let named: Vec<String> = flags.iter().map(|flag| name(flag)).collect();
    let kept = SHORT.iter().filter(|flag| !named.contains(&name(flag)));
    kept.copied().chain(flags.iter().copied()).collect()
}
