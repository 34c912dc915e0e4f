//! What the scores and features of the training's test window looked like: drift is measured against it.

use serde::Deserialize;

/// Bins of one histogram.
const BINS: usize = 256;
/// How far the shares may be from 1 together.
const SHARE_TOLERANCE: f64 = 1e-3;

/// The test window as shares.
#[derive(Clone, Debug, PartialEq)]
pub struct Reference {
    /// Share of the redemptions whose verdict was approve.
    pub approval_rate: f64,
    /// The scores.
    pub score: Histogram,
    /// Features, by their place in [`super::FEATURE_NAMES`].
    pub features: Vec<(usize, Histogram)>,
}

/// Shares of bins: bin `i` holds `edges[i - 1] <= x < edges[i]`; the first and the last are open.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Histogram {
    /// They ascend strictly.
    pub edges: Vec<f64>,
    /// One more than edges; together 1.
    pub shares: Vec<f64>,
}

impl Histogram {
    /// Checks it; `name` is what it is of.
    pub fn checked(self, name: &str) -> Result<Histogram, String> {
        let of = |what: &str| Err(format!("the reference of {name} {what}"));
        if self.edges.is_empty() || self.shares.len() != self.edges.len() + 1 || self.shares.len() > BINS {
            return of("needs one more share than edges, and 256 shares at most");
        }
        if !self.edges.iter().all(|edge| edge.is_finite()) || !self.edges.windows(2).all(|pair| pair[0] < pair[1]) {
            return of("needs edges that ascend strictly");
        }
        let sum: f64 = self.shares.iter().sum();
        let are_shares = self.shares.iter().all(|share| (0.0..=1.0).contains(share));
        if !are_shares || (sum - 1.0).abs() > SHARE_TOLERANCE {
            return of(&format!("needs shares between 0 and 1 that sum to 1; they sum to {sum}"));
        }
        Ok(self)
    }

    /// The bin that `value` lies in. Edges are compared as the `f32` that they were computed as.
    pub fn place(&self, value: f32) -> usize {
        self.edges.partition_point(|edge| *edge as f32 <= value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_edges_must_fit() {
        let check = |edges: &[f64], shares: &[f64]| {
            Histogram { edges: edges.to_vec(), shares: shares.to_vec() }.checked("score").is_ok()
        };
        assert!(check(&[0.5], &[0.25, 0.75]));
        assert!(!check(&[], &[1.0]));
        assert!(!check(&[0.5], &[1.0]));
        assert!(!check(&[0.5, 0.5], &[0.2, 0.3, 0.5]));
        assert!(!check(&[0.5, f64::NAN], &[0.2, 0.3, 0.5]));
        assert!(!check(&[0.5], &[0.25, 0.70]));
        assert!(!check(&[0.5], &[-0.25, 1.25]));
    }

    #[test]
    fn a_bin_begins_at_its_edge() {
        let bins = Histogram { edges: vec![0.1, 0.5], shares: vec![0.2, 0.3, 0.5] };
        let places = [-1.0, 0.099, 0.1, 0.4, 0.5, 7.0].map(|value| bins.place(value));
        assert_eq!(places, [0, 0, 1, 1, 2, 2]);
    }
}
