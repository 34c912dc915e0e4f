//! Curves and histograms as they are drawn: a bounded number of points of them.

use causeway_core::risk::approval::Share;
use causeway_core::risk::quality::{Calibration, Point, Quality};
use serde::Serialize;

use super::super::measure::Decision;
use super::Rate;

/// Points of a curve that are kept, and one or two more.
const POINTS: usize = 240;
/// Bins of the scores.
pub const BINS: usize = 48;
/// Scores below are counted here: a logarithmic axis has no zero.
pub const LEAST_SCORE: f64 = 1e-4;

/// What a threshold does.
#[derive(Serialize)]
pub struct Mark {
    /// Its verdict.
    pub verdict: &'static str,
    /// From which score on.
    pub score: f32,
    /// Frauds among what reaches it.
    pub precision: Rate,
    /// Frauds that reach it, of all frauds.
    pub recall: Rate,
    /// Honest payments that reach it, of all honest ones.
    pub honest: Rate,
}

/// A point of precision over recall.
#[derive(Serialize)]
pub struct CurvePoint {
    /// From which score on.
    pub score: f32,
    /// The precision.
    pub precision: f64,
    /// The recall.
    pub recall: f64,
}

/// A bin of calibration.
#[derive(Serialize)]
pub struct CalibrationBin {
    /// From which score on.
    pub from: f64,
    /// Up to which.
    pub to: f64,
    /// The mean score.
    pub score: f64,
    /// Frauds among its payments.
    pub frauds: Rate,
}

/// Counts of scores by bins of equal width on a logarithmic axis, from 0.0001 to 1.
#[derive(Serialize)]
pub struct Scores {
    /// Of payments that are known as honest.
    pub honest: Vec<u64>,
    /// Of frauds.
    pub fraud: Vec<u64>,
    /// Of payments of which nothing is known.
    pub unlabelled: Vec<u64>,
}

impl Mark {
    /// What the threshold of `verdict` does.
    pub fn of(verdict: &'static str, point: Point) -> Mark {
        let Point { score, precision, recall, honest } = point;
        Mark { verdict, score, precision: Rate::of(precision), recall: Rate::of(recall), honest: Rate::of(honest) }
    }
}

impl CalibrationBin {
    /// The bin.
    pub fn of(bin: Calibration) -> CalibrationBin {
        CalibrationBin { from: bin.from, to: bin.to, score: bin.score, frauds: Rate::of(bin.frauds) }
    }
}

impl Scores {
    /// Of these decisions.
    pub fn of(decisions: &[Decision]) -> Scores {
        let mut scores = Scores { honest: vec![0; BINS], fraud: vec![0; BINS], unlabelled: vec![0; BINS] };
        for decision in decisions {
            let counts = match decision.is_fraud() {
                None => &mut scores.unlabelled,
                Some(false) => &mut scores.honest,
                Some(true) => &mut scores.fraud,
            };
            counts[bin(decision.score, BINS)] += 1;
        }
        scores
    }
}

/// The bin of a score, of so many.
pub fn bin(score: f32, bins: usize) -> usize {
    let decades = -LEAST_SCORE.log10();
    let place = (f64::from(score).max(LEAST_SCORE).log10() / decades + 1.0) * bins as f64;
    (place as usize).min(bins - 1)
}

/// Where a bin begins, of so many.
pub fn bin_edge(place: usize, bins: usize) -> f64 {
    LEAST_SCORE.powf(1.0 - place as f64 / bins as f64)
}

/// The points of the curve where recall has moved, first and last among them.
pub fn thinned(quality: &Quality) -> Vec<CurvePoint> {
    let value = |share: Share| share.value().unwrap_or_default();
    let last = quality.curve.len().saturating_sub(1);
    let (mut points, mut reached): (Vec<CurvePoint>, f64) = (Vec::new(), -1.0);
    for (place, point) in quality.curve.iter().enumerate() {
        let recall = value(point.recall);
        if recall - reached >= 1.0 / POINTS as f64 || place == last {
            points.push(CurvePoint { score: point.score, precision: value(point.precision), recall });
            reached = recall;
        }
    }
    points
}
