//! Who decided is counted, and told when it changes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use causeway_core::risk::scorer::{ScoreError, Witness, is_probability};

/// How long the model must have decided alone until that is told: one that fails now and then fills no log.
const CALM: Duration = Duration::from_secs(10);

/// How many redemptions were scored by whom, since the start.
#[derive(Debug, Default)]
pub struct Deciders {
    /// By the live model.
    pub model: AtomicU64,
    /// By the canary.
    pub canary: AtomicU64,
    /// By the fallback rules, for want of a model.
    pub no_model: AtomicU64,
    /// By the fallback rules, because the model failed.
    pub failed: AtomicU64,
    /// By the fallback rules, because the model's score was no probability.
    pub unusable: AtomicU64,
    /// By the fallback rules, because the model took too long.
    pub late: AtomicU64,
    /// By the fallback rules, because the model is not run any more.
    pub quarantined: AtomicU64,
}

/// A change of who decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// The fallback rules begin to, and why.
    Fallback(String),
    /// The model does again.
    Model,
}

/// Hears of each change.
pub type OnTurn = Box<dyn Fn(Turn) + Send>;

/// Watches the models of one cell.
pub struct Watched {
    deciders: Arc<Deciders>,
    on_turn: OnTurn,
    calm: Duration,
    /// When the fallback last decided; none while the model does.
    fell_back: Option<Instant>,
    /// Whether nothing was scored yet.
    is_first: bool,
}

impl Watched {
    /// Begins to watch. That a model is missing from the start is for the start to tell.
    pub fn new(on_turn: OnTurn) -> Watched {
        Watched { deciders: Arc::default(), on_turn, calm: CALM, fell_back: None, is_first: true }
    }

    /// What it counts.
    pub fn deciders(&self) -> Arc<Deciders> {
        Arc::clone(&self.deciders)
    }

    /// Counts a scored batch; gives why the fallback decides for some of it.
    fn count(&self, rows: usize, scores: &Result<Vec<f32>, ScoreError>) -> Option<String> {
        let (scored, why) = match scores {
            Ok(scores) => (scores.as_slice(), None),
            Err(error) => {
                let (scored, why) = error.parts();
                (scored, Some(why))
            }
        };
        let counts = &self.deciders;
        let (left, reason) = match why {
            None if scored.len() != rows => {
                add(&counts.failed, rows);
                return Some(format!("the model gave {} scores for {rows} rows", scored.len()));
            }
            None => (0, None),
            Some(why) => (rows.saturating_sub(scored.len()), Some(why.to_string())),
        };
        add(self.count_of(why), left);
        let unusable = scored.iter().filter(|score| !is_probability(**score)).count();
        add(&counts.model, scored.len() - unusable);
        add(&counts.unusable, unusable);
        reason.or_else(|| (unusable > 0).then(|| format!("{unusable} of {rows} scores are no probabilities")))
    }

    /// Where redemptions are counted that have no score.
    fn count_of(&self, why: Option<&ScoreError>) -> &AtomicU64 {
        match why {
            Some(ScoreError::NoModel(_)) => &self.deciders.no_model,
            Some(ScoreError::Late(_)) => &self.deciders.late,
            Some(ScoreError::Quarantined(_)) => &self.deciders.quarantined,
            Some(ScoreError::Failed(_) | ScoreError::Partly { .. }) | None => &self.deciders.failed,
        }
    }

    fn tell(&mut self, fallback: Option<String>) {
        match (fallback, self.fell_back) {
            (Some(reason), before) => {
                self.fell_back = Some(Instant::now());
                if before.is_none() {
                    (self.on_turn)(Turn::Fallback(reason));
                }
            }
            (None, Some(last)) if last.elapsed() >= self.calm => {
                self.fell_back = None;
                (self.on_turn)(Turn::Model);
            }
            (None, _) => {}
        }
    }
}

fn add(count: &AtomicU64, rows: usize) {
    count.fetch_add(rows as u64, Ordering::Relaxed);
}

