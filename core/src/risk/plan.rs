//! The plan of models: which are registered, and what each of them does. It is state of the cell, so that it survives
//! restarts, and a step takes effect between two commands: exactly on the next redemption.

use std::fmt;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::{Decider, EntityKey};
use crate::id::AccountId;
use crate::limits::{MODELS, SHADOWS};
use crate::planted::{self, Bug};
use crate::time::Timestamp;

/// A model among others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModelId {
    /// The package's name.
    pub name: String,
    /// Its version.
    pub version: u32,
}

/// What a model does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Nothing yet.
    Registered,
    /// Scores everything and decides nothing.
    Shadow,
    /// Decides a share.
    Canary(Canary),
    /// Decides what no canary does.
    Live,
    /// Nothing any more.
    Retired,
}

/// The share that a canary decides. Who falls into it stays in it, and a larger share keeps whom a smaller one had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Canary {
    /// In thousandths, 1 to [`WHOLE`].
    pub share: u16,
    /// Who is drawn.
    pub by: By,
}

/// Everything, as a share.
pub const WHOLE: u16 = 1_000;

/// Who is drawn for a canary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Each person.
    Persons,
    /// Each account, with all its persons.
    Accounts,
}

/// A model in the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedModel {
    /// Which.
    pub id: Arc<ModelId>,
    /// The SHA-256 of its file.
    pub sha256: [u8; 32],
    /// What it does.
    pub stage: Stage,
    /// Since when.
    pub since: Timestamp,
}

/// All models of a cell: at most one is live, one a canary, [`SHADOWS`] are shadows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelPlan {
    /// How often it was changed.
    pub version: u64,
    /// In the order of their registration.
    pub models: Vec<PlannedModel>,
    /// Which model was live before the one that is: a rollback leads to it.
    pub before: Option<Arc<ModelId>>,
}

/// A change of the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelStep {
    /// Adds a model with the SHA-256 of its file. When there are too many, the one that was retired first makes room.
    Register(ModelId, [u8; 32]),
    /// Lets it score everything beside the others. Legal unless it is live.
    Shadow(ModelId),
    /// Lets it decide a share. Legal unless it is live or another one is a canary.
    Canary(ModelId, Canary),
    /// Lets it decide. The model that was live is remembered for a rollback.
    Promote(ModelId),
    /// Takes it out of use, and off the way back. Legal unless it is live.
    Retire(ModelId),
    /// Takes back the canary; without one the live model, for the one that was live before it, or else the fallback rules.
    /// Legal while there is a canary or a live model, and, where a model is named, while that is one of them.
    Rollback(Option<ModelId>),
}

/// Why a step is not possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepRefused {
    /// There are too many models or shadows.
    Full,
    /// There is no such model.
    Unknown,
    /// The model, or the plan, is not in a state for it.
    NotReady,
}

/// What becomes of one model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// It only watches.
    Shadow,
    /// It decides a share.
    Canary(Canary),
    /// It decides.
    Promote,
    /// It is taken out of use.
    Retire,
    /// What it decides is taken from it.
    Withdraw,
}

/// The models that a redemption falls to, in the order in which they are asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chosen {
    /// The canary, when it was drawn for it.
    pub canary: Option<Arc<ModelId>>,
    /// The live model, if there is one.
    pub live: Option<Arc<ModelId>>,
}

/// Which part of the plan a redemption fell to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arm {
    /// No model was to decide it.
    None,
    /// The live model.
    Live,
    /// The canary, which decided it.
    Canary,
    /// The canary, which had no usable score: the live model's turn, or the fallback's.
    CanaryLeft,
}

impl Stage {
    /// The stage after a move; `None` when it is not possible from here.
    pub fn on(self, step: Move) -> Option<Stage> {
        match (self, step) {
            (Stage::Registered | Stage::Shadow | Stage::Canary(_) | Stage::Retired, Move::Shadow) => {
                Some(Stage::Shadow)
            }
            (Stage::Registered | Stage::Shadow | Stage::Canary(_) | Stage::Retired, Move::Canary(canary)) => {
                Some(Stage::Canary(canary))
            }
            (Stage::Registered | Stage::Shadow | Stage::Canary(_) | Stage::Live | Stage::Retired, Move::Promote) => {
                Some(Stage::Live)
            }
            (Stage::Registered | Stage::Shadow | Stage::Canary(_) | Stage::Retired, Move::Retire) => {
                Some(Stage::Retired)
            }
            (Stage::Canary(_), Move::Withdraw) => Some(Stage::Registered),
            (Stage::Live, Move::Withdraw) => Some(Stage::Retired),
            (Stage::Live, Move::Shadow | Move::Canary(_) | Move::Retire)
            | (Stage::Registered | Stage::Shadow | Stage::Retired, Move::Withdraw) => None,
        }
    }

