//! Load from this machine: a closed loop over keep-alive connections, one request in flight on each.
//!
//! The rate is reported beside a ceiling: the same client against a server that answers a constant body, measured in turn with
//! the gateway, so that what is left is the gateway's own cost and not this machine's speed or mood.

mod ceiling;
mod drive;
mod report;
mod settle;
mod work;

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::api::Api;
use crate::failure::Failure;
use crate::sandbox::{self, Operator, Sandbox};
use crate::seed::Seed;
use crate::target::Target;
use ceiling::Ceiling;
use drive::{Load, Round, drive};
use report::{Measured, Report};
use work::{Constant, Journeys, Prepare, Redeem};

/// What to do to the server.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// What to send.
    #[arg(value_enum, default_value = "pay-ins")]
    scenario: Scenario,
    /// The server; without it, where sandbox.json says.
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// The server's data directory [default: target/sandbox].
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Connections, each with one request in flight.
    #[arg(long, value_name = "NUMBER", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=4096))]
    connections: u16,
    /// Measured rounds; medians are taken over them.
    #[arg(long, value_name = "NUMBER", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// Pay-ins or journeys of a round.
    #[arg(long, value_name = "NUMBER", default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1..))]
    requests: u32,
    /// Sends webhooks to a receiver that accepts everything, so that their cost is in the numbers. The partner's endpoint stays
    /// set afterwards.
    #[arg(long)]
    webhooks: bool,
    /// The operator interface, for --webhooks.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8081")]
    operator_url: String,
    /// Where the random numbers start; the same seed again needs an empty store. Without it: from the clock.
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// Prints the result as JSON on standard output, and the progress on standard error.
    #[arg(long)]
    json: bool,
}

/// What to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Scenario {
    /// createPayIn alone, from sessions and quotes made before the clock starts.
    PayIns,
    /// A session, a quote and a pay-in per iteration.
    Journeys,
    /// Journeys until they are settled, and by how much the data directory grew.
    Bytes,
}

/// What every scenario has at hand.
struct Bench {
    partner: Sandbox,
    load: Load,
    api: Api,
    report: Report,
    directory: PathBuf,
    ceiling: Ceiling,
    sends_webhooks: bool,
}

/// Fills the store: one round of journeys.
pub fn fill(options: &Options) -> Result<(), Failure> {
    run(&Options { scenario: Scenario::Journeys, rounds: 1, ..options.clone() })
}

/// Runs the scenario.
pub fn run(options: &Options) -> Result<(), Failure> {
    crate::block_on(async {
        let mut bench = Bench::prepare(options).await?;
        match options.scenario {
            Scenario::PayIns => bench.pay_ins(options).await?,
            Scenario::Journeys => bench.journeys(options).await?,
            Scenario::Bytes => bench.bytes(options).await?,
        }
        bench.report.finish()
    })
}

impl Bench {
    /// Reads where the server is and takes one journey, whose answer is the constant body of the ceiling.
    async fn prepare(options: &Options) -> Result<Bench, Failure> {
        let directory = options.data_dir.clone().unwrap_or_else(sandbox::default_directory);
        let partner = Sandbox::read(&directory)?;
        let target = Target::parse(options.base_url.as_deref().unwrap_or(&partner.base_url))?;
        let mut api = Api::new(target.clone(), &partner.secret_key);
        api.require("--base-url").await?;
        let seed = options.seed.unwrap_or_else(Seed::fresh);
        let load = Load { target, connections: options.connections.into(), seed };
        let first = Load { connections: 1, ..load.clone() };
        let work = Rc::new(Journeys::new(&load.target, &partner.secret_key, seed));
        let round = drive(&first, 1, &work).await?;
        if round.good == 0 {
            return Err(Failure::wrong(format!("the first journey did not work: {}", round.others())));
        }
        let ceiling = Ceiling::start(work.redeem.sample())?;
        let report = Report::new(options, seed);
        let bench = Bench { partner, load, api, report, directory, ceiling, sends_webhooks: options.webhooks };
        if options.webhooks {
            bench.send_webhooks_to_ceiling(options).await?;
        }
        Ok(bench)
    }

    async fn send_webhooks_to_ceiling(&self, options: &Options) -> Result<(), Failure> {
        let mut operator = Operator::connect(&options.operator_url, &self.directory).await?;
        operator.set_webhook(&self.partner.account_id, &self.ceiling.webhook_url()).await?;
        Ok(())
    }

