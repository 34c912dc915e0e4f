//! What the rail writes down. The form on disk is its own: it changes only with the version in the segments' head.

use causeway_core::id::{AccountId, AttemptId, PaymentId, SessionId};
use causeway_core::payment::PaymentKind;
use causeway_core::rail::{RailOutcome, RailReport, RailWork};
use causeway_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::plan::Plan;

/// One entry of the log. The order of the variants is part of the form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Entry {
    /// The first of every segment: between which ids the attempts lie that ended in the segment before.
    Begin(Option<(AttemptId, AttemptId)>),
    /// An attempt arrived; or it was pending when the segment began.
    Accepted(Box<Record>),
    /// An attempt ended.
    Ended(End),
}

/// An attempt as it arrived, with what will become of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The attempt.
    pub attempt: AttemptId,
    /// The payment.
    pub payment: PaymentId,
    /// Whose it is.
    pub account: AccountId,
    /// The session that it moves.
    pub session: SessionId,
    /// Pay-in or pay-out.
    pub kind: Kind,
    /// Which try of its payment this is, from 1.
    pub number: u32,
    /// The corridor.
    pub corridor: String,
    /// The currency's code.
    pub currency: String,
    /// How much fiat, at the currency's minor unit.
    pub fiat_amount: String,
    /// The asset's symbol.
    pub asset: String,
    /// How much of the asset, at its decimals.
    pub crypto_amount: String,
    /// When it arrived.
    pub accepted_at: Timestamp,
    /// When it ends by itself.
    pub due_at: Timestamp,
    /// How it ends by itself.
    pub planned: State,
    /// Whether the rail says so twice.
    pub twice: bool,
}

/// The end of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// The attempt.
    pub attempt: AttemptId,
    /// How it ended.
    pub state: State,
    /// When.
    pub at: Timestamp,
}

/// Pay-in or pay-out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// Fiat in.
    PayIn,
    /// Fiat out.
    PayOut,
}

/// How an attempt ended or will end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// The money moved.
    Settled,
    /// This corridor could not.
    SoftFailed,
    /// Refused for good.
    Rejected,
    /// Cancelled.
    Cancelled,
}

impl Record {
    /// The record of work that arrives at `now`.
    pub fn new(work: &RailWork, plan: &Plan, now: Timestamp) -> Record {
        Record {
            attempt: work.attempt,
            payment: work.payment,
            account: work.account,
            session: work.session,
            kind: Kind::from(work.kind),
            number: work.number,
            corridor: work.corridor.clone(),
            currency: work.terms.currency.code().to_owned(),
            fiat_amount: work.terms.fiat_amount.to_string(),
            asset: work.terms.asset.symbol().to_owned(),
            crypto_amount: work.terms.crypto_amount.to_string(),
            accepted_at: now,
            due_at: plan.due_at,
            planned: State::from(plan.outcome),
            twice: plan.twice,
        }
    }

    /// What the rail reports when the attempt ends with `state`.
    pub fn report(&self, state: State) -> RailReport {
        RailReport {
            attempt: self.attempt,
            payment: self.payment,
            account: self.account,
            session: self.session,
            outcome: RailOutcome::from(state),
        }
    }
}

impl From<PaymentKind> for Kind {
    fn from(kind: PaymentKind) -> Kind {
        match kind {
            PaymentKind::PayIn => Kind::PayIn,
            PaymentKind::PayOut => Kind::PayOut,
        }
    }
}

impl From<Kind> for PaymentKind {
    fn from(kind: Kind) -> PaymentKind {
        match kind {
            Kind::PayIn => PaymentKind::PayIn,
            Kind::PayOut => PaymentKind::PayOut,
        }
    }
}

impl From<RailOutcome> for State {
    fn from(outcome: RailOutcome) -> State {
        match outcome {
            RailOutcome::Settled => State::Settled,
            RailOutcome::SoftFailed => State::SoftFailed,
            RailOutcome::Rejected => State::Rejected,
            RailOutcome::Cancelled => State::Cancelled,
        }
    }
}

impl From<State> for RailOutcome {
    fn from(state: State) -> RailOutcome {
        match state {
            State::Settled => RailOutcome::Settled,
            State::SoftFailed => RailOutcome::SoftFailed,
            State::Rejected => RailOutcome::Rejected,
            State::Cancelled => RailOutcome::Cancelled,
        }
    }
}

impl State {
    /// The word in exports.
    pub fn word(self) -> &'static str {
        match self {
            State::Settled => "settled",
            State::SoftFailed => "soft_failed",
            State::Rejected => "rejected",
            State::Cancelled => "cancelled",
        }
    }
}
