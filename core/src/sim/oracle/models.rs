//! The plan of models: which there are, what each does, and whom a redemption falls to.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::command::{Refusal, Reply, Subject};
use crate::risk::plan::{By, Canary, PlannedModel, Stage};
use crate::risk::{Arm, Chosen, ModelId, ModelPlan, ModelStep};
use crate::time::Timestamp;

use super::against::when;
use super::risk::Visit;
use super::{Fault, Oracle, equal};

/// How many models, and how many shadows, there may be.
const MODELS: usize = 64;
const SHADOWS: usize = 4;

/// A model with what it does.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub id: ModelId,
    pub sha256: [u8; 32],
    pub stage: Stage,
    pub since: Timestamp,
}

/// All of them.
#[derive(Clone, Debug, Default)]
pub struct Models {
    pub steps: u64,
    pub all: Vec<Entry>,
    pub before: Option<ModelId>,
}

impl Models {
    fn find(&self, id: &ModelId) -> Option<&Entry> {
        self.all.iter().find(|one| one.id == *id)
    }

    fn live(&self) -> Option<ModelId> {
        self.all.iter().find(|one| one.stage == Stage::Live).map(|one| one.id.clone())
    }

    fn canary(&self) -> Option<(ModelId, Canary)> {
        self.all.iter().find_map(|one| match one.stage {
            Stage::Canary(canary) => Some((one.id.clone(), canary)),
            Stage::Registered | Stage::Shadow | Stage::Live | Stage::Retired => None,
        })
    }

    fn shadows(&self) -> usize {
        self.all.iter().filter(|one| one.stage == Stage::Shadow).count()
    }

    fn spare(&self) -> Option<ModelId> {
        let may_go = |one: &&Entry| one.stage == Stage::Retired && self.before.as_ref() != Some(&one.id);
        let mut spare: Vec<&Entry> = self.all.iter().filter(may_go).collect();
        spare.sort_by_key(|one| one.since);
        spare.first().map(|one| one.id.clone())
    }

    fn set(&mut self, id: &ModelId, stage: Stage, now: Timestamp) {
        for one in self.all.iter_mut().filter(|one| one.id == *id && one.stage != stage) {
            (one.stage, one.since) = (stage, now);
        }
    }

    /// As the store keeps it.
    pub fn plan(&self) -> ModelPlan {
        let shared = |id: &ModelId| Arc::new(id.clone());
        let model =
            |one: &Entry| PlannedModel { id: shared(&one.id), sha256: one.sha256, stage: one.stage, since: one.since };
        ModelPlan {
            version: self.steps,
            models: self.all.iter().map(model).collect(),
            before: self.before.as_ref().map(shared),
        }
    }
}

impl Oracle {
    pub(super) fn against_model_step(&self, step: &ModelStep) -> Vec<Refusal> {
        let models = &self.models;
        let is_live = |id: &ModelId| models.live().as_ref() == Some(id);
        let unknown = |id: &ModelId| when(models.find(id).is_none(), Refusal::NotFound(Subject::Path));
        match step {
            ModelStep::Register(id, sha256) => match models.find(id) {
                Some(known) => when(known.sha256 != *sha256, Refusal::ModelNotReady),
                None => when(models.all.len() >= MODELS && models.spare().is_none(), Refusal::LimitReached),
            },
            ModelStep::Shadow(id) => {
                let is_other = models.find(id).is_some_and(|one| one.stage != Stage::Shadow);
                let is_full = is_other && models.shadows() >= SHADOWS;
                let full = when(is_full, Refusal::LimitReached);
                [unknown(id), full, when(is_live(id), Refusal::ModelNotReady)].concat()
            }
            ModelStep::Canary(id, Canary { share, .. }) => {
                let is_taken = models.canary().is_some_and(|(other, _)| other != *id);
                let is_odd = *share == 0 || *share > 1_000;
                [unknown(id), when(is_taken || is_odd || is_live(id), Refusal::ModelNotReady)].concat()
            }
            ModelStep::Promote(id) => unknown(id),
            ModelStep::Retire(id) => [unknown(id), when(is_live(id), Refusal::ModelNotReady)].concat(),
            ModelStep::Rollback(None) => {
                when(models.live().is_none() && models.canary().is_none(), Refusal::ModelNotReady)
            }
            ModelStep::Rollback(Some(id)) => {
                let is_canary = models.canary().is_some_and(|(canary, _)| canary == *id);
                [unknown(id), when(!is_canary && !is_live(id), Refusal::ModelNotReady)].concat()
            }
        }
    }

