//! Figures over the rounds: the median, and from where to where they lie.

use std::fmt;

use super::{Report, Rounds};
use crate::load::ceilings::Ceiling;
use crate::load::round::{Measured, MixRound};
use crate::load::statistics::{median, range};
use crate::load::tally::Tally;
use crate::shown::number;

/// A figure over the rounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figure {
    /// The median.
    pub median: f64,
    /// The smallest.
    pub low: f64,
    /// The largest.
    pub high: f64,
}

/// What was reached by a mix, as shares of the ceilings of the same rounds. A ceiling that was not measured gives none.
#[derive(Clone, Copy, Debug)]
pub struct Shares {
    /// Of what the constant server answers, GET and POST as they were mixed.
    pub http: Option<Figure>,
    /// Pay-ins, of those whose rows the store can write in groups.
    pub store: Option<Figure>,
    /// Pay-ins, of the rows that the model can score in groups.
    pub model: Option<Figure>,
}

impl Figure {
    /// Over these rounds; nothing of none.
    pub fn of(rounds: &[f64]) -> Option<Figure> {
        let (low, high) = range(rounds)?;
        median(rounds).map(|median| Figure { median, low, high })
    }

    /// With as many decimals as are wanted, the range in brackets.
    pub fn text(&self, decimals: usize) -> String {
        let number = |value| number(value, decimals);
        format!("{} ({}–{})", number(self.median), number(self.low), number(self.high))
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(0))
    }
}

/// One kind of step in each round that has it.
pub type Kind = fn(&MixRound) -> Option<&Measured>;

/// Flat out.
pub const FLAT_OUT: Kind = |round| round.flat_out.as_ref();
/// At the peak.
pub const PEAK: Kind = |round| round.peak.as_ref();
/// At a share of the peak, or at the rate that was asked for.
pub const STEADY: Kind = |round| round.steady.as_ref();
/// What throughput is judged by: flat out, as the ceilings are measured; with a fixed rate, that rate.
pub const THROUGHPUT: Kind = |round| round.flat_out.as_ref().or(round.steady.as_ref());

/// Something of one kind of step, over the rounds.
pub fn over(rounds: &[MixRound], kind: Kind, of: impl Fn(&Measured) -> f64) -> Option<Figure> {
    Figure::of(&rounds.iter().filter_map(kind).map(of).collect::<Vec<_>>())
}

/// All rounds of one kind of step in one tally.
pub fn merged(rounds: &[MixRound], kind: Kind) -> Tally {
    let mut all = Tally::default();
    rounds.iter().filter_map(kind).for_each(|measured| all.merge(&measured.step.tally));
    all
}

impl Rounds {
    /// What the rounds of a mix reached, as shares of the ceilings measured before and after each of them.
    pub fn shares(&self, rounds: &[MixRound]) -> Shares {
        let mut shares = [Vec::new(), Vec::new(), Vec::new()];
        for round in rounds {
            let around = self.ceilings.get(round.ceiling..round.ceiling + 2);
            let Some((measured, around)) = THROUGHPUT(round).zip(around) else { continue };
            let step = &measured.step;
            let mean = |of: fn(&Ceiling) -> f64| f64::midpoint(of(&around[0]), of(&around[1]));
            let gets = step.rate_of(step.tally.gets) / mean(|ceiling| ceiling.http_get);
            let posts = step.rate_of(step.tally.posts) / mean(|ceiling| ceiling.http_post);
            shares[0].push(gets + posts);
            if measured.pay_ins > 0.0 {
                shares[1].push(measured.pay_ins / mean(|ceiling| ceiling.store_grouped));
                shares[2].push(measured.pay_ins / mean(|ceiling| ceiling.model_grouped));
            }
        }
        let figure = |rounds: &Vec<f64>| Figure::of(rounds).filter(|figure| figure.high.is_finite());
        let [http, store, model] = [figure(&shares[0]), figure(&shares[1]), figure(&shares[2])];
        Shares { http, store, model }
    }
}

impl Report {
    /// Calls and units that did not end well, by mix and step, in lines.
    pub fn not_good(&self) -> Vec<String> {
        let kinds: [(&str, Kind); 3] = [("flat out", FLAT_OUT), ("at the peak", PEAK), ("steady", STEADY)];
        let mut lines = Vec::new();
        for (mix, rounds) in &self.rounds.mixes {
            for (name, kind) in kinds {
                let tally = merged(rounds, kind);
                let mut parts = vec![tally.others_line()];
                if tally.missed > 0 {
                    let due = number(tally.due as f64, 0);
                    let patience = number(self.options.width().patience.as_secs_f64() * 1_000.0, 0);
                    parts.push(format!(
                        "{} of {due} could not begin in time, were not sent and count as {patience} ms or more",
                        tally.missed
                    ));
                }
                let unsustained = rounds.iter().filter_map(kind).filter(|measured| !measured.was_sustained).count();
                if unsustained > 0 {
                    parts.push(format!("not sustained in {unsustained} of {} rounds", rounds.len()));
                }
                let lacks_peak = name == "at the peak" && self.options.rate.is_none();
                let without = rounds.iter().filter(|round| kind(round).is_none()).count();
                if lacks_peak && without > 0 {
                    parts.push(format!("no rate was sustained twice in {without} of {} rounds", rounds.len()));
                }
                parts.retain(|part| !part.is_empty());
                if !parts.is_empty() {
                    lines.push(format!("{}, {name}: {}", mix.name(), parts.join(", ")));
                }
            }
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_tells_its_range() {
        let figure = Figure::of(&[3.0, 1.0, 2_000.0]).unwrap();
        assert_eq!((figure.to_string().as_str(), figure.text(1).as_str()), ("3 (1–2,000)", "3.0 (1.0–2,000.0)"));
        assert_eq!(Figure::of(&[]), None);
    }
}
