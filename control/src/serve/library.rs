//! What reports and drift know of models: the packages that each cell's registry holds.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use causeway_core::id::Mode;
use causeway_core::risk::ModelId;
use causeway_core::risk::drift::{Limits, Window};
use causeway_core::risk::plan::PlannedModel;
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::cell::Running;
use super::ground::Ground;
use super::rollback::{Reason, VerdictOn};
use crate::keys::hex;
use crate::models::Models;
use crate::reports::follow::{Deciding, Followed, Follower, Stage};
use crate::reports::{About, Library, Named, NoLibrary, Score, Speed};
use crate::telemetry::Level;

/// The models of all cells.
pub struct Shelves {
    models: Vec<(Mode, Arc<Models>)>,
    read: Mutex<BTreeMap<(&'static str, Named), Arc<About>>>,
}

impl Shelves {
    /// The library of these cells.
    pub fn new(cells: &[Running]) -> Shelves {
        let models = cells.iter().map(|cell| (cell.mode(), Arc::clone(cell.models()))).collect();
        Shelves { models, read: Mutex::default() }
    }

    /// A model that the cell of this mode has registered.
    fn registered(&self, mode: Mode, model: &Named) -> Option<(&Arc<Models>, ModelId)> {
        let (_, models) = self.models.iter().find(|(known, _)| *known == mode)?;
        let id = ModelId { name: model.name.clone(), version: model.version.parse().ok()? };
        models.plan().model(&id).is_some().then_some((models, id))
    }

    /// Forgets the packages of models that have made room; one of their versions may come again with other bytes.
    fn forget(&self) {
        let sha256 = |mode: &str, model: &Named| {
            let (mode, _) = self.models.iter().find(|(known, _)| known.name() == mode)?;
            let (models, id) = self.registered(*mode, model)?;
            models.plan().model(&id).map(|model| hex::encode(&model.sha256))
        };
        self.read.lock().retain(|(mode, model), about| {
            sha256(mode, model).is_some_and(|sha256| sha256.eq_ignore_ascii_case(&about.sha256))
        });
    }
}

impl Library for Shelves {
    /// A package never changes, so that it is read once. There are as many as plans have.
    fn about(&self, mode: Mode, model: &Named) -> Option<Arc<About>> {
        self.forget();
        let key = (mode.name(), model.clone());
        if let Some(known) = self.read.lock().get(&key) {
            return Some(Arc::clone(known));
        }
        let (models, id) = self.registered(mode, model)?;
        let about = Arc::new(read(models, &id)?);
        self.read.lock().insert(key, Arc::clone(&about));
        Some(about)
    }

    fn scorer(&self, mode: Mode, model: &Named) -> Result<Score, String> {
        let Some((models, id)) = self.registered(mode, model) else { return NoLibrary.scorer(mode, model) };
        let mut scorer = models.load_patient(&id)?;
        Ok(Box::new(move |rows| scorer.score(rows).map_err(|error| error.to_string())))
    }

    /// As the guard of a model that decides has counted since it was loaded; else that of a shadow.
    fn speed(&self, mode: Mode, model: &Named) -> Option<Speed> {
        let (models, id) = self.registered(mode, model)?;
        let decides = models.health(&id).map(|health| (health, "the model was loaded"));
        let shadows = || Some((models.shadow_health(&id)?, "it began as a shadow, or the gateway was started"));
        let Some((health, since)) = decides.or_else(shadows) else {
            let quarantine = models.shadow(&id)?.cut_off.map(|found| found.reason);
            return Some(Speed { since: "it began as a shadow", quarantine, ..Speed::default() });
        };
        Some(Speed {
            since,
            calls: health.calls.load(Ordering::Relaxed),
            rows: health.rows.load(Ordering::Relaxed),
            seconds: health.worked_micros.load(Ordering::Relaxed) as f64 * 1e-6,
            late: Some(health.late.load(Ordering::Relaxed)),
            errors: Some(health.errors.load(Ordering::Relaxed)),
            quarantine: health.quarantine().map(|found| found.reason.clone()),
        })
    }
}

#[cfg(feature = "full")]
fn read(models: &Models, id: &ModelId) -> Option<About> {
    causeway_core::risk::package::Package::read(&models.folder(id)).ok().map(|package| About::of(&package))
}

#[cfg(not(feature = "full"))]
fn read(_: &Models, _: &ModelId) -> Option<About> {
    None
}

/// The models of a cell that decide.
fn deciding(models: &Arc<Models>) -> Deciding {
    let models = Arc::clone(models);
    Box::new(move || {
        let plan = models.plan();
        let deciding = plan.live().into_iter().chain(plan.canary());
        deciding.map(|model| (named(model), model.since)).collect()
    })
}

fn named(model: &PlannedModel) -> Named {
    Named { name: model.id.name.clone(), version: model.id.version.to_string() }
}

/// What follows the decisions of a cell.
pub fn follower(ground: &Ground<'_>, cell: &Running, library: &Arc<Shelves>) -> Arc<Follower> {
    let (telemetry, mode) = (ground.telemetry.clone(), cell.mode());
    let notice = move |text: &str| {
        let record = telemetry.record(Level::Warn, "models").text("mode", mode.name());
        telemetry.write(record.text("notice", text));
    };
    let library: Arc<dyn Library> = Arc::<Shelves>::clone(library);
    let follower = Arc::new(Follower {
        reader: cell.reader(),
        mode,
        library,
        window: Window::default(),
        deciding: deciding(cell.models()),
        limits: Limits::default(),
        notice: Arc::new(notice),
        followed: Mutex::new(Followed::default()),
    });
    ground.telemetry.add_groups(Some(mode), follower.groups());
    follower
}

/// Whether what a model says has shifted in its stage, as a follower sees it.
pub fn verdict_of(follower: &Arc<Follower>, models: &Arc<Models>) -> VerdictOn {
    let (follower, models) = (Arc::clone(follower), Arc::clone(models));
    Box::new(move |model| {
        let stage = Stage { since: model.since, accounts: models.accounts() };
        follower.shift_of(&named(model), stage).map(Reason::Shifted)
    })
}

/// Follows, until `stop`.
pub fn follow(follower: Arc<Follower>, stop: &watch::Receiver<bool>) -> JoinHandle<()> {
    tokio::spawn(follower.run(stop.clone()))
}
