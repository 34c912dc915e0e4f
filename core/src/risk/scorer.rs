//! The scorer: one call for all redemptions of a batch. A model behind it can fail; payments go on.

mod guarded;
#[cfg(feature = "onnx")]
mod onnx;
mod shelf;
#[cfg(feature = "onnx")]
mod watchdog;

use std::time::Duration;

use super::{Decider, Features, Risk, Thresholds, fallback_score};

pub use guarded::{CHUNK, Guarded, Health, Quarantine, Timekeeper};
#[cfg(feature = "onnx")]
pub use onnx::{OnnxRuntime, OnnxScorer};
pub use shelf::{Shelf, ShelfChange, ShelfDoor, Witness};

/// Scores redemptions. Called by the engine once per batch.
pub trait Scorer: Send {
    /// One probability of fraud for each row, or why there is none.
    fn score(&mut self, rows: &[Features]) -> Result<Vec<f32>, ScoreError>;

    /// Name and version of the model.
    fn model(&self) -> (&str, &str);

    /// The thresholds that the package states.
    fn thresholds(&self) -> Thresholds;
}

/// Why a batch has no scores.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ScoreError {
    /// No model is loaded.
    #[error("no model is loaded: {0}")]
    NoModel(String),
    /// The model ran and failed.
    #[error("the model failed: {0}")]
    Failed(String),
    /// The model took longer than it may.
    #[error("the model took longer than {0:?}")]
    Late(Duration),
    /// The model is not run any more.
    #[error("the model is quarantined: {0}")]
    Quarantined(String),
    /// The first rows have scores, the others have none.
    #[error("{why}")]
    Partly {
        /// The scores of the first rows.
        scored: Vec<f32>,
        /// Why the others have none.
        why: Box<ScoreError>,
    },
}

impl ScoreError {
    /// The same where the first rows have been `scored`.
    pub fn after(self, scored: Vec<f32>) -> ScoreError {
        if scored.is_empty() { self } else { ScoreError::Partly { scored, why: Box::new(self) } }
    }

    /// The scores that there are, and why there are no more.
    pub fn parts(&self) -> (&[f32], &ScoreError) {
        match self {
            ScoreError::Partly { scored, why } => (scored, why),
            ScoreError::NoModel(_) | ScoreError::Failed(_) | ScoreError::Late(_) | ScoreError::Quarantined(_) => {
                (&[], self)
            }
        }
    }
}

/// Whether `score` can decide; where it cannot, the fallback does.
pub fn is_probability(score: f32) -> bool {
    (0.0..=1.0).contains(&score)
}

/// A scorer that has no model: the fallback rules decide.
pub struct NoModel {
    /// Why there is none.
    pub reason: String,
}

impl Scorer for NoModel {
    fn score(&mut self, _rows: &[Features]) -> Result<Vec<f32>, ScoreError> {
        Err(ScoreError::NoModel(self.reason.clone()))
    }

    fn model(&self) -> (&str, &str) {
        ("none", "0")
    }

    fn thresholds(&self) -> Thresholds {
        Thresholds::FALLBACK
    }
}

/// The risk of each row: the model's, or the fallback's where the model has no usable score.
pub fn assess(scorer: &mut dyn Scorer, rows: &[Features]) -> Vec<Risk> {
    if rows.is_empty() {
        return Vec::new();
    }
    let scores = scorer.score(rows);
    judge(scorer, rows, scores)
}

/// What follows from what a scorer answered.
fn judge(scorer: &dyn Scorer, rows: &[Features], scores: Result<Vec<f32>, ScoreError>) -> Vec<Risk> {
    match scores {
        Ok(scores) if scores.len() == rows.len() => {
            rows.iter().zip(scores).map(|(row, score)| judged(scorer, row, score)).collect()
        }
        Ok(scores) => {
            let reason = format!("the model gave {} scores for {} rows", scores.len(), rows.len());
            rows.iter().map(|row| fallback(row, &reason)).collect()
        }
        Err(error) => {
            let (scored, why) = error.parts();
            let (first, rest) = rows.split_at(scored.len().min(rows.len()));
            let judged = first.iter().zip(scored).map(|(row, score)| judged(scorer, row, *score));
            let reason = why.to_string();
            judged.chain(rest.iter().map(|row| fallback(row, &reason))).collect()
        }
    }
}

fn judged(scorer: &dyn Scorer, row: &Features, score: f32) -> Risk {
    if !is_probability(score) {
        return fallback(row, &format!("the model's score {score} is not a probability"));
    }
    let (name, version) = scorer.model();
    let decider = Decider::Model { name: name.to_owned(), version: version.to_owned() };
    Risk { score, verdict: scorer.thresholds().verdict(score), decider }
}

fn fallback(row: &Features, reason: &str) -> Risk {
    let score = fallback_score(row);
    let decider = Decider::Fallback { reason: reason.to_owned() };
    Risk { score, verdict: Thresholds::FALLBACK.verdict(score), decider }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::risk::Verdict;

    struct Fixed(Vec<f32>);

    impl Scorer for Fixed {
        fn score(&mut self, _rows: &[Features]) -> Result<Vec<f32>, ScoreError> {
            Ok(self.0.clone())
        }

        fn model(&self) -> (&str, &str) {
            ("fixed", "1")
        }

        fn thresholds(&self) -> Thresholds {
            Thresholds { step_up: 0.5, review: 0.8, decline: 0.8 }
        }
    }

    #[test]
    fn a_bad_model_never_stops_payments() {
        let rows = [Features([0.0; super::super::features::COUNT]); 2];
        let deciders = |scores: Vec<f32>| -> Vec<bool> {
            let risks = assess(&mut Fixed(scores), &rows);
            risks.iter().map(|risk| matches!(risk.decider, Decider::Model { .. })).collect()
        };
        assert_eq!(deciders(vec![0.1, 0.9]), [true, true]);
        assert_eq!(deciders(vec![f32::NAN, 0.9]), [false, true]);
        assert_eq!(deciders(vec![0.1]), [false, false]);
        let risks = assess(&mut NoModel { reason: "missing".to_owned() }, &rows);
        assert!(risks.iter().all(|risk| risk.verdict == Verdict::Approve));
    }
}
