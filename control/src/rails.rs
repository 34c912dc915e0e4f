//! Rails: what moves money outside of us. They are asked, not trusted.
//!
//! A rail's dispatcher takes durable work from a cell, hands it to the rail that the corridor names, and reports what the
//! rail says. Work that was there at start is enquired about: it may have been sent before the program ended. The sandbox
//! has a simulated rail; others are reached over HTTP, as the rails file says.

pub mod config;
mod dispatcher;
pub mod http;
pub mod simulated;

use causeway_core::rail::{RailOutcome, RailReport, RailWork};
use tokio::sync::mpsc;

use crate::gate::BoxFuture;

pub use dispatcher::{Dispatcher, Schedule, Stats, tell_of_strays};

/// Reports that may wait for their place in a command; a rail with more of them waits.
const REPORTS: usize = 4_096;

/// A rail. It does nothing twice under one attempt id.
pub trait Rail: Send + Sync + 'static {
    /// Asks the rail to move the money. An answer means that the rail has the attempt durably.
    fn send<'a>(&'a self, work: &'a RailWork) -> BoxFuture<'a, Result<Word, RailError>>;

    /// Asks what became of an attempt, without making it.
    fn enquire<'a>(&'a self, work: &'a RailWork) -> BoxFuture<'a, Result<Word, RailError>>;
}

/// What a rail says about an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// It has it; the outcome comes later, as a report.
    Accepted,
    /// What became of it.
    Outcome(RailOutcome),
    /// The rail does not have the attempt: it may be sent.
    Unknown,
}

/// The rail could not be asked, or gave no clear answer: nothing is known of the attempt, and it is enquired about again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RailError(pub String);

/// Where rails put outcomes that come later, and where the dispatcher takes them.
pub fn reports() -> (mpsc::Sender<RailReport>, mpsc::Receiver<RailReport>) {
    mpsc::channel(REPORTS)
}

#[cfg(test)]
pub(crate) mod fixture;
