//! A model run by ONNX Runtime: one intra-op thread, no spinning, so that it takes no more than the engine's own time.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ort::environment::Environment;
use ort::session::builder::GraphOptimizationLevel;
use ort::session::{RunOptions, Session};
use ort::value::{DynMap, DynValue, TensorRef};

use super::watchdog::Watchdog;
use super::{CHUNK, ScoreError, Scorer};
use crate::risk::package::{Column, GOLDEN_TOLERANCE, Kind, Package, PackageError, fault, rounded};
use crate::risk::{Features, Thresholds};

/// The runtime's shared library. One per process.
pub struct OnnxRuntime(Environment);

impl OnnxRuntime {
    /// Loads the library; the text of an error says what the system's loader said.
    pub fn load(library: &Path) -> Result<OnnxRuntime, String> {
        let environment = ort::init_from(library).map_err(|error| error.to_string())?.with_name("causeway");
        environment.with_telemetry(false).build().map(OnnxRuntime).map_err(|error| error.to_string())
    }

    /// The runtime itself, for those who measure it without what stands around it here.
    pub fn environment(&self) -> &Environment {
        &self.0
    }
}

/// A model that passed its golden rows.
pub struct OnnxScorer {
    session: Session,
    options: Arc<RunOptions>,
    watchdog: Option<(Watchdog, Duration)>,
    package: Package,
    version: String,
    input: Vec<f32>,
}

impl OnnxScorer {
    /// Loads the package in `folder` and scores its golden rows: one that is off by more than the tolerance refuses it.
    pub fn load(runtime: &OnnxRuntime, folder: &Path) -> Result<OnnxScorer, PackageError> {
        let mut scorer = OnnxScorer::of_package(runtime, Package::read(folder)?)?;
        scorer.check_golden().map_err(|reason| fault(folder, reason))?;
        Ok(scorer)
    }

    /// Loads a package that was read, without scoring its golden rows.
    pub fn of_package(runtime: &OnnxRuntime, mut package: Package) -> Result<OnnxScorer, PackageError> {
        let failed = |reason| fault(&package.model, reason);
        let session = session(runtime, &package.bytes).map_err(failed)?;
        let options = RunOptions::new().map_err(|error| failed(error.to_string()))?;
        // The session has its own copy.
        package.bytes = Vec::new();
        let version = package.version.to_string();
        Ok(OnnxScorer { session, options: Arc::new(options), watchdog: None, package, version, input: Vec::new() })
    }

    /// The same with a watchdog that ends a run after `limit`, between two of its steps: one step cannot be ended, and what
    /// one can cost at most was looked at when the package was read.
    pub fn watched(mut self, limit: Duration) -> std::io::Result<OnnxScorer> {
        let options = Arc::clone(&self.options);
        let end = move || {
            // Nothing can be done where even this fails; the run ends by itself.
            let _ = options.terminate();
        };
        self.watchdog = Some((Watchdog::start(limit, end)?, limit));
        Ok(self)
    }

    /// The package, without its model's bytes.
    pub fn package(&self) -> &Package {
        &self.package
    }

    /// Scores the golden rows, no more at a time than the gateway ever does; says which ones are off.
    pub fn check_golden(&mut self) -> Result<(), String> {
        let golden = self.package.golden.clone();
        let mut scores = Vec::with_capacity(golden.len());
        for run in golden.chunks(CHUNK) {
            let rows: Vec<Features> = run.iter().map(|(row, _)| *row).collect();
            scores.extend(self.score(&rows).map_err(|error| error.to_string())?);
        }
        let off = golden.iter().zip(&scores).map(|((_, expected), score)| (expected - score).abs());
        let bad: Vec<usize> = off
            .enumerate()
            .filter(|(_, off)| off.is_nan() || *off > GOLDEN_TOLERANCE)
            .map(|(number, _)| number)
            .collect();
        let Some(&first) = bad.first() else { return Ok(()) };
        let (score, expected) = (scores[first], golden[first].1);
        Err(format!(
            "golden row {} scores {score}, the package says {expected}; {} of {} rows are off by more than \
             {GOLDEN_TOLERANCE:e}: were they scored by ONNX Runtime with this very file, features in the manifest's order?",
            first + 1,
            bad.len(),
            golden.len()
        ))
    }

    fn fill(&mut self, rows: &[Features]) {
        self.input.clear();
        for row in rows {
            self.input.extend(self.package.features.iter().map(|&place| row.0[place]));
        }
    }

