//! What the caller asks for, and what follows from it.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::client::Protocol;
use super::drive::Width;
use super::mix::Mix;
use super::pin::Cpus;
use crate::failure::Failure;
use crate::record;

/// The share of the offered units that must be answered well for a rate to count as sustained.
pub const SUSTAINED_SHARE: f64 = 0.97;

/// What recorded figures have in common: another value would make other figures of the same name.
const RECORDED_AS_THEY_ARE: [&str; 14] = [
    "rate",
    "quick",
    "rounds",
    "seconds",
    "p99_limit_ms",
    "steady",
    "in_flight",
    "patience_ms",
    "copies",
    "noise_bound",
    "target",
    "server",
    "pin_server",
    "pin_generator",
];

/// Generates load and reports what came back how fast, beside what this machine can do at all.
///
/// Open loop: requests begin when they are due, whether or not earlier ones were answered, and latencies are counted from
/// then. Rounds of all mixes alternate with rounds of the ceilings: a server that answers a constant, the store with the
/// same rows, the model alone. Only what was approved and answered 2xx counts; the rest is listed by its code.
///
/// Each round of a mix sends flat out (every request in flight is replaced at once), searches the highest rate that is
/// sustained twice (at least 97 % answered well in time, p99 below the limit), and takes latencies at a share of it. With
/// --rate there is one step at this rate instead, and an exit code of 1 when it is not sustained.
///
/// Deliveries are measured where they arrive, at a receiver in this process: flat out is a backlog that was made while the
/// endpoints were paused, a rate is of events that are made while earlier ones are delivered, and latencies run from the
/// millisecond of the batch that made an event, before its commit, to its arrival.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// What to send [default: all of them in turn].
    #[arg(value_enum, value_name = "MIX")]
    mixes: Vec<Mix>,
    /// Sends at this rate (of requests, journeys or pay-ins a second, by mix) instead of searching the peak.
    #[arg(long, value_name = "NUMBER", value_parser = rate)]
    pub rate: Option<f64>,
    /// How high p99 may be at the peak, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 100.0, value_parser = positive)]
    pub p99_limit_ms: f64,
    /// At which share of the peak latencies are taken [default: 0.7, of deliveries 0.5].
    #[arg(long, value_name = "SHARE", value_parser = share)]
    steady: Option<f64>,
    /// Rounds; medians and ranges are taken over them [default: 3, with --quick 2].
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=50))]
    rounds: Option<u32>,
    /// How long a step is counted, in seconds, after a lead of a third of it [default: 1.5, of deliveries 3, with --quick 0.4].
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    seconds: Option<f64>,
    /// About two minutes: two rounds of short steps.
    #[arg(long)]
    pub quick: bool,

    /// The version of HTTP, without TLS.
    #[arg(long, value_enum, value_name = "VERSION", default_value = "1")]
    pub http: Protocol,
    /// Requests in flight at most. What is due while all are taken waits for one, and its wait counts.
    #[arg(long, value_name = "NUMBER", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=1_024))]
    in_flight: u16,
    /// How late a request may begin, in milliseconds; later ones are counted as missed.
    #[arg(long, value_name = "MS", default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..=60_000))]
    patience_ms: u64,
    /// How often a storm sends each createPayIn.
    #[arg(long, value_name = "NUMBER", default_value_t = 4, value_parser = clap::value_parser!(u8).range(2..=16))]
    copies: u8,
    /// Delivers webhooks to a receiver that accepts everything, so that their cost is in the figures. At the end the
    /// partner's endpoint is what it was, with a new secret.
    #[arg(long)]
    pub webhooks: bool,

    /// A server that runs already, instead of one started for the run; its sandbox.json is read from --data-dir.
    #[arg(long, value_name = "URL", requires = "data_dir")]
    pub target: Option<String>,
    /// That server's data directory.
    #[arg(long, value_name = "DIR", requires = "target")]
    pub data_dir: Option<PathBuf>,
    /// That server's operator interface, for --webhooks.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8081")]
    pub operator_url: String,
    /// The program to start [default: CAUSEWAY_BIN, else `causeway` beside this one].
    #[arg(long, value_name = "PROGRAM", conflicts_with = "target")]
    pub server: Option<PathBuf>,
    /// Processors of the server and of the ceilings, as in 0,2-3.
    #[arg(long, value_name = "CPUS", conflicts_with = "target")]
    pub pin_server: Option<Cpus>,
    /// Processors of the generator.
    #[arg(long, value_name = "CPUS")]
    pub pin_generator: Option<Cpus>,

    /// How far the middle half of a ceiling's rounds may lie apart, in percent of their median, before the machine counts as
    /// too noisy.
    #[arg(long, value_name = "PERCENT", default_value_t = 25.0, value_parser = positive)]
    pub noise_bound: f64,
    /// Where the random numbers start; the same seed again needs an empty store. Without it: from the clock.
    #[arg(long, value_name = "NUMBER")]
    pub seed: Option<u64>,
    /// Where the result goes, as <date>.json and <date>.svg [default: target/load].
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Prints the result as JSON on standard output, in place of the tables.
    #[arg(long)]
    pub json: bool,
    /// Adds the figures to benches/RESULTS.md, unless the machine was too noisy.
    #[arg(long, conflicts_with_all = RECORDED_AS_THEY_ARE)]
    pub record: bool,
}

