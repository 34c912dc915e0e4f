//! Shadows: they score what was decided, beside the engine, and decide nothing. What they say is counted and compared with
//! what was done. The counts begin with the shadow or with the process: receipts hold all features, so that anything older
//! can be computed again from them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use causeway_core::id::PaymentId;
use causeway_core::receipt::Receipt;
use causeway_core::risk::plan::PlannedModel;
use causeway_core::risk::scorer::{Scorer, is_probability};
use causeway_core::risk::{Features, ModelId};
use causeway_core::store::Reader;
use parking_lot::Mutex;
use tokio::sync::watch;

use super::{Models, load};
use crate::dispatch::Notice;

/// Receipts that are read and scored at once.
const BATCH: usize = 64;
/// How long it rests after it has caught up: shadows are in no hurry, and take what came meanwhile together.
const REST: Duration = Duration::from_millis(200);
/// Up to how many microseconds for a row, place by place; what took longer is counted behind the last one.
const LATENCIES: [u64; 8] = [25, 50, 100, 250, 500, 1_000, 2_500, 5_000];
/// Where scores are counted apart when the package does not say.
const EDGES: [f64; 9] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];

/// What a shadow has said so far.
#[derive(Debug)]
pub struct Tally {
    view: ShadowView,
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
    /// How often this was done where the shadow would have done that.
    pub agreement: BTreeMap<(&'static str, &'static str), u64>,
}

impl ShadowView {
    /// Upper ends of the latencies' bins, in microseconds; the last one has none.
    pub fn latencies() -> &'static [u64] {
        &LATENCIES
    }
}

impl Tally {
    fn new(edges: &[f64]) -> Tally {
        let edges = if edges.is_empty() { EDGES.to_vec() } else { edges.to_vec() };
        Tally { view: ShadowView { scores: vec![0; edges.len() + 1], edges, ..ShadowView::default() } }
    }

    /// What it has counted.
    pub fn view(&self) -> ShadowView {
        self.view.clone()
    }

    fn count(&mut self, receipts: &[Receipt], scores: &[f32], took: Duration, verdict: impl Fn(f32) -> &'static str) {
        let each = took.as_micros() as u64 / receipts.len().max(1) as u64;
        let place = LATENCIES.iter().position(|most| each <= *most).unwrap_or(LATENCIES.len());
        self.view.latency[place] += receipts.len() as u64;
        for (at, receipt) in receipts.iter().enumerate() {
            let Some(score) = scores.get(at).copied().filter(|score| is_probability(*score)) else {
                self.view.errors += 1;
                continue;
            };
            self.view.scored += 1;
            self.view.scores[self.view.edges.iter().filter(|edge| **edge <= f64::from(score)).count()] += 1;
            *self.view.agreement.entry((receipt.applied.word(), verdict(score))).or_default() += 1;
        }
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
    scorer: Box<dyn Scorer>,
    tally: Arc<Mutex<Tally>>,
}

/// What goes back and forth between the task and the thread that works.
struct Desk {
    shadows: BTreeMap<ModelId, Shadow>,
    /// Models that cannot be loaded, so that this is told once.
    failed: Vec<ModelId>,
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
                worker.work(&mut desk);
                desk
            });
            match working.await {
                Ok(back) => desk = back,
                Err(error) => return (this.notice)(&format!("shadows are not scored any more: {error}")),
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

    fn work(&self, desk: &mut Desk) {
        let plan = self.models.plan();
        let wanted: Vec<&PlannedModel> = plan.shadows().collect();
        desk.shadows.retain(|id, _| wanted.iter().any(|model| *model.id == *id));
        desk.failed.retain(|id| wanted.iter().any(|model| *model.id == *id));
        self.models.shadows.lock().retain(|id, _| desk.shadows.contains_key(id));
        for model in wanted {
            if !desk.shadows.contains_key(&model.id) && !desk.failed.contains(&model.id) {
                self.begin(model, desk);
            }
        }
        if desk.shadows.is_empty() {
            desk.after = self.newest();
            return;
        }
        loop {
            match self.reader.receipts(desk.after, BATCH) {
                Ok(receipts) => {
                    desk.after = receipts.last().map(|last| last.payment).or(desk.after);
                    desk.shadows.values_mut().for_each(|shadow| self.score(shadow, &receipts));
                    if receipts.len() < BATCH {
                        return;
                    }
                }
                Err(error) => return (self.notice)(&format!("shadows cannot read what was decided: {error}")),
            }
        }
    }

    fn begin(&self, model: &PlannedModel, desk: &mut Desk) {
        let id = (*model.id).clone();
        match load(&self.models.registry, &*self.models.loader, model) {
            Ok(loaded) => {
                let tally = Arc::new(Mutex::new(Tally::new(&loaded.edges)));
                self.models.shadows.lock().insert(id.clone(), Arc::clone(&tally));
                desk.shadows.insert(id, Shadow { scorer: loaded.scorer, tally });
            }
            Err(reason) => {
                (self.notice)(&format!("the shadow {id} cannot be loaded: {reason}"));
                desk.failed.push(id);
            }
        }
    }

    fn score(&self, shadow: &mut Shadow, receipts: &[Receipt]) {
        if receipts.is_empty() {
            return;
        }
        let rows: Vec<Features> = receipts.iter().map(|receipt| receipt.features).collect();
        let began = Instant::now();
        let scores = shadow.scorer.score(&rows);
        let took = began.elapsed();
        let scored = match &scores {
            Ok(scores) => scores.as_slice(),
            Err(error) => error.parts().0,
        };
        let thresholds = shadow.scorer.thresholds();
        shadow.tally.lock().count(receipts, scored, took, |score| thresholds.verdict(score).word());
        self.scored.fetch_add(scored.len() as u64, Ordering::Relaxed);
    }
}
