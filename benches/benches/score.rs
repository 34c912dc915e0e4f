//! How long a redemption waits for its score: features and model, beside the bare ONNX Runtime with the same rows in the same
//! run. Prints percentiles, which criterion does not: `cargo xtask bench --bench score`.
//!
//! Ways are interleaved, and each figure is the median of the rounds, so that a noisy machine is unfair to none of them.

#![allow(clippy::print_stdout, reason = "a bench prints what it measured")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use causeway_benches::large_model;
use causeway_benches::risk::Stream;
use causeway_control::gate::{processor_time, system_time};
use causeway_core::risk::package::Package;
use causeway_core::risk::scorer::{Guarded, OnnxRuntime, OnnxScorer, Shelf, Timekeeper};
use causeway_core::risk::{Chosen, Decider, Facts, Features, ModelId};
use causeway_core::time::Timestamp;
use ort::session::Session;
use ort::session::builder::GraphOptimizationLevel;
use ort::value::TensorRef;

const SEED: u64 = 20_261_122;
const ROUNDS: usize = 9;
/// Redemptions of a round, each of which is timed by itself.
const CALLS: usize = 20_000;
/// Rows of a round in batches, and how many at once.
const ROWS: usize = 32_768;
const SIZES: [usize; 5] = [1, 4, 16, 64, 256];
/// As the gateway's own: `--model-budget` and the watchdog behind it.
const BUDGET: Duration = Duration::from_millis(5);
const WATCHDOG: Duration = Duration::from_millis(100);

fn main() {
    // Criterion's benches are chosen by words like these; without any, all are run.
    let mut words = std::env::args().skip(1).filter(|word| !word.starts_with('-'));
    if !words.next().is_none_or(|word| "score/latency".contains(&word)) {
        return;
    }
    let library = std::env::var("CAUSEWAY_ONNXRUNTIME").expect("run `cargo xtask setup` first");
    let package = Package::read(&large_model()).expect("the package is good");
    println!("score/latency: {} {}, seed {SEED}, {ROUNDS} rounds", package.name, package.version);
    let runtime = OnnxRuntime::load(library.as_ref()).expect("the runtime loads");
    let (mut raw, mut inside) = (Raw::load(&runtime, &package), Inside::load(&runtime));
    let mut stream = Stream::new(SEED);
    let mut latencies: Vec<[Percentiles; 4]> = Vec::new();
    let mut rates: Vec<Vec<[f64; 2]>> = Vec::new();
    for _ in 0..ROUNDS {
        let measured: Vec<Measured> =
            (0..CALLS).map(|number| redemption(&mut stream, &mut raw, &mut inside, number % 2 == 0)).collect();
        let of = |time: fn(&Measured) -> Duration| Percentiles::of(measured.iter().map(time).collect());
        latencies.push([
            of(|one| one.raw),
            of(|one| one.features),
            of(|one| one.score),
            of(|one| one.features + one.score),
        ]);
        let rows: Vec<Features> = (0..ROWS).map(|_| row(&mut stream)).collect();
        rates.push(SIZES.map(|size| [raw.rate(&rows, size), inside.rate(&rows, size)]).to_vec());
    }
    // The fallback is much faster: a model that was cut off must not look like a fast one.
    assert!(inside.left * 1_000 < inside.asked, "{} of {} rows had no score in time", inside.left, inside.asked);
    print_latencies(&latencies);
    print_rates(&rates);
}

/// What one redemption took.
struct Measured {
    raw: Duration,
    features: Duration,
    score: Duration,
}

/// Each way is the first one every second time: what comes second finds the row in the caches.
fn redemption(stream: &mut Stream, raw: &mut Raw, inside: &mut Inside, raw_first: bool) -> Measured {
    let facts: Facts = stream.redemption();
    let (row, features) = timed(|| stream.observe(&facts));
    let input = raw.input(&[row]);
    let (score, raw) = if raw_first {
        let raw = timed(|| raw.run(&input, 1)).1;
        (timed(|| inside.score(&[row])).1, raw)
    } else {
        let score = timed(|| inside.score(&[row])).1;
        (score, timed(|| raw.run(&input, 1)).1)
    };
    stream.settle(&facts);
    Measured { raw, features, score }
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let started = Instant::now();
    let made = black_box(work());
    (made, started.elapsed())
}

fn row(stream: &mut Stream) -> Features {
    let facts = stream.redemption();
    let row = stream.observe(&facts);
    stream.settle(&facts);
    row
}

/// ONNX Runtime alone, with the gateway's settings.
struct Raw {
    session: Session,
    columns: Vec<usize>,
    name: String,
}

impl Raw {
    fn load(runtime: &OnnxRuntime, package: &Package) -> Raw {
        let builder = Session::builder(runtime.environment()).expect("a session can be built");
        let builder = builder.with_optimization_level(GraphOptimizationLevel::All).expect("a level");
        let builder = builder.with_intra_threads(1).expect("one thread");
        let builder = builder.with_intra_op_spinning(false).expect("no spinning");
        let builder = builder.with_flush_to_zero().expect("flushing");
        let mut builder = builder.with_inter_op_spinning(false).expect("no spinning");
        let session = builder.commit_from_memory(&package.bytes).expect("the model loads");
        Raw { session, columns: package.features.clone(), name: package.input.clone() }
    }

