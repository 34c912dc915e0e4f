//! What operators are told of the bus: each trouble once, and that it is over.

use std::collections::BTreeSet;

use crate::dispatch::Notice;

/// Different reasons that are told of one trouble, at most.
const REASONS: usize = 8;

/// What was told and is not over.
pub struct Teller {
    notice: Notice,
    /// Reasons why the bus cannot be reached.
    away: BTreeSet<String>,
    is_blocked: bool,
    is_refused: bool,
}

impl Teller {
    /// Nothing was told.
    pub fn new(notice: Notice) -> Teller {
        Teller { notice, away: BTreeSet::new(), is_blocked: false, is_refused: false }
    }

    /// There is no connection.
    pub fn away(&mut self, reason: &str) {
        // The next connection finds out for itself.
        self.is_blocked = false;
        if self.away.len() < REASONS && self.away.insert(reason.to_owned()) {
            (self.notice)(&format!("the event bus cannot be reached; events wait in the store: {reason}"));
        }
    }

    /// There is a connection, over which the bus takes nothing.
    pub fn blocked(&mut self) {
        if !std::mem::replace(&mut self.is_blocked, true) {
            (self.notice)(
                "the event bus is connected and takes nothing, out of disk or memory as it says; events wait in the store",
            );
        }
    }

    /// The bus takes events.
    pub fn unblocked(&mut self) {
        if std::mem::take(&mut self.is_blocked) {
            (self.notice)("the event bus takes events again");
        }
    }

    /// The bus did not take an event.
    pub fn refused(&mut self, reason: &str) {
        if !std::mem::replace(&mut self.is_refused, true) {
            (self.notice)(&format!("the event bus does not take an event, which is tried again: {reason}"));
        }
    }

    /// Something that is not about the bus.
    pub fn say(&self, text: &str) {
        (self.notice)(text);
    }

    /// The connection works.
    pub fn reached(&mut self) {
        if !std::mem::take(&mut self.away).is_empty() {
            (self.notice)("the event bus is reached again");
        }
    }

    /// Nothing is left that was refused.
    pub fn all_taken(&mut self) {
        if std::mem::take(&mut self.is_refused) {
            (self.notice)("the event bus has taken what it refused before");
        }
    }
}
