//! Drift: whether a model still sees what it was trained on. The population stability index of its scores and features
//! against the reference of its package, and whether it approves as many as it did, over the last decisions.
//!
//! The index is `sum((actual - expected) * ln(actual / expected))` over the shares of the bins: the symmetric form of
//! Kullback and Leibler's divergence, as credit scoring uses it (N. Siddiqi, "Credit Risk Scorecards", 2006; B. Yurdakul,
//! "Statistical properties of population stability index", 2018). Below 0.1 nothing has changed, above 0.25 one acts.

use std::collections::VecDeque;

use super::approval::{Interval, Share, Z99};
use super::{FEATURE_NAMES, Features, Histogram, Reference};
use crate::time::{Millis, Timestamp};

/// A bin that is empty counts as this share: one decision in it would be an infinite drift otherwise.
const LEAST_SHARE: f64 = 1e-4;

/// How far back drift looks: decisions that are within both bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Of the last so many decisions. One takes a byte for each feature and ten more: 5,000 decisions of a model with 97
    /// features take 0.54 MB, whatever the traffic.
    pub decisions: usize,
    /// Of the last so long.
    pub span: Millis,
}

/// From when on a model is said to have shifted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// The most that the index of the scores may be.
    pub score_psi: f64,
    /// The most that the index of any feature may be; none when features are shown alone. They move with the calendar and
    /// with age, and most other models see the same ones, so that another model is no remedy.
    pub feature_psi: Option<f64>,
    /// The most that the share of approvals may have changed: 0.02 are two percentage points.
    pub approval: f64,
    /// How sure that must be, in standard deviations.
    pub z: f64,
    /// Fewer decisions than these say nothing.
    pub least: u64,
}

/// What a model was made with, as far as drift is measured against it.
#[derive(Clone, Debug, PartialEq)]
pub struct Expected {
    /// The shares.
    pub reference: Reference,
    /// How many decisions the approvals among them are of; none when the package does not say.
    pub rows: Option<u64>,
}

/// The last decisions of one model.
#[derive(Clone, Debug)]
pub struct Drift {
    expected: Option<Expected>,
    window: Window,
    seen: VecDeque<Seen>,
    score: Vec<u64>,
    features: Vec<Vec<u64>>,
    approved: Share,
}

/// One decision: the bins that it lies in, of the score first.
#[derive(Clone, Debug)]
struct Seen {
    at: Timestamp,
    is_approved: bool,
    bins: Box<[u8]>,
}

/// Something has changed.
#[derive(Clone, Debug, PartialEq)]
pub enum Shift {
    /// The scores have.
    Score {
        /// Their index.
        psi: f64,
    },
    /// A feature has.
    Feature {
        /// Its place in [`FEATURE_NAMES`].
        feature: usize,
        /// Its index.
        psi: f64,
    },
    /// More or fewer are approved.
    Approval {
        /// The share of approvals now.
        now: f64,
        /// What it was.
        before: f64,
        /// Where the difference lies, as sure as it must be.
        by: Interval,
    },
}

impl Default for Window {
    fn default() -> Window {
        Window { decisions: 5_000, span: Millis::seconds(7 * 86_400) }
    }
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { score_psi: 0.25, feature_psi: None, approval: 0.02, z: Z99, least: 1_000 }
    }
}

/// The population stability index of counts against shares: never negative, and 0 when they are the same.
pub fn psi(expected: &[f64], counts: &[u64]) -> f64 {
    let total: u64 = counts.iter().sum();
    let term = |(expected, count): (&f64, &u64)| {
        let actual = (*count as f64 / total.max(1) as f64).max(LEAST_SHARE);
        let expected = expected.max(LEAST_SHARE);
        (actual - expected) * (actual / expected).ln()
    };
    if total == 0 { 0.0 } else { expected.iter().zip(counts).map(term).sum() }
}

impl Expected {
    /// Where the change of the share of approvals lies.
    pub fn approval_change(&self, now: Share, z: f64) -> Interval {
        let rate = self.reference.approval_rate;
        match self.rows {
            Some(of) if of > 0 => now.difference(Share { hits: (rate * of as f64).round() as u64, of }, z),
            _ => now.difference_from(rate, z),
        }
    }
}

impl Drift {
    /// Nothing seen yet. Without what is expected approvals alone are counted.
    pub fn new(expected: Option<Expected>, window: Window) -> Drift {
        let counts = |histogram: &Histogram| vec![0; histogram.shares.len()];
        let reference = expected.as_ref().map(|expected| &expected.reference);
        let score = reference.map(|reference| counts(&reference.score)).unwrap_or_default();
        let features = reference.into_iter().flat_map(|reference| &reference.features);
        let features = features.map(|(_, histogram)| counts(histogram)).collect();
        Drift { expected, window, seen: VecDeque::new(), score, features, approved: Share::default() }
    }

