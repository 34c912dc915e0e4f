//! Automatic rollback: a canary or live model that was cut off, or whose scores have shifted, is taken back. The engine's
//! guard has cut it off before: until the step is made, others decide in its place.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use causeway_core::risk::plan::{PlannedModel, Stage};
use causeway_core::risk::scorer::Quarantine;
use causeway_core::risk::{ModelId, ModelPlan, ModelStep};
use causeway_core::time::Timestamp;
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::models::Models;
use crate::operator::Audit;
use crate::telemetry::{Level, Telemetry};

/// How often it looks.
const LOOK: Duration = Duration::from_millis(200);
/// How long it waits after a step that was not made.
const PAUSE: Duration = Duration::from_secs(5);

/// Why a model is taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It erred or was late, and is not run any more.
    Quarantined(String),
    /// What it says has moved away from what it was built on.
    Shifted(String),
}

/// Says whether what a model says has shifted since its present stage began: for whoever measures that.
pub type VerdictOn = Box<dyn Fn(&PlannedModel) -> Option<Reason> + Send + Sync>;

/// How often models were taken back.
#[derive(Debug, Default)]
pub struct Rollbacks {
    /// Because they were cut off.
    pub quarantined: AtomicU64,
    /// Because they shifted.
    pub shifted: AtomicU64,
}

/// Looks at the models of one cell.
pub struct Watcher {
    /// The models.
    pub models: Arc<Models>,
    /// Where it says what it does.
    pub audit: Audit,
    /// Where it says that it has done so.
    pub telemetry: Telemetry,
    /// Says whether a model has shifted.
    pub verdict_on: VerdictOn,
    /// What it counts.
    pub rollbacks: Arc<Rollbacks>,
    /// Which models it has told of that they are not run any more, and since when: one that is loaded anew and cut off again is
    /// told of again.
    pub told: Mutex<BTreeMap<ModelId, Timestamp>>,
}

impl Watcher {
    /// Works until `stop`.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let this = Arc::new(self);
        loop {
            let pause = match this.look().await {
                Ok(()) => LOOK,
                Err(reason) => {
                    let record = this.telemetry.record(Level::Error, "model_not_rolled_back");
                    this.telemetry.write(record.text("mode", this.models.mode().name()).text("reason", &reason));
                    PAUSE
                }
            };
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    async fn look(self: &Arc<Self>) -> Result<(), String> {
        self.tell(&self.models.plan());
        if self.found().await?.is_none() {
            return Ok(());
        }
        let turn = self.models.turn().await;
        // Somebody may have made the step meanwhile.
        let Some((id, reason)) = self.found().await? else { return Ok(()) };
        // It may have been cut off since the last look, and is no part of the plan afterwards.
        self.tell(&self.models.plan());
        let step = ModelStep::Rollback(Some(id.clone()));
        let said = turn.preview(&step).map_err(|problem| problem.message.into_owned())?;
        let (why, counter) = match &reason {
            Reason::Quarantined(why) => (why, &self.rollbacks.quarantined),
            Reason::Shifted(why) => (why, &self.rollbacks.shifted),
        };
        let recorded = self.audit.record_own("rollback_model", self.models.mode(), &said, why).await;
        recorded.map_err(|error| format!("the audit cannot be written: {error}"))?;
        turn.make(step).await.map_err(|problem| problem.message.into_owned())?;
        counter.fetch_add(1, Ordering::Relaxed);
        let record = self.telemetry.record(Level::Error, "model_rolled_back").text("mode", self.models.mode().name());
        self.telemetry.write(record.text("model", &id.to_string()).text("change", &said).text("reason", why));
        Ok(())
    }

    /// Tells once of each model that decides and is not run any more.
    fn tell(&self, plan: &ModelPlan) {
        let deciding = plan.models.iter().filter(|model| plan.live() == Some(model) || plan.canary() == Some(model));
        let cut_off = deciding.filter_map(|model| {
            let health = self.models.health(&model.id)?;
            Some((model, health.quarantine()?.clone()))
        });
        for (model, Quarantine { reason, .. }) in news(&mut self.told.lock(), plan, cut_off) {
            let decider = if model.stage == Stage::Live { "fallback" } else { "live" };
            let record =
                self.telemetry.record(Level::Error, "model_quarantined").text("mode", self.models.mode().name());
            let record = record.text("model", &model.id.to_string()).text("decider", decider);
            self.telemetry.write(record.text("reason", &reason));
        }
    }

    /// Looks where it may take its time: a shift is judged once more for each of the busiest accounts.
    async fn found(self: &Arc<Self>) -> Result<Option<(ModelId, Reason)>, String> {
        let watcher = Arc::clone(self);
        let looking = tokio::task::spawn_blocking(move || watcher.fault(&watcher.models.plan()));
        looking.await.map_err(|error| error.to_string())
    }

    /// A model that should not decide any more, and why. A live one stays when there is nothing to go back to that works:
    /// the fallback decides in its place as it is.
    fn fault(&self, plan: &ModelPlan) -> Option<(ModelId, Reason)> {
        let fault = |model: &PlannedModel| {
            let health = self.models.health(&model.id);
            let cut_off = health.as_ref().and_then(|health| health.quarantine()).map(|found| found.reason.clone());
            let reason = cut_off.map(Reason::Quarantined).or_else(|| (self.verdict_on)(model))?;
            Some(((*model.id).clone(), reason))
        };
        let canary = plan.canary().and_then(fault);
        let works = |id: &ModelId| self.models.health(id).is_some_and(|health| health.quarantine().is_none());
        let has_way_back = plan.before.as_ref().is_some_and(|before| works(before));
        let live = plan.live().filter(|_| has_way_back);
        canary.or_else(|| live.and_then(fault))
    }
}

/// What was not told yet; from now on it was. What is no part of the plan any more is forgotten.
fn news<'p>(
    told: &mut BTreeMap<ModelId, Timestamp>,
    plan: &ModelPlan,
    cut_off: impl Iterator<Item = (&'p PlannedModel, Quarantine)>,
) -> Vec<(&'p PlannedModel, Quarantine)> {
    told.retain(|id, _| plan.model(id).is_some());
    let is_new = |(model, found): &(&PlannedModel, Quarantine)| {
        told.insert((*model.id).clone(), found.since) != Some(found.since)
    };
    cut_off.filter(is_new).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_model_is_told_of_once_for_each_time_that_it_was_cut_off() {
        let named = |name: &str| ModelId { name: name.to_owned(), version: 1 };
        let mut plan = ModelPlan::default();
        for name in ["one", "two"] {
            plan.step(&ModelStep::Register(named(name), [0; 32]), Timestamp(1)).unwrap();
        }
        let mut told = BTreeMap::new();
        let mut check = |plan: &ModelPlan, place: usize, since: u64, expect: bool| {
            let found = Quarantine { reason: "late".to_owned(), since: Timestamp(since) };
            let said = news(&mut told, plan, [(&plan.models[place], found)].into_iter());
            assert_eq!(!said.is_empty(), expect, "{place} {since}");
        };
        check(&plan, 0, 5, true);
        check(&plan, 0, 5, false);
        // Another one in its place, without any score in between; then the first one once more, loaded anew.
        check(&plan, 1, 5, true);
        check(&plan, 0, 9, true);
        check(&plan, 0, 9, false);
        let without = ModelPlan::default();
        assert!(news(&mut told, &without, std::iter::empty()).is_empty() && told.is_empty());
    }
}
