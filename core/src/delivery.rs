//! A webhook delivery: one event on its way to one endpoint, in the order of its session.
//!
//! The undelivered events of a session form a chain: the head is due or waiting, the others are held and name their
//! successor. When the head ends, the next one becomes due. One that was given up and is replayed joins the end of the
//! chain.

use crate::id::{AccountId, DeliveryId, EventId, OutboxId, SessionId};
use crate::time::{Millis, Timestamp};

/// Where a webhook delivery stands. An undelivered one holds back its session's later ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Its id.
    pub id: DeliveryId,
    /// Whose it is.
    pub account: AccountId,
    /// The event to deliver.
    pub event: EventId,
    /// The session in whose order it stands, if it has one.
    pub lane: Option<SessionId>,
    /// Where it stands.
    pub status: DeliveryStatus,
    /// Attempts made since it was created, or replayed.
    pub attempts: u32,
    /// Where its last attempt went; before the first one, where the account's events went when it was created. Empty in
    /// records of the first version, which did not keep it.
    pub target_url: String,
    /// What the receiver last answered.
    pub last_response_status: Option<u16>,
    /// What last went wrong.
    pub last_error: Option<String>,
    /// When it was created.
    pub created_at: Timestamp,
    /// The next one in its session's order, once there is one.
    pub next: Option<DeliveryId>,
}

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryStatus {
    /// An earlier event of its session is still undelivered.
    Held,
    /// Due; the dispatcher may send it.
    Due {
        /// The outbox row that asks for the attempt: a report counts for its own attempt only.
        row: OutboxId,
    },
    /// Failed, to be tried again.
    Waiting {
        /// When.
        until: Timestamp,
    },
    /// Answered with 2xx.
    Succeeded {
        /// When.
        at: Timestamp,
    },
    /// Given up.
    DeadLettered,
}

/// The status of a delivery without its data: what lists are read by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryLabel {
    /// It has not ended.
    Undelivered,
    /// Answered with 2xx.
    Succeeded,
    /// Given up.
    DeadLettered,
}

impl DeliveryId {
    /// The delivery of an event. An event has one at most, so that who knows one of the two finds the other.
    pub fn of(event: EventId) -> DeliveryId {
        DeliveryId(event.0)
    }
}

impl DeliveryStatus {
    /// The status without its data.
    pub fn label(self) -> DeliveryLabel {
        match self {
            DeliveryStatus::Held | DeliveryStatus::Due { .. } | DeliveryStatus::Waiting { .. } => {
                DeliveryLabel::Undelivered
            }
            DeliveryStatus::Succeeded { .. } => DeliveryLabel::Succeeded,
            DeliveryStatus::DeadLettered => DeliveryLabel::DeadLettered,
        }
    }
}

/// What came of one attempt to deliver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryOutcome {
    /// The delivery.
    pub delivery: DeliveryId,
    /// Whose it is.
    pub account: AccountId,
    /// The session in whose order it stands.
    pub lane: Option<SessionId>,
    /// The outbox row that asked for the attempt.
    pub outbox: OutboxId,
    /// Where it went; `None` when there was no endpoint to send it to.
    pub target_url: Option<String>,
    /// The receiver's status, when it answered.
    pub response_status: Option<u16>,
    /// What went wrong; `None` means that it answered with 2xx.
    pub error: Option<String>,
    /// For how long it asked to be left alone.
    pub retry_after: Option<Millis>,
}