impl Options {
    /// Refuses what does not go together and what could not be recorded, before anything is measured.
    pub fn check(&self) -> Result<(), Failure> {
        if self.is_of_deliveries() && (self.webhooks || self.mixes().iter().any(|mix| mix.events().is_none())) {
            return Err(Failure::missing(
                "deliveries are measured apart from other mixes, and without --webhooks: they have a receiver of their own",
            ));
        }
        if self.mixes().contains(&Mix::Storm) && u16::from(self.copies) > self.in_flight {
            let (copies, places) = (self.copies, self.in_flight);
            return Err(Failure::missing(format!(
                "a storm of {copies} copies does not fit {places} requests in flight"
            )));
        }
        if self.record { record::require_commit() } else { Ok(()) }
    }

    /// What to send, each once.
    pub fn mixes(&self) -> Vec<Mix> {
        let wanted = |mix: &Mix| self.mixes.contains(mix) || (self.mixes.is_empty() && mix.events().is_none());
        Mix::ALL.into_iter().chain(Mix::DELIVERIES).filter(wanted).collect()
    }

    /// Whether deliveries are what is measured.
    pub fn is_of_deliveries(&self) -> bool {
        self.mixes().iter().any(|mix| mix.events().is_some())
    }

    /// At which share of the peak latencies are taken.
    pub fn steady(&self) -> f64 {
        self.steady.unwrap_or(if self.is_of_deliveries() { 0.5 } else { 0.7 })
    }

    /// Rounds.
    pub fn rounds(&self) -> u32 {
        self.rounds.unwrap_or(if self.quick { 2 } else { 3 })
    }

    /// How long a step is counted.
    pub fn time(&self) -> Duration {
        Duration::from_secs_f64(self.seconds.unwrap_or(match (self.quick, self.is_of_deliveries()) {
            (true, _) => 0.4,
            (false, false) => 1.5,
            // Rails answer within a second: the lead covers it.
            (false, true) => 3.0,
        }))
    }

    /// What goes before it, uncounted: connections warm up, and rails begin to answer.
    pub fn lead(&self) -> Duration {
        self.time() / 3
    }

    /// How wide the load is.
    pub fn width(&self) -> Width {
        Width { in_flight: self.in_flight.into(), patience: Duration::from_millis(self.patience_ms) }
    }

    /// How often a storm sends each request.
    pub fn copies(&self) -> usize {
        self.copies.into()
    }

    /// The bound on the ceilings' spread, as a share.
    pub fn noise_share(&self) -> f64 {
        self.noise_bound / 100.0
    }
}

fn positive(text: &str) -> Result<f64, String> {
    number(text).filter(|value| *value > 0.0).ok_or_else(|| "a positive number is expected".to_owned())
}

fn rate(text: &str) -> Result<f64, String> {
    number(text).filter(|value| (0.1..=1e6).contains(value)).ok_or_else(|| "from 0.1 to 1000000 a second".to_owned())
}

fn share(text: &str) -> Result<f64, String> {
    number(text).filter(|value| 0.0 < *value && *value <= 1.0).ok_or_else(|| "a share above 0, at most 1".to_owned())
}

fn seconds(text: &str) -> Result<f64, String> {
    number(text).filter(|value| (0.1..=600.0).contains(value)).ok_or_else(|| "from 0.1 to 600 seconds".to_owned())
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|value: &f64| value.is_finite())
}

#[cfg(test)]
pub mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        options: Options,
    }

    /// The options of this command line.
    pub fn options(line: &str) -> Result<Options, String> {
        let words = std::iter::once("load").chain(line.split_whitespace());
        Program::try_parse_from(words).map(|program| program.options).map_err(|error| error.to_string())
    }

    #[test]
    fn without_arguments_all_mixes_are_measured() {
        let options = options("").unwrap();
        assert_eq!(options.mixes(), Mix::ALL);
        assert_eq!(
            (options.rounds(), options.time(), options.lead()),
            (3, Duration::from_millis(1_500), Duration::from_millis(500))
        );
    }

    #[test]
    fn mixes_are_measured_once_and_in_one_order() {
        assert_eq!(options("storm reads storm").unwrap().mixes(), [Mix::Reads, Mix::Storm]);
        assert_eq!(options("--quick --rounds 5").unwrap().rounds(), 5);
    }

    #[test]
    fn deliveries_are_measured_when_they_are_named_and_apart() {
        let own = options("journey-deliveries deliveries").unwrap();
        assert_eq!((own.mixes(), own.steady()), (Mix::DELIVERIES.to_vec(), 0.5));
        assert!(own.check().is_ok());
        assert_eq!(options("trade").unwrap().steady(), 0.7);
        for mixed in ["deliveries trade", "deliveries --webhooks"] {
            assert!(options(mixed).unwrap().check().is_err(), "{mixed}");
        }
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        for wrong in [
            "--rate 0",
            "--rate nan",
            "--rate 100 --record",
            "--rounds 1 --record",
            "--noise-bound 90 --record",
            "--steady 1.5",
            "--seconds 0",
            "--in-flight 0",
            "--target http://127.0.0.1:8080",
            "--target http://127.0.0.1:8080 --data-dir x --pin-server 0",
            "calm",
        ] {
            assert!(options(wrong).is_err(), "{wrong}");
        }
    }
}
