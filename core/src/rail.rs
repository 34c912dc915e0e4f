//! Work for rails: what a corridor is asked to do, and what can come of it.

use crate::id::{AccountId, AttemptId, PaymentId, SessionId};
use crate::payment::{CorridorId, Magic, PaymentKind};
use crate::terms::Terms;

/// One piece of work, durable until its outcome is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RailWork {
    /// The attempt; a rail does nothing twice under one id.
    pub attempt: AttemptId,
    /// The payment.
    pub payment: PaymentId,
    /// Pay-in or pay-out.
    pub kind: PaymentKind,
    /// Whose it is.
    pub account: AccountId,
    /// The session that it moves.
    pub session: SessionId,
    /// The corridor.
    pub corridor: CorridorId,
    /// The rail that carries the corridor.
    pub rail: String,
    /// Which try this is, from 1.
    pub number: u32,
    /// What to move.
    pub terms: Terms,
    /// The sandbox's script; `None` in live.
    pub magic: Option<Magic>,
}

impl RailWork {
    /// The rail's word on this attempt.
    pub fn report(&self, outcome: RailOutcome) -> RailReport {
        let RailWork { attempt, payment, account, session, .. } = *self;
        RailReport { attempt, payment, account, session, outcome }
    }
}

/// What a rail says became of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RailOutcome {
    /// The money moved.
    Settled,
    /// This corridor could not; another may.
    SoftFailed,
    /// Refused for good.
    Rejected,
    /// Cancelled on the rail's side.
    Cancelled,
}

/// A rail's word on one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RailReport {
    /// The attempt.
    pub attempt: AttemptId,
    /// The payment.
    pub payment: PaymentId,
    /// Whose it is.
    pub account: AccountId,
    /// The session that it moves.
    pub session: SessionId,
    /// What became of it.
    pub outcome: RailOutcome,
}