    /// The word for people.
    pub fn word(self) -> &'static str {
        match self {
            Stage::Registered => "registered",
            Stage::Shadow => "shadow",
            Stage::Canary(_) => "canary",
            Stage::Live => "live",
            Stage::Retired => "retired",
        }
    }

    fn is_canary(self) -> bool {
        matches!(self, Stage::Canary(_))
    }
}

impl ModelPlan {
    /// The model of this name and version.
    pub fn model(&self, id: &ModelId) -> Option<&PlannedModel> {
        self.models.iter().find(|model| *model.id == *id)
    }

    /// The model that decides what no canary does.
    pub fn live(&self) -> Option<&PlannedModel> {
        self.models.iter().find(|model| model.stage == Stage::Live)
    }

    /// The model that decides a share.
    pub fn canary(&self) -> Option<&PlannedModel> {
        self.models.iter().find(|model| model.stage.is_canary())
    }

    /// The models that only watch.
    pub fn shadows(&self) -> impl Iterator<Item = &PlannedModel> {
        self.models.iter().filter(|model| model.stage == Stage::Shadow)
    }

    /// Whether the engine needs the model: it decides, or would after a rollback.
    pub fn needs(&self, id: &ModelId) -> bool {
        let decides = |model: &PlannedModel| model.stage == Stage::Live || model.stage.is_canary();
        self.model(id).is_some_and(decides) || self.before.as_deref() == Some(id)
    }

    /// Who decides a redemption of this person and account.
    pub fn chosen(&self, person: &EntityKey, account: AccountId) -> Chosen {
        let draws = |model: &PlannedModel| match model.stage {
            Stage::Canary(Canary { share, by: By::Persons }) => is_drawn(&model.id, share, person),
            Stage::Canary(Canary { share, by: By::Accounts }) => is_drawn(&model.id, share, &account.0.to_be_bytes()),
            Stage::Registered | Stage::Shadow | Stage::Live | Stage::Retired => false,
        };
        let id = |model: &PlannedModel| Arc::clone(&model.id);
        Chosen { canary: self.models.iter().find(|model| draws(model)).map(id), live: self.live().map(id) }
    }

    /// Makes a step; whether it changed anything. A step that leads to where the model is already changes nothing. A refused
    /// one does not either.
    pub fn step(&mut self, step: &ModelStep, now: Timestamp) -> Result<bool, StepRefused> {
        let before = self.clone();
        match step {
            ModelStep::Register(id, sha256) => self.register(id, *sha256, now)?,
            ModelStep::Shadow(id) => {
                let is_shadow = self.at(id)?.stage == Stage::Shadow;
                if !is_shadow && self.shadows().count() >= SHADOWS {
                    return Err(StepRefused::Full);
                }
                self.make(id, Move::Shadow, now)?;
            }
            ModelStep::Canary(id, canary) => {
                self.at(id)?;
                if self.canary().is_some_and(|other| *other.id != *id) || !(1..=WHOLE).contains(&canary.share) {
                    return Err(StepRefused::NotReady);
                }
                self.make(id, Move::Canary(*canary), now)?;
            }
            ModelStep::Promote(id) => self.promote(id, now)?,
            ModelStep::Retire(id) => {
                self.make(id, Move::Retire, now)?;
                // Nobody goes back to what was taken out of use.
                self.before.take_if(|before| **before == *id);
            }
            ModelStep::Rollback(of) => self.roll_back(of.as_ref(), now)?,
        }
        let has_changed = *self != before;
        self.version += u64::from(has_changed);
        Ok(has_changed)
    }