    pub(super) fn change_models(&mut self, step: &ModelStep) -> Reply {
        let (now, before) = (self.now(), self.models.plan());
        let models = &mut self.models;
        match step {
            ModelStep::Register(id, sha256) => {
                if models.find(id).is_none() {
                    let spare = models.spare().filter(|_| models.all.len() >= MODELS);
                    models.all.retain(|one| Some(&one.id) != spare.as_ref());
                    let entry = Entry { id: id.clone(), sha256: *sha256, stage: Stage::Registered, since: now };
                    models.all.push(entry);
                }
            }
            ModelStep::Shadow(id) => models.set(id, Stage::Shadow, now),
            ModelStep::Canary(id, canary) => models.set(id, Stage::Canary(*canary), now),
            ModelStep::Promote(id) => {
                let live = models.live();
                if live.as_ref() != Some(id) {
                    if let Some(live) = &live {
                        models.set(live, Stage::Retired, now);
                    }
                    models.set(id, Stage::Live, now);
                    models.before = live;
                }
            }
            ModelStep::Retire(id) => {
                models.set(id, Stage::Retired, now);
                if models.before.as_ref() == Some(id) {
                    models.before = None;
                }
            }
            ModelStep::Rollback(of) => models.roll_back(of.as_ref(), now),
        }
        if models.plan() != before {
            models.steps += 1;
            self.touch();
        }
        Reply::Models(Arc::new(self.models.plan()))
    }

    /// The live model and, when it was drawn for the visit, the canary.
    pub(super) fn chosen(&self, visit: &Visit) -> Chosen {
        let entities = self.entities(visit);
        let canary = self.models.canary().filter(|(id, canary)| {
            let key = match canary.by {
                By::Persons => entities.person,
                By::Accounts => entities.partner,
            };
            let bytes = [id.name.as_bytes(), &id.version.to_be_bytes(), &key].concat();
            let hash: [u8; 32] = Sha256::digest(bytes).into();
            let first = hash[..4].iter().fold(0u64, |sum, byte| sum << 8 | u64::from(*byte));
            first % 1_000 < u64::from(canary.share)
        });
        Chosen { canary: canary.map(|(id, _)| Arc::new(id)), live: self.models.live().map(Arc::new) }
    }

    /// The models that are asked, in their order, and what it is called when each decides. Of the simulator's, the third
    /// never has a score and the fourth is not loaded.
    pub(super) fn decider(&self, chosen: &Chosen) -> (Option<u32>, Arm) {
        let works = |id: &&Arc<ModelId>| id.version < 3 && !self.moment.scorer_fails;
        let version = |id: &Option<Arc<ModelId>>| id.as_ref().filter(works).map(|id| id.version);
        match (&chosen.canary, version(&chosen.canary), version(&chosen.live)) {
            (Some(_), Some(version), _) => (Some(version), Arm::Canary),
            (Some(_), None, live) => (live, Arm::CanaryLeft),
            (None, _, live) if chosen.live.is_some() => (live, Arm::Live),
            (None, _, _) => (None, Arm::None),
        }
    }

    pub(super) fn compare_models(&self, shelf: &super::compare::shelf::Shelf) -> Result<(), Fault> {
        let rows = (self.models.steps > 0).then(|| b"plan".to_vec());
        super::compare::same_keys(shelf, crate::store::Column::Models, rows)?;
        equal("the plan of models", &self.models.plan(), &shelf.reader.models()?)
    }
}

impl Models {
    /// The canary goes back to where it came from; without one, or when the live model is meant, the one before is live.
    fn roll_back(&mut self, of: Option<&ModelId>, now: Timestamp) {
        let canary = self.canary().map(|(id, _)| id).filter(|id| of.is_none_or(|of| of == id));
        if let Some(canary) = canary {
            return self.set(&canary, Stage::Registered, now);
        }
        if let Some(live) = self.live() {
            self.set(&live, Stage::Retired, now);
        }
        if let Some(before) = self.before.take() {
            self.set(&before, Stage::Live, now);
        }
    }
}
