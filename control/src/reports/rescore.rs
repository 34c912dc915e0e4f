//! Scores of a model that did not decide: recomputed from the features that stand in the receipts.

use std::sync::Arc;
use std::time::{Duration, Instant};

use causeway_core::id::Mode;
use causeway_core::risk::{Features, Verdict};

use super::{About, Library, Named, Score};

/// Rows that are scored before the time is looked at.
const CHUNK: usize = 64;
/// How long one model may score for a report: whoever waits for it can ask for less.
const PATIENCE: Duration = Duration::from_secs(60);

/// One of the two models of a comparison.
pub struct Rescored<'a> {
    library: &'a dyn Library,
    mode: Mode,
    /// Which one.
    pub model: Named,
    /// What is known of it.
    pub about: Option<Arc<About>>,
    score: Option<Result<Score, String>>,
    /// How long it may score.
    pub patience: Duration,
    worked: Duration,
}

impl<'a> Rescored<'a> {
    /// The model; it is loaded when it is first asked.
    pub fn new(library: &'a dyn Library, mode: Mode, model: Named) -> Rescored<'a> {
        let about = library.about(mode, &model);
        Rescored { library, mode, model, about, score: None, patience: PATIENCE, worked: Duration::ZERO }
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
        let began = Instant::now();
        let left = self.patience.saturating_sub(self.worked);
        let score = self.score.get_or_insert_with(|| library.scorer(mode, model));
        let scored = match score {
            Ok(score) => all(score, rows, || began.elapsed() > left),
            Err(reason) => Err(reason.clone()),
        };
        self.worked += began.elapsed();
        match scored {
            Ok(scores) => Ok(scores.into_iter().map(|score| (score, thresholds.verdict(score))).collect()),
            Err(reason) => {
                self.score = Some(Err(reason.clone()));
                Err(reason)
            }
        }
    }
}

/// All rows, or why some of them have no score.
fn all(score: &mut Score, rows: &[Features], is_over: impl Fn() -> bool) -> Result<Vec<f32>, String> {
    let mut scores = Vec::with_capacity(rows.len());
    for chunk in rows.chunks(CHUNK) {
        if is_over() {
            return Err("scoring again took longer than a report may take: ask for a shorter time, by from and until"
                .to_owned());
        }
        scores.extend(score(chunk).and_then(|scores| complete(scores, chunk.len()))?);
    }
    Ok(scores)
}

fn complete(scores: Vec<f32>, rows: usize) -> Result<Vec<f32>, String> {
    let unusable = scores.iter().find(|score| !(0.0..=1.0).contains(*score));
    match unusable {
        Some(score) => Err(format!("the model's score {score} is not a probability")),
        None if scores.len() != rows => Err(format!("the model gave {} scores for {rows} rows", scores.len())),
        None => Ok(scores),
    }
}
