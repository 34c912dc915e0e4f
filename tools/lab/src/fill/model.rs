//! What scores the payments of a history: the shipped model, as a gateway would find it, or nothing.

use std::path::PathBuf;

use causeway_control::serve::find::{Search, Surroundings};
use causeway_core::risk::scorer::{NoModel, OnnxRuntime, OnnxScorer, Scorer};
use clap::Args;

use crate::failure::Failure;

/// Which model, if any.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Lets the fallback rules score: faster, and decision receipts say so.
    #[arg(long)]
    no_model: bool,
    /// The model package [default: the shipped one].
    #[arg(long, value_name = "DIR", conflicts_with = "no_model")]
    model_dir: Option<PathBuf>,
    /// The ONNX Runtime library [default: the one that `cargo xtask setup` installed].
    #[arg(long, value_name = "FILE", conflicts_with = "no_model")]
    onnxruntime: Option<PathBuf>,
}

/// A scorer, and what it is for people.
pub fn scorer(options: &Options) -> Result<(Box<dyn Scorer>, String), Failure> {
    if options.no_model {
        let reason = "this history was filled in without a model".to_owned();
        return Ok((Box::new(NoModel { reason }), "the fallback rules".to_owned()));
    }
    let surroundings = Surroundings::of_this_process();
    let library = found(surroundings.library(options.onnxruntime.as_deref()))?;
    let folder = found(surroundings.model(options.model_dir.as_deref()))?;
    let runtime = OnnxRuntime::load(&library).map_err(unusable)?;
    let scorer = OnnxScorer::load(&runtime, &folder).map_err(|error| unusable(error.to_string()))?;
    let (name, version) = scorer.model();
    let line = format!("the model {name} {version}");
    Ok((Box::new(scorer), line))
}

fn found(search: Search) -> Result<PathBuf, Failure> {
    search.found().map(PathBuf::from).ok_or_else(|| unusable(search.to_string()))
}

fn unusable(reason: String) -> Failure {
    Failure::missing(format!("{reason}; or go without a model: --no-model"))
}
