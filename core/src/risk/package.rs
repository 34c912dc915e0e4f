//! A model package as a data scientist hands it over: `manifest.toml`, the model, and golden rows scored elsewhere.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::{FEATURE_NAMES, Features, Thresholds};

/// A package whose manifest was read and whose model file is the one that it names.
#[derive(Clone, Debug)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: u32,
    /// The model's file.
    pub model: PathBuf,
    /// For each input of the model, which of our features it is.
    pub features: Vec<usize>,
    /// The name of the model's input tensor: float32, one row a redemption.
    pub input: String,
    /// The name of the output tensor.
    pub output: String,
    /// Which column of the output is the probability of fraud.
    pub column: usize,
    /// From which scores on a verdict holds.
    pub thresholds: Thresholds,
    /// Rows with the scores that they must get.
    pub golden: Vec<(Features, f32)>,
}

/// Why a package cannot be used. The text names the file and what to do.
#[derive(Debug, thiserror::Error)]
#[error("model package {path}: {reason}")]
pub struct PackageError {
    /// The file or folder.
    pub path: String,
    /// What is wrong.
    pub reason: String,
}

/// How far a golden row may be off.
pub const GOLDEN_TOLERANCE: f32 = 1e-5;

impl Package {
    /// Reads and checks the package in `folder`; the model itself is not run.
    pub fn read(folder: &Path) -> Result<Package, PackageError> {
        let path = folder.join("manifest.toml");
        let text = std::fs::read_to_string(&path).map_err(|error| fault(&path, error.to_string()))?;
        let manifest: Manifest = toml::from_str(&text).map_err(|error| fault(&path, error.to_string()))?;
        let features = feature_places(&manifest.input.features).map_err(|reason| fault(&path, reason))?;
        let model = folder.join(&manifest.file);
        check_sum(&model, &manifest.sha256)?;
        let golden = read_golden(&folder.join("golden.csv"), &features)?;
        Ok(Package {
            name: manifest.name,
            version: manifest.version,
            model,
            features,
            input: manifest.input.name,
            output: manifest.output.name,
            column: manifest.output.column,
            thresholds: thresholds(&path, &manifest.thresholds)?,
            golden,
        })
    }
}

#[derive(Deserialize)]
struct Manifest {
    name: String,
    version: u32,
    file: String,
    sha256: String,
    input: Input,
    output: Output,
    thresholds: ManifestThresholds,
}

#[derive(Deserialize)]
struct Input {
    name: String,
    features: Vec<String>,
}

#[derive(Deserialize)]
struct Output {
    name: String,
    column: usize,
}

#[derive(Deserialize)]
struct ManifestThresholds {
    step_up: f32,
    /// Without it nothing is reviewed.
    review: Option<f32>,
    decline: f32,
}

fn feature_places(names: &[String]) -> Result<Vec<usize>, String> {
    let place = |name: &String| {
        let known = FEATURE_NAMES.iter().position(|known| known == name);
        known
            .ok_or_else(|| format!("there is no feature named {name:?}; the features are {}", FEATURE_NAMES.join(", ")))
    };
    names.iter().map(place).collect()
}

fn thresholds(path: &Path, given: &ManifestThresholds) -> Result<Thresholds, PackageError> {
    let ManifestThresholds { step_up, review, decline } = *given;
    let review = review.unwrap_or(decline);
    if 0.0 < step_up && step_up <= review && review <= decline && decline <= 1.0 {
        Ok(Thresholds { step_up, review, decline })
    } else {
        Err(fault(path, "thresholds must satisfy 0 < step_up <= review <= decline <= 1".to_owned()))
    }
}

fn check_sum(model: &Path, expected: &str) -> Result<(), PackageError> {
    let bytes = std::fs::read(model).map_err(|error| fault(model, error.to_string()))?;
    let found: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    if found.eq_ignore_ascii_case(expected) {
        Ok(())
    } else {
        Err(fault(model, format!("its SHA-256 is {found}, the manifest says {expected}; export the package again")))
    }
}

/// Columns are named as in the manifest and lie in its order; the last one is the score.
fn read_golden(path: &Path, features: &[usize]) -> Result<Vec<(Features, f32)>, PackageError> {
    let text = std::fs::read_to_string(path).map_err(|error| fault(path, error.to_string()))?;
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    let expected: Vec<&str> = features.iter().map(|&place| FEATURE_NAMES[place]).chain(["score"]).collect();
    if header != expected {
        return Err(fault(path, format!("line 1 must be {}", expected.join(","))));
    }
    let rows: Result<Vec<_>, _> =
        lines.enumerate().map(|(number, line)| golden_row(path, number + 2, line, features)).collect();
    rows.and_then(|rows| if rows.is_empty() { Err(fault(path, "it has no rows".to_owned())) } else { Ok(rows) })
}

fn golden_row(path: &Path, number: usize, line: &str, features: &[usize]) -> Result<(Features, f32), PackageError> {
    let cells: Result<Vec<f32>, _> = line.split(',').map(str::parse).collect();
    let cells = cells.map_err(|error| fault(path, format!("line {number}: {error}")))?;
    if cells.len() != features.len() + 1 {
        return Err(fault(path, format!("line {number}: {} cells, expected {}", cells.len(), features.len() + 1)));
    }
    let mut row = Features([0.0; super::features::COUNT]);
    features.iter().zip(&cells).for_each(|(&place, &cell)| row.0[place] = cell);
    Ok((row, cells[features.len()]))
}

pub(super) fn fault(path: &Path, reason: String) -> PackageError {
    PackageError { path: path.display().to_string(), reason }
}
