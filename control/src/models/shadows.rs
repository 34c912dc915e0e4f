//! Shadows: they score what was decided, beside the engine, and decide nothing. What they say is counted and compared with
//! what the live model said, each by its own thresholds: lists, rules and the sandbox's amounts come after both. The counts
//! begin with the shadow or with the process: receipts hold all features, so that anything older can be computed again from
//! them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use causeway_core::id::PaymentId;
use causeway_core::receipt::Receipt;
use causeway_core::risk::plan::PlannedModel;
use causeway_core::risk::scorer::{Health, Quarantine, Scorer, is_probability};
use causeway_core::risk::{Arm, Decider, Features, ModelId};
use causeway_core::store::Reader;
use causeway_core::time::Timestamp;
use parking_lot::Mutex;
use tokio::sync::watch;

use super::{Models, load};
use crate::dispatch::Notice;
use crate::gate::system_time;

/// Receipts that are read and scored at once.
const BATCH: usize = 64;
/// How long it rests after it has caught up: shadows are in no hurry, and take what came meanwhile together.
const REST: Duration = Duration::from_millis(200);
/// Up to how many microseconds for a row, place by place; what took longer is counted behind the last one.
const LATENCIES: [u64; 8] = [25, 50, 100, 250, 500, 1_000, 2_500, 5_000];
/// Where scores are counted apart when the package does not say.
const EDGES: [f64; 9] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];

/// What a shadow has said so far.
#[derive(Debug, Default)]
pub struct Tally {
    view: ShadowView,
    /// What its guard has seen; none when it could not be loaded.
    health: Option<Arc<Health>>,
}

/// The same, as it is at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShadowView {
    /// Redemptions that it scored.
    pub scored: u64,
    /// Those to which it gave no usable score.
    pub errors: u64,
    /// Rows by the time for each, as the words of [`ShadowView::latencies`] have it.
    pub latency: [u64; LATENCIES.len() + 1],
    /// Where the scores are cut.
    pub edges: Vec<f64>,
    /// Scores in each bin, one more than there are edges.
    pub scores: Vec<u64>,
    /// Why the newest redemption without a usable score has none.
    pub last_error: Option<String>,
    /// Why it scores nothing any more, if it does not.
    pub cut_off: Option<Quarantine>,
    /// The live model that it is compared with: the one that decided last.
    pub against: Option<(String, String)>,
    /// How often that model's verdict was this where the shadow's was that. Begins anew with another live model.
    pub agreement: BTreeMap<(&'static str, &'static str), u64>,
}

impl ShadowView {
    /// Upper ends of the latencies' bins, in microseconds; the last one has none.
    pub fn latencies() -> &'static [u64] {
        &LATENCIES
    }
}

impl Tally {
    fn new(edges: &[f64], health: Arc<Health>) -> Tally {
        let edges = if edges.is_empty() { EDGES.to_vec() } else { edges.to_vec() };
        let view = ShadowView { scores: vec![0; edges.len() + 1], edges, ..ShadowView::default() };
        Tally { view, health: Some(health) }
    }

    /// One that could not be loaded.
    fn unloaded(reason: String) -> Tally {
        let reason = format!("it cannot be loaded: {reason}");
        let cut_off = Some(Quarantine { reason, since: system_time() });
        Tally { view: ShadowView { cut_off, ..ShadowView::default() }, health: None }
    }

    /// What its guard has seen.
    pub fn health(&self) -> Option<Arc<Health>> {
        self.health.clone()
    }

    /// What it has counted.
    pub fn view(&self) -> ShadowView {
        self.view.clone()
    }

    fn count(
        &mut self,
        receipts: &[Receipt],
        (scores, why): (&[f32], Option<String>),
        took: Duration,
        verdict: impl Fn(f32) -> &'static str,
    ) {
        let each = took.as_micros() as u64 / receipts.len().max(1) as u64;
        let place = LATENCIES.iter().position(|most| each <= *most).unwrap_or(LATENCIES.len());
        self.view.latency[place] += receipts.len() as u64;
        for (at, receipt) in receipts.iter().enumerate() {
            let Some(score) = scores.get(at).copied().filter(|score| is_probability(*score)) else {
                self.view.errors += 1;
                let unusable = scores.get(at).map(|score| format!("the model's score {score} is not a probability"));
                self.view.last_error = unusable.or_else(|| why.clone()).or(self.view.last_error.take());
                continue;
            };
            self.view.scored += 1;
            self.view.scores[self.view.edges.iter().filter(|edge| **edge <= f64::from(score)).count()] += 1;
            self.compare(receipt, verdict(score));
        }
    }

    /// Compares like with like: what the canary or the fallback rules decided is no word of the live model.
    fn compare(&mut self, receipt: &Receipt, verdict: &'static str) {
        let (Decider::Model { name, version }, Arm::Live | Arm::CanaryLeft) = (&receipt.risk.decider, receipt.arm)
        else {
            return;
        };
        let live = (name.clone(), version.clone());
        if self.view.against.as_ref() != Some(&live) {
            self.view.against = Some(live);
            self.view.agreement.clear();
        }
        *self.view.agreement.entry((receipt.risk.verdict.word(), verdict)).or_default() += 1;
    }
}

/// Reads what was decided and lets shadows score it.
pub struct Follower {
    /// The models.
    pub models: Arc<Models>,
    /// Reads receipts.
    pub reader: Reader,
    /// Hears what goes wrong.
    pub notice: Notice,
    /// How much was scored so far by all shadows together.
    pub scored: Arc<AtomicU64>,
}

