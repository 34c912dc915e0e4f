//! What scores the payments of a history: the shipped model, as a gateway would find it, or nothing.
//!
//! The sandbox does not obey the model: what it decides follows from the amount. So scores are in the decision receipts alone,
//! and many payments can be scored in one call when their receipts are written, rather than each at its own moment.

use std::path::PathBuf;
use std::sync::Arc;

use causeway_control::serve::find::{Search, Surroundings};
use causeway_core::change::Change;
use causeway_core::receipt::Receipt;
use causeway_core::risk::Features;
use causeway_core::risk::scorer::{NoModel, OnnxRuntime, OnnxScorer, Scorer, assess};
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

/// A scorer; none where the fallback rules score.
pub fn scorer(options: &Options) -> Result<Option<Box<dyn Scorer>>, Failure> {
    if options.no_model {
        return Ok(None);
    }
    let surroundings = Surroundings::of_this_process();
    let library = found(surroundings.library(options.onnxruntime.as_deref()))?;
    let folder = found(surroundings.model(options.model_dir.as_deref()))?;
    let runtime = OnnxRuntime::load(&library).map_err(unusable)?;
    let scorer = OnnxScorer::load(&runtime, &folder).map_err(|error| unusable(error.to_string()))?;
    Ok(Some(Box::new(scorer)))
}

/// What scores, for people.
pub fn name(scorer: Option<&dyn Scorer>) -> String {
    let named = scorer.map(|scorer| scorer.model());
    named.map_or_else(|| "the fallback rules".to_owned(), |(name, version)| format!("the model {name} {version}"))
}

/// What scores until the receipts are written; where there is no model, it stays so.
pub fn fallback() -> Box<dyn Scorer> {
    Box::new(NoModel { reason: "this history was filled in without a model".to_owned() })
}

/// Scores the receipts among these rows in one call.
pub fn score(scorer: &mut dyn Scorer, rows: &mut [Change]) {
    let features: Vec<Features> = receipts(rows).map(|receipt| receipt.features).collect();
    for (receipt, risk) in receipts(rows).zip(assess(scorer, &features)) {
        receipt.risk = risk;
    }
}

fn receipts(rows: &mut [Change]) -> impl Iterator<Item = &mut Receipt> {
    rows.iter_mut()
        .filter_map(|row| if let Change::Receipt(receipt) = row { Some(Arc::make_mut(receipt)) } else { None })
}

fn found(search: Search) -> Result<PathBuf, Failure> {
    search.found().map(PathBuf::from).ok_or_else(|| unusable(search.to_string()))
}

fn unusable(reason: String) -> Failure {
    Failure::missing(format!("{reason}; or go without a model: --no-model"))
}
