//! Steps in the lives of the simulator's models.

use crate::risk::ModelStep;
use crate::risk::plan::{By, Canary};
use crate::sim::action::Choice;
use crate::sim::scorer::model;

/// Mostly a step that leads to more decisions: few models, of which one never scores, one is not loaded and one is not known.
pub fn step(choice: Choice) -> ModelStep {
    let id = model([1, 2, 1, 2, 2, 3, 4, 5][choice.key as usize % 8]);
    let by = if choice.which.is_multiple_of(2) { By::Persons } else { By::Accounts };
    let share = [500, 500, 100, 900, 1_000, 300, 0, 1_001][usize::from(choice.which) % 8];
    match choice.what % 16 {
        0..4 => {
            let checksum = if choice.what.is_multiple_of(32) { 9 } else { id.version as u8 };
            ModelStep::Register(id, [checksum; 32])
        }
        4 => ModelStep::Shadow(id),
        5..9 => ModelStep::Canary(id, Canary { share, by }),
        9..12 => ModelStep::Promote(id),
        12 => ModelStep::Retire(id),
        13 => ModelStep::Rollback(Some(id)),
        _ => ModelStep::Rollback(None),
    }
}
