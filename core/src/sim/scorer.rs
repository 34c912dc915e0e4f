//! Models that are easy to foretell: they go by the amount and by how often the person came.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::risk::scorer::{ScoreError, Scorer, Shelf};
use crate::risk::{Features, ModelId, Thresholds};

/// Scores by two features, and fails while it is told to. The second version has rules of its own, the third never has a
/// score.
pub struct SimScorer {
    version: &'static str,
    fails: Arc<AtomicBool>,
}

/// The shelf of a simulated cell: three models. That a fourth is not there is no accident.
pub fn shelf(fails: &Arc<AtomicBool>) -> Shelf {
    let mut shelf = Shelf::default();
    for (number, version) in [(1, "1"), (2, "2"), (3, "3")] {
        shelf.put(model(number), Box::new(SimScorer { version, fails: Arc::clone(fails) }));
    }
    shelf
}

/// The simulated model of this version.
pub fn model(version: u32) -> ModelId {
    ModelId { name: "simulated".to_owned(), version }
}

impl Scorer for SimScorer {
    fn score(&mut self, rows: &[Features]) -> Result<Vec<f32>, ScoreError> {
        if self.fails.load(Ordering::Relaxed) || self.version == "3" {
            return Err(ScoreError::Failed("it was told to".to_owned()));
        }
        Ok(rows.iter().map(if self.version == "2" { second } else { first }).collect())
    }

    fn model(&self) -> (&str, &str) {
        ("simulated", self.version)
    }

    fn thresholds(&self) -> Thresholds {
        if self.version == "2" {
            Thresholds { step_up: 0.15, review: 0.65, decline: 0.65 }
        } else {
            Thresholds { step_up: 0.5, review: 0.7, decline: 0.8 }
        }
    }
}

/// Large amounts and frequent guests are suspicious.
fn first(row: &Features) -> f32 {
    let (amount, count) = (row.named("amount_usd_log10"), row.named("person_count_24h"));
    if amount > 3.9 || count >= 6.0 {
        0.9
    } else if amount > 3.0 {
        0.75
    } else if amount > 2.7 {
        0.6
    } else {
        0.1
    }
}

/// Everybody is suspicious.
fn second(row: &Features) -> f32 {
    if row.named("amount_usd_log10") > 2.2 { 0.7 } else { 0.2 }
}
