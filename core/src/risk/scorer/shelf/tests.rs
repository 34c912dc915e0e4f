use std::sync::{Arc, Mutex};

use super::*;
use crate::risk::features::COUNT;
use crate::risk::{Decider, Thresholds};

/// Says what it was given, row by row, and notes how many rows were in each call.
struct Script {
    version: String,
    says: Vec<Result<Vec<f32>, ScoreError>>,
    calls: Arc<Mutex<Vec<usize>>>,
}

impl Scorer for Script {
    fn score(&mut self, rows: &[Features]) -> Result<Vec<f32>, ScoreError> {
        self.calls.lock().unwrap().push(rows.len());
        self.says.remove(0)
    }

    fn model(&self) -> (&str, &str) {
        ("script", &self.version)
    }

    fn thresholds(&self) -> Thresholds {
        Thresholds { step_up: 0.5, review: 0.8, decline: 0.8 }
    }
}

fn id(version: u32) -> Arc<ModelId> {
    Arc::new(ModelId { name: "script".to_owned(), version })
}

fn script(shelf: &mut Shelf, version: u32, says: Vec<Result<Vec<f32>, ScoreError>>) -> Arc<Mutex<Vec<usize>>> {
    let calls = Arc::<Mutex<Vec<usize>>>::default();
    let scorer = Script { version: version.to_string(), says, calls: Arc::clone(&calls) };
    shelf.put((*id(version)).clone(), Box::new(scorer));
    calls
}

/// Who decided each of four rows, of which the second and fourth fall to the canary: versions, or the fallback's reason.
fn deciders(shelf: &mut Shelf) -> Vec<String> {
    let chosen = |canary| Chosen { canary, live: Some(id(1)) };
    let chosen = [chosen(None), chosen(Some(id(2))), chosen(None), chosen(Some(id(2)))];
    let said = |risk: Risk| match risk.decider {
        Decider::Model { version, .. } => format!("{version} {}", risk.score),
        Decider::Fallback { reason } => reason,
    };
    shelf.assess(&[Features([0.0; COUNT]); 4], &chosen).into_iter().map(said).collect()
}

#[test]
fn each_model_is_asked_once_for_all_rows_that_fall_to_it() {
    let mut shelf = Shelf::default();
    let live = script(&mut shelf, 1, vec![Ok(vec![0.125, 0.25])]);
    let canary = script(&mut shelf, 2, vec![Ok(vec![0.5, 0.75])]);
    assert_eq!(deciders(&mut shelf), ["1 0.125", "2 0.5", "1 0.25", "2 0.75"]);
    assert_eq!((live.lock().unwrap().clone(), canary.lock().unwrap().clone()), (vec![2], vec![2]));
}

#[test]
fn what_a_canary_does_not_score_falls_to_the_live_model() {
    let failed = || ScoreError::Failed("no".to_owned());
    for (says, expect, asked) in [
        (Err(failed()), ["1 0", "1 0", "1 0", "1 0"], 4),
        (Err(failed().after(vec![0.5])), ["1 0", "2 0.5", "1 0", "1 0"], 3),
        (Ok(vec![f32::NAN, 0.5]), ["1 0", "1 0", "1 0", "2 0.5"], 3),
        (Ok(vec![0.5]), ["1 0", "1 0", "1 0", "1 0"], 4),
    ] {
        let mut shelf = Shelf::default();
        let live = script(&mut shelf, 1, vec![Ok(vec![0.0; asked])]);
        script(&mut shelf, 2, vec![says]);
        assert_eq!(deciders(&mut shelf), expect);
        assert_eq!(*live.lock().unwrap(), [asked]);
    }
    let mut shelf = Shelf::default();
    script(&mut shelf, 1, vec![Ok(vec![0.0; 4])]);
    assert_eq!(deciders(&mut shelf), ["1 0"; 4], "a canary that is not loaded");
}

#[test]
fn without_the_live_model_the_fallback_decides_and_says_why() {
    let mut shelf = Shelf::default();
    script(&mut shelf, 2, vec![Ok(vec![0.5, 0.5])]);
    let missing = "no model is loaded: script 1 is not loaded";
    assert_eq!(deciders(&mut shelf), [missing, "2 0.5", missing, "2 0.5"]);
    let risks = shelf.assess(&[Features([0.0; COUNT])], &[Chosen::default()]);
    let reason = "no model is loaded: none is live".to_owned();
    assert_eq!(risks[0].decider, Decider::Fallback { reason });
}

#[test]
fn a_change_gives_back_what_was_there() {
    let mut shelf = Shelf::default();
    let (before, mut heard) = oneshot::channel();
    script(&mut shelf, 1, Vec::new());
    shelf.change(ShelfChange { id: (*id(1)).clone(), scorer: None, before });
    assert!(heard.try_recv().unwrap().is_some());
    let (before, mut heard) = oneshot::channel();
    shelf.change(ShelfChange { id: (*id(1)).clone(), scorer: None, before });
    assert!(heard.try_recv().unwrap().is_none());
}
