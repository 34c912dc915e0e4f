//! A model run by ONNX Runtime: one intra-op thread, no spinning, so that it takes no more than the engine's own time.

use std::path::Path;

use ort::environment::Environment;
use ort::session::Session;
use ort::session::builder::GraphOptimizationLevel;
use ort::value::TensorRef;

use super::{ScoreError, Scorer};
use crate::risk::package::{GOLDEN_TOLERANCE, Package, PackageError, fault};
use crate::risk::{Features, Thresholds};

/// The runtime's shared library. One per process.
pub struct OnnxRuntime(Environment);

impl OnnxRuntime {
    /// Loads the library; the text of an error says what the system's loader said.
    pub fn load(library: &Path) -> Result<OnnxRuntime, String> {
        let environment = ort::init_from(library).map_err(|error| error.to_string())?.with_name("causeway");
        environment.with_telemetry(false).build().map(OnnxRuntime).map_err(|error| error.to_string())
    }
}

/// A model that passed its golden rows.
pub struct OnnxScorer {
    session: Session,
    package: Package,
    version: String,
    input: Vec<f32>,
}

impl OnnxScorer {
    /// Loads the package in `folder` and scores its golden rows: one that is off by more than the tolerance refuses it.
    pub fn load(runtime: &OnnxRuntime, folder: &Path) -> Result<OnnxScorer, PackageError> {
        let package = Package::read(folder)?;
        let session = session(runtime, &package.model).map_err(|reason| fault(&package.model, reason))?;
        let mut scorer = OnnxScorer { session, version: package.version.to_string(), package, input: Vec::new() };
        scorer.check_golden().map_err(|reason| fault(folder, reason))?;
        Ok(scorer)
    }

    fn check_golden(&mut self) -> Result<(), String> {
        let golden = self.package.golden.clone();
        let rows: Vec<Features> = golden.iter().map(|(row, _)| *row).collect();
        let scores = self.score(&rows).map_err(|error| error.to_string())?;
        for (number, ((_, expected), score)) in golden.iter().zip(scores).enumerate() {
            let off = (expected - score).abs();
            if off.is_nan() || off > GOLDEN_TOLERANCE {
                return Err(format!("golden row {} scores {score}, the package says {expected}", number + 1));
            }
        }
        Ok(())
    }

    fn fill(&mut self, rows: &[Features]) {
        self.input.clear();
        for row in rows {
            self.input.extend(self.package.features.iter().map(|&place| row.0[place]));
        }
    }
}

impl Scorer for OnnxScorer {
    fn score(&mut self, rows: &[Features]) -> Result<Vec<f32>, ScoreError> {
        self.fill(rows);
        let shape = [rows.len(), self.package.features.len()];
        let failed = |error: ort::Error| ScoreError::Failed(error.to_string());
        let view = TensorRef::from_array_view((shape, self.input.as_slice())).map_err(failed)?;
        let outputs = self.session.run(ort::inputs![self.package.input.as_str() => view]).map_err(failed)?;
        let output = outputs.get(self.package.output.as_str());
        let output =
            output.ok_or_else(|| ScoreError::Failed(format!("there is no output {:?}", self.package.output)))?;
        let (shape, values) = output.try_extract_tensor::<f32>().map_err(failed)?;
        column(shape, values, rows.len(), self.package.column)
    }

    fn model(&self) -> (&str, &str) {
        (&self.package.name, &self.version)
    }

    fn thresholds(&self) -> Thresholds {
        self.package.thresholds
    }
}

fn session(runtime: &OnnxRuntime, model: &Path) -> Result<Session, String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let builder = Session::builder(&runtime.0).map_err(|error| text(&error))?;
    let builder = builder.with_optimization_level(GraphOptimizationLevel::All).map_err(|error| text(&error))?;
    let builder = builder.with_intra_threads(1).map_err(|error| text(&error))?;
    let builder = builder.with_intra_op_spinning(false).map_err(|error| text(&error))?;
    let mut builder = builder.with_inter_op_spinning(false).map_err(|error| text(&error))?;
    builder.commit_from_file(model).map_err(|error| text(&error))
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
mod tests {
    use super::*;

    fn shipped() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/baseline/1")
    }

    /// The runtime that the set-up installed.
    fn runtime() -> OnnxRuntime {
        let library = std::env::var("CAUSEWAY_ONNXRUNTIME").expect("run `cargo xtask setup` first");
        OnnxRuntime::load(Path::new(&library)).unwrap()
    }

    #[test]
    fn the_shipped_model_scores_its_golden_rows_and_notices_swapped_features() {
        let runtime = runtime();
        let mut scorer = OnnxScorer::load(&runtime, &shipped()).unwrap();
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
}
