//! A model that is easy to foretell: it goes by the amount and by how often the person came.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::risk::scorer::{ScoreError, Scorer};
use crate::risk::{Features, Thresholds};

/// Scores by two features, and fails while it is told to.
pub struct SimScorer {
    /// Whether it fails.
    pub fails: Arc<AtomicBool>,
}

impl Scorer for SimScorer {
    fn score(&mut self, rows: &[Features]) -> Result<Vec<f32>, ScoreError> {
        if self.fails.load(Ordering::Relaxed) {
            return Err(ScoreError::Failed("it was told to".to_owned()));
        }
        Ok(rows.iter().map(score).collect())
    }

    fn model(&self) -> (&str, &str) {
        ("simulated", "1")
    }

    fn thresholds(&self) -> Thresholds {
        Thresholds { step_up: 0.5, review: 0.7, decline: 0.8 }
    }
}

/// Large amounts and frequent guests are suspicious.
fn score(row: &Features) -> f32 {
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
