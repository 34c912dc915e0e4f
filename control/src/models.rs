//! The life of models: where packages are kept, what is loaded, and the steps from registered to live and back.
//!
//! The plan is state of the cell. Here stands what is beside it: a model is loaded and handed to the engine before a step
//! lets it decide, and taken away when the plan needs it no longer.

pub mod loader;
mod registry;
mod shadows;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use causeway_core::command::{Command, Refusal, Reply, Submission};
use causeway_core::id::Mode;
use causeway_core::risk::plan::{By, Canary, PlannedModel, Stage};
use causeway_core::risk::scorer::{Health, Scorer, Shelf, ShelfDoor};
use causeway_core::risk::{ModelId, ModelPlan, ModelStep};
use causeway_core::time::Timestamp;
use parking_lot::Mutex;

use crate::gate::{CellHandle, Lane, system_time};
use crate::problem::{Code, Problem};

pub use registry::Registry;
pub use shadows::{Follower, ShadowView};

use shadows::Tally;

use loader::{Identity, Loaded, Loader};

/// How long a model waits until the engine takes it.
const HANDOVER: Duration = Duration::from_secs(10);

/// The models of one cell.
pub struct Models {
    cell: CellHandle,
    shelf: ShelfDoor,
    registry: Registry,
    loader: Arc<dyn Loader>,
    loaded: Mutex<BTreeMap<ModelId, Arc<Health>>>,
    /// Why a model could not be loaded when it last was to be.
    missing: Mutex<BTreeMap<ModelId, String>>,
    shadows: Mutex<BTreeMap<ModelId, Arc<Mutex<Tally>>>>,
    steps: tokio::sync::Mutex<()>,
    imports: tokio::sync::Mutex<()>,
}

/// What was loaded before the engine starts.
pub struct Stocked {
    loaded: BTreeMap<ModelId, Arc<Health>>,
    /// Which models of the plan are not there, and why.
    pub missing: Vec<(ModelId, String)>,
}

/// Loads what the plan needs onto a shelf that nobody uses yet.
pub fn stock(registry: &Registry, loader: &dyn Loader, plan: &ModelPlan, shelf: &mut Shelf) -> Stocked {
    let mut stocked = Stocked { loaded: BTreeMap::new(), missing: Vec::new() };
    for model in plan.models.iter().filter(|model| plan.needs(&model.id)) {
        match load(registry, loader, model) {
            Ok(loaded) => {
                shelf.put((*model.id).clone(), loaded.scorer);
                stocked.loaded.insert((*model.id).clone(), loaded.health);
            }
            Err(reason) => stocked.missing.push(((*model.id).clone(), reason)),
        }
    }
    stocked
}

fn load(registry: &Registry, loader: &dyn Loader, model: &PlannedModel) -> Result<Loaded, String> {
    let loaded = loader.load(&registry.place(&model.id))?;
    let is_it = loaded.identity == Identity { id: (*model.id).clone(), sha256: model.sha256 };
    if is_it { Ok(loaded) } else { Err("its files are not those that were registered".to_owned()) }
}

impl Models {
    /// The models of the cell behind `cell`, whose engine has what was stocked.
    pub fn new(
        cell: CellHandle,
        shelf: ShelfDoor,
        registry: Registry,
        loader: Arc<dyn Loader>,
        stocked: Stocked,
    ) -> Models {
        let (loaded, shadows) = (Mutex::new(stocked.loaded), Mutex::default());
        let missing = Mutex::new(stocked.missing.into_iter().collect());
        let (steps, imports) = (tokio::sync::Mutex::default(), tokio::sync::Mutex::default());
        Models { cell, shelf, registry, loader, loaded, missing, shadows, steps, imports }
    }

    /// The world that the cell lives in.
    pub fn mode(&self) -> Mode {
        self.cell.mode()
    }

    /// The plan as of its last durable step.
    pub fn plan(&self) -> Arc<ModelPlan> {
        Arc::clone(self.cell.directory().models())
    }