    fn input(&self, rows: &[Features]) -> Vec<f32> {
        rows.iter().flat_map(|row| self.columns.iter().map(|&place| row.0[place])).collect()
    }

    fn run(&mut self, input: &[f32], rows: usize) {
        let view = TensorRef::from_array_view(([rows, self.columns.len()], input)).expect("a tensor");
        black_box(self.session.run(ort::inputs![self.name.as_str() => view]).expect("the model runs"));
    }

    fn rate(&mut self, rows: &[Features], size: usize) -> f64 {
        let inputs: Vec<Vec<f32>> = rows.chunks(size).map(|chunk| self.input(chunk)).collect();
        let started = Instant::now();
        inputs.iter().for_each(|input| self.run(input, input.len() / self.columns.len()));
        rows.len() as f64 / started.elapsed().as_secs_f64()
    }
}

/// The model as the engine has it: on the shelf, guarded and watched.
struct Inside {
    shelf: Shelf,
    chosen: Chosen,
    /// Rows that were asked for, and those of them that were left to the fallback.
    asked: usize,
    left: usize,
}

impl Inside {
    fn load(runtime: &OnnxRuntime) -> Inside {
        let scorer = OnnxScorer::load(runtime, &large_model()).expect("the model is good");
        let id = ModelId { name: scorer.package().name.clone(), version: scorer.package().version };
        let scorer = scorer.watched(WATCHDOG).expect("a watchdog starts");
        let mut shelf = Shelf::default();
        let time = Box::new(EngineTime(Instant::now()));
        shelf.put(id.clone(), Box::new(Guarded::new(Box::new(scorer), BUDGET, time)));
        Inside { shelf, chosen: Chosen { canary: None, live: Some(Arc::new(id)) }, asked: 0, left: 0 }
    }

    fn score(&mut self, rows: &[Features]) -> f32 {
        let chosen = vec![self.chosen.clone(); rows.len()];
        let risks = self.shelf.assess(rows, &chosen);
        let left = risks.iter().filter(|risk| !matches!(risk.decider, Decider::Model { .. })).count();
        (self.asked, self.left) = (self.asked + rows.len(), self.left + left);
        risks.iter().map(|risk| risk.score).sum()
    }

    fn rate(&mut self, rows: &[Features], size: usize) -> f64 {
        let started = Instant::now();
        rows.chunks(size).for_each(|chunk| {
            black_box(self.score(chunk));
        });
        rows.len() as f64 / started.elapsed().as_secs_f64()
    }
}

/// The clocks of a gateway's engine.
struct EngineTime(Instant);

impl Timekeeper for EngineTime {
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn worked(&self) -> Duration {
        processor_time()
    }

    fn date(&self) -> Timestamp {
        system_time()
    }
}

/// Percentiles of a round, in microseconds.
#[derive(Clone, Copy)]
struct Percentiles {
    p50: f64,
    p99: f64,
    p999: f64,
}

impl Percentiles {
    fn of(mut times: Vec<Duration>) -> Percentiles {
        times.sort_unstable();
        let at = |share: f64| times[(times.len() as f64 * share) as usize].as_secs_f64() * 1e6;
        Percentiles { p50: at(0.5), p99: at(0.99), p999: at(0.999) }
    }
}

fn print_latencies(rounds: &[[Percentiles; 4]]) {
    println!("\n| one redemption | p50 µs | p99 µs | p99.9 µs |\n|---|---|---|---|");
    let ways = ["ONNX Runtime alone", "features", "score", "features and score"];
    let of = |way: usize, get: fn(&Percentiles) -> f64| median(rounds.iter().map(|round| get(&round[way])));
    for (way, name) in ways.iter().enumerate() {
        let (p50, p99, p999) = (of(way, |one| one.p50), of(way, |one| one.p99), of(way, |one| one.p999));
        println!("| {name} | {p50:.1} | {p99:.1} | {p999:.1} |");
    }
    let ratio = |get: fn(&Percentiles) -> f64| median(rounds.iter().map(|round| get(&round[3]) / get(&round[0])));
    let (p50, p99) = (ratio(|one| one.p50), ratio(|one| one.p99));
    println!("\nfeatures and score over ONNX Runtime alone: p50 {p50:.2}, p99 {p99:.2}");
}

fn print_rates(rounds: &[Vec<[f64; 2]>]) {
    println!(
        "\n| rows a call | ONNX Runtime alone, rows/s | inside, rows/s | inside over alone, time |\n|---|---|---|---|"
    );
    for (place, size) in SIZES.iter().enumerate() {
        let rate = |way: usize| median(rounds.iter().map(|round| round[place][way]));
        let ratio = median(rounds.iter().map(|round| round[place][0] / round[place][1]));
        println!("| {size} | {:.0} | {:.0} | {ratio:.2} |", rate(0), rate(1));
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
