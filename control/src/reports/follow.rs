//! Follows the decisions of a cell: reads their receipts in commit order and keeps the drift of each model that decides, so that
//! one that has shifted can be told at once. What it knows is in memory; after a start it reads the window again.

mod panel;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use causeway_core::id::{Mode, PaymentId};
use causeway_core::receipt::Receipt;
use causeway_core::risk::approval::Z95;
use causeway_core::risk::drift::{Drift, Limits, Window};
use causeway_core::risk::{FEATURE_NAMES, Verdict};
use causeway_core::store::{Reader, StoreError};
use causeway_core::time::{Millis, Timestamp};
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

pub use panel::Stage;

use super::{Library, Named};
use crate::dispatch::Notice;
use crate::gate::system_time;
use crate::telemetry::{Group, Kind, Labels};
use panel::Panel;

/// Models that are followed; the one that has not decided for the longest time makes room. With the default window and all
/// features they take 15 MB.
const MOST_MODELS: usize = 16;
/// Receipts that are read at once.
const CHUNK: usize = 1_000;
/// How often it looks.
const EVERY: Duration = Duration::from_secs(1);
/// How far it looks back at the start: so far, or twice, four times as far and so on, until each model that decides has its
/// window.
const BACK: Millis = Millis::seconds(60);
/// Receipts that it looks back over at the start, however little a model has decided: a second or so. A canary of 2.5 % has its
/// whole window in them, and one of 0.5 % what it takes to be judged.
const MOST_BACK: usize = 200_000;

/// The models that decide, and since when each of them is where it is.
pub type Deciding = Box<dyn Fn() -> Vec<(Named, Timestamp)> + Send + Sync>;

/// Follows the decisions of one cell.
pub struct Follower {
    /// Where receipts are read.
    pub reader: Reader,
    /// The cell's mode.
    pub mode: Mode,
    /// Where references are looked up.
    pub library: Arc<dyn Library>,
    /// How far back drift looks.
    pub window: Window,
    /// Which models decide, and since when: at the start it reads back for these.
    pub deciding: Deciding,
    /// From when on a model is said to have shifted.
    pub limits: Limits,
    /// Told what keeps it from reading.
    pub notice: Notice,
    /// What it knows.
    pub followed: Mutex<Followed>,
}

/// What a follower knows.
#[derive(Default)]
pub struct Followed {
    place: Place,
    models: BTreeMap<Named, One>,
}

/// Where it reads on.
#[derive(Clone, Copy, Default)]
enum Place {
    #[default]
    Unknown,
    Behind(Option<PaymentId>),
}

struct One {
    /// Of all decisions, whatever stage they were made in: for metrics.
    drift: Drift,
    /// What it is judged by.
    panel: Panel,
    last: Timestamp,
}

/// What was counted on the way back.
#[derive(Default)]
struct Seen {
    all: usize,
    of: BTreeMap<Named, usize>,
}

impl Follower {
    /// Why the model is said to have shifted in its stage, if it has: in words, for audit and log.
    pub fn shift_of(&self, model: &Named, stage: Stage) -> Option<String> {
        let mut followed = self.followed.lock();
        followed.models.get_mut(model)?.panel.shift(stage, &self.limits, system_time())
    }

