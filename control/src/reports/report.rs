//! The numbers of a report: what the page shows and what `?format=json` answers.

mod compared;
mod curves;
mod labels;

use std::sync::Arc;

use causeway_core::id::Mode;
use causeway_core::risk::approval::{Share, Z95, Z99};
use causeway_core::risk::drift::{Expected, psi};
use causeway_core::risk::quality::{Judged, Quality, calibration};
use causeway_core::risk::{FEATURE_NAMES, Thresholds};
use causeway_core::store::{Reader, StoreError};
use causeway_core::time::Timestamp;
use serde::Serialize;

use super::collect::{self, Extent, MOST};
use super::measure::{Part, Seen, Tally};
use super::rescore::Rescored;
use super::{About, Basis, Library, Named, Request, Speed};
use crate::wire::{Time, mode_word};

pub use compared::{CELLS, Comparison};
pub use curves::{BINS, LEAST_SCORE, Mark, Scores, bin_edge};

use curves::{CalibrationBin, CurvePoint};
use labels::Labels;

/// Fewer decisions than these in a part say little: by chance alone their index is high.
pub const FEW: u64 = 100;

/// A report about one model.
#[derive(Serialize)]
pub struct Report {
    object: &'static str,
    /// Its world.
    pub mode: &'static str,
    /// The model's name.
    pub name: String,
    /// The model's version.
    pub version: String,
    /// From when on decisions count.
    pub from: Time,
    /// Until when.
    pub until: Time,
    /// When it was made.
    pub made_at: Time,
    /// What the package says; none when it is not known.
    pub package: Option<PackageSays>,
    /// Which decisions it is about.
    pub decisions: Decisions,
    /// What is known of them.
    pub labels: Labels,
    /// How good the scores were; none while nothing can be judged.
    pub quality: Option<Measured>,
    /// How scores are distributed.
    pub scores: Scores,
    /// Drift; none without a reference.
    pub drift: Option<DriftSeen>,
    /// How many are approved.
    pub approvals: Approvals,
    /// The comparison with another model, if there is one.
    pub comparison: Option<Comparison>,
    /// How quick it is; none when nobody counts it.
    pub speed: Option<SpeedSeen>,
}