    fn register(&mut self, id: &ModelId, sha256: [u8; 32], now: Timestamp) -> Result<(), StepRefused> {
        if let Some(known) = self.model(id) {
            return if known.sha256 == sha256 { Ok(()) } else { Err(StepRefused::NotReady) };
        }
        if self.models.len() >= MODELS {
            let is_spare = |model: &&PlannedModel| {
                model.stage == Stage::Retired && self.before.as_ref().is_none_or(|before| *before != model.id)
            };
            let oldest = self.models.iter().filter(is_spare).min_by_key(|model| model.since);
            let oldest = oldest.map(|model| Arc::clone(&model.id)).ok_or(StepRefused::Full)?;
            self.models.retain(|model| model.id != oldest);
        }
        self.models.push(PlannedModel { id: Arc::new(id.clone()), sha256, stage: Stage::Registered, since: now });
        Ok(())
    }

    fn promote(&mut self, id: &ModelId, now: Timestamp) -> Result<(), StepRefused> {
        let live = self.live().map(|live| Arc::clone(&live.id));
        if live.as_deref() == Some(id) {
            return Ok(());
        }
        self.make(id, Move::Promote, now)?;
        if let Some(live) = live {
            self.make(&live, Move::Withdraw, now)?;
            self.before = Some(live).filter(|_| !planted::has(Bug::ForgetBefore));
        } else {
            self.before = None;
        }
        Ok(())
    }

    fn roll_back(&mut self, of: Option<&ModelId>, now: Timestamp) -> Result<(), StepRefused> {
        if let Some(id) = of {
            self.at(id)?;
        }
        let id = |model: &PlannedModel| Arc::clone(&model.id);
        let (canary, live) = (self.canary().map(id), self.live().map(id));
        let is_meant = |model: &Arc<ModelId>| of.is_none_or(|of| *of == **model);
        if let Some(canary) = canary.filter(is_meant) {
            return self.make(&canary, Move::Withdraw, now);
        }
        let live = live.filter(is_meant).ok_or(StepRefused::NotReady)?;
        self.make(&live, Move::Withdraw, now)?;
        match self.before.take() {
            Some(before) => self.make(&before, Move::Promote, now),
            None => Ok(()),
        }
    }

    fn make(&mut self, id: &ModelId, step: Move, now: Timestamp) -> Result<(), StepRefused> {
        let model = self.models.iter_mut().find(|model| *model.id == *id).ok_or(StepRefused::Unknown)?;
        let stage = model.stage.on(step).ok_or(StepRefused::NotReady)?;
        if stage != model.stage {
            (model.stage, model.since) = (stage, now);
        }
        Ok(())
    }

    fn at(&self, id: &ModelId) -> Result<&PlannedModel, StepRefused> {
        self.model(id).ok_or(StepRefused::Unknown)
    }
}

impl Chosen {
    /// Which part of the plan this was, now that it is known who decided.
    pub fn arm(&self, decider: &Decider) -> Arm {
        match (&self.canary, &self.live) {
            (Some(canary), _) if canary.is(decider) => Arm::Canary,
            (Some(_), _) => Arm::CanaryLeft,
            (None, Some(_)) => Arm::Live,
            (None, None) => Arm::None,
        }
    }
}

impl Arm {
    /// The word in views and metrics.
    pub fn word(self) -> &'static str {
        match self {
            Arm::None => "none",
            Arm::Live => "live",
            Arm::Canary => "canary",
            Arm::CanaryLeft => "canary_left",
        }
    }
}

impl ModelId {
    /// Whether this model decided.
    pub fn is(&self, decider: &Decider) -> bool {
        match decider {
            Decider::Model { name, version } => *name == self.name && *version == self.version.to_string(),
            Decider::Fallback { .. } => false,
        }
    }
}

impl fmt::Display for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.version)
    }
}

/// Whether somebody falls into a share: by a hash over the model, too, so that not the same ones try every canary.
fn is_drawn(id: &ModelId, share: u16, key: &[u8; 16]) -> bool {
    let hash = Sha256::new().chain_update(&id.name).chain_update(id.version.to_be_bytes()).chain_update(key).finalize();
    let place = u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]]);
    place % u32::from(WHOLE) < u32::from(share)
}

#[cfg(test)]
mod tests;
