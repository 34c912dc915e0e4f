//! What data scientists ask of the features: what there are, and what they were for every payment of a history, computed by the
//! very functions that a serving cell runs.

mod input;
mod key;
mod labels;
mod output;
mod past;
mod rates;
mod replay;
mod rows;

use std::fmt::Write as _;

use causeway_core::risk::features::{FEATURES, Feature};
use serde_json::{Value, json};

pub use input::{Payment, Payments};
pub use labels::Known;
pub use replay::{Summary, replay};

/// Why there is no table.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct FeaturesError(pub String);

/// The features as a Markdown table.
pub fn table() -> String {
    let mut text = "| # | name | unit | window | meaning | when missing |\n|---|---|---|---|---|---|\n".to_owned();
    for (place, feature) in FEATURES.iter().enumerate() {
        let Feature { name, unit, window, meaning, missing, .. } = feature;
        writeln!(text, "| {place} | `{name}` | {unit} | {window} | {meaning} | {missing} |").unwrap_or_default();
    }
    text
}

/// The features as JSON, in their order.
pub fn list() -> Value {
    let one = |feature: &Feature| {
        json!({
            "name": feature.name,
            "unit": feature.unit,
            "window": feature.window,
            "meaning": feature.meaning,
            "missing": feature.missing,
        })
    };
    FEATURES.iter().map(one).collect()
}

#[cfg(test)]
mod tests;