/// What a package says.
#[derive(Serialize)]
pub struct PackageSays {
    /// Of the model's file.
    pub sha256: String,
    /// How many features it reads.
    pub features: usize,
    /// How it was trained: what, and the value.
    pub training: Vec<(&'static str, String)>,
    /// How good it was in training.
    pub metrics: Vec<(String, f64)>,
    /// Where verdicts begin, lowest first.
    pub thresholds: Vec<(&'static str, f32)>,
}

/// Which decisions a report is about.
#[derive(Serialize)]
pub struct Decisions {
    /// Receipts that were read.
    pub read: usize,
    /// Whether there are more than a report reads.
    pub is_sample: bool,
    /// The most that it reads.
    pub most: usize,
    /// Decisions that the report is about.
    pub counted: usize,
    /// Of them those that another model decided, and this one scored again.
    pub rescored: usize,
    /// Receipts that the fallback rules decided.
    pub of_fallback: usize,
    /// Receipts that other models decided.
    pub of_others: usize,
    /// When the first one of them was decided.
    pub first: Option<Time>,
    /// When the last one was.
    pub last: Option<Time>,
}

/// How good the scores were.
#[derive(Serialize)]
pub struct Measured {
    /// Decisions that are judged.
    pub payments: u64,
    /// Frauds among them.
    pub frauds: u64,
    /// The area below the receiver operating characteristic.
    pub auc: Option<f64>,
    /// The area below precision over recall.
    pub average_precision: Option<f64>,
    /// The mean square of what a score is off.
    pub brier: f64,
    /// What each threshold does.
    pub thresholds: Vec<Mark>,
    /// By bins of the score.
    pub calibration: Vec<CalibrationBin>,
    /// Precision over recall.
    pub curve: Vec<CurvePoint>,
}

/// Drift against the package's reference.
#[derive(Serialize)]
pub struct DriftSeen {
    /// The index of the scores of all decisions.
    pub score_psi: f64,
    /// The index of each feature, the worst first.
    pub features: Vec<(&'static str, f64)>,
    /// The seconds of a part.
    pub part_seconds: u64,
    /// One part after another.
    pub parts: Vec<DriftPart>,
}

/// Drift of one part.
#[derive(Serialize)]
pub struct DriftPart {
    /// When it begins.
    pub from: Time,
    /// Its decisions.
    pub decisions: u64,
    /// The index of the scores.
    pub score_psi: f64,
    /// The indexes of the worst features of all, in their order.
    pub feature_psi: Vec<f64>,
}

/// How many are approved.
#[derive(Serialize)]
pub struct Approvals {
    /// In the test window of the training; none without a reference.
    pub reference: Option<f64>,
    /// Over all decisions.
    pub all: Rate,
    /// Where the change against the reference lies, with 99 %.
    pub change_99: Option<[f64; 2]>,
    /// The seconds of a part.
    pub part_seconds: u64,
    /// One part after another: when it begins, and its share.
    pub parts: Vec<(Time, Rate)>,
}

/// A share with its interval of 95 %.
#[derive(Clone, Copy, Serialize)]
pub struct Rate {
    /// How many.
    pub hits: u64,
    /// Of how many.
    pub of: u64,
    /// The share; none of nothing.
    pub share: Option<f64>,
    /// The least that it may be.
    pub low: f64,
    /// The most that it may be.
    pub high: f64,
}

/// How quick it is.
#[derive(Serialize)]
pub struct SpeedSeen {
    /// Since when it is counted, in words.
    pub since: &'static str,
    /// Times that it was asked.
    pub calls: u64,
    /// Redemptions scored.
    pub rows: u64,
    /// The mean of a call, in microseconds.
    pub micros_per_call: Option<f64>,
    /// The mean of a redemption, in microseconds.
    pub micros_per_row: Option<f64>,
    /// Calls beyond the budget.
    pub late: Option<u64>,
    /// Runs without a probability.
    pub errors: Option<u64>,
    /// Why it is not run any more.
    pub quarantine: Option<String>,
}

/// Features whose drift is shown over time.
pub const WORST: usize = 4;

/// Reads and measures.
pub fn make(reader: &Reader, library: &dyn Library, mode: Mode, request: &Request) -> Result<Report, StoreError> {
    let model = Rescored::new(library, mode, request.model.clone());
    let about = model.about.clone();
    let against = request.against.as_ref().map(|against| Rescored::new(library, mode, against.clone()));
    let mut tally = Tally::new(reader, model, against, request);
    let extent = collect::receipts(reader, (request.from, request.until), MOST, &mut tally)?;
    let seen = tally.finish();
    Ok(Report::of(mode, request, about, extent, seen, library.speed(mode, &request.model)))
}

impl Report {
    fn of(
        mode: Mode,
        request: &Request,
        about: Option<Arc<About>>,
        extent: Extent,
        seen: Seen,
        speed: Option<Speed>,
    ) -> Report {
        let marks = about.as_deref().map(thresholds).unwrap_or_default();
        let expected = about.as_deref().and_then(|about| about.expected.as_ref());
        let (labels, judged) = labels::judge(&seen.decisions, request);
        let Named { name, version } = request.model.clone();
        Report {
            object: "model_report",
            mode: mode_word(mode),
            name,
            version,
            from: Time(request.from),
            until: Time(request.until),
            made_at: Time(request.now),
            package: about.as_deref().map(|about| PackageSays::of(about, marks.clone())),
            decisions: Decisions::of(extent, &seen),
            quality: measured(judged, &marks),
            labels,
            scores: Scores::of(&seen.decisions),
            drift: expected.filter(|_| !seen.decisions.is_empty()).map(|expected| DriftSeen::of(expected, &seen)),
            approvals: Approvals::of(expected, &seen),
            comparison: request.against.as_ref().map(|against| Comparison::of(against, &seen, request)),
            speed: speed.map(SpeedSeen::of),
        }
    }

    /// Whether nothing is known of such a model.
    pub fn is_empty(&self) -> bool {
        self.package.is_none() && self.decisions.counted == 0
    }

    /// On which basis quality was measured.
    pub fn basis(&self) -> Basis {
        self.labels.basis
    }
}

/// Where verdicts begin, lowest first.
fn thresholds(about: &About) -> Vec<(&'static str, f32)> {
    let Some(Thresholds { step_up, review, decline }) = about.thresholds else { return Vec::new() };
    // Where nothing is reviewed, reviews begin with declines.
    let review = (review < decline).then_some(("review", review));
    [Some(("step_up", step_up)), review, Some(("decline", decline))].into_iter().flatten().collect()
}

fn measured(mut judged: Vec<Judged>, marks: &[(&'static str, f32)]) -> Option<Measured> {
    let quality = Quality::of(&mut judged)?;
    Some(Measured {
        payments: quality.frauds.of,
        frauds: quality.frauds.hits,
        auc: quality.auc,
        average_precision: quality.average_precision,
        brier: quality.brier,
        thresholds: marks.iter().map(|(name, score)| Mark::of(name, quality.at(*score))).collect(),
        calibration: calibration(&judged).into_iter().map(CalibrationBin::of).collect(),
        curve: curves::thinned(&quality),
    })
}

impl PackageSays {
    fn of(about: &About, thresholds: Vec<(&'static str, f32)>) -> PackageSays {
        PackageSays {
            sha256: about.sha256.clone(),
            features: about.features,
            training: about.training.clone(),
            metrics: about.metrics.clone(),
            thresholds,
        }
    }
}

impl Decisions {
    fn of(extent: Extent, seen: &Seen) -> Decisions {
        let time = |at: Option<Timestamp>| at.map(Time);
        Decisions {
            read: extent.read,
            is_sample: extent.is_sample,
            most: MOST,
            counted: seen.decisions.len(),
            rescored: seen.rescored,
            of_fallback: seen.of_fallback,
            of_others: seen.of_others,
            first: time(seen.decisions.iter().map(|decision| decision.at).min()),
            last: time(seen.decisions.iter().map(|decision| decision.at).max()),
        }
    }
}

impl DriftSeen {
    fn of(Expected { reference, .. }: &Expected, seen: &Seen) -> DriftSeen {
        let mut all = Part::default();
        seen.parts.values().for_each(|part| all.add(part));
        let index = |part: &Part, place: usize| psi(&reference.features[place].1.shares, &part.features[place]);
        let mut features: Vec<(usize, f64)> =
            (0..reference.features.len()).map(|place| (place, index(&all, place))).collect();
        features.sort_by(|(_, one), (_, other)| other.total_cmp(one));
        let worst: Vec<usize> = features.iter().take(WORST).map(|(place, _)| *place).collect();
        let parts = seen.parts.iter().map(|(from, part)| DriftPart {
            from: Time(Timestamp(*from)),
            decisions: part.approved.of,
            score_psi: psi(&reference.score.shares, &part.score),
            feature_psi: worst.iter().map(|place| index(part, *place)).collect(),
        });
        let name = |place: usize| FEATURE_NAMES[reference.features[place].0];
        DriftSeen {
            score_psi: psi(&reference.score.shares, &all.score),
            features: features.iter().map(|(place, psi)| (name(*place), *psi)).collect(),
            part_seconds: seen.width.0 / 1_000,
            parts: parts.collect(),
        }
    }
}

impl Approvals {
    fn of(expected: Option<&Expected>, seen: &Seen) -> Approvals {
        let mut all = Share::default();
        for part in seen.parts.values() {
            all.hits += part.approved.hits;
            all.of += part.approved.of;
        }
        let change = expected.filter(|_| all.of > 0).map(|expected| expected.approval_change(all, Z99));
        Approvals {
            reference: expected.map(|expected| expected.reference.approval_rate),
            all: Rate::of(all),
            change_99: change.map(|change| [change.low, change.high]),
            part_seconds: seen.width.0 / 1_000,
            parts: seen.parts.iter().map(|(from, part)| (Time(Timestamp(*from)), Rate::of(part.approved))).collect(),
        }
    }
}

impl Rate {
    /// The share with its interval.
    pub fn of(share: Share) -> Rate {
        let interval = share.interval(Z95);
        Rate { hits: share.hits, of: share.of, share: share.value(), low: interval.low, high: interval.high }
    }
}

impl SpeedSeen {
    fn of(speed: Speed) -> SpeedSeen {
        let per = |count: u64| (count > 0).then(|| speed.seconds * 1e6 / count as f64);
        let (micros_per_call, micros_per_row) = (per(speed.calls), per(speed.rows));
        let Speed { since, calls, rows, late, errors, quarantine, .. } = speed;
        SpeedSeen { since, calls, rows, micros_per_call, micros_per_row, late, errors, quarantine }
    }
}
