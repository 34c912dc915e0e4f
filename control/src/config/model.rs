//! What `causeway model` takes.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

use super::duration;

/// What a scoring call may take, in the engine and when a package is checked, unless it is said.
pub const MODEL_BUDGET: &str = "5ms";

/// What can be done with model packages.
#[derive(Clone, Debug, Subcommand)]
pub enum ModelAction {
    /// Says in plain words whether a model package may be loaded, and what is wrong with it.
    ///
    /// The model runs in a process of its own with at most 1 GiB of memory, 30 s of processor time and a minute in all. It
    /// must give its golden scores within 1e-5, the same score for a row alone and among others, and be quick enough. Exit
    /// code 1 when the package cannot be loaded.
    Check(ModelCheck),
    /// What the process does that runs the model of a check.
    #[command(hide = true)]
    RunCheck(RunCheck),
    /// A step in the life of a model.
    #[command(flatten)]
    Step(ModelStep),
}

/// The words of `causeway model check`.
#[derive(Args, Clone, Debug)]
pub struct ModelCheck {
    /// The package: a folder with manifest.toml, the model and golden.csv.
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// The processor time that one row and 64 rows may take, 99 times of 100.
    #[arg(long, value_name = "TIME", default_value = MODEL_BUDGET, value_parser = duration::budget)]
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

/// What an operator does with the models of a gateway that runs.
#[derive(Clone, Debug, Subcommand)]
pub enum ModelStep {
    /// Lists the models of a mode with their stages.
    List(Listed),
    /// Shows one model: its stage, how it fares, and what it says as a shadow.
    Show(Shown),
    /// Checks a package on the gateway's machine, keeps a copy of it, and adds it to the models.
    ///
    /// A version that is registered is never overwritten: a package with other bytes needs another version.
    Register(Registered),
    /// Lets a model score everything and decide nothing.
    Shadow(Named),
    /// Lets a model decide a share of the payments. Who falls into it stays in it.
    Canary(Shared),
    /// Lets a model decide. The one that was live is remembered for a rollback.
    Promote(Named),
    /// Takes a model out of use.
    Retire(Named),
    /// Takes back the canary; without one the live model, for the one that was live before it, or else the fallback rules. It
    /// takes effect on the next payment.
    Rollback(Unnamed),
}

/// Where the gateway is, and which of its cells is meant.
#[derive(Args, Clone, Debug)]
pub struct Remote {
    /// The address of the operator interface.
    #[arg(long, env = "CAUSEWAY_OPERATOR_URL", value_name = "URL", default_value = "http://127.0.0.1:8081")]
    pub operator_url: String,
    /// A file with an operator's token.
    #[arg(
        long,
        env = "CAUSEWAY_OPERATOR_TOKEN_FILE",
        value_name = "FILE",
        default_value = "causeway-data/operator-token"
    )]
    pub token_file: PathBuf,
    /// Which cell's models.
    #[arg(long, env = "CAUSEWAY_MODEL_MODE", value_name = "MODE", default_value = "sandbox")]
    pub mode: CellWord,
}

/// Why it is done.
#[derive(Args, Clone, Debug)]
pub struct Why {
    /// Why: the audit keeps it.
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

/// The words of `causeway model list`.
#[derive(Args, Clone, Debug)]
pub struct Listed {
    #[command(flatten)]
    remote: Remote,
}

/// The words of `causeway model show`.
#[derive(Args, Clone, Debug)]
pub struct Shown {
    /// The model's name.
    pub name: String,
    /// Its version.
    pub version: u32,
    #[command(flatten)]
    remote: Remote,
}

/// The words of `causeway model register`.
#[derive(Args, Clone, Debug)]
pub struct Registered {
    /// The package: a folder on the gateway's machine.
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    #[command(flatten)]
    pub why: Why,
    #[command(flatten)]
    remote: Remote,
}

/// The words of a step of one model.
#[derive(Args, Clone, Debug)]
pub struct Named {
    /// The model's name.
    pub name: String,
    /// Its version.
    pub version: u32,
    #[command(flatten)]
    pub why: Why,
    #[command(flatten)]
    remote: Remote,
}

/// The words of `causeway model canary`.
#[derive(Args, Clone, Debug)]
pub struct Shared {
    /// The model's name.
    pub name: String,
    /// Its version.
    pub version: u32,
    /// What it decides, in percent: 0.1 to 100.
    #[arg(long, value_name = "PERCENT")]
    pub share: f64,
    /// Who is drawn for it.
    #[arg(long, value_name = "WHO", default_value = "persons")]
    pub by: ShareBy,
    #[command(flatten)]
    pub why: Why,
    #[command(flatten)]
    remote: Remote,
}

/// The words of `causeway model rollback`.
#[derive(Args, Clone, Debug)]
pub struct Unnamed {
    #[command(flatten)]
    pub why: Why,
    #[command(flatten)]
    remote: Remote,
}

/// Who is drawn for a canary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ShareBy {
    /// Each person.
    Persons,
    /// Each account, with all its persons.
    Accounts,
}

/// One cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CellWord {
    /// The sandbox.
    Sandbox,
    /// Live.
    Live,
}

impl CellWord {
    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            CellWord::Sandbox => "sandbox",
            CellWord::Live => "live",
        }
    }
}

impl ModelStep {
    /// Where it is done.
    pub fn remote(&self) -> &Remote {
        match self {
            ModelStep::List(one) => &one.remote,
            ModelStep::Show(one) => &one.remote,
            ModelStep::Register(one) => &one.remote,
            ModelStep::Shadow(one) | ModelStep::Promote(one) | ModelStep::Retire(one) => &one.remote,
            ModelStep::Canary(one) => &one.remote,
            ModelStep::Rollback(one) => &one.remote,
        }
    }
}