    fn run(&mut self, rows: usize) -> Result<Vec<f32>, ScoreError> {
        let shape = [rows, self.package.features.len()];
        let view = TensorRef::from_array_view((shape, self.input.as_slice())).map_err(failed)?;
        let inputs = ort::inputs![self.package.input.as_str() => view];
        let outputs = self.session.run_with_options(inputs, &*self.options).map_err(failed)?;
        let output = outputs.get(self.package.output.as_str());
        let output =
            output.ok_or_else(|| ScoreError::Failed(format!("there is no output {:?}", self.package.output)))?;
        scores(output, &self.package.kind, rows, self.package.column)
    }
}

impl Scorer for OnnxScorer {
    fn score(&mut self, rows: &[Features]) -> Result<Vec<f32>, ScoreError> {
        self.fill(rows);
        if let Some((watchdog, _)) = &self.watchdog {
            watchdog.begin(|| self.options.unterminate()).map_err(failed)?;
        }
        let scores = self.run(rows.len());
        match &self.watchdog {
            Some((watchdog, limit)) if watchdog.finish() => Err(ScoreError::Late(*limit)),
            Some(_) | None => scores,
        }
    }

    fn model(&self) -> (&str, &str) {
        (&self.package.name, &self.version)
    }

    fn thresholds(&self) -> Thresholds {
        self.package.thresholds
    }
}

fn failed(error: ort::Error) -> ScoreError {
    ScoreError::Failed(error.to_string())
}

fn session(runtime: &OnnxRuntime, model: &[u8]) -> Result<Session, String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let builder = Session::builder(&runtime.0).map_err(|error| text(&error))?;
    let builder = builder.with_optimization_level(GraphOptimizationLevel::All).map_err(|error| text(&error))?;
    let builder = builder.with_intra_threads(1).map_err(|error| text(&error))?;
    let builder = builder.with_intra_op_spinning(false).map_err(|error| text(&error))?;
    // Numbers next to zero would take many times as long, and so would a row that leads to them.
    let builder = builder.with_flush_to_zero().map_err(|error| text(&error))?;
    let mut builder = builder.with_inter_op_spinning(false).map_err(|error| text(&error))?;
    builder.commit_from_memory(model).map_err(|error| text(&error))
}

fn scores(output: &DynValue, kind: &Kind, rows: usize, place: usize) -> Result<Vec<f32>, ScoreError> {
    match kind {
        Kind::Probability | Kind::Logit => {
            let (shape, values) = output.try_extract_tensor::<f32>().map_err(failed)?;
            let mut values = column(shape, values, rows, place)?;
            let to_score = if *kind == Kind::Logit { sigmoid } else { rounded };
            values.iter_mut().for_each(|value| *value = to_score(*value));
            Ok(values)
        }
        Kind::Map(class) => {
            let maps = output.try_extract_sequence::<ort::value::DynMapValueType>().map_err(failed)?;
            if maps.len() != rows {
                return Err(ScoreError::Failed(format!("the output has {} maps for {rows} rows", maps.len())));
            }
            maps.iter().map(|map| of_class(map, class).map(rounded)).collect()
        }
    }
}

/// The probability of log odds, in double precision and rounded once.
fn sigmoid(logit: f32) -> f32 {
    (1.0 / (1.0 + (-f64::from(logit)).exp())) as f32
}

fn of_class(map: &DynMap, class: &Column) -> Result<f32, ScoreError> {
    let found = match class {
        Column::Number(number) => {
            let entries = map.try_extract_key_values::<i64, f32>().map_err(failed)?;
            entries.into_iter().find(|(key, _)| key == number).map(|(_, score)| score)
        }
        Column::Text(text) => {
            let entries = map.try_extract_key_values::<String, f32>().map_err(failed)?;
            entries.into_iter().find(|(key, _)| key == text).map(|(_, score)| score)
        }
    };
    found.ok_or_else(|| ScoreError::Failed(format!("the output's map has no class {class}")))
}

fn column(shape: &[i64], values: &[f32], rows: usize, column: usize) -> Result<Vec<f32>, ScoreError> {
    match *shape {
        [found, width] if found == rows as i64 && (column as i64) < width => {
            Ok(values.chunks(width as usize).map(|row| row[column]).collect())
        }
        [found] if found == rows as i64 && column == 0 => Ok(values.to_vec()),
        _ => Err(ScoreError::Failed(format!("the output has shape {shape:?} for {rows} rows and column {column}"))),
    }
}

#[cfg(test)]
mod tests;
