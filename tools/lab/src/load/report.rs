//! What the load found, as lines and as JSON.

use std::time::Duration;

use clap::ValueEnum;
use serde_json::{Value, json};

use super::{Options, Scenario, Size, drive::Round};
use crate::failure::Failure;

/// One measured round.
pub struct Measured {
    /// Its number, from 1.
    pub number: u32,
    /// What the constant server reached, in requests per second.
    pub ceiling: Option<f64>,
    /// What the gateway reached.
    pub round: Round,
    /// How long after the last answer the last payment was settled.
    pub settled: Duration,
    /// How long after the last answer the last webhook arrived.
    pub delivered: Duration,
    /// Webhooks that arrived.
    pub webhooks: u64,
}

/// The rounds so far.
pub struct Report {
    options: Options,
    seed: u64,
    rounds: Vec<Measured>,
    grown: Option<(Size, Size)>,
}

impl Report {
    /// Starts with what is measured.
    pub fn new(options: &Options, seed: u64) -> Report {
        let report = Report { options: options.clone(), seed, rounds: Vec::new(), grown: None };
        let Options { connections, rounds, requests, webhooks, .. } = options;
        let what = if options.scenario == Scenario::PayIns { "pay-ins" } else { "journeys (session, quote, pay-in)" };
        let webhooks = if *webhooks { "webhooks to a receiver of its own" } else { "webhook endpoint as it is" };
        report.say(&format!("{rounds} × {requests} {what}, {connections} connections, {webhooks}, seed {seed}"));
        report.say(
            "round    good/s  ceiling/s   ratio    p50 ms    p99 ms    max ms  settled ms  webhooks  other answers",
        );
        report
    }

    /// Adds a round and shows it.
    pub fn add(&mut self, measured: Measured) {
        let round = &measured.round;
        let ms = |share| f64::from(round.percentile(share)) / 1000.0;
        let (ceiling, ratio) = match measured.ceiling {
            Some(ceiling) => (format!("{ceiling:.0}"), format!("{:.3}", round.rate() / ceiling)),
            None => ("-".to_owned(), "-".to_owned()),
        };
        self.say(&format!(
            "{:>5}  {:>8.0}  {ceiling:>9}  {ratio:>6}  {:>8.2}  {:>8.2}  {:>8.2}  {:>10}  {:>8}  {}",
            measured.number,
            round.rate(),
            ms(0.5),
            ms(0.99),
            ms(1.0),
            measured.settled.as_millis(),
            measured.webhooks,
            if round.other.is_empty() { "none".to_owned() } else { round.others() },
        ));
        self.rounds.push(measured);
    }

    /// The data directory before and after.
    pub fn grown(&mut self, before: Size, after: Size) {
        self.grown = Some((before, after));
    }

    /// Shows the medians; fails when there were other answers than those wanted.
    pub fn finish(&self) -> Result<(), Failure> {
        let medians = self.medians();
        let text = |name: &str, places: usize| match medians[name].as_f64() {
            Some(number) => format!("{number:.places$}"),
            None => "-".to_owned(),
        };
        let (rate, p50, p99) = (text("rate", 0), text("p50_ms", 2), text("p99_ms", 2));
        let (ceiling, ratio) = (text("ceiling", 0), text("ratio", 3));
        self.say(&format!("medians: {rate} good/s (ceiling {ceiling}/s, ratio {ratio}), p50 {p50} ms, p99 {p99} ms"));
        if let Some((before, after)) = self.grown {
            self.say(&self.growth(before, after));
        }
        if self.options.json {
            println!("{:#}", self.json(medians));
        }
        let other: u64 = self.rounds.iter().flat_map(|measured| measured.round.other.values()).sum();
        match other {
            0 => Ok(()),
            count => Err(Failure::wrong(format!(
                "{count} answers were not as they should be (quote_expired: start the server with --quote-life 300s)"
            ))),
        }
    }

    fn medians(&self) -> Value {
        let over = |value: &dyn Fn(&Measured) -> Option<f64>| median(self.rounds.iter().filter_map(value).collect());
        json!({
            "rate": over(&|measured| Some(measured.round.rate())),
            "ceiling": over(&|measured| measured.ceiling),
            "ratio": over(&|measured| measured.ceiling.map(|ceiling| measured.round.rate() / ceiling)),
            "p50_ms": over(&|measured| Some(f64::from(measured.round.percentile(0.5)) / 1000.0)),
            "p99_ms": over(&|measured| Some(f64::from(measured.round.percentile(0.99)) / 1000.0)),
        })
    }

    fn json(&self, medians: Value) -> Value {
        let rounds = self.rounds.iter().map(|measured| {
            let Measured { number, ceiling, round, settled, delivered, webhooks } = measured;
            json!({
                "round": number,
                "good": round.good,
                "seconds": round.seconds,
                "rate": round.rate(),
                "ceiling": ceiling,
                "p50_ms": f64::from(round.percentile(0.5)) / 1000.0,
                "p99_ms": f64::from(round.percentile(0.99)) / 1000.0,
                "settled_after_ms": settled.as_millis() as u64,
                "webhooks": webhooks,
                "webhooks_delivered_after_ms": delivered.as_millis() as u64,
                "other": round.other,
            })
        });
        let size = |size: Size| json!({"length": size.length, "allocated": size.allocated});
        json!({
            "scenario": self.options.scenario.to_possible_value().map(|value| value.get_name().to_owned()),
            "seed": self.seed,
            "connections": self.options.connections,
            "requests": self.options.requests,
            "webhooks": self.options.webhooks,
            "rounds": rounds.collect::<Vec<_>>(),
            "medians": medians,
            "data_directory": self.grown.map(|(before, after)| json!({"before": size(before), "after": size(after)})),
        })
    }

    /// Before compaction this says little: what is in the write-ahead log is there twice in the end.
    fn growth(&self, before: Size, after: Size) -> String {
        let journeys: u64 = self.rounds.iter().map(|measured| measured.round.good).sum();
        let grown = after.length.saturating_sub(before.length);
        format!(
            "data directory: {} bytes before, {} after ({} and {} allocated); {} more for each of {journeys} journeys, \
             before compaction",
            before.length,
            after.length,
            before.allocated,
            after.allocated,
            grown / journeys.max(1),
        )
    }

    fn say(&self, line: &str) {
        if self.options.json {
            eprintln!("{line}");
        } else {
            println!("{line}");
        }
    }
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        count if count % 2 == 1 => Some(values[middle]),
        _ => Some(f64::midpoint(values[middle - 1], values[middle])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_stands_in_the_middle() {
        assert_eq!(median(vec![]), None);
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), Some(2.5));
    }
}
