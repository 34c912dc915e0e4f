//! The models that are loaded, each under its name: what the plan names is looked for here.

use std::collections::BTreeMap;

use crossbeam_channel::{Receiver, Sender, bounded};
use tokio::sync::oneshot;

use super::{NoModel, ScoreError, Scorer, is_probability, judge, judged};
use crate::limits::SHELF_CHANGES;
use crate::risk::{Chosen, Features, ModelId, Risk};

/// Loaded models. The engine owns them; they come and go by [`ShelfChange`].
#[derive(Default)]
pub struct Shelf {
    scorers: BTreeMap<ModelId, Box<dyn Scorer>>,
    witness: Option<Box<dyn Witness>>,
}

/// Puts a model onto the shelf or takes it away.
pub struct ShelfChange {
    /// Which.
    pub id: ModelId,
    /// It; `None` takes it away.
    pub scorer: Option<Box<dyn Scorer>>,
    /// Gets what was there, to be dropped where that may take its time: it frees much memory. That it comes says that the
    /// change is made.
    pub before: oneshot::Sender<Option<Box<dyn Scorer>>>,
}

/// The way of loaded models to the engine and back.
#[derive(Clone)]
pub struct ShelfDoor(Sender<ShelfChange>);

impl ShelfDoor {
    /// Both ends. The engine's stays open as long as it keeps a door itself.
    pub fn new() -> (ShelfDoor, Receiver<ShelfChange>) {
        let (door, changes) = bounded(SHELF_CHANGES);
        (ShelfDoor(door), changes)
    }

    /// Puts a model onto the shelf or takes it away. What was there comes when the change is made; `None`: too many changes
    /// wait.
    pub fn ask(
        &self,
        id: ModelId,
        scorer: Option<Box<dyn Scorer>>,
    ) -> Option<oneshot::Receiver<Option<Box<dyn Scorer>>>> {
        let (before, made) = oneshot::channel();
        self.0.try_send(ShelfChange { id, scorer, before }).ok().map(|()| made)
    }
}

/// Hears what came of each call of a model, on the engine's thread.
pub trait Witness: Send {
    /// A canary was asked to score so many rows. What has no usable score falls to the live model.
    fn canary(&mut self, rows: usize, scores: &Result<Vec<f32>, ScoreError>);

    /// The live model, or what stands in its place, was asked. What has no usable score falls to the fallback.
    fn live(&mut self, rows: usize, scores: &Result<Vec<f32>, ScoreError>);
}

impl Shelf {
    /// An empty shelf with somebody who hears what models say.
    pub fn watched(witness: Box<dyn Witness>) -> Shelf {
        Shelf { scorers: BTreeMap::new(), witness: Some(witness) }
    }

    /// Puts a model under its name; gives the one that was there.
    pub fn put(&mut self, id: ModelId, scorer: Box<dyn Scorer>) -> Option<Box<dyn Scorer>> {
        self.scorers.insert(id, scorer)
    }

    /// Makes a change. What was there is only dropped here when nobody waits for it.
    pub fn change(&mut self, change: ShelfChange) {
        let before = match change.scorer {
            Some(scorer) => self.put(change.id, scorer),
            None => self.scorers.remove(&change.id),
        };
        let _ = change.before.send(before);
    }

    /// The risk of each row, by the models that were chosen for it: one call for each model.
    pub fn assess(&mut self, rows: &[Features], chosen: &[Chosen]) -> Vec<Risk> {
        // Mostly there is no canary: nothing has to be sorted.
        if let [Chosen { canary: None, live }, others @ ..] = chosen
            && others.iter().all(|other| other.canary.is_none() && other.live == *live)
        {
            return self.ask_live(live.as_deref(), rows);
        }
        let mut risks: Vec<Option<Risk>> = vec![None; rows.len()];
        for canary in distinct(chosen.iter().filter_map(|one| one.canary.as_ref())) {
            let places: Vec<usize> = (0..rows.len()).filter(|&at| chosen[at].canary.as_ref() == Some(canary)).collect();
            let few: Vec<Features> = places.iter().map(|&at| rows[at]).collect();
            for (at, risk) in places.into_iter().zip(self.ask_canary(canary, &few)) {
                risks[at] = risk;
            }
        }
        for live in distinct(chosen.iter().map(|one| &one.live)) {
            let falls = |at: &usize| risks[*at].is_none() && chosen[*at].live == *live;
            let places: Vec<usize> = (0..rows.len()).filter(falls).collect();
            if places.is_empty() {
                continue;
            }
            let few: Vec<Features> = places.iter().map(|&at| rows[at]).collect();
            for (at, risk) in places.into_iter().zip(self.ask_live(live.as_deref(), &few)) {
                risks[at] = Some(risk);
            }
        }
        risks.into_iter().map(|risk| risk.expect("every row falls to a live model or to the fallback")).collect()
    }

    /// What the canary says of each row; `None` where it has no usable score.
    fn ask_canary(&mut self, id: &ModelId, rows: &[Features]) -> Vec<Option<Risk>> {
        let scores = match self.scorers.get_mut(id) {
            Some(scorer) => scorer.score(rows),
            None => Err(not_loaded(id)),
        };
        if let Some(witness) = &mut self.witness {
            witness.canary(rows.len(), &scores);
        }
        let scored = match &scores {
            // Which of the rows these are is not known.
            Ok(scores) if scores.len() != rows.len() => &[],
            Ok(scores) => scores.as_slice(),
            Err(error) => error.parts().0,
        };
        let score = |at: usize| scored.get(at).copied().filter(|score| is_probability(*score));
        let risk = |at| score(at).zip(self.scorers.get(id)).map(|(score, scorer)| judged(&**scorer, &rows[at], score));
        (0..rows.len()).map(risk).collect()
    }

    fn ask_live(&mut self, id: Option<&ModelId>, rows: &[Features]) -> Vec<Risk> {
        let mut missing = NoModel { reason: id.map_or_else(|| "none is live".to_owned(), missing) };
        let scorer: &mut dyn Scorer = match id.and_then(|id| self.scorers.get_mut(id)) {
            Some(scorer) => &mut **scorer,
            None => &mut missing,
        };
        let scores = scorer.score(rows);
        if let Some(witness) = &mut self.witness {
            witness.live(rows.len(), &scores);
        }
        judge(scorer, rows, scores)
    }
}

fn not_loaded(id: &ModelId) -> ScoreError {
    ScoreError::NoModel(missing(id))
}

fn missing(id: &ModelId) -> String {
    format!("{id} is not loaded")
}

/// Each of these once: there are one or two.
fn distinct<'a, T: PartialEq>(all: impl Iterator<Item = &'a T>) -> Vec<&'a T> {
    let mut found = Vec::new();
    for one in all {
        if !found.contains(&one) {
            found.push(one);
        }
    }
    found
}

#[cfg(test)]
mod tests;
