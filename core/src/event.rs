//! Events: what partners are told, each in the same commit as the change that it tells of.

use std::sync::Arc;

use crate::customer::{CustomerFacts, CustomerTerms};
use crate::id::{AccountId, CustomerId, EventId, SessionId};
use crate::payment::{Payment, PaymentKind};
use crate::quote::Quote;
use crate::session::Session;
use crate::time::Timestamp;

/// An event as it is stored: rendered to JSON only when it is delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its id, the same over retries and replays.
    pub id: EventId,
    /// Whose it is.
    pub account: AccountId,
    /// What happened.
    pub kind: EventKind,
    /// When it happened.
    pub created_at: Timestamp,
    /// The session in whose order it is delivered.
    pub lane: Option<SessionId>,
    /// The whole object after the change.
    pub data: EventData,
}

/// An event whose life is over, as much of it as is needed to remove it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OldEvent {
    /// Its id.
    pub id: EventId,
    /// The version of a customer that it told of, if it did.
    pub customer: Option<(CustomerId, u64)>,
}

/// The object that an event carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventData {
    /// For `gate_session.*`.
    Session(Arc<Session>),
    /// For `quote.consumed`.
    Quote(Arc<Quote>),
    /// For `rail.*` and `kyc.required`.
    Payment(Arc<Payment>),
    /// For `customer.created` and `customer.updated`; without terms once these were erased.
    Customer(CustomerFacts, Option<Arc<CustomerTerms>>),
    /// For `customer.deleted`: which customer, and when.
    DeletedCustomer(CustomerId, Timestamp),
    /// For `webhook.test`: it tells of nothing.
    Test,
}

impl Event {
    /// What is needed to remove it.
    pub fn old(&self) -> OldEvent {
        let customer = match &self.data {
            EventData::Customer(facts, _) => Some((facts.id, facts.version)),
            EventData::Session(_)
            | EventData::Quote(_)
            | EventData::Payment(_)
            | EventData::DeletedCustomer(..)
            | EventData::Test => None,
        };
        OldEvent { id: self.id, customer }
    }
}

macro_rules! event_kinds {
    ($($(#[doc = $doc:literal])+ $name:ident = $number:literal $word:literal,)*) => {
        /// What can happen, as the contract names it. The numbers stand in records and never change.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum EventKind { $($(#[doc = $doc])+ $name = $number,)* }

        impl EventKind {
            /// All of them.
            pub const ALL: &'static [EventKind] = &[$(EventKind::$name,)*];

            /// The type on the wire.
            pub fn word(self) -> &'static str {
                match self { $(EventKind::$name => $word,)* }
            }

            /// What it tells, in a sentence.
            pub fn about(self) -> &'static str {
                match self { $(EventKind::$name => concat!($($doc),+).trim_ascii(),)* }
            }
        }
    };
}

event_kinds! {
    /// A session was created.
    SessionCreated = 1 "gate_session.created",
    /// A movement started for a session.
    SessionProcessing = 2 "gate_session.processing",
    /// A session's movement settled.
    SessionCompleted = 3 "gate_session.completed",
    /// A session's movement failed; the session stays open.
    SessionFailed = 4 "gate_session.failed",
    /// A session was cancelled.
    SessionCancelled = 5 "gate_session.cancelled",
    /// A session's time ran out.
    SessionExpired = 6 "gate_session.expired",
    /// A verification result was accepted.
    KycPackageAccepted = 7 "gate_session.kyc_package_accepted",
    /// The user must be verified before the payment goes on.
    KycRequired = 8 "kyc.required",
    /// A pay-in started.
    PayInProcessing = 9 "rail.pay_in.processing",
    /// A pay-in's money moved.
    PayInSettled = 10 "rail.pay_in.settled",
    /// A pay-in failed.
    PayInFailed = 11 "rail.pay_in.failed",
    /// A pay-in was cancelled.
    PayInCancelled = 12 "rail.pay_in.cancelled",
    /// A pay-out started.
    PayOutProcessing = 13 "rail.pay_out.processing",
    /// A pay-out's money moved.
    PayOutSettled = 14 "rail.pay_out.settled",
    /// A pay-out failed.
    PayOutFailed = 15 "rail.pay_out.failed",
    /// A pay-out was cancelled.
    PayOutCancelled = 16 "rail.pay_out.cancelled",
    /// A quote was redeemed.
    QuoteConsumed = 17 "quote.consumed",
    /// A customer was created.
    CustomerCreated = 18 "customer.created",
    /// A customer changed.
    CustomerUpdated = 19 "customer.updated",
    /// A customer was deleted.
    CustomerDeleted = 20 "customer.deleted",
    /// A partner tests its endpoint.
    WebhookTest = 21 "webhook.test",
}

impl EventKind {
    /// The kind with this number in records.
    pub fn from_number(number: u8) -> Option<EventKind> {
        EventKind::ALL.iter().copied().find(|&kind| kind as u8 == number)
    }

    /// The event of a payment that stands at `status`.
    pub fn of_payment(payment: &Payment) -> EventKind {
        use crate::payment::PaymentStatus as S;
        match (payment.kind, &payment.status) {
            (PaymentKind::PayIn, S::Verifying { .. } | S::Reviewing { .. } | S::Routed) => EventKind::PayInProcessing,
            (PaymentKind::PayIn, S::Settled { .. }) => EventKind::PayInSettled,
            (PaymentKind::PayIn, S::Failed { .. }) => EventKind::PayInFailed,
            (PaymentKind::PayIn, S::Cancelled) => EventKind::PayInCancelled,
            (PaymentKind::PayOut, S::Verifying { .. } | S::Reviewing { .. } | S::Routed) => EventKind::PayOutProcessing,
            (PaymentKind::PayOut, S::Settled { .. }) => EventKind::PayOutSettled,
            (PaymentKind::PayOut, S::Failed { .. }) => EventKind::PayOutFailed,
            (PaymentKind::PayOut, S::Cancelled) => EventKind::PayOutCancelled,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contract_has_twenty_events_and_one_diagnostic() {
        assert_eq!(EventKind::ALL.len(), 21);
        for &kind in EventKind::ALL {
            assert_eq!(EventKind::from_number(kind as u8), Some(kind));
        }
        assert_eq!(EventKind::from_number(0), None);
    }
}
