//! Scores of a model that did not decide: recomputed from the features that stand in the receipts.

use std::sync::Arc;

use causeway_core::id::Mode;
use causeway_core::risk::{Features, Verdict};

use super::{About, Library, Named, Score};

/// One of the two models of a comparison.
pub struct Rescored<'a> {
    library: &'a dyn Library,
    mode: Mode,
    /// Which one.
    pub model: Named,
    /// What is known of it.
    pub about: Option<Arc<About>>,
    score: Option<Result<Score, String>>,
}

impl<'a> Rescored<'a> {
    /// The model; it is loaded when it is first asked.
    pub fn new(library: &'a dyn Library, mode: Mode, model: Named) -> Rescored<'a> {
        let about = library.about(mode, &model);
        Rescored { library, mode, model, about, score: None }
    }

    /// The score and verdict of each row, or why there are none: then it is not asked again.
    pub fn score(&mut self, rows: &[Features]) -> Result<Vec<(f32, Verdict)>, String> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let thresholds = self.about.as_ref().and_then(|about| about.thresholds);
        let missing = || format!("the package of {} is not known to this gateway", self.model);
        let thresholds = thresholds.ok_or_else(missing)?;
        let (library, mode, model) = (self.library, self.mode, &self.model);
        let score = self.score.get_or_insert_with(|| library.scorer(mode, model));
        let scored = match score {
            Ok(score) => score(rows).and_then(|scores| complete(scores, rows.len())),
            Err(reason) => Err(reason.clone()),
        };
        match scored {
            Ok(scores) => Ok(scores.into_iter().map(|score| (score, thresholds.verdict(score))).collect()),
            Err(reason) => {
                self.score = Some(Err(reason.clone()));
                Err(reason)
            }
        }
    }
}

fn complete(scores: Vec<f32>, rows: usize) -> Result<Vec<f32>, String> {
    let unusable = scores.iter().find(|score| !(0.0..=1.0).contains(*score));
    match unusable {
        Some(score) => Err(format!("the model's score {score} is not a probability")),
        None if scores.len() != rows => Err(format!("the model gave {} scores for {rows} rows", scores.len())),
        None => Ok(scores),
    }
}
