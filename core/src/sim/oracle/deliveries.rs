//! Events and their deliveries: each session's are sent one after the other, in the order in which they happened.

use std::sync::Arc;

use crate::delivery::DeliveryOutcome;
use crate::event::{Event, EventData, EventKind};
use crate::id::{AccountId, DeliveryId, EventId, OutboxId, SessionId};
use crate::time::Timestamp;

use super::{Fault, Oracle, names};

/// A delivery, at its place in the list of all.
#[derive(Clone)]
pub struct Letter {
    /// Its id, once a report has named it.
    pub name: Option<DeliveryId>,
    pub account: AccountId,
    /// The session in whose order it is sent, if any.
    pub lane: Option<SessionId>,
    /// The place of its event in the list of all.
    pub event: usize,
    pub stand: Stand,
    pub attempts: u32,
    pub last_response_status: Option<u16>,
    pub last_error: Option<String>,
    pub created_at: Timestamp,
    /// The place of the one that waits for it.
    pub next: Option<usize>,
    /// Rows of the outbox that were answered.
    pub spent: Vec<OutboxId>,
}

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stand {
    /// Waits for the one before it.
    Held,
    /// Lies in the outbox since then, as the so many-th that was ever put there.
    Due { since: Timestamp, place: u64 },
    /// Failed; is due again between these times.
    Waiting { earliest: Timestamp, latest: Timestamp },
    /// Arrived.
    Succeeded { at: Timestamp },
    /// Given up.
    Dead,
}

impl Letter {
    /// Whether it lies in the outbox.
    pub fn is_due(&self) -> bool {
        matches!(self.stand, Stand::Due { .. })
    }

    /// Whether it has not ended.
    pub fn is_undelivered(&self) -> bool {
        match self.stand {
            Stand::Held | Stand::Due { .. } | Stand::Waiting { .. } => true,
            Stand::Succeeded { .. } | Stand::Dead => false,
        }
    }
}

impl Oracle {
    /// Tells the account's partner: the event always, its delivery when there is an endpoint.
    pub(super) fn tell(
        &mut self,
        account: AccountId,
        lane: impl Into<Option<SessionId>>,
        kind: EventKind,
        data: EventData,
    ) {
        self.touch();
        let lane = lane.into();
        let event = Event { id: EventId(0), account, kind, created_at: self.now(), lane, data };
        self.told.push(Arc::new(event));
        if self.has_endpoint(account) {
            self.write_letter(account, lane);
        }
    }

    fn write_letter(&mut self, account: AccountId, lane: Option<SessionId>) {
        let place = self.letters.len();
        let waits = |one: &Letter| lane.is_some() && one.lane == lane && one.is_undelivered();
        let before = self.letters.iter().rposition(waits);
        self.letters.push(Letter {
            name: None,
            account,
            lane,
            event: self.told.len() - 1,
            stand: Stand::Held,
            attempts: 0,
            last_response_status: None,
            last_error: None,
            created_at: self.now(),
            next: None,
            spent: Vec::new(),
        });
        match before {
            Some(before) => self.letters[before].next = Some(place),
            None => self.make_due(place),
        }
    }

    fn make_due(&mut self, place: usize) {
        self.touch();
        self.dues += 1;
        self.letters[place].stand = Stand::Due { since: self.now(), place: self.dues };
    }

    /// What came of an attempt. It counts once, and only while the row that asked for it lies in the outbox.
    pub(super) fn receiver_answers(&mut self, outcome: &DeliveryOutcome) {
        let is_of = |one: &Letter| one.account == outcome.account && one.lane == outcome.lane;
        let Some(place) = self.letter_named(outcome.delivery, is_of) else { return };
        let Stand::Due { since, .. } = self.letters[place].stand else { return };
        if !names::is_outbox_row(outcome.outbox, since, &self.letters[place].spent) {
            return;
        }
        self.touch();
        let stand = self.stand_after(&self.letters[place], outcome);
        let letter = &mut self.letters[place];
        letter.spent.push(outcome.outbox);
        letter.attempts += 1;
        letter.stand = stand;
        letter.last_response_status = outcome.response_status;
        letter.last_error.clone_from(&outcome.error);
        if let Some(next) = letter.next.filter(|_| !letter.is_undelivered()) {
            self.make_due(next);
        }
    }

    /// After the so many-th failure comes the so many-th gap, up to a tenth longer. Without an endpoint nothing is tried
    /// again.
    fn stand_after(&self, letter: &Letter, outcome: &DeliveryOutcome) -> Stand {
        let now = self.now();
        if outcome.error.is_none() {
            return Stand::Succeeded { at: now };
        }
        match self.settings.delivery_gaps.get(letter.attempts as usize) {
            Some(gap) if self.has_endpoint(letter.account) => {
                Stand::Waiting { earliest: now.plus(*gap), latest: Timestamp(now.0 + gap.0 + gap.0 / 10) }
            }
            Some(_) | None => Stand::Dead,
        }
    }

    /// The gap is over.
    pub(super) fn retry_delivery(&mut self, account: AccountId, id: DeliveryId, due: Timestamp) -> Result<(), Fault> {
        let waits = |one: &Letter| match one.stand {
            Stand::Waiting { earliest, latest } => earliest <= due && due <= latest,
            Stand::Held | Stand::Due { .. } | Stand::Succeeded { .. } | Stand::Dead => false,
        };
        let is_it = |one: &Letter| one.name == Some(id) && one.account == account && waits(one);
        let nobody = || Fault(format!("{id:?} was to be tried again at {due:?}, though it does not wait for that"));
        let place = self.letters.iter().position(is_it).ok_or_else(nobody)?;
        self.make_due(place);
        Ok(())
    }
}
