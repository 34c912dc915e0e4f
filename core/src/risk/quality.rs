//! How good scores were, once it is known which payments were frauds. Exact, with ties as scikit-learn counts them: the
//! tests compare with its numbers, and `models/measures.py` computes the same.

use super::approval::{Interval, Share, Z95};
use crate::time::Millis;

/// Where the bins of calibration begin, the first at 0: frauds are rare, so that most scores are small and bins get wider
/// with the score.
pub const CALIBRATION_EDGES: [f64; 8] = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5];

/// A decision of which it is known what it was.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judged {
    /// The score that it got.
    pub score: f32,
    /// Whether it was a fraud.
    pub is_fraud: bool,
}

/// How good the scores of many are.
#[derive(Clone, Debug, PartialEq)]
pub struct Quality {
    /// Frauds among all.
    pub frauds: Share,
    /// The probability that a fraud scores higher than an honest payment, half where they score the same; none unless there
    /// are both.
    pub auc: Option<f64>,
    /// The area below the steps of precision over recall; none without a fraud.
    pub average_precision: Option<f64>,
    /// The mean square of what a score is off.
    pub brier: f64,
    /// One point for each score that occurs, highest first: at it and above.
    pub curve: Vec<Point>,
}

/// What a threshold does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// The threshold.
    pub score: f32,
    /// Frauds among what reaches it: the precision.
    pub precision: Share,
    /// Frauds that reach it, of all frauds: the recall.
    pub recall: Share,
    /// Honest payments that reach it, of all honest ones.
    pub honest: Share,
}

/// A bin of scores.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Calibration {
    /// From which score on.
    pub from: f64,
    /// Up to which, exclusive; the last bin holds 1 too.
    pub to: f64,
    /// The mean score.
    pub score: f64,
    /// Frauds among its payments.
    pub frauds: Share,
    /// Where their share may lie, with 95 %.
    pub interval: Interval,
}

/// How long labels took to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delays {
    /// Half came within it.
    pub median: Millis,
    /// Nine of ten came within it.
    pub p90: Millis,
}

impl Quality {
    /// Sorts and measures; none when there is nothing.
    pub fn of(rows: &mut [Judged]) -> Option<Quality> {
        if rows.is_empty() {
            return None;
        }
        rows.sort_unstable_by(|one, other| other.score.total_cmp(&one.score));
        let curve = curve(rows);
        let last = curve.last()?;
        let (frauds, honest) = (last.recall.of, last.honest.of);
        let square = |row: &Judged| (f64::from(row.score) - f64::from(u8::from(row.is_fraud))).powi(2);
        let brier = rows.iter().map(square).sum::<f64>() / rows.len() as f64;
        let auc = (frauds > 0 && honest > 0).then(|| auc(&curve));
        let average_precision = (frauds > 0).then(|| average_precision(&curve));
        Some(Quality { frauds: last.precision, auc, average_precision, brier, curve })
    }

    /// What a threshold does: the point of the lowest score that reaches it.
    pub fn at(&self, threshold: f32) -> Point {
        let reaching = self.curve.partition_point(|point| point.score >= threshold);
        let last = self.curve.last();
        let (frauds, honest) = last.map_or((0, 0), |last| (last.recall.of, last.honest.of));
        let none = |of| Share { hits: 0, of };
        let nothing = Point { score: threshold, precision: none(0), recall: none(frauds), honest: none(honest) };
        reaching.checked_sub(1).map_or(nothing, |place| Point { score: threshold, ..self.curve[place] })
    }
}

/// The points of rows that are sorted, highest first. Equal scores are one point.
fn curve(rows: &[Judged]) -> Vec<Point> {
    let frauds = rows.iter().filter(|row| row.is_fraud).count() as u64;
    let honest = rows.len() as u64 - frauds;
    let (mut caught, mut hit) = (0, 0);
    let mut points = Vec::new();
    for same in rows.chunk_by(|one, other| one.score == other.score) {
        let found = same.iter().filter(|row| row.is_fraud).count() as u64;
        caught += found;
        hit += same.len() as u64 - found;
        points.push(Point {
            score: same[0].score,
            precision: Share { hits: caught, of: caught + hit },
            recall: Share { hits: caught, of: frauds },
            honest: Share { hits: hit, of: honest },
        });
    }
    points
}

/// The area below recall over the share of honest payments, by trapezoids: that is where ties count half.
fn auc(curve: &[Point]) -> f64 {
    let (mut area, mut before) = (0.0, (0.0, 0.0));
    for point in curve {
        let (x, y) = (ratio(point.honest), ratio(point.recall));
        area += (x - before.0) * (y + before.1) / 2.0;
        before = (x, y);
    }
    area
}

/// The sum of each step of recall times the precision at its end.
fn average_precision(curve: &[Point]) -> f64 {
    let (mut sum, mut before) = (0.0, 0.0);
    for point in curve {
        let recall = ratio(point.recall);
        sum += (recall - before) * ratio(point.precision);
        before = recall;
    }
    sum
}

fn ratio(share: Share) -> f64 {
    share.value().unwrap_or_default()
}

/// The bins that have any.
pub fn calibration(rows: &[Judged]) -> Vec<Calibration> {
    let mut bins = [(0.0, Share::default()); CALIBRATION_EDGES.len() + 1];
    for row in rows {
        let place = CALIBRATION_EDGES.partition_point(|edge| *edge <= f64::from(row.score));
        bins[place].0 += f64::from(row.score);
        bins[place].1.count(row.is_fraud);
    }
    let edge = |place: usize| CALIBRATION_EDGES.get(place).copied();
    let filled = bins.iter().enumerate().filter(|(_, (_, frauds))| frauds.of > 0);
    let bin = |(place, (sum, frauds)): (usize, &(f64, Share))| Calibration {
        from: place.checked_sub(1).and_then(edge).unwrap_or(0.0),
        to: edge(place).unwrap_or(1.0),
        score: sum / frauds.of as f64,
        frauds: *frauds,
        interval: frauds.interval(Z95),
    };
    filled.map(bin).collect()
}

/// How long labels took; none when none came. The percentiles are delays that occurred.
pub fn delays(mut delays: Vec<Millis>) -> Option<Delays> {
    delays.sort_unstable_by_key(|delay| delay.0);
    let rank = |percent: usize| (delays.len() * percent).div_ceil(100).max(1) - 1;
    let at = |percent| delays.get(rank(percent)).copied();
    Some(Delays { median: at(50)?, p90: at(90)? })
}

#[cfg(test)]
mod tests;
