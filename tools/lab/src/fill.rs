//! A history of payments from a seed: as the data directory of a sandbox, as CSV, or both.

mod csv;
mod database;
mod generate;
mod model;
mod pipeline;
mod places;
mod progress;
mod summary;

use std::path::PathBuf;

use causeway_control::catalogue;
use causeway_core::id::Mode;
use causeway_core::risk::scorer::Scorer;
use clap::Args;

use crate::calendar::Day;
use crate::failure::Failure;
use crate::record;
use csv::Tables;
use database::Database;
use generate::market::Market;
use generate::plants::Plants;
use generate::{History, Settings};
use pipeline::Written;
use places::Places;
use progress::Progress;
use summary::{Summary, bytes_in, peak_memory};

/// What `--help` says behind the options. The figures are rows of benches/RESULTS.md.
const HELP: &str = "\
What it writes:
  The history is that of a bank that runs Causeway: partners, customers with habits, corridors with their success and time,
  rules that decline, and frauds that are reported late. It is generated from the seed, hour by hour. Without
  --data-dir and --csv it becomes the data directory target/fill.

  --data-dir  Every payment is a session, a quote, a redemption, what rails said and, for every second partner, webhooks
              that arrived, all performed by the core's own functions at the history's own time. Serve it with
              `cargo xtask run -- --data-dir DIR`; sandbox.json has the keys of the first partner, who has about 29 % of
              the payments. Not there: answers under idempotency keys, whose life would be over, and the simulated
              rail's own record. Events and deliveries older than --event-retention (30 days) are removed once it is
              served. In the sandbox the amount decides and the model only scores, into the decision receipts.
  --csv       README.md in the folder describes every column.
  Both        The same payments: `id` in payments.csv is `metadata.order_id` of the payment.

  An interrupted fill leaves the file UNFINISHED-FILL in the data directory, which every command then refuses, and tables
  without README.md: remove what is there and fill again.

What it takes, on two cores of 2026 with scores by the shipped model:
  1,000,000 payments take 1 min 10 s, 0.9 GB on disk and 0.5 GB of memory.
  10,000,000 payments take 9.5 GB on disk and 1.4 GB of memory.
  Memory grows with the payments of a day, which are held until the slowest corridor has settled them, and with the
  customers: over more --days the same number needs less. Runs that were written down: benches/RESULTS.md.

Patterns of --plant, which labels.csv and outages.csv name (README.md beside them says more):
  ring           20 to 80 payments by fresh customers, most of whom share few devices and wallets
  stolen-device  1 to 4 large payments from a regular customer's device, often in another country
  burst          12 to 40 small card payments within minutes, the last one large
  outage         a corridor fails for 30 to 240 minutes";

/// What to write, and where.
#[derive(Args, Clone, Debug)]
#[command(after_long_help = HELP)]
#[group(id = "history")]
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
    /// Writes finished journeys into this data directory, which must be empty: `causeway serve --data-dir DIR` serves it
    /// [default: target/fill, unless --csv is given].
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
    // Whatever can be refused is refused before anything is written.
    if options.record {
        record::require_commit()?;
    }
    let places = Places::choose(options.data_dir.as_deref(), options.csv.as_deref())?;
    let history = history(options)?;
    let scorer = if places.data_dir.is_some() { model::scorer(&options.model)? } else { None };
    let scored_by = places.data_dir.as_ref().map(|_| model::name(scorer.as_deref()));
    let not_planted = history.not_planted();
    let mut progress = Progress::start(options.payments);
    write(history, &places, scorer, &mut progress)?;
    let took = progress.took();
    let sizes = places.all().map(|place| Ok((place.clone(), bytes_in(place)?)));
    let sizes = sizes.collect::<Result<_, Failure>>()?;
    let payments = options.payments;
    let summary = Summary { payments, scored_by, took, places: sizes, memory: peak_memory(), not_planted };
    print!("{}", summary.lines());
    if let Some(place) = &places.data_dir {
        println!("serve it with: cargo xtask run -- --data-dir {}", place.display());
    }
    if options.record { summary.record() } else { Ok(()) }
}

/// Writes as many payments as the history says that it has; anything else is a failure.
fn write(
    history: History,
    places: &Places,
    scorer: Option<Box<dyn Scorer>>,
    progress: &mut Progress,
) -> Result<(), Failure> {
    let payments = history.settings().payments;
    let database = places.data_dir.as_deref().map(|place| Database::create(place, &history)).transpose()?;
    let tables = places.csv.as_deref().map(|folder| Tables::create(folder, &history)).transpose()?;
    match (database, tables) {
        (Some(database), tables) => {
            let expected = Written { rows: tables.as_ref().map(|_| payments), payments: Some(payments) };
            let driver = database.driver(history)?;
            pipeline::database(&database, driver, scorer, tables, progress, expected)?;
            database.finish()
        }
        (None, Some(tables)) => {
            let expected = Written { rows: Some(payments), payments: None };
            pipeline::tables(history, tables, progress, expected)
        }
        (None, None) => Err(Failure::missing("there is nowhere to write to: name --csv or --data-dir")),
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
    use clap::{Args as _, Command};

    use super::*;

    /// What `cargo xtask fill --help` says.
    const XTASK: &str = include_str!("../../xtask/src/help.rs");

    fn shorter_help() -> &'static str {
        let start = XTASK.find("const FILL").unwrap();
        let end = XTASK[start..].find("\";").unwrap();
        &XTASK[start..start + end]
    }

    #[test]
    fn both_helps_name_the_same_options() {
        let command = Options::augment_args(Command::new("fill"));
        let options = command.get_arguments().filter_map(|argument| argument.get_long());
        let names: Vec<String> = options.filter(|name| *name != "help").map(|name| format!("--{name}")).collect();
        let words = || shorter_help().split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
        let missing: Vec<&String> = names.iter().filter(|name| words().all(|word| word != name.as_str())).collect();
        assert!(names.len() > 8 && missing.is_empty(), "cargo xtask fill --help lacks {missing:?}");
        let unknown = words().filter(|word| word.starts_with("--") && !names.iter().any(|name| name == word));
        assert_eq!(unknown.filter(|word| *word != "--help" && *word != "--").collect::<Vec<_>>(), [""; 0]);
    }

    #[test]
    fn both_helps_name_the_same_figures() {
        let figures: Vec<&str> = HELP.lines().map(str::trim).filter(|line| line.contains(" payments take ")).collect();
        assert_eq!(figures.len(), 2);
        assert!(figures.iter().all(|line| shorter_help().contains(line)), "{figures:?}");
    }
}