impl Witness for Watched {
    /// What the canary leaves is counted when the live model was asked.
    fn canary(&mut self, _rows: usize, scores: &Result<Vec<f32>, ScoreError>) {
        let scored = match scores {
            Ok(scores) => scores.as_slice(),
            Err(error) => error.parts().0,
        };
        add(&self.deciders.canary, scored.iter().filter(|score| is_probability(**score)).count());
    }

    fn live(&mut self, rows: usize, scores: &Result<Vec<f32>, ScoreError>) {
        let is_first = std::mem::take(&mut self.is_first);
        // The start has told of it.
        if is_first && matches!(scores, Err(ScoreError::NoModel(_))) {
            self.fell_back = Some(Instant::now());
        }
        let fallback = self.count(rows, scores);
        self.tell(fallback);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    fn watched() -> (Watched, Arc<Mutex<Vec<Turn>>>) {
        let turns = Arc::<Mutex<Vec<Turn>>>::default();
        let heard = Arc::clone(&turns);
        let mut watched = Watched::new(Box::new(move |turn| heard.lock().unwrap().push(turn)));
        watched.calm = Duration::ZERO;
        (watched, turns)
    }

    /// The live model says these, last first, of two rows each.
    fn say(watched: &mut Watched, script: Vec<Result<Vec<f32>, ScoreError>>) {
        script.into_iter().rev().for_each(|scores| watched.live(2, &scores));
    }

    fn counts(watched: &Watched) -> [u64; 4] {
        let Deciders { model, no_model, failed, unusable, .. } = &*watched.deciders;
        [model, no_model, failed, unusable].map(|count| count.load(Ordering::Relaxed))
    }

    #[test]
    fn who_decides_is_counted_and_told_when_it_changes() {
        let broken = || Err(ScoreError::Failed("no memory".to_owned()));
        let script =
            vec![Ok(vec![0.5, 0.5]), Ok(vec![0.5]), broken(), broken(), Ok(vec![0.1, f32::NAN]), Ok(vec![0.1, 0.9])];
        let (mut watched, turns) = watched();
        say(&mut watched, script);
        assert_eq!(counts(&watched), [5, 0, 6, 1]);
        let unusable = Turn::Fallback("1 of 2 scores are no probabilities".to_owned());
        assert_eq!(*turns.lock().unwrap(), [unusable, Turn::Model]);
    }

    #[test]
    fn a_model_that_fails_now_and_then_is_told_of_once() {
        let script = (0..20).map(|number| Ok(if number % 2 == 0 { vec![0.1, 0.1] } else { vec![2.0, 0.1] })).collect();
        let (mut watched, turns) = watched();
        watched.calm = CALM;
        say(&mut watched, script);
        assert_eq!(counts(&watched), [30, 0, 0, 10]);
        assert_eq!(turns.lock().unwrap().len(), 1);
    }

    #[test]
    fn a_model_that_is_late_and_then_quarantined_begins_one_turn() {
        let late = || ScoreError::Late(Duration::from_millis(5));
        let quarantined = || ScoreError::Quarantined("late again".to_owned());
        let script = vec![Err(quarantined()), Err(quarantined()), Err(late()), Err(late().after(vec![0.1]))];
        let (mut watched, turns) = watched();
        say(&mut watched, script);
        let Deciders { late, quarantined, .. } = &*watched.deciders;
        assert_eq!([late, quarantined].map(|count| count.load(Ordering::Relaxed)), [3, 4]);
        assert_eq!(counts(&watched), [1, 0, 0, 0]);
        assert_eq!(*turns.lock().unwrap(), [Turn::Fallback("the model took longer than 5ms".to_owned())]);
    }

    #[test]
    fn a_model_that_is_missing_from_the_start_is_not_told_again() {
        let (mut watched, turns) = watched();
        say(&mut watched, vec![Err(ScoreError::NoModel("not found".to_owned()))]);
        assert_eq!(counts(&watched), [0, 2, 0, 0]);
        assert!(turns.lock().unwrap().is_empty());
    }
}
