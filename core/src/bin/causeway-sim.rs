//! `causeway-sim`: runs seeds of the simulation, shows how far it is, and prints the first failure cut down.

#![allow(clippy::print_stdout, reason = "telling at the terminal is this program's job")]
#![allow(clippy::disallowed_methods, reason = "the clock measures the run, it is no part of it")]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use causeway_core::sim::tally::Tally;
use causeway_core::sim::{Bug, STEPS, plant, seeds, simulate};
use clap::builder::PossibleValuesParser;
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};

/// Simulates the cell from seeds; an independent oracle checks every reply and everything on disk.
#[derive(Parser)]
#[command(name = "causeway-sim", version)]
struct Options {
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// How many seeds.
    #[arg(long, default_value_t = 1)]
    seeds: u64,
    /// Actions of each seed's script.
    #[arg(long, default_value_t = STEPS)]
    steps: usize,
    /// Plants a bug, to see it found.
    #[arg(long, value_name = "BUG", value_parser = PossibleValuesParser::new(Bug::ALL.iter().map(|bug| bug.name())))]
    plant: Option<String>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    plant(Bug::ALL.iter().copied().find(|bug| options.plant.as_deref() == Some(bug.name())));
    let Some(seeds) = seeds(options.seed, options.seeds) else {
        let text = format!("there are no {} seeds from {} on: the last is {}", options.seeds, options.seed, u64::MAX);
        Options::command().error(ErrorKind::ValueValidation, text).exit()
    };
    let (last, mut done) = (*seeds.end(), 0_u64);
    let (mut tally, started, mut told) = (Tally::default(), Instant::now(), Instant::now());
    for seed in seeds {
        match simulate(seed, options.steps) {
            Ok(one) => {
                done += 1;
                tally.add(&one);
            }
            Err(failure) => {
                println!("{failure}");
                return ExitCode::FAILURE;
            }
        }
        if told.elapsed() > Duration::from_secs(5) {
            told = Instant::now();
            println!("seed {seed} of {last} …");
        }
    }
    println!("{done} seeds from {} agree with the oracle, in {:.1?}", options.seed, started.elapsed());
    let Tally { answers, crashes, failures, outages, .. } = tally;
    println!(
        "answers {answers}, crashes {crashes}, failures {failures}, tries that found the store still down {outages}"
    );
    println!("turned away {:?}", tally.turned_away);
    for (command, (done, replayed, refused)) in &tally.commands {
        println!("{command:18} done {done:8}, replayed {replayed:6}, refused {refused:8}");
    }
    println!("refusals {:?}", tally.refusals);
    ExitCode::SUCCESS
}
