//! Reviews: payments about which a person at the bank decides. Partners see that such a payment is processing, and no more.

use crate::id::{AccountId, PaymentId, SessionId};
use crate::payment::PaymentEvent;
use crate::time::Timestamp;

/// A payment that waits for a decision. The rows of a cell lie in the order in which their payments began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReviewRow {
    /// The payment.
    pub payment: PaymentId,
    /// Whose it is.
    pub account: AccountId,
    /// The session that it moves.
    pub session: SessionId,
    /// From when on it is declined.
    pub expires_at: Timestamp,
}

/// What somebody at the bank decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReviewDecision {
    /// The payment goes on.
    Approve,
    /// It ends as declined by risk.
    Decline,
}

impl ReviewDecision {
    /// What it does to the payment.
    pub fn event(self) -> PaymentEvent {
        match self {
            ReviewDecision::Approve => PaymentEvent::ReviewApproved,
            ReviewDecision::Decline => PaymentEvent::ReviewDeclined,
        }
    }
}