/// A shadow at work.
struct Shadow {
    since: Timestamp,
    scorer: Box<dyn Scorer>,
    tally: Arc<Mutex<Tally>>,
}

/// What goes back and forth between the task and the thread that works.
struct Desk {
    shadows: BTreeMap<ModelId, Shadow>,
    /// Models that cannot be loaded, so that this is told once.
    failed: Vec<(ModelId, Timestamp)>,
    after: Option<PaymentId>,
}

impl Follower {
    /// Works until `stop`.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let this = Arc::new(self);
        let mut commits = this.models.cell.commits();
        let mut desk = Desk { shadows: BTreeMap::new(), failed: Vec::new(), after: this.newest() };
        loop {
            let worker = Arc::clone(&this);
            let working = tokio::task::spawn_blocking(move || {
                let has_more = worker.work(&mut desk);
                (desk, has_more)
            });
            let has_more = match working.await {
                Ok((back, has_more)) => {
                    desk = back;
                    has_more
                }
                Err(error) => return (this.notice)(&format!("shadows are not scored any more: {error}")),
            };
            if *stop.borrow() {
                return;
            }
            // Between two batches the plan is looked at, and whether this is the end.
            if has_more {
                continue;
            }
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                () = tokio::time::sleep(REST) => {}
            }
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                changed = commits.changed() => if changed.is_err() { return },
            }
        }
    }

    /// Behind which what is decided from now on lies.
    fn newest(&self) -> Option<PaymentId> {
        Reader::receipts_from(self.models.cell.commits().borrow().now)
    }

    /// Lets the shadows of the plan score the next batch; whether there may be more.
    fn work(&self, desk: &mut Desk) -> bool {
        let plan = self.models.plan();
        let wanted: Vec<&PlannedModel> = plan.shadows().collect();
        // One that was taken out of use and is a shadow again begins anew.
        let is_wanted = |id: &ModelId, since| wanted.iter().any(|model| *model.id == *id && model.since == since);
        desk.shadows.retain(|id, shadow| is_wanted(id, shadow.since));
        desk.failed.retain(|(id, since)| is_wanted(id, *since));
        let is_known =
            |id: &ModelId| desk.shadows.contains_key(id) || desk.failed.iter().any(|(failed, _)| failed == id);
        self.models.shadows.lock().retain(|id, _| is_known(id));
        let new: Vec<&PlannedModel> = wanted.iter().copied().filter(|model| !is_known(&model.id)).collect();
        new.into_iter().for_each(|model| self.begin(model, desk));
        if desk.shadows.is_empty() {
            desk.after = self.newest();
            return false;
        }
        let receipts = match self.reader.receipts(desk.after, BATCH) {
            Ok(receipts) => receipts,
            Err(error) => {
                (self.notice)(&format!("shadows cannot read what was decided: {error}"));
                return false;
            }
        };
        desk.after = receipts.last().map(|last| last.payment).or(desk.after);
        desk.shadows.iter_mut().for_each(|(id, shadow)| self.score(id, shadow, since(&receipts, shadow.since)));
        receipts.len() == BATCH
    }

    fn begin(&self, model: &PlannedModel, desk: &mut Desk) {
        let id = (*model.id).clone();
        match load(&self.models.registry, &*self.models.loader, model) {
            Ok(loaded) => {
                let tally = Arc::new(Mutex::new(Tally::new(&loaded.edges, loaded.health)));
                self.models.shadows.lock().insert(id.clone(), Arc::clone(&tally));
                desk.shadows.insert(id, Shadow { since: model.since, scorer: loaded.scorer, tally });
            }
            Err(reason) => {
                (self.notice)(&format!("the shadow {id} cannot be loaded: {reason}"));
                self.models.shadows.lock().insert(id.clone(), Arc::new(Mutex::new(Tally::unloaded(reason))));
                desk.failed.push((id, model.since));
            }
        }
    }

    /// Lets a shadow score these. One that its guard has cut off is not asked again, and that is told once.
    fn score(&self, id: &ModelId, shadow: &mut Shadow, receipts: &[Receipt]) {
        if receipts.is_empty() || shadow.tally.lock().view.cut_off.is_some() {
            return;
        }
        let rows: Vec<Features> = receipts.iter().map(|receipt| receipt.features).collect();
        let began = Instant::now();
        let scores = shadow.scorer.score(&rows);
        let took = began.elapsed();
        let (scored, why) = match &scores {
            Ok(scores) => (scores.as_slice(), None),
            Err(error) => {
                let (scored, why) = error.parts();
                (scored, Some(why.to_string()))
            }
        };
        let thresholds = shadow.scorer.thresholds();
        let mut tally = shadow.tally.lock();
        tally.count(receipts, (scored, why), took, |score| thresholds.verdict(score).word());
        tally.view.cut_off = tally.health.as_ref().and_then(|health| health.quarantine().cloned());
        if let Some(cut_off) = &tally.view.cut_off {
            (self.notice)(&format!("the shadow {id} is cut off and scores nothing more: {}", cut_off.reason));
        }
        self.scored.fetch_add(scored.len() as u64, Ordering::Relaxed);
    }
}

/// What was decided after a model became a shadow; what was decided before, or at that moment, is nothing that it was to see.
fn since(receipts: &[Receipt], step: Timestamp) -> &[Receipt] {
    &receipts[receipts.partition_point(|receipt| receipt.at <= step)..]
}

#[cfg(test)]
mod tests;
