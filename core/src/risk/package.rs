//! A model package as a data scientist hands it over: `manifest.toml`, the model, and golden rows scored elsewhere.
//!
//! Nothing of it is believed. Everything has a bound that is looked at before it is read, and the graph is judged by its
//! structure before anything runs it.

mod files;
mod golden;
mod graph;
mod inspect;
mod manifest;
#[cfg(test)]
pub(super) mod onnx_file;
mod wire;

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::{FEATURE_NAMES, Features, Thresholds};
use inspect::Expected;
use manifest::Manifest;

pub(super) use golden::rounded;

pub use super::reference::{Histogram, Reference};
pub use manifest::{Column, Training};

/// A package whose manifest was read, and whose model file is the one that it names and may be run.
#[derive(Clone, Debug)]
pub struct Package {
    /// The version of the package's own form, 1 or 2.
    pub format: u32,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: u32,
    /// The model's file.
    pub model: PathBuf,
    /// What is in that file: it was checked, and what is run is this, whatever becomes of the file.
    pub bytes: Vec<u8>,
    /// The SHA-256 of those bytes, in hexadecimal.
    pub sha256: String,
    /// For each input of the model, which of our features it is.
    pub features: Vec<usize>,
    /// The name of the model's input tensor: float32, one row a redemption.
    pub input: String,
    /// The name of the output.
    pub output: String,
    /// What the output is.
    pub kind: Kind,
    /// Which column of the output tells of fraud; 0 for a map.
    pub column: usize,
    /// From which scores on a verdict holds.
    pub thresholds: Thresholds,
    /// How it was trained.
    pub training: Training,
    /// What drift is measured against.
    pub reference: Option<Reference>,
    /// Rows with the scores that they must get.
    pub golden: Vec<(Features, f32)>,
}

/// What the output of a model is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A column of probabilities.
    Probability,
    /// A column of log odds: the score is their sigmoid.
    Logit,
    /// A map from classes to probabilities for each row; the class of fraud.
    Map(Column),
}

/// Why a package cannot be used. The text names the file and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("model package {path}: {reason}")]
pub struct PackageError {
    /// The file or folder.
    pub path: String,
    /// What is wrong.
    pub reason: String,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What, in a word or two.
    pub topic: &'static str,
    /// What was seen, or what is wrong.
    pub result: Result<String, PackageError>,
}

/// Everything that can be said of a package without running its model.
#[derive(Clone, Debug)]
pub struct Examination {
    /// What was looked at, in order. What cannot be looked at because of an earlier fault is left out.
    pub findings: Vec<Finding>,
    /// The package, when nothing is wrong.
    pub package: Option<Package>,
}

/// How far a golden row may be off.
pub const GOLDEN_TOLERANCE: f32 = 1e-5;

impl Package {
    /// Reads and checks the package in `folder`; the model itself is not run.
    pub fn read(folder: &Path) -> Result<Package, PackageError> {
        let Examination { findings, package } = examine(folder);
        let fault_found = findings.into_iter().find_map(|finding| finding.result.err());
        match (fault_found, package) {
            (None, Some(package)) => Ok(package),
            (Some(found), _) => Err(found),
            (None, None) => Err(fault(folder, "it cannot be read".to_owned())),
        }
    }
}

/// Looks at the package in `folder`; the model itself is not run.
pub fn examine(folder: &Path) -> Examination {
    let mut findings = Vec::new();
    let package = look(folder, &mut findings);
    Examination { findings, package }
}

fn look(folder: &Path, findings: &mut Vec<Finding>) -> Option<Package> {
    let mut note = |topic: &'static str, path: &Path, result: Result<String, String>| {
        findings.push(Finding { topic, result: result.map_err(|reason| fault(path, reason)) });
    };
    let path = folder.join("manifest.toml");
    let manifest = read_manifest(folder);
    let said = manifest.as_ref().map(|found| format!("{} {}, format {}", found.name, found.version, found.format));
    note("manifest", &path, said.map_err(String::clone));
    let manifest = manifest.ok()?;
    let features = manifest.features();
    let said = features.as_ref().map(|features| format!("{} features, all of them known", features.len()));
    note("features", &path, said.map_err(String::clone));
    let reference = manifest.reference();
    match &reference {
        Ok(None) => {}
        Ok(Some(found)) => note("reference", &path, Ok(format!("the scores and {} features", found.features.len()))),
        Err(reason) => note("reference", &path, Err(reason.clone())),
    }
    let model = folder.join(&manifest.file);
    let bytes = read_model(folder, &manifest);
    let said = bytes.as_ref().map(|bytes| format!("{} bytes with the manifest's SHA-256", bytes.len()));
    note("model file", &model, said.map_err(String::clone));
    let (features, (kind, column)) = (features.ok()?, manifest.kind().ok()?);
    let golden_path = folder.join("golden.csv");
    let golden = files::place(folder, "golden.csv").and_then(|path| files::read_text(&path, files::GOLDEN_BYTES));
    let golden = golden.and_then(|text| golden::read(&text, &features));
    let said = golden.as_ref().map(|rows| format!("{} rows", rows.len()));
    note("golden rows", &golden_path, said.map_err(String::clone));
    let bytes = bytes.ok()?;
    let (input, output) = (manifest.input.name.as_str(), manifest.output.name.as_str());
    let expected = Expected { input, features: features.len(), output, kind: &kind, column };
    let graph = inspect::inspect(&bytes, &expected);
    let is_sound = graph.is_ok();
    note("graph", &model, graph.map(|summary| summary.to_string()).map_err(|complaints| complaints.join("; ")));
    let (golden, reference) = (golden.ok()?, reference.ok()?);
    let thresholds = manifest.thresholds().ok()?;
    is_sound.then(|| Package {
        format: manifest.format,
        name: manifest.name,
        version: manifest.version,
        model,
        bytes,
        sha256: manifest.sha256.to_ascii_lowercase(),
        features,
        input: manifest.input.name,
        output: manifest.output.name,
        kind,
        column,
        thresholds,
        training: manifest.training,
        reference,
        golden,
    })
}

fn read_manifest(folder: &Path) -> Result<Manifest, String> {
    let path = files::place(folder, "manifest.toml")?;
    manifest::read(&files::read_text(&path, files::MANIFEST_BYTES)?)
}

fn read_model(folder: &Path, manifest: &Manifest) -> Result<Vec<u8>, String> {
    let bytes = files::read(&files::place(folder, &manifest.file)?, files::MODEL_BYTES)?;
    let found: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    if found.eq_ignore_ascii_case(&manifest.sha256) {
        Ok(bytes)
    } else {
        Err(format!("its SHA-256 is {found}, the manifest says {}; export the package again", manifest.sha256))
    }
}

pub(super) fn fault(path: &Path, reason: String) -> PackageError {
    PackageError { path: path.display().to_string(), reason }
}
