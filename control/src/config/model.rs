//! What `causeway model` takes.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

use super::duration;

/// What can be done with model packages.
#[derive(Clone, Debug, Subcommand)]
pub enum ModelAction {
    /// Says in plain words whether a model package may be loaded, and what is wrong with it.
    ///
    /// The model runs in a process of its own with at most 2 GiB of memory, 30 s of processor time and a minute in all. It
    /// must give its golden scores within 1e-5, the same score for a row alone and among others, and be quick enough. Exit
    /// code 1 when the package cannot be loaded.
    Check(ModelCheck),
    /// What the process does that runs the model of a check.
    #[command(hide = true)]
    RunCheck(RunCheck),
}

/// The words of `causeway model check`.
#[derive(Args, Clone, Debug)]
pub struct ModelCheck {
    /// The package: a folder with manifest.toml, the model and golden.csv.
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// The processor time that one row and 64 rows may take, 99 times of 100.
    #[arg(long, value_name = "TIME", default_value = "2ms", value_parser = duration::budget)]
    pub budget: Duration,
    /// Prints the findings as JSON.
    #[arg(long)]
    pub json: bool,
    /// The ONNX Runtime shared library. Without it: beside the program, then the user's cache directory.
    #[arg(long, env = "CAUSEWAY_ONNXRUNTIME", value_name = "FILE")]
    pub onnxruntime: Option<PathBuf>,
}

/// The words that a check gives to the process that it starts.
#[derive(Args, Clone, Debug)]
pub struct RunCheck {
    /// The package.
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// The ONNX Runtime shared library.
    #[arg(long, value_name = "FILE")]
    pub onnxruntime: PathBuf,
    /// Which model was looked at.
    #[arg(long, value_name = "HEX")]
    pub sha256: String,
    /// What a call may take.
    #[arg(long, value_name = "TIME", value_parser = duration::budget)]
    pub budget: Option<Duration>,
}
