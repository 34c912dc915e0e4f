//! Two models on the same redemptions.

use causeway_core::risk::quality::Quality;
use serde::Serialize;

use super::super::measure::{Decision, Seen};
use super::super::{Named, Request};
use super::{curves, labels};

/// Cells of the picture of both scores, along each axis.
pub const CELLS: usize = 32;
/// Verdicts from mild to strict.
const STRICTNESS: [&str; 4] = ["approve", "step_up", "review", "decline"];

/// A comparison with another model.
#[derive(Serialize)]
pub struct Comparison {
    /// The other model's name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Redemptions that both scored.
    pub both: usize,
    /// Why there are no more, if scores could not be recomputed.
    pub trouble: Option<String>,
    /// The verdicts that occur, from mild to strict.
    pub verdicts: Vec<&'static str>,
    /// How often this model's verdict (row) met the other's (column).
    pub matrix: Vec<Vec<u64>>,
    /// Of all, the share with the same verdict.
    pub agreement: Option<f64>,
    /// How often a pair of scores occurred: rows by this model's score, columns by the other's, both on logarithmic axes
    /// from 0.0001 to 1.
    pub pairs: Vec<Vec<u64>>,
    /// How good both were on those that are judged: this model and the other one.
    pub auc: [Option<f64>; 2],
    /// The same as average precision.
    pub average_precision: [Option<f64>; 2],
}

impl Comparison {
    /// With the model `against`.
    pub fn of(against: &Named, seen: &Seen, request: &Request) -> Comparison {
        let both: Vec<Decision> = seen.decisions.iter().filter(|decision| decision.other.is_some()).copied().collect();
        let others: Vec<Decision> = both
            .iter()
            .filter_map(|decision| decision.other.map(|(score, verdict)| Decision { score, verdict, ..*decision }))
            .collect();
        let met: Vec<[&'static str; 2]> =
            both.iter().zip(&others).map(|(own, other)| [own.verdict.word(), other.verdict.word()]).collect();
        let occurs = |word: &&str| met.iter().any(|pair| pair.contains(word));
        let verdicts: Vec<&'static str> = STRICTNESS.into_iter().filter(occurs).collect();
        let count = |own: &str, other: &str| met.iter().filter(|pair| **pair == [own, other]).count() as u64;
        let row = |own: &&str| verdicts.iter().map(|other| count(own, other)).collect();
        let same = met.iter().filter(|[own, other]| own == other).count();
        let mut pairs = vec![vec![0; CELLS]; CELLS];
        for (own, other) in both.iter().zip(&others) {
            pairs[curves::bin(own.score, CELLS)][curves::bin(other.score, CELLS)] += 1;
        }
        let quality = [&both, &others].map(|decisions| Quality::of(&mut labels::judge(decisions, request).1));
        Comparison {
            name: against.name.clone(),
            version: against.version.clone(),
            both: both.len(),
            trouble: seen.trouble.clone(),
            matrix: verdicts.iter().map(row).collect(),
            agreement: (!both.is_empty()).then(|| same as f64 / both.len() as f64),
            verdicts,
            pairs,
            auc: quality.each_ref().map(|quality| quality.as_ref().and_then(|quality| quality.auc)),
            average_precision: quality
                .each_ref()
                .map(|quality| quality.as_ref().and_then(|quality| quality.average_precision)),
        }
    }
}