    /// Preparation, pay-ins, settlement, ceiling: in turn, round by round. The ceiling comes last, when the gateway is at rest.
    async fn pay_ins(&mut self, options: &Options) -> Result<(), Failure> {
        let requests = options.requests as usize;
        for number in 1..=options.rounds {
            let load = self.load_of(number);
            let prepare = Rc::new(Prepare::new(&load.target, &self.partner.secret_key, load.seed));
            let prepared = drive(&load, requests, &prepare).await?;
            if prepared.good as usize != requests {
                let others = prepared.others();
                return Err(Failure::wrong(format!("sessions and quotes could not be prepared: {others}")));
            }
            self.rest(&[]).await?;
            let redeem = Rc::new(Redeem::new(&load.target, &self.partner.secret_key, &prepare));
            // Keys of its own: those of the preparation are used up.
            let load = Load { seed: !load.seed, ..load };
            let before = self.ceiling.webhooks();
            let round = drive(&load, requests, &redeem).await?;
            let (settled, delivered) = self.rest(&redeem.last_payments(load.connections)).await?;
            let webhooks = self.ceiling.webhooks() - before;
            let ceiling = self.measure_ceiling(&load, &redeem, requests).await?;
            self.report.add(Measured { number, ceiling: Some(ceiling.rate()), round, settled, delivered, webhooks });
        }
        Ok(())
    }

    async fn journeys(&mut self, options: &Options) -> Result<(), Failure> {
        for number in 1..=options.rounds {
            let load = self.load_of(number);
            let work = Rc::new(Journeys::new(&load.target, &self.partner.secret_key, load.seed));
            let before = self.ceiling.webhooks();
            let round = drive(&load, options.requests as usize, &work).await?;
            let (settled, delivered) = self.rest(&work.redeem.last_payments(load.connections)).await?;
            let webhooks = self.ceiling.webhooks() - before;
            self.report.add(Measured { number, ceiling: None, round, settled, delivered, webhooks });
        }
        Ok(())
    }

    /// Every round has random numbers of its own.
    fn load_of(&self, round: u32) -> Load {
        Load { seed: self.load.seed.wrapping_add(u64::from(round) << 32), ..self.load.clone() }
    }

    /// Waits until these payments are settled and no webhook is left; gives both times.
    async fn rest(&mut self, payments: &[String]) -> Result<(Duration, Duration), Failure> {
        let settled = settle::wait(&mut self.api, payments).await?;
        let delivered = if self.sends_webhooks { settle::webhooks(&self.ceiling).await? } else { Duration::ZERO };
        Ok((settled, settled + delivered))
    }

    /// The same requests, answered by the constant server. Several times as many, since each takes a fraction of the time.
    async fn measure_ceiling(&self, load: &Load, redeem: &Rc<Redeem>, requests: usize) -> Result<Round, Failure> {
        let constant = Load { target: self.ceiling.target().clone(), ..load.clone() };
        let round = drive(&constant, 4 * requests, &Rc::new(Constant(Rc::clone(redeem)))).await?;
        if round.other.is_empty() {
            Ok(round)
        } else {
            Err(Failure::wrong(format!("the constant server answered otherwise: {}", round.others())))
        }
    }

    async fn bytes(&mut self, options: &Options) -> Result<(), Failure> {
        let before = Size::of(&self.directory)?;
        self.journeys(options).await?;
        let after = Size::of(&self.directory)?;
        self.report.grown(before, after);
        Ok(())
    }
}

/// What a directory takes, in bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Size {
    /// The sum of the files' lengths.
    pub length: u64,
    /// What the file system gave them, reserved space included.
    pub allocated: u64,
}

impl Size {
    /// Files that vanish while they are counted are left out: the store replaces files as it runs.
    fn of(directory: &Path) -> Result<Size, Failure> {
        let failed = |error| Failure::wrong(format!("cannot read {}: {error}", directory.display()));
        let mut size = Size::default();
        for entry in fs::read_dir(directory).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let Ok(metadata) = entry.metadata() else { continue };
            if metadata.is_dir() {
                let below = Size::of(&entry.path())?;
                size.length += below.length;
                size.allocated += below.allocated;
            } else {
                size.length += metadata.len();
                size.allocated += metadata.blocks() * 512;
            }
        }
        Ok(size)
    }
}