    /// Follows until `stop`.
    pub async fn run(self: Arc<Follower>, mut stop: watch::Receiver<bool>) {
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut is_told = false;
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
            while !*stop.borrow() {
                let follower = Arc::clone(&self);
                let read = tokio::task::spawn_blocking(move || follower.read_on(system_time())).await;
                match read {
                    Ok(Ok(CHUNK)) => is_told = false,
                    Ok(Ok(_)) => break,
                    Ok(Err(error)) => {
                        // It tries again with the next tick, and says so once.
                        if !std::mem::replace(&mut is_told, true) {
                            (self.notice)(&format!("drift is not measured while receipts cannot be read: {error}"));
                        }
                        break;
                    }
                    Err(_) => return,
                }
            }
        }
    }

    /// Reads the next receipts: how many there were.
    fn read_on(&self, now: Timestamp) -> Result<usize, StoreError> {
        let place = self.followed.lock().place;
        let after = match place {
            Place::Behind(after) => after,
            Place::Unknown => self.beginning(now)?,
        };
        let receipts = self.reader.receipts(after, CHUNK)?;
        let mut followed = self.followed.lock();
        followed.place = Place::Behind(receipts.last().map(|receipt| receipt.payment).or(after));
        for receipt in &receipts {
            self.see(&mut followed, receipt);
        }
        Ok(receipts.len())
    }

    /// Behind which receipt the windows of all models that decide begin, or a little before; at most so many receipts back.
    fn beginning(&self, now: Timestamp) -> Result<Option<PaymentId>, StoreError> {
        let before = |span: u64| Timestamp(now.0.saturating_sub(span));
        let (mut span, mut seen) = (BACK.0.min(self.window.span.0), Seen::default());
        let mut end = Timestamp(u64::MAX);
        loop {
            let begin = before(span);
            let is_whole = self.count(begin, end, &mut seen)?;
            if !is_whole {
                // What was counted before has fitted.
                return Ok(Reader::receipts_from(if end.0 == u64::MAX { before(BACK.0) } else { end }));
            }
            if span >= self.window.span.0 || begin.0 == 0 || self.suffices(&seen, begin) {
                return Ok(Reader::receipts_from(begin));
            }
            (end, span) = (begin, span.saturating_mul(2).min(self.window.span.0));
        }
    }

    /// Whether enough was decided since `begin`: by each model that decides, unless its stage began later, and by all together.
    fn suffices(&self, seen: &Seen, begin: Timestamp) -> bool {
        let least = self.window.decisions;
        let has = |model: &Named| seen.of.get(model).is_some_and(|count| *count >= least);
        seen.all >= least && (self.deciding)().iter().all(|(model, since)| *since >= begin || has(model))
    }

    /// Counts the decisions of a stretch by their models; whether it was the whole stretch.
    fn count(&self, from: Timestamp, until: Timestamp, seen: &mut Seen) -> Result<bool, StoreError> {
        let mut after = Reader::receipts_from(from);
        loop {
            let mut receipts = self.reader.receipts(after, CHUNK)?;
            let found = receipts.len();
            receipts.truncate(receipts.partition_point(|receipt| receipt.at < until));
            after = receipts.last().map(|last| last.payment).or(after);
            seen.all += receipts.len();
            for model in receipts.iter().filter_map(|receipt| Named::of(&receipt.risk.decider)) {
                *seen.of.entry(model).or_default() += 1;
            }
            if seen.all > MOST_BACK {
                return Ok(false);
            }
            if receipts.len() < found || found < CHUNK {
                return Ok(true);
            }
        }
    }

    fn see(&self, followed: &mut Followed, receipt: &Receipt) {
        let Some(model) = Named::of(&receipt.risk.decider) else { return };
        let models = &mut followed.models;
        if !models.contains_key(&model) && models.len() >= MOST_MODELS {
            let oldest = models.iter().min_by_key(|(_, one)| one.last).map(|(model, _)| model.clone());
            oldest.map(|oldest| models.remove(&oldest));
        }
        let one = models.entry(model).or_insert_with_key(|model| {
            let expected = self.library.about(self.mode, model).and_then(|about| about.expected.clone());
            let panel = Panel::new(expected.clone(), self.window, &self.limits);
            One { drift: Drift::new(expected, self.window), panel, last: receipt.at }
        });
        one.last = receipt.at;
        one.panel.see(receipt);
        one.drift.see(receipt.at, &receipt.features, receipt.risk.score, receipt.risk.verdict == Verdict::Approve);
    }

    /// What it counts, for metrics.
    pub fn groups(self: &Arc<Follower>) -> Vec<Group> {
        let group = |name, help, values: fn(&Drift) -> Vec<(String, f64)>, label: &'static str| {
            let follower = Arc::clone(self);
            let values = move || follower.values(label, values);
            Group { name, help, kind: Kind::Gauge, values: Box::new(values) }
        };
        vec![
            group(
                "model_psi",
                "Population stability index of a model's scores and features over its last decisions, against its reference",
                indexes,
                "of",
            ),
            group(
                "model_approval_rate",
                "Share of approvals among a model's last decisions, with its bounds of 95 %",
                rates,
                "bound",
            ),
            group("model_window_decisions", "Decisions of a model that its drift is measured over", decisions, "of"),
        ]
    }

    fn values(&self, label: &'static str, values: fn(&Drift) -> Vec<(String, f64)>) -> Vec<(Labels, f64)> {
        let mut followed = self.followed.lock();
        let now = system_time();
        followed.models.values_mut().for_each(|one| one.drift.forget(now));
        let all = followed.models.iter().flat_map(|(model, one)| {
            values(&one.drift).into_iter().map(move |(word, value)| {
                (vec![("model", model.name.clone()), ("version", model.version.clone()), (label, word)], value)
            })
        });
        all.collect()
    }
}

/// The index of the score and of each feature; none while nothing is in the window.
fn indexes(drift: &Drift) -> Vec<(String, f64)> {
    if drift.decisions() == 0 {
        return Vec::new();
    }
    let score = drift.score_psi().map(|psi| ("score".to_owned(), psi));
    let features = drift.feature_psi().map(|(place, psi)| (FEATURE_NAMES[place].to_owned(), psi));
    score.into_iter().chain(features).collect()
}

fn rates(drift: &Drift) -> Vec<(String, f64)> {
    let share = drift.approved();
    let Some(value) = share.value() else { return Vec::new() };
    let interval = share.interval(Z95);
    [("estimate", value), ("low", interval.low), ("high", interval.high)]
        .map(|(word, value)| (word.to_owned(), value))
        .to_vec()
}

fn decisions(drift: &Drift) -> Vec<(String, f64)> {
    vec![("decisions".to_owned(), drift.decisions() as f64)]
}

#[cfg(test)]
mod tests;