    /// How many accounts the cell has.
    pub fn accounts(&self) -> usize {
        self.cell.directory().len()
    }

    /// Where the package of a model lies.
    pub fn folder(&self, id: &ModelId) -> PathBuf {
        self.registry.place(id)
    }

    /// Loads a model once more, apart from the one that decides and without its budget. Takes its time.
    pub fn load_patient(&self, id: &ModelId) -> Result<Box<dyn Scorer>, String> {
        self.loader.load_patient(&self.registry.place(id))
    }

    /// How a model fares in the engine; none when it is not loaded there.
    pub fn health(&self, id: &ModelId) -> Option<Arc<Health>> {
        self.loaded.lock().get(id).cloned()
    }

    /// Why a model that the engine needs is not loaded there; none when it is, or is not needed.
    pub fn not_loaded(&self, id: &ModelId) -> Option<String> {
        if self.health(id).is_some() || !self.plan().needs(id) {
            return None;
        }
        let reason = self.missing.lock().get(id).cloned();
        Some(reason.unwrap_or_else(|| "it is on its way to the engine".to_owned()))
    }

    /// How a shadow fares, beside the engine; none when it is no shadow, or could not be loaded.
    pub fn shadow_health(&self, id: &ModelId) -> Option<Arc<Health>> {
        self.shadows.lock().get(id).and_then(|tally| tally.lock().health())
    }

    /// What a shadow has said so far; none when it is no shadow.
    pub fn shadow(&self, id: &ModelId) -> Option<ShadowView> {
        self.shadows.lock().get(id).map(|tally| tally.lock().view())
    }

    /// Copies the package in `folder` to where it is kept, and checks it in a process of its own.
    pub async fn import(self: &Arc<Self>, folder: &Path) -> Result<Import<'_>, String> {
        let lock = self.imports.lock().await;
        let (models, folder) = (Arc::clone(self), folder.to_owned());
        let importing = tokio::task::spawn_blocking(move || models.registry.take(&*models.loader, &folder));
        let identity = importing.await.map_err(|error| error.to_string())??;
        Ok(Import { identity, models: self, _lock: lock })
    }

    /// Removes the packages of these models, unless the plan has them.
    async fn discard(self: &Arc<Self>, gone: Vec<ModelId>) {
        let (models, plan) = (Arc::clone(self), self.plan());
        let removing = tokio::task::spawn_blocking(move || {
            gone.iter().filter(|id| plan.model(id).is_none()).for_each(|id| models.registry.remove(id));
        });
        // What stays on the disk takes room and is in nobody's way.
        let _ = removing.await;
    }

    /// Waits until no other step is under way.
    pub async fn turn(self: &Arc<Self>) -> Turn<'_> {
        Turn { _lock: self.steps.lock().await, models: self }
    }

    /// Hands a model to the engine, which has it when this returns.
    async fn deliver(self: Arc<Self>, id: ModelId) -> Result<(), String> {
        let plan = self.plan();
        let model = plan.model(&id).cloned().ok_or_else(|| format!("{id} is not in the plan"))?;
        let models = Arc::clone(&self);
        let loading = tokio::task::spawn_blocking(move || load(&models.registry, &*models.loader, &model));
        let loaded = loading.await.map_err(|error| error.to_string())?;
        let loaded = loaded.inspect_err(|reason| drop(self.missing.lock().insert(id.clone(), reason.clone())))?;
        self.hand_over(id.clone(), Some(loaded.scorer)).await?;
        self.missing.lock().remove(&id);
        self.loaded.lock().insert(id, loaded.health);
        Ok(())
    }

    /// What was on the shelf before goes where it may take its time.
    async fn hand_over(&self, id: ModelId, scorer: Option<Box<dyn Scorer>>) -> Result<(), String> {
        let made = self.shelf.ask(id, scorer).ok_or("too many models are on their way to the engine; try again")?;
        let before = tokio::time::timeout(HANDOVER, made).await;
        let before =
            before.map_err(|_| format!("the engine has not taken the model within {HANDOVER:?}; try again"))?;
        let before = before.map_err(|_| "the cell has ended".to_owned())?;
        tokio::task::spawn_blocking(move || drop(before)).await.map_err(|error| error.to_string())
    }

    /// Takes from the engine what the plan needs no longer.
    async fn tidy(self: Arc<Self>, plan: Arc<ModelPlan>) {
        self.missing.lock().retain(|id, _| plan.needs(id));
        let idle: Vec<ModelId> = self.loaded.lock().keys().filter(|id| !plan.needs(id)).cloned().collect();
        for id in idle {
            // One that stays on the shelf only takes memory; the next step tries again.
            if self.hand_over(id.clone(), None).await.is_ok() {
                self.loaded.lock().remove(&id);
            }
        }
    }
}

