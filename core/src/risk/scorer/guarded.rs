//! A scorer that cannot hurt: what takes too long is left to the fallback, and what keeps doing so is not run any more.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::{ScoreError, Scorer, is_probability};
use crate::risk::{Features, Thresholds};
use crate::time::Timestamp;

/// Rows that are scored before the time is looked at: a run is not interrupted for a few rows.
pub const CHUNK: usize = 16;
/// How long an overrun or an error counts.
const WINDOW: Duration = Duration::from_secs(60);
/// As many calls beyond the budget in a window are too many.
const OVERRUNS: usize = 3;
/// A single run that takes the budget so many times is one too many.
const FAR_BEYOND: u32 = 10;
/// As many runs without a usable score, one after another in a window, are too many.
const ERRORS: usize = 16;

/// Tells the time to a guard.
pub trait Timekeeper: Send {
    /// Time that never goes back.
    fn elapsed(&self) -> Duration;

    /// Processor time of the calling thread. The model runs on it, so this is the model's own doing: that another program
    /// kept the processor is not.
    fn worked(&self) -> Duration;

    /// The date.
    fn date(&self) -> Timestamp;
}

/// How a model fares; read from other threads.
#[derive(Debug, Default)]
pub struct Health {
    /// Times that it was asked for scores.
    pub calls: AtomicU64,
    /// Of them, those that took longer than the budget.
    pub late: AtomicU64,
    /// Runs that failed or gave a score that is no probability.
    pub errors: AtomicU64,
    /// Redemptions that it was asked for.
    pub rows: AtomicU64,
    /// Processor time of its runs, in microseconds.
    pub worked_micros: AtomicU64,
    quarantine: OnceLock<Quarantine>,
}

/// The model is not run any more, until another one takes its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantine {
    /// Why.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
}

/// A scorer with its guard.
pub struct Guarded {
    scorer: Box<dyn Scorer>,
    budget: Duration,
    time: Box<dyn Timekeeper>,
    health: Arc<Health>,
    overruns: VecDeque<Duration>,
    errors: VecDeque<Duration>,
}

impl Health {
    /// Whether the model is not run any more, and why.
    pub fn quarantine(&self) -> Option<&Quarantine> {
        self.quarantine.get()
    }
}

impl Guarded {
    /// Guards `scorer`, which may take `budget` of the engine's time for one call.
    pub fn new(scorer: Box<dyn Scorer>, budget: Duration, time: Box<dyn Timekeeper>) -> Guarded {
        let (overruns, errors) = (VecDeque::with_capacity(OVERRUNS), VecDeque::with_capacity(ERRORS));
        Guarded { scorer, budget, time, health: Arc::default(), overruns, errors }
    }

    /// How it fares.
    pub fn health(&self) -> Arc<Health> {
        Arc::clone(&self.health)
    }

    /// A call that has taken longer than it may, the last run of it `run`.
    fn late(&mut self, run: Duration) -> ScoreError {
        self.health.late.fetch_add(1, Ordering::Relaxed);
        let now = self.time.elapsed();
        let budget = self.budget;
        if run > budget * FAR_BEYOND {
            self.quarantine(format!("a run took {run:?}, more than {FAR_BEYOND} times its {budget:?}"));
        } else if fills(&mut self.overruns, now, OVERRUNS) {
            self.quarantine(format!("{OVERRUNS} calls within {WINDOW:?} took longer than {budget:?}"));
        }
        ScoreError::Late(budget)
    }

    /// A run without a usable score for each row.
    fn error(&mut self, reason: &str) {
        self.health.errors.fetch_add(1, Ordering::Relaxed);
        let now = self.time.elapsed();
        if fills(&mut self.errors, now, ERRORS) {
            self.quarantine(format!(
                "{ERRORS} runs within {WINDOW:?}, one after another, gave no usable score, the last because {reason}"
            ));
        }
    }

    fn quarantine(&self, reason: String) {
        self.health.quarantine.get_or_init(|| Quarantine { reason, since: self.time.date() });
    }

    /// Scores a few rows, and says what is wrong with what came.
    fn run(&mut self, rows: &[Features]) -> Result<Vec<f32>, ScoreError> {
        let scores = self.scorer.score(rows)?;
        if scores.len() != rows.len() {
            return Err(ScoreError::Failed(format!("it gave {} scores for {} rows", scores.len(), rows.len())));
        }
        match scores.iter().find(|score| !is_probability(**score)) {
            Some(score) => self.error(&format!("the score {score} is not a probability")),
            None => self.errors.clear(),
        }
        Ok(scores)
    }
}

impl Scorer for Guarded {
    fn score(&mut self, rows: &[Features]) -> Result<Vec<f32>, ScoreError> {
        if let Some(quarantine) = self.health.quarantine() {
            return Err(ScoreError::Quarantined(quarantine.reason.clone()));
        }
        self.health.calls.fetch_add(1, Ordering::Relaxed);
        self.health.rows.fetch_add(rows.len() as u64, Ordering::Relaxed);
        let mut scores = Vec::with_capacity(rows.len());
        let began = self.time.worked();
        let mut before = began;
        for chunk in rows.chunks(CHUNK) {
            let result = self.run(chunk);
            let now = self.time.worked();
            let micros = u64::try_from(now.saturating_sub(before).as_micros()).unwrap_or(u64::MAX);
            self.health.worked_micros.fetch_add(micros, Ordering::Relaxed);
            if now.saturating_sub(began) > self.budget {
                return Err(self.late(now.saturating_sub(before)).after(scores));
            }
            before = now;
            match result {
                Ok(of_chunk) => scores.extend(of_chunk),
                Err(error) => {
                    // The clock went on while the model did not: it is not the model's fault.
                    if !matches!(error, ScoreError::Late(_)) {
                        self.error(&error.to_string());
                    }
                    return Err(error.after(scores));
                }
            }
        }
        Ok(scores)
    }

    fn model(&self) -> (&str, &str) {
        self.scorer.model()
    }

    fn thresholds(&self) -> Thresholds {
        self.scorer.thresholds()
    }
}

/// Notes that something happened; whether it did `limit` times within the window.
fn fills(times: &mut VecDeque<Duration>, now: Duration, limit: usize) -> bool {
    times.push_back(now);
    while times.front().is_some_and(|first| times.len() > limit || now.saturating_sub(*first) > WINDOW) {
        times.pop_front();
    }
    times.len() == limit
}

#[cfg(test)]
mod tests;
