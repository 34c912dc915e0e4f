//! Load: what the gateway bears, how long its answers take, and how that compares to what this machine can do at all.

mod audience;
pub mod ceilings;
mod client;
mod clock;
mod deliveries;
mod drive;
mod gateway;
mod mix;
mod peak;
pub mod pin;
mod plan;
mod receiver;
mod report;
mod round;
mod schedule;
pub mod server;
mod settle;
mod statistics;
mod tally;

use std::fs;
use std::path::Path;

use tokio::signal::unix::{SignalKind, signal};

use crate::failure::Failure;
use crate::machine::{Machine, Usage};
use crate::sandbox;
use ceilings::{Constant, Parts, Places};
use gateway::Gateway;
use pin::Cpus;
use report::{Report, Rounds};
use round::Bench;

pub use plan::Options;

/// Measures, shows and writes down what was found.
pub fn run(options: &Options) -> Result<(), Failure> {
    options.check()?;
    let place = options.out.clone().unwrap_or_else(|| sandbox::default_directory().with_file_name("load"));
    fs::create_dir_all(&place).map_err(|error| Failure::wrong(format!("cannot make {}: {error}", place.display())))?;
    let report = crate::block_on(async {
        let stage = unless_interrupted(set_up(options, &place)).await?;
        measure(options, stage).await
    })?;
    report.finish(options, &place)
}

/// What is measured, and what will be said of it.
struct Stage {
    gateway: Gateway,
    constant: Constant,
    parts: Parts,
    report: Report,
}

async fn set_up(options: &Options, place: &Path) -> Result<Stage, Failure> {
    let pinned = |error| Failure::wrong(format!("cannot pin to processors: {error}"));
    let all = Cpus::of_this_thread().map_err(pinned)?;
    let server_cpus = options.pin_server.as_ref().unwrap_or(&all);
    if let Some(cpus) = &options.pin_generator {
        cpus.pin_this_thread().map_err(pinned)?;
    }
    let gateway = Gateway::reach(options, place, server_cpus)?;
    let mut report = Report::begin(options, Machine::look(&gateway.directory));
    say(&report.headline());
    let places = Places::find(place)?;
    let parts = Parts::prepare(&places, options.webhooks, server_cpus.clone())?;
    report.per_pay_in = parts.per_pay_in();
    // The constant server answers everything as the gateway answered that pay-in.
    let constant = Constant::start(&gateway.first_pay_in(options, report.seed).await?, server_cpus)?;
    Ok(Stage { gateway, constant, parts, report })
}

/// Whatever happens, the partner's webhooks go where they went before.
async fn measure(options: &Options, stage: Stage) -> Result<Report, Failure> {
    let Stage { gateway, constant, parts, mut report } = stage;
    let processes: Vec<u32> = gateway.process().into_iter().chain([constant.process()]).collect();
    let before = Usage::now(&processes);
    let mut bench = gateway.bench(options, report.seed, constant.target(), Some(parts));
    if options.is_of_deliveries() {
        bench.audience = Some(gateway.audience(options).await?);
    }
    let rounds = if options.webhooks {
        let before = gateway.send_webhooks_to(&constant.webhook_url()).await?;
        let rounds = unless_interrupted(rounds(bench)).await;
        gateway.restore_webhooks(before.as_deref()).await?;
        rounds
    } else {
        unless_interrupted(rounds(bench)).await
    };
    report.rounds = rounds?;
    let after = Usage::now(&processes);
    report.stolen = after.stolen_since(before);
    // What runs already is taken for others.
    report.others = gateway.process().map(|_| after.others_since(before) + report.stolen);
    gateway.leave()?;
    Ok(report)
}

/// The rounds, with the ceilings before each mix and after the last.
async fn rounds(mut bench: Bench<'_>) -> Result<Rounds, Failure> {
    let options = bench.options;
    let mut rounds = Rounds::new(options.mixes());
    say("warming up");
    bench.warm_up().await?;
    for number in 1..=options.rounds() {
        for mix in options.mixes() {
            rounds.add_ceiling(bench.ceiling().await?);
            let progress = format!("round {number} of {}, {}: ", options.rounds(), mix.name());
            let round = bench.mix(mix, &mut |line| say(&format!("{progress}{line}"))).await?;
            rounds.add(mix, round);
        }
    }
    rounds.add_ceiling(bench.ceiling().await?);
    rounds.webhooks = bench.rest.webhooks();
    if let Some(audience) = &mut bench.audience {
        audience.leave().await?;
    }
    Ok(rounds)
}

/// The work, unless somebody wants this to end: then what was started is stopped on the way out.
async fn unless_interrupted<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::select! {
        done = work => done,
        ended = interrupted() => Err(ended),
    }
}

async fn interrupted() -> Failure {
    let wait = async {
        let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        Ok::<(), std::io::Error>(())
    };
    match wait.await {
        Ok(()) => Failure::wrong("interrupted; nothing was written"),
        Err(error) => Failure::wrong(format!("cannot listen for signals: {error}")),
    }
}

/// Progress goes to standard error: standard output is the result's.
fn say(line: &str) {
    eprintln!("{line}");
}

#[cfg(test)]
mod tests;
