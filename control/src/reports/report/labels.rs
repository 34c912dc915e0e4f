//! What is known of decisions, and which of them quality is measured by.

use causeway_core::risk::quality::{Judged, delays};
use causeway_core::time::Millis;
use serde::Serialize;

use super::super::measure::Decision;
use super::super::{Basis, Request};

/// Labels of a report's decisions.
#[derive(Serialize)]
pub struct Labels {
    /// By which decisions quality is measured.
    pub basis: Basis,
    /// After how many days a decision is mature.
    pub maturity_days: f64,
    /// Decisions that are mature.
    pub mature: u64,
    /// Decisions with a label, whatever their age.
    pub labelled: u64,
    /// Of them frauds.
    pub frauds: u64,
    /// Decisions that are judged.
    pub judged: u64,
    /// Of them those without a label, which count as honest.
    pub taken_as_honest: u64,
    /// Mature decisions without a label whose payments moved no money (declined at once or later, not verified in time, without a
    /// route, refused by the rail): nobody knows what they were.
    pub declined_unknown: u64,
    /// Seconds from decision to label within which half of the labels came.
    pub delay_median: Option<f64>,
    /// Within which nine of ten came.
    pub delay_p90: Option<f64>,
}

/// Which decisions are judged, and what they were.
pub fn judge(decisions: &[Decision], request: &Request) -> (Labels, Vec<Judged>) {
    let is_mature = |decision: &Decision| request.now.since(decision.at).0 >= request.maturity.0;
    let labelled = || decisions.iter().filter_map(|decision| Some((decision, decision.label?)));
    let mature = decisions.iter().filter(|decision| is_mature(decision)).count() as u64;
    let basis = request.basis.unwrap_or(if mature > 0 { Basis::Mature } else { Basis::Labelled });
    let (mut judged, mut taken_as_honest, mut declined_unknown) = (Vec::new(), 0, 0);
    // Where nobody ever told of a fraud, nothing says that there was none.
    let has_labels = labelled().next().is_some();
    for decision in decisions.iter().filter(|_| has_labels) {
        let is_fraud = match (basis, decision.is_fraud()) {
            (Basis::Labelled, is_fraud) => is_fraud,
            (Basis::Mature, _) if !is_mature(decision) => None,
            (Basis::Mature, Some(is_fraud)) => Some(is_fraud),
            (Basis::Mature, None) if decision.moved_nothing => {
                declined_unknown += 1;
                None
            }
            (Basis::Mature, None) => {
                taken_as_honest += 1;
                Some(false)
            }
        };
        judged.extend(is_fraud.map(|is_fraud| Judged { score: decision.score, is_fraud }));
    }
    let delays = delays(labelled().map(|(decision, label)| label.at.since(decision.at)).collect());
    let seconds = |span: Millis| span.0 as f64 / 1_000.0;
    let labels = Labels {
        basis,
        maturity_days: seconds(request.maturity) / 86_400.0,
        mature,
        labelled: labelled().count() as u64,
        frauds: decisions.iter().filter(|decision| decision.is_fraud() == Some(true)).count() as u64,
        judged: judged.len() as u64,
        taken_as_honest,
        declined_unknown,
        delay_median: delays.map(|delays| seconds(delays.median)),
        delay_p90: delays.map(|delays| seconds(delays.p90)),
    };
    (labels, judged)
}
