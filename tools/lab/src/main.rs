//! `causeway-lab`: performs journeys against a running gateway and measures it under load.
//!
//! It speaks to the gateway as a partner does, over HTTP alone; the core's code is used to measure its parts alone, and to
//! fill data directories. Exit codes: 0 all is as it should be; 1 something is not; 2 there is nothing to work with, such
//! as no server.

#![allow(clippy::print_stdout, reason = "showing results at the terminal is this program's job")]

mod api;
mod calendar;
mod connection;
mod demo;
mod failure;
mod fill;
mod lists;
mod load;
mod machine;
mod record;
mod request;
mod sandbox;
mod score;
mod seed;
mod shown;
mod target;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use failure::Failure;

/// Performs journeys against a running gateway and measures it under load.
#[derive(Parser)]
#[command(name = "causeway-lab", version)]
struct Lab {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Performs whole journeys against a running sandbox and draws what happened.
    Demo(demo::Options),
    Load(Box<load::Options>),
    /// Writes a generated history of payments: as the data directory of a sandbox, as CSV, or both.
    Fill(Box<fill::Options>),
    /// Measures what a page of a list costs, over short and long histories.
    Lists(lists::Options),
    /// Scores a history of payments with a whole cell, as a gateway would have.
    Score(Box<score::Options>),
    /// Answers everything with a constant, for `load`.
    #[command(hide = true)]
    Constant(load::ceilings::http::Options),
}

fn main() -> ExitCode {
    let result = match Lab::parse().command {
        Command::Demo(options) => demo::run(&options),
        Command::Load(options) => load::run(&options),
        Command::Fill(options) => fill::run(&options),
        Command::Lists(options) => lists::run(&options),
        Command::Score(options) => score::run(&options),
        Command::Constant(options) => load::ceilings::http::run(&options),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("causeway-lab: {failure}");
            ExitCode::from(failure.exit_code())
        }
    }
}

/// Runs a task on a runtime with one thread: the server under test needs the processors more than its client does.
fn block_on<T>(task: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::wrong(format!("cannot start the client's runtime: {error}")))?;
    tokio::task::LocalSet::new().block_on(&runtime, task)
}
