//! Payments: what a redemption leaves, and the work that rails have with it.

use std::sync::Arc;

use crate::event::{EventData, EventKind};
use crate::id::{AccountId, PaymentId, QuoteId};
use crate::payment::{Attempt, Payment, PaymentKind, PaymentStatus};
use crate::quote::Quote;
use crate::rail::RailWork;
use crate::time::Timestamp;

use super::{Oracle, names::UNNAMED};

/// Work that a rail has not answered.
#[derive(Clone)]
pub struct Errand {
    pub work: RailWork,
    pub asked_at: Timestamp,
}

/// The event of a payment as it stands.
pub fn kind_of(payment: &Payment) -> EventKind {
    match payment.kind {
        PaymentKind::PayIn => match payment.status {
            PaymentStatus::Verifying { .. } | PaymentStatus::Reviewing { .. } | PaymentStatus::Routed => {
                EventKind::PayInProcessing
            }
            PaymentStatus::Settled { .. } => EventKind::PayInSettled,
            PaymentStatus::Failed { .. } => EventKind::PayInFailed,
            PaymentStatus::Cancelled => EventKind::PayInCancelled,
        },
        PaymentKind::PayOut => match payment.status {
            PaymentStatus::Verifying { .. } | PaymentStatus::Reviewing { .. } | PaymentStatus::Routed => {
                EventKind::PayOutProcessing
            }
            PaymentStatus::Settled { .. } => EventKind::PayOutSettled,
            PaymentStatus::Failed { .. } => EventKind::PayOutFailed,
            PaymentStatus::Cancelled => EventKind::PayOutCancelled,
        },
    }
}

impl Oracle {
    /// A quote of an account; another's is none.
    pub(super) fn quote_of(&self, account: AccountId, id: QuoteId) -> Option<&Quote> {
        self.quotes.get(&id).filter(|quote| quote.account == account).map(Arc::as_ref)
    }

    /// A payment of an account; another's is none.
    pub(super) fn payment_of(&self, account: AccountId, id: PaymentId) -> Option<&Payment> {
        self.payments.get(&id).filter(|payment| payment.account == account).map(Arc::as_ref)
    }

    /// Writes a payment.
    pub(super) fn put_payment(&mut self, payment: Payment) -> Arc<Payment> {
        self.touch();
        let payment = Arc::new(payment);
        self.payments.insert(payment.id, Arc::clone(&payment));
        payment
    }

    /// Writes a payment and tells of it.
    pub(super) fn tell_payment(&mut self, payment: Payment) -> Arc<Payment> {
        let payment = self.put_payment(payment);
        let data = EventData::Payment(Arc::clone(&payment));
        self.tell(payment.account, payment.session, kind_of(&payment), data);
        payment
    }

    /// The payment with one more attempt, whose id is not known yet, and the work for the corridor's rail.
    pub(super) fn ask_corridor(&mut self, mut payment: Payment, corridor: &str) -> Payment {
        payment.attempts.push(Attempt { id: UNNAMED, corridor: corridor.to_owned() });
        let rail = self.catalogue.corridors.iter().find(|one| one.id == corridor);
        let work = RailWork {
            attempt: UNNAMED,
            payment: payment.id,
            kind: payment.kind,
            account: payment.account,
            session: payment.session,
            corridor: corridor.to_owned(),
            rail: rail.map(|one| one.rail.clone()).unwrap_or_default(),
            number: payment.attempts.len() as u32,
            terms: payment.terms.clone(),
            magic: payment.magic,
        };
        self.errands.push(Errand { work, asked_at: self.now() });
        payment
    }
}