/// A package that was just taken. No other one comes or goes until this one is registered or given up.
pub struct Import<'a> {
    /// Which it is.
    pub identity: Identity,
    models: &'a Arc<Models>,
    _lock: tokio::sync::MutexGuard<'a, ()>,
}

impl Import<'_> {
    /// Takes the package away again, unless it was registered before.
    pub async fn give_up(self) {
        self.models.discard(vec![self.identity.id.clone()]).await;
    }
}

/// The right to make a step: nobody else changes the plan meanwhile.
pub struct Turn<'a> {
    models: &'a Arc<Models>,
    _lock: tokio::sync::MutexGuard<'a, ()>,
}

impl Turn<'_> {
    /// What a step would do, in the words of the audit; or why it is not possible.
    pub fn preview(&self, step: &ModelStep) -> Result<String, Problem> {
        let before = self.models.plan();
        let mut after = ModelPlan::clone(&before);
        after.step(step, system_time()).map_err(|refused| unready(refused.into(), step))?;
        let said = difference(&before, &after).or_else(|| self.anew(step));
        Ok(said.unwrap_or_else(|| format!("{}: nothing changes", named(step, &before))))
    }

    /// What a step does that changes nothing in the plan: a model that decides and does not work is loaded anew.
    fn anew(&self, step: &ModelStep) -> Option<String> {
        let (ModelStep::Promote(id) | ModelStep::Canary(id, _)) = step else { return None };
        let works = self.models.health(id).is_some_and(|health| health.quarantine().is_none());
        (!works).then(|| format!("{id}: loaded anew"))
    }

    /// Loads what the step lets decide, so that it decides from the next redemption on.
    pub async fn prepare(&self, step: &ModelStep) -> Result<(), String> {
        let mut after = ModelPlan::clone(&self.models.plan());
        if after.step(step, Timestamp(u64::MAX)).is_err() {
            return Ok(());
        }
        let deciding = [after.live(), after.canary()].into_iter().flatten().map(|model| (*model.id).clone());
        for id in deciding.collect::<Vec<_>>() {
            // One that was cut off begins anew when it is let in again, and where it stands when somebody asks for that.
            let is_named = matches!(step, ModelStep::Canary(of, _) | ModelStep::Promote(of) if *of == id);
            let is_back = matches!(step, ModelStep::Rollback(_)) && self.models.plan().before.as_deref() == Some(&id);
            let begins = is_named || is_back;
            let works = self.models.health(&id).is_some_and(|health| !(begins && health.quarantine().is_some()));
            if !works && (is_named || matches!(step, ModelStep::Rollback(_))) {
                let delivering = tokio::spawn(Arc::clone(self.models).deliver(id));
                delivering.await.map_err(|error| error.to_string())??;
            }
        }
        Ok(())
    }

    /// Makes the step; durable when it returns.
    pub async fn make(&self, step: ModelStep) -> Result<Arc<ModelPlan>, Problem> {
        let before = self.models.plan();
        let submission = Submission {
            command: Command::ChangeModels(step.clone()),
            idempotency: None,
            deadline: Timestamp(u64::MAX),
        };
        let answer = self.models.cell.submit(Lane::Operator, submission).await;
        let Reply::Models(plan) = answer.map_err(|refusal| unready(refusal, &step))?.reply else {
            return Err(Problem::internal("the cell answered a step of a model with something else"));
        };
        // It goes on when nobody waits any more.
        let tidying = tokio::spawn(Arc::clone(self.models).tidy(Arc::clone(&plan)));
        tidying.await.map_err(Problem::internal)?;
        let gone = before.models.iter().filter(|model| plan.model(&model.id).is_none());
        let gone: Vec<ModelId> = gone.map(|model| (*model.id).clone()).collect();
        if !gone.is_empty() {
            self.models.discard(gone).await;
        }
        Ok(plan)
    }
}

