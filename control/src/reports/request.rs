//! What is asked of a report.

use causeway_core::time::{Millis, Timestamp};
use serde::Serialize;

use super::Named;

/// Which decisions quality is measured by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Basis {
    /// Those that are so old that a fraud would have been told: without a label they count as honest, unless they
    /// moved no money.
    Mature,
    /// Those that have a label, however old they are.
    Labelled,
}

/// What is asked of a report.
#[derive(Clone, Debug)]
pub struct Request {
    /// About which model.
    pub model: Named,
    /// The one that it is compared with.
    pub against: Option<Named>,
    /// Decisions from then on.
    pub from: Timestamp,
    /// Until then, exclusive.
    pub until: Timestamp,
    /// After how long a fraud would have been told.
    pub maturity: Millis,
    /// By which decisions quality is measured; none: mature ones, or labelled ones while none is mature.
    pub basis: Option<Basis>,
    /// When it is asked.
    pub now: Timestamp,
}

impl Basis {
    /// The basis that `word` names.
    pub fn parse(word: &str) -> Option<Basis> {
        match word {
            "mature" => Some(Basis::Mature),
            "labelled" => Some(Basis::Labelled),
            _ => None,
        }
    }
}
