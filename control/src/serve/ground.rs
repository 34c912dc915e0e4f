//! What everything in the process stands on: settings, log, data directory, addresses; and what is put together from it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use causeway_core::id::Mode;

use super::ServeError;
use super::cell::Running;
use super::demo::{self, DemoError};
use super::listeners::{Addresses, url_of};
use super::{readings, tiers};
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::edge::Edge;
use crate::gate::Gate;
use crate::operator::{Audit, OperatorInterface, Tokens};
use crate::pipeline::{Options, Pipeline};
use crate::quota::Quotas;
use crate::rails::http::Reception;
use crate::reports::{Library, Reports};
use crate::telemetry::Telemetry;
use crate::webhooks::guard::{Guard, Loopback};

/// What everything in the process stands on.
pub struct Ground<'a> {
    /// The settings.
    pub config: &'a Config,
    /// Log and metrics.
    pub telemetry: &'a Telemetry,
    /// Where everything lies.
    pub data: &'a DataDir,
    /// The addresses really bound.
    pub addresses: Addresses,
    /// Where users' browsers find the hosted pages.
    pub public_url: String,
}

impl<'a> Ground<'a> {
    /// The ground of this process.
    pub fn new(config: &'a Config, telemetry: &'a Telemetry, data: &'a DataDir, addresses: Addresses) -> Ground<'a> {
        let public_url = config.public_url.clone().unwrap_or_else(|| partners_url(config, addresses));
        Ground { config, telemetry, data, addresses, public_url }
    }

    /// Where partners on this machine find the API.
    pub fn partners_url(&self) -> String {
        partners_url(self.config, self.addresses)
    }

    /// The door to the cells.
    pub fn gate(&self, cells: &[Running]) -> Gate {
        let cell = |mode| cells.iter().find(|cell| cell.mode() == mode).map(|cell| cell.behind_gate(self));
        let bound = |names: &[String], mode| {
            let lower = names.iter().map(|name| (name.to_ascii_lowercase(), mode));
            lower.collect::<Vec<_>>()
        };
        let sandbox = bound(&self.config.sandbox_hosts, Mode::Sandbox);
        let hosts = [sandbox, bound(&self.config.live_hosts, Mode::Live)].concat();
        Gate::new(cell(Mode::Sandbox), cell(Mode::Live), hosts)
    }

    /// The partner API.
    pub fn pipeline(&self, gate: &Arc<Gate>, quotas: &Arc<Quotas>) -> Result<Pipeline<Telemetry>, ServeError> {
        let edge =
            Edge { proxies: self.config.trusted_proxies.clone(), country_header: self.config.country_header.clone() };
        let options = Options { docs_url: self.docs_url(), edge, ..Options::default() };
        Ok(Pipeline::new(Arc::clone(gate), Arc::clone(quotas), self.telemetry.clone(), options)?)
    }

    /// What accounts may ask for, with its metrics. Accounts whose tier is not configured any more are named in the log.
    pub fn quotas(&self, gate: &Gate) -> Arc<Quotas> {
        let quotas = Arc::new(Quotas::new(self.config.tiers.clone()));
        for cell in gate.cells() {
            self.telemetry.add_readings(cell.mode(), readings::of_quotas(&quotas, cell.mode()));
            tiers::tell_forgotten(self.telemetry, cell, quotas.tiers());
        }
        quotas
    }

    /// The operator interface. `stopping` becomes true when the program begins to end.
    pub fn operator_interface(
        &self,
        gate: &Arc<Gate>,
        cells: &[Running],
        audit: Audit,
        stopping: Arc<AtomicBool>,
        library: Arc<dyn Library>,
    ) -> Result<OperatorInterface, ServeError> {
        Ok(OperatorInterface {
            gate: Arc::clone(gate),
            guards: cells.iter().map(|cell| (cell.mode(), self.guard(cell.mode()))).collect(),
            tiers: Arc::new(self.config.tiers.clone()),
            tokens: Arc::new(Tokens::open(self.data.path())?),
            models: cells.iter().map(|cell| Arc::clone(cell.models())).collect(),
            audit,
            address: self.addresses.operators,
            hosts: self.config.operator_hosts.iter().map(|host| host.to_ascii_lowercase()).collect(),
            reports: Reports::new(library),
            telemetry: self.telemetry.clone(),
            unready: unready(cells, stopping),
            docs_url: self.docs_url(),
        })
    }

    /// Where rails report.
    pub fn reception(&self, gate: &Arc<Gate>, cells: &[Running]) -> Reception {
        let rails = cells.iter().flat_map(Running::http_rails).cloned();
        Reception::new(Arc::clone(gate), rails, self.telemetry.clone())
    }

    /// Makes the demo partner of a new sandbox and keeps its file up to date. `false`: there is none.
    pub async fn demo_partner(&self, gate: &Gate) -> Result<bool, DemoError> {
        let Some(cell) = gate.cell(Mode::Sandbox) else { return Ok(false) };
        let base_url = format!("{}/v1", self.partners_url());
        demo::ensure(cell, &self.data.sandbox_file(), &base_url, &self.config.demo_tier).await
    }

    /// Where webhooks of a mode may go. The sandbox reaches receivers on loopback while nobody else can reach it.
    pub fn guard(&self, mode: Mode) -> Guard {
        let is_private = self.addresses.all().all(|address| address.ip().is_loopback());
        let own = self.addresses.all().map(|address| address.port());
        let loopback = match mode {
            Mode::Sandbox if is_private => Loopback::Except(own.collect()),
            Mode::Sandbox | Mode::Live => Loopback::Refused,
        };
        Guard { ports: self.config.delivery_ports.clone(), loopback }
    }

    fn docs_url(&self) -> String {
        format!("{}/docs/errors", self.public_url)
    }

    /// The origin of pages that it serves: the public URL without its path.
    pub fn own_origin(&self) -> String {
        let url = &self.public_url;
        let authority = url.find("://").map_or(0, |at| at + 3);
        let end = url[authority..].find('/').map_or(url.len(), |at| authority + at);
        url[..end].to_owned()
    }
}

fn partners_url(config: &Config, addresses: Addresses) -> String {
    let plain = url_of(addresses.partners);
    if config.tls_certificate.is_some() { plain.replacen("http:", "https:", 1) } else { plain }
}

/// Says why the program cannot do its work at the moment.
fn unready(cells: &[Running], stopping: Arc<AtomicBool>) -> Box<dyn Fn() -> Option<String> + Send + Sync> {
    let stats: Vec<_> = cells.iter().map(|cell| (cell.mode(), cell.stats())).collect();
    Box::new(move || {
        if stopping.load(Ordering::Relaxed) {
            return Some("the program is stopping".to_owned());
        }
        let down = stats.iter().find(|(_, stats)| stats.is_down.load(Ordering::Relaxed));
        down.map(|(mode, _)| format!("the store of the {} cell failed and is being reopened", mode.name()))
    })
}
