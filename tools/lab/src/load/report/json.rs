//! The result as JSON, for programs. Rates are per second, times in milliseconds, shares from 0 to 1.

use clap::ValueEnum;
use serde_json::{Value, json};

use super::Report;
use super::figures::{FLAT_OUT, Figure, PEAK, STEADY, merged, over};
use crate::calendar::Moment;
use crate::load::mix::Mix;
use crate::load::round::{Measured, MixRound};
use crate::load::statistics::{Quietness, middle_spread, spread};
use crate::load::tally::{Tally, Times};

/// Raised when a field changes its meaning.
const FORMAT: u32 = 1;
/// Shares at which times are told.
const QUANTILES: [(&str, f64); 6] =
    [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99_9", 0.999), ("p99_99", 0.9999), ("max", 1.0)];

impl Report {
    /// Everything.
    pub fn json(&self) -> Value {
        let mixes = self.rounds.mixes.iter().map(|(mix, rounds)| self.mix(*mix, rounds));
        json!({
            "format": FORMAT,
            "began": Moment::at(self.began).stamp(),
            "commit": self.machine.commit,
            "machine": self.machine.json(),
            "settings": self.settings(),
            "counted": self.counted(),
            "verdict": self.verdict_json(),
            "stolen_share": self.stolen,
            "others_share": self.others,
            "ceilings": self.ceilings_json(),
            "mixes": mixes.collect::<Vec<_>>(),
            "webhooks_arrived": self.rounds.webhooks,
        })
    }

    fn settings(&self) -> Value {
        let options = &self.options;
        let width = options.width();
        json!({
            "seed": self.seed,
            "rounds": options.rounds(),
            "step_seconds": options.time().as_secs_f64(),
            "lead_seconds": options.lead().as_secs_f64(),
            "rate": options.rate,
            "p99_limit_ms": options.p99_limit_ms,
            "steady_share": options.steady(),
            "http": options.http.to_possible_value().map(|value| value.get_name().to_owned()),
            "in_flight": width.in_flight,
            "patience_ms": width.patience.as_millis() as u64,
            "copies": options.copies(),
            "webhooks": options.webhooks,
            "own_server": options.target.is_none(),
            "pin_server": options.pin_server.as_ref().map(|cpus| cpus.numbers().to_vec()),
            "pin_generator": options.pin_generator.as_ref().map(|cpus| cpus.numbers().to_vec()),
        })
    }

    fn verdict_json(&self) -> Value {
        let verdict = self.verdict();
        let word = match verdict.quietness() {
            Quietness::Quiet => "quiet",
            Quietness::Unsteady => "unsteady",
            Quietness::Noisy => "noisy",
        };
        let bound = self.options.noise_share();
        json!({"machine": word, "bound": bound, "sentence": verdict.sentence()})
    }

    fn ceilings_json(&self) -> Value {
        let ceilings = self.rounds.ceiling_rounds().into_iter().map(|(name, rounds)| {
            let figure = Figure::of(&rounds).map(figure);
            (name.to_owned(), json!({"per_second": figure, "spread": spread(&rounds), "middle_spread": middle_spread(&rounds), "rounds": rounds}))
        });
        let mut all: serde_json::Map<String, Value> = ceilings.collect();
        let (puts, bytes) = self.per_pay_in;
        all.insert("pay_in".to_owned(), json!({"puts": puts, "bytes": bytes}));
        Value::Object(all)
    }

    fn mix(&self, mix: Mix, rounds: &[MixRound]) -> Value {
        let rate = |kind| over(rounds, kind, |measured| measured.step.rate()).map(figure);
        let ms = |share: f64| over(rounds, STEADY, move |measured| measured.step.tally.latency.ms(share)).map(figure);
        let shares = self.rounds.shares(rounds);
        let shares = json!({
            "http": shares.http.map(figure),
            "store_grouped": shares.store.map(figure),
            "model_grouped": shares.model.map(figure),
        });
        let Tally { operations, .. } = merged(rounds, STEADY);
        let operations: serde_json::Map<String, Value> =
            operations.iter().map(|(operation, times)| (operation.name().to_owned(), quantiles(times))).collect();
        json!({
            "mix": mix.name(),
            "unit": mix.unit(),
            "flat_out_per_second": rate(FLAT_OUT),
            "shares_of_ceilings": shares,
            "peak_per_second": rate(PEAK),
            "steady_per_second": rate(STEADY),
            "steady_p50_ms": ms(0.5),
            "steady_p99_ms": ms(0.99),
            "steady_operations_ms": operations,
            "rounds": rounds.iter().map(round).collect::<Vec<_>>(),
        })
    }
}

fn figure(figure: Figure) -> Value {
    json!({"median": figure.median, "low": figure.low, "high": figure.high})
}

fn round(round: &MixRound) -> Value {
    let step = |measured: &Option<Measured>| measured.as_ref().map(step);
    json!({"flat_out": step(&round.flat_out), "peak": step(&round.peak), "steady": step(&round.steady)})
}

fn step(measured: &Measured) -> Value {
    let (step, tally) = (&measured.step, &measured.step.tally);
    json!({
        "offered_per_second": step.offered(),
        "good_per_second": step.rate(),
        "pay_ins_per_second": measured.pay_ins,
        "due": tally.due,
        "good": tally.good,
        "missed": tally.missed,
        "unanswered": tally.unanswered,
        "others": tally.others,
        "seconds": step.window,
        "was_sustained": measured.was_sustained,
        "latency_ms": quantiles(&tally.latency),
        "from_sending_ms": quantiles(&tally.service),
        "server_cores": measured.server_cores,
        "generator_cores": measured.generator_cores,
    })
}

fn quantiles(times: &Times) -> Value {
    let all: serde_json::Map<String, Value> =
        QUANTILES.iter().map(|(name, share)| ((*name).to_owned(), times.ms(*share).into())).collect();
    Value::Object(all)
}
