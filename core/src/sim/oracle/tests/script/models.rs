//! Steps in the lives of models.

use crate::risk::ModelStep;
use crate::risk::plan::{By, Canary};
use crate::sim::scorer::model;

use super::Script;

impl Script {
    /// Mostly about the two models that work; one never scores, one is not loaded, and some are only there to be too many.
    pub(super) fn model_step(&mut self) -> ModelStep {
        let id = model([1, 1, 2, 2, 2, 2, 3, 3, 4, 9][self.rng.below(10) as usize]);
        let share = [0, 50, 300, 500, 500, 900, 1_000, 1_001][self.rng.below(8) as usize];
        let by = if self.rng.below(2) == 0 { By::Persons } else { By::Accounts };
        match self.rng.below(16) {
            0..3 => ModelStep::Register(id.clone(), [if self.rng.below(8) == 0 { 9 } else { id.version as u8 }; 32]),
            3 => ModelStep::Shadow(id),
            4..9 => ModelStep::Canary(id, Canary { share, by }),
            9..12 => ModelStep::Promote(id),
            12 => ModelStep::Retire(id),
            13 => ModelStep::Rollback(Some(id)),
            _ => ModelStep::Rollback(None),
        }
    }
}