/// Why a step is not possible, in words about it.
fn unready(refusal: Refusal, step: &ModelStep) -> Problem {
    let message = match (refusal, step) {
        (Refusal::NotFound(_), _) => return Problem::new(Code::NotFound, "There is no such model; register it first."),
        (Refusal::LimitReached, ModelStep::Shadow(_)) => "There are as many shadows as there may be; retire one.",
        (Refusal::LimitReached, _) => "There are as many models as there may be; retire some, they make room.",
        (Refusal::ModelNotReady, ModelStep::Register(..)) => {
            "The version is registered with another model; give the package another version."
        }
        (Refusal::ModelNotReady, ModelStep::Canary(..)) => {
            "The model is live, or another one is the canary: roll that back or promote it first."
        }
        (Refusal::ModelNotReady, ModelStep::Rollback(_)) => "There is neither a canary nor a live model to roll back.",
        (Refusal::ModelNotReady, _) => "The model is live: promote another one, or roll back.",
        (refusal, _) => return Problem::from(refusal),
    };
    Problem { message: message.into(), ..Problem::from(refusal) }
}

fn named(step: &ModelStep, plan: &ModelPlan) -> String {
    match step {
        ModelStep::Register(id, _)
        | ModelStep::Shadow(id)
        | ModelStep::Canary(id, _)
        | ModelStep::Promote(id)
        | ModelStep::Retire(id)
        | ModelStep::Rollback(Some(id)) => id.to_string(),
        ModelStep::Rollback(None) => plan.live().map_or_else(|| "no model".to_owned(), |live| live.id.to_string()),
    }
}

/// What is different in a plan: each model with its old and its new stage.
fn difference(before: &ModelPlan, after: &ModelPlan) -> Option<String> {
    let was = |model: &PlannedModel| before.model(&model.id).map(|before| before.stage);
    let changed = after.models.iter().filter(|model| was(model) != Some(model.stage));
    let told = changed.map(|model| {
        let was = was(model).map_or_else(|| "new".to_owned(), stage_text);
        format!("{}: {was} -> {}", model.id, stage_text(model.stage))
    });
    let gone = before.models.iter().filter(|model| after.model(&model.id).is_none());
    let told = told.chain(gone.map(|model| format!("{}: forgotten", model.id)));
    let back =
        |plan: &ModelPlan| plan.before.as_ref().map_or_else(|| "the fallback rules".to_owned(), |id| id.to_string());
    let led = (before.before != after.before).then(|| format!("way back: {} -> {}", back(before), back(after)));
    let told: Vec<String> = told.chain(led).collect();
    (!told.is_empty()).then(|| told.join("; "))
}

/// A stage for people.
pub fn stage_text(stage: Stage) -> String {
    match stage {
        Stage::Canary(Canary { share, by }) => format!("canary {} % of {}", percent(share), by_word(by)),
        Stage::Registered | Stage::Shadow | Stage::Live | Stage::Retired => stage.word().to_owned(),
    }
}

/// Who is drawn for a canary.
pub fn by_word(by: By) -> &'static str {
    match by {
        By::Persons => "persons",
        By::Accounts => "accounts",
    }
}

/// Thousandths as a percentage.
pub fn percent(share: u16) -> f64 {
    f64::from(share) / 10.0
}

#[cfg(test)]
mod tests;