    /// Sees a decision of the model; those that are now too old, or too many, are forgotten.
    pub fn see(&mut self, at: Timestamp, features: &Features, score: f32, is_approved: bool) {
        let bins =
            self.expected.as_ref().map(|expected| bins(&expected.reference, features, score)).unwrap_or_default();
        self.seen.push_back(Seen { at, is_approved, bins });
        if let Some(seen) = self.seen.back() {
            count(&mut self.score, &mut self.features, seen, |count| *count += 1);
            self.approved.count(is_approved);
        }
        self.forget(at);
    }

    /// Forgets what is out of the window as of `now`.
    pub fn forget(&mut self, now: Timestamp) {
        let is_out = |seen: &Seen| now.since(seen.at).0 > self.window.span.0;
        while self.seen.len() > self.window.decisions || self.seen.front().is_some_and(is_out) {
            let Some(seen) = self.seen.pop_front() else { return };
            count(&mut self.score, &mut self.features, &seen, |count| *count -= 1);
            self.approved.hits -= u64::from(seen.is_approved);
            self.approved.of -= 1;
        }
    }

    /// How many decisions it looks at.
    pub fn decisions(&self) -> u64 {
        self.approved.of
    }

    /// How many of them were approved.
    pub fn approved(&self) -> Share {
        self.approved
    }

    /// The index of the scores; none without a reference.
    pub fn score_psi(&self) -> Option<f64> {
        let expected = self.expected.as_ref()?;
        Some(psi(&expected.reference.score.shares, &self.score))
    }

    /// The index of each feature that the reference knows, by its place in [`FEATURE_NAMES`].
    pub fn feature_psi(&self) -> impl Iterator<Item = (usize, f64)> + '_ {
        let known = self.expected.iter().flat_map(|expected| &expected.reference.features);
        known.zip(&self.features).map(|((place, histogram), counts)| (*place, psi(&histogram.shares, counts)))
    }

    /// What has changed beyond `limits`, if anything has.
    pub fn shift(&self, limits: &Limits) -> Option<Shift> {
        if self.decisions() < limits.least {
            return None;
        }
        let (expected, score) = (self.expected.as_ref()?, self.score_psi()?);
        if score >= limits.score_psi {
            return Some(Shift::Score { psi: score });
        }
        let by = expected.approval_change(self.approved, limits.z);
        if by.low > limits.approval || by.high < -limits.approval {
            let now = self.approved.value().unwrap_or_default();
            return Some(Shift::Approval { now, before: expected.reference.approval_rate, by });
        }
        let most = limits.feature_psi?;
        let worst = self.feature_psi().max_by(|(_, one), (_, other)| one.total_cmp(other));
        worst.filter(|(_, psi)| *psi >= most).map(|(feature, psi)| Shift::Feature { feature, psi })
    }

    /// The reason in words, for audit and log.
    pub fn shift_in_words(&self, limits: &Limits) -> Option<String> {
        let decisions = self.decisions();
        let over = format!("over the last {decisions} decisions");
        let index = |of: &str, psi: f64, most: f64| {
            format!("the PSI of {of} against the training window is {psi:.2} {over}; less than {most} is allowed")
        };
        Some(match self.shift(limits)? {
            Shift::Score { psi } => index("the score", psi, limits.score_psi),
            Shift::Feature { feature, psi } => {
                index(&format!("the feature {}", FEATURE_NAMES[feature]), psi, limits.feature_psi.unwrap_or_default())
            }
            Shift::Approval { now, before, by } => format!(
                "the model approves {:.1} % {over}, and {:.1} % in the training's test window: a difference of {:+.1} to {:+.1} \
                 percentage points; at most {:.1} are allowed",
                now * 100.0,
                before * 100.0,
                by.low * 100.0,
                by.high * 100.0,
                limits.approval * 100.0
            ),
        })
    }
}

/// The bins of one decision, of the score first. A histogram has 256 bins at most.
fn bins(reference: &Reference, features: &Features, score: f32) -> Box<[u8]> {
    let of_features = reference.features.iter().map(|(place, histogram)| histogram.place(features.0[*place]));
    std::iter::once(reference.score.place(score)).chain(of_features).map(|bin| bin as u8).collect()
}

/// Changes the counts of the bins that a decision lies in.
fn count(score: &mut [u64], features: &mut [Vec<u64>], seen: &Seen, change: impl Fn(&mut u64)) {
    let Some((first, rest)) = seen.bins.split_first() else { return };
    change(&mut score[usize::from(*first)]);
    features.iter_mut().zip(rest).for_each(|(counts, bin)| change(&mut counts[usize::from(*bin)]));
}

#[cfg(test)]
mod tests;
