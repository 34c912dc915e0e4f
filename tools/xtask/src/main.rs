//! `cargo xtask`: sets the machine up, builds, runs and tests Causeway.
//!
//! It uses the standard library alone, so that it compiles in seconds on a machine where nothing else is ready yet.
//! What needs Causeway's own crates lives in `tools/lab` and is started from here.

#![allow(clippy::print_stdout, reason = "telling the person at the terminal what happens is this program's job")]

mod args;
mod build;
mod conformance;
mod failure;
mod fraud_benchmark;
mod full;
mod help;
mod lint;
mod listing;
mod paths;
mod process;
mod setup;
mod stages;
mod test;
#[cfg(test)]
mod tidy;

use std::process::ExitCode;

use args::Action;
use failure::Failure;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match args::parse(&words).and_then(perform) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::from(failure.exit_code())
        }
    }
}

fn perform(action: Action) -> Result<(), Failure> {
    match action {
        Action::Help(topic) => {
            println!("{}", help::text(topic.as_deref()));
            Ok(())
        }
        Action::Setup => setup::explain(),
        Action::Build => build::everything(),
        Action::Run(extra) => build::run(&extra),
        Action::Test(plan) => test::run(&plan),
        Action::Bench(extra) => build::bench(&extra),
        Action::Simulate(extra) => build::simulate(&extra),
        Action::Lab { command, extra } => build::lab(&command, &extra),
        Action::FraudBenchmark(wanted) => fraud_benchmark::run(&wanted),
        Action::Lint => lint::run(),
        Action::Ci => lint::ci(),
    }
}
