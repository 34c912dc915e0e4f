//! Events and their deliveries: each session's are sent one after the other, in the order in which they happened.

use std::sync::Arc;

use crate::command::Reply;
use crate::delivery::{Delivery, DeliveryOutcome, DeliveryStatus};
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
    /// The so many-th that joined the order of a session.
    pub joined: u64,
    /// The place of its event in the list of all.
    pub event: usize,
    pub stand: Stand,
    pub attempts: u32,
    pub target_url: String,
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

    /// The delivery as the cell keeps it. Ids are the cell's; so is the time of the next try, within bounds, and the row that
    /// asks for an attempt, which is compared with the outbox.
    pub fn row(&self, id: DeliveryId, event: EventId, next: Option<DeliveryId>, found: DeliveryStatus) -> Delivery {
        Delivery {
            id,
            account: self.account,
            event,
            lane: self.lane,
            status: expected_status(self.stand, found),
            attempts: self.attempts,
            target_url: self.target_url.clone(),
            last_response_status: self.last_response_status,
            last_error: self.last_error.clone(),
            created_at: self.created_at,
            next,
        }
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
        if let Some(url) = self.goes_to(account) {
            self.write_letter(self.told.len() - 1, url);
        }
    }

    /// Writes a delivery of the event at this place of the list of all.
    pub(super) fn write_letter(&mut self, event: usize, target_url: String) {
        let (account, lane) = (self.told[event].account, self.told[event].lane);
        let place = self.letters.len();
        self.letters.push(Letter {
            name: None,
            account,
            lane,
            joined: 0,
            event,
            stand: Stand::Held,
            attempts: 0,
            target_url,
            last_response_status: None,
            last_error: None,
            created_at: self.now(),
            next: None,
            spent: Vec::new(),
        });
        self.join(place);
    }

    /// Puts a delivery behind all undelivered ones of its session.
    pub(super) fn join(&mut self, place: usize) {
        let before = self.last_of(self.letters[place].lane);
        self.joins += 1;
        let letter = &mut self.letters[place];
        (letter.joined, letter.next, letter.stand) = (self.joins, None, Stand::Held);
        match before {
            Some(before) => self.letters[before].next = Some(place),
            None => self.make_due(place),
        }
    }

    /// The undelivered one of a session that joined its order last. What has no session has no order.
    pub(super) fn last_of(&self, lane: Option<SessionId>) -> Option<usize> {
        let session = lane?;
        let undelivered = |place: &usize| {
            let one = &self.letters[*place];
            one.lane == Some(session) && one.joined > 0 && one.is_undelivered()
        };
        (0..self.letters.len()).filter(undelivered).max_by_key(|place| self.letters[*place].joined)
    }

    /// A dead delivery is sent once more, like a new one.
    pub(super) fn replay(&mut self, id: DeliveryId, found: &Reply) -> Result<Reply, Fault> {
        let place = self.letters.iter().position(|one| one.name == Some(id));
        let place = place.ok_or_else(|| Fault(format!("the oracle itself has lost {id:?}")))?;
        self.touch();
        self.letters[place].attempts = 0;
        self.nobody_owes(self.letters[place].event);
        self.join(place);
        self.reply_with(place, names::delivery(found)?)
    }

    /// An event that tells of nothing.
    pub(super) fn send_test(&mut self, account: AccountId, found: &Reply) -> Result<Reply, Fault> {
        let found = names::delivery(found)?;
        self.hear(found.id.0)?;
        self.tell(account, None, EventKind::WebhookTest, EventData::Test);
        let place = self.letters.len() - 1;
        self.letters[place].name = Some(found.id);
        self.reply_with(place, found)
    }

    /// The reply with a delivery that nothing follows yet. The event's id is compared with the row's later.
    fn reply_with(&self, place: usize, found: &Delivery) -> Result<Reply, Fault> {
        let letter = &self.letters[place];
        let id = letter.name.ok_or_else(|| Fault("a reply with a delivery without a name".to_owned()))?;
        Ok(Reply::Delivery(Arc::new(letter.row(id, found.event, None, found.status))))
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
        self.judge_endpoint(outcome);
        let stand = self.stand_after(&self.letters[place], outcome);
        let letter = &mut self.letters[place];
        letter.spent.push(outcome.outbox);
        letter.attempts += 1;
        letter.stand = stand;
        if let Some(url) = &outcome.target_url {
            letter.target_url.clone_from(url);
        }
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
            Some(gap) if self.goes_to(letter.account).is_some() => {
                let asked = outcome.retry_after.map_or(0, |asked| asked.0.min(86_400_000));
                let within = |gap: u64| Timestamp(now.0 + gap.max(asked));
                Stand::Waiting { earliest: within(gap.0), latest: within(gap.0 + gap.0 / 10) }
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

fn expected_status(stand: Stand, found: DeliveryStatus) -> DeliveryStatus {
    match stand {
        Stand::Held => DeliveryStatus::Held,
        Stand::Due { .. } => match found {
            DeliveryStatus::Due { row } => DeliveryStatus::Due { row },
            DeliveryStatus::Held
            | DeliveryStatus::Waiting { .. }
            | DeliveryStatus::Succeeded { .. }
            | DeliveryStatus::DeadLettered => DeliveryStatus::Due { row: OutboxId(0) },
        },
        Stand::Waiting { earliest, latest } => match found {
            DeliveryStatus::Waiting { until } => DeliveryStatus::Waiting { until: until.clamp(earliest, latest) },
            DeliveryStatus::Held
            | DeliveryStatus::Due { .. }
            | DeliveryStatus::Succeeded { .. }
            | DeliveryStatus::DeadLettered => DeliveryStatus::Waiting { until: earliest },
        },
        Stand::Succeeded { at } => DeliveryStatus::Succeeded { at },
        Stand::Dead => DeliveryStatus::DeadLettered,
    }
}
