//! A history of payments from a seed: as the data directory of a sandbox, as CSV, or both.

mod csv;
mod database;
mod generate;
mod model;
mod pipeline;
mod progress;
mod summary;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use causeway_control::catalogue;
use causeway_core::id::Mode;
use clap::Args;

use crate::calendar::Day;
use crate::failure::Failure;
use crate::record;
use csv::Tables;
use database::Database;
use generate::market::Market;
use generate::plants::Plants;
use generate::{History, Settings};
use progress::Progress;
use summary::{Summary, bytes_in, peak_memory};

/// What `--help` says behind the options. The figures are rows of benches/RESULTS.md.
const HELP: &str = "\
What it writes:
  The history is that of a bank that runs Causeway: partners, customers with habits, corridors with their success and time,
  rules that decline, and frauds that are reported late. It is generated from the seed, hour by hour, in little memory.

  --data-dir  Every payment is a session, a quote, a redemption, what rails said and, for every second partner, webhooks
              that arrived, all performed by the core's own functions at the history's own time. Serve it with
              `cargo xtask run -- --data-dir DIR`; sandbox.json has the keys of the first partner, who has about 29 % of
              the payments. Not there: answers under idempotency keys, whose life would be over, and the simulated
              rail's own record. In the sandbox the amount decides and the model only scores, into the decision receipts.
  --csv       README.md in the folder describes every column.
  Both        The same payments: `id` in payments.csv is `metadata.order_id` of the payment.

What it takes, on two cores of 2026 with scores by the shipped model: about a minute and 0.8 GB on disk for each million
payments, and 0.4 GB of memory and more with them. Runs that were written down: benches/RESULTS.md.

Patterns of --plant, which labels.csv and outages.csv name:
  ring           20 to 80 payments by fresh customers who share few devices and wallets
  stolen-device  1 to 4 large payments from a regular customer's device in another country
  burst          12 to 40 small card payments within minutes, then a large one
  outage         a corridor fails for 30 to 240 minutes";

/// What to write, and where.
#[derive(Args, Clone, Debug)]
#[command(after_long_help = HELP)]
#[group(id = "target", required = true, multiple = true, args = ["csv", "data_dir"])]
pub struct Options {
    /// Payments, frauds included.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    payments: u64,
    /// Where the random numbers start: the same options give the same payments.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// Days of the history.
    #[arg(long, value_name = "NUMBER", default_value_t = 180, value_parser = clap::value_parser!(u64).range(1..=3_650))]
    days: u64,
    /// The first day after the history, UTC.
    #[arg(long, value_name = "YYYY-MM-DD", default_value = "2026-06-30")]
    until: Day,
    /// Partners; the first is the demo partner of sandbox.json.
    #[arg(long, value_name = "NUMBER", default_value_t = 12, value_parser = clap::value_parser!(u16).range(1..=200))]
    partners: u16,
    /// What is planted: ring, stolen-device and burst as shares of the payments, outage as a share of the time; what is not
    /// named keeps its default, `none` in front sets all to 0.
    #[arg(long, value_name = "NAME=RATE,...", default_value_t)]
    plant: Plants,
    /// Writes payments.csv, labels.csv, outages.csv and README.md into this folder, which must be empty.
    #[arg(long, value_name = "DIR")]
    csv: Option<PathBuf>,
    /// Writes finished journeys into this data directory, which must be empty: `causeway serve --data-dir DIR` serves it.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    #[command(flatten)]
    model: model::Options,
    /// Adds what it took to benches/RESULTS.md.
    #[arg(long)]
    record: bool,
}

/// Writes the history.
pub fn run(options: &Options) -> Result<(), Failure> {
    if options.record {
        record::require_commit()?;
    }
    let history = history(options)?;
    let scorer = if options.data_dir.is_some() { model::scorer(&options.model)? } else { None };
    // Whatever can be refused is refused before anything is written.
    let places: Vec<&PathBuf> = [&options.data_dir, &options.csv].into_iter().flatten().collect();
    places.iter().try_for_each(|place| require_empty(place))?;
    let database = options.data_dir.as_deref().map(|place| Database::create(place, &history)).transpose()?;
    let tables = options.csv.as_deref().map(|folder| Tables::create(folder, &history)).transpose()?;
    let mut progress = Progress::start(options.payments);
    let scored_by = match (database, tables) {
        (Some(database), tables) => {
            let name = model::name(scorer.as_deref());
            let driver = database.driver(history)?;
            pipeline::database(&database, driver, scorer, tables, &mut progress)?;
            Some(name)
        }
        (None, Some(tables)) => {
            pipeline::tables(history, tables, &mut progress)?;
            None
        }
        (None, None) => return Err(Failure::missing("there is nowhere to write to: name --csv or --data-dir")),
    };
    let took = progress.took();
    let places = places.into_iter().map(|place| Ok((place.clone(), bytes_in(place)?)));
    let places = places.collect::<Result<_, Failure>>()?;
    let summary = Summary { payments: options.payments, scored_by, took, places, memory: peak_memory() };
    print!("{}", summary.lines());
    if options.record { summary.record() } else { Ok(()) }
}

/// What is there already is nobody's to overwrite.
fn require_empty(place: &Path) -> Result<(), Failure> {
    let failed = |error: io::Error| Failure::wrong(format!("cannot use {}: {error}", place.display()));
    match fs::read_dir(place).map(|mut entries| entries.next().is_none()) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Failure::missing(format!("{} is not empty: name a new directory", place.display()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(failed(error)),
    }
}

fn history(options: &Options) -> Result<History, Failure> {
    let shipped = catalogue::load(None, None).map_err(|error| Failure::wrong(error.to_string()))?;
    let market = Market::new(catalogue::for_mode(&shipped, Mode::Sandbox))?;
    let settings = Settings {
        payments: options.payments,
        seed: options.seed,
        days: options.days,
        until: options.until,
        partners: options.partners.into(),
        plants: options.plant,
    };
    History::new(settings, market)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_empty_place_is_written_to() {
        let parent = tempfile::tempdir().unwrap();
        assert_eq!(require_empty(parent.path()), Ok(()));
        assert_eq!(require_empty(&parent.path().join("missing")), Ok(()));
        fs::write(parent.path().join("thesis.tex"), "x").unwrap();
        assert!(require_empty(parent.path()).unwrap_err().to_string().contains("not empty"));
        assert!(require_empty(&parent.path().join("thesis.tex")).is_err());
    }
}
