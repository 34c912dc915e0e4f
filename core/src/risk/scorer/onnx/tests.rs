//! The runtime that the set-up installed, with the shipped model and with graphs made here.

use std::sync::OnceLock;
use std::time::Instant;

use super::*;
use crate::risk::package::onnx_file;

fn shipped() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/baseline/2")
}

/// The runtime that the set-up installed; a process has one.
fn runtime() -> &'static OnnxRuntime {
    static RUNTIME: OnceLock<OnnxRuntime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        let library = std::env::var("CAUSEWAY_ONNXRUNTIME").expect("run `cargo xtask setup` first");
        OnnxRuntime::load(Path::new(&library)).unwrap()
    })
}

#[test]
fn the_shipped_model_scores_its_golden_rows_and_notices_swapped_features() {
    let runtime = runtime();
    let mut scorer = OnnxScorer::load(runtime, &shipped()).unwrap();
    for place in 1..scorer.package.features.len() {
        scorer.package.features.swap(place - 1, place);
        assert!(scorer.check_golden().is_err(), "features {place} and {} swapped", place + 1);
        scorer.package.features.swap(place - 1, place);
    }
    scorer.check_golden().unwrap();
    let golden = scorer.package.golden.clone();
    let alone: Vec<f32> = golden.iter().flat_map(|(row, _)| scorer.score(&[*row]).unwrap()).collect();
    let together = scorer.score(&golden.iter().map(|(row, _)| *row).collect::<Vec<_>>()).unwrap();
    assert_eq!(alone, together, "a score does not depend on the batch");
}

/// A graph that would be refused is loaded all the same: the watchdog ends it between two steps.
#[test]
#[allow(clippy::disallowed_methods, reason = "what is tested is real time")]
fn a_run_that_takes_too_long_is_ended() {
    let runtime = runtime();
    let mut package = Package::read(&shipped()).unwrap();
    let steps = 4_000;
    package.bytes = onnx_file::slow(&package.input, package.features.len(), &package.output, steps);
    let row = package.golden[0].0;
    let limit = Duration::from_millis(100);
    let mut scorer = OnnxScorer::of_package(runtime, package).unwrap().watched(limit).unwrap();
    for _ in 0..2 {
        let before = Instant::now();
        assert_eq!(scorer.score(&[row]), Err(ScoreError::Late(limit)));
        let took = before.elapsed();
        assert!(took >= limit, "{took:?}");
        eprintln!("a run was ended after {took:?}");
    }
}

/// Random forests add one over n in float32: where all trees agree the sum is a rounding beyond 1.
#[test]
fn the_surest_scores_are_scores() {
    let mut package = Package::read(&shipped()).unwrap();
    let width = package.features.len();
    let (row, bound) = (package.golden[0].0, -1.192_092_9e-7_f32);
    let scored = |package: &Package, sums: [f32; 2]| {
        let mut scorer = OnnxScorer::of_package(runtime(), package.clone()).unwrap();
        scorer.package.golden = vec![(row, if sums[1] < 0.5 { 0.0 } else { 1.0 }); CHUNK + 1];
        (scorer.score(&[row]).unwrap()[0], scorer.check_golden().is_ok())
    };
    for kind in [Kind::Probability, Kind::Map(Column::Number(1))] {
        package.kind = kind.clone();
        for (sums, score, is_golden) in [
            ([bound, 1.000_000_1], 1.0, true),
            ([1.000_000_1, bound], 0.0, true),
            ([0.0, 1.001], 1.001, false),
            ([0.0, -0.001], -0.001, false),
        ] {
            package.bytes =
                onnx_file::constant(&package.input, width, &package.output, sums, kind != Kind::Probability);
            assert_eq!(scored(&package, sums), (score, is_golden), "{kind:?}");
        }
    }
}

#[test]
fn log_odds_become_probabilities() {
    for (logit, score) in [(0.0, 0.5), (f32::INFINITY, 1.0), (f32::NEG_INFINITY, 0.0), (-4.0, 0.017_986_21)] {
        assert_eq!(sigmoid(logit), score);
    }
    assert!(sigmoid(f32::NAN).is_nan());
}
