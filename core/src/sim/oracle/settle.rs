//! What rails and verification make of a payment. A word that comes twice or too late changes nothing.

use std::sync::Arc;

use crate::command::Reply;
use crate::event::EventKind;
use crate::id::{AccountId, PaymentId};
use crate::ledger::Phase;
use crate::limits::ATTEMPTS_PER_PAYMENT;
use crate::payment::{FailureCode, Payment, PaymentStatus};
use crate::rail::{RailOutcome, RailReport};
use crate::session::{Session, SessionStatus};

use super::{Fault, Oracle, names};

impl Oracle {
    /// The user was verified: the payment goes on in silence, unless somebody was blocked meanwhile.
    pub(super) fn verify(&mut self, account: AccountId, id: PaymentId, found: &Reply) -> Result<Reply, Fault> {
        let payment = Payment::clone(&*self.the_payment(account, id)?);
        if let Some(late) = self.late_block(&payment)? {
            self.count_late_block(id, late);
            return self.end_at_once(payment, FailureCode::RiskDeclined).map(Reply::Payment);
        }
        let best = self.candidates(&payment.terms, &[]).first().map(|best| best.corridor.clone());
        let payment = match best {
            Some(best) => Arc::new(self.start(payment, &best, names::payment(found)?)?),
            None => self.end_at_once(payment, FailureCode::NoRoute)?,
        };
        Ok(Reply::Payment(payment))
    }

    /// The user was not verified in time.
    pub(super) fn expire_verification(&mut self, account: AccountId, id: PaymentId) -> Result<(), Fault> {
        match self.payment_of(account, id).cloned() {
            Some(payment) if matches!(payment.status, PaymentStatus::Verifying { .. }) => {
                self.end_at_once(payment, FailureCode::VerificationExpired).map(|_| ())
            }
            Some(_) | None => Ok(()),
        }
    }

    /// A rail's word on the current attempt of a payment that is on its way.
    pub(super) fn rail_reports(&mut self, report: &RailReport) -> Result<(), Fault> {
        let Some(payment) = self.payment_of(report.account, report.payment).cloned() else { return Ok(()) };
        if payment.status != PaymentStatus::Routed || !self.is_current_attempt(&payment, report.attempt) {
            return Ok(());
        }
        self.errands.retain(|errand| errand.work.payment != report.payment);
        let payment = Payment::clone(&*self.the_payment(report.account, report.payment)?);
        match report.outcome {
            RailOutcome::Settled => self.settle(payment),
            RailOutcome::SoftFailed => self.fail_over(payment),
            RailOutcome::Rejected => self.fail(payment, PaymentStatus::Failed { code: FailureCode::RailRejected }),
            RailOutcome::Cancelled => self.fail(payment, PaymentStatus::Cancelled),
        }
    }

    /// The best corridor that was not tried, or the end.
    fn fail_over(&mut self, payment: Payment) -> Result<(), Fault> {
        let tried: Vec<String> = payment.attempts.iter().map(|attempt| attempt.corridor.clone()).collect();
        let next = self.candidates(&payment.terms, &tried).first().map(|next| next.corridor.clone());
        match next.filter(|_| tried.len() < ATTEMPTS_PER_PAYMENT) {
            Some(next) => {
                let payment = self.ask_corridor(payment, &next);
                self.put_payment(Payment { updated_at: self.now(), ..payment });
                Ok(())
            }
            None => self.fail(payment, PaymentStatus::Failed { code: FailureCode::NoRoute }),
        }
    }

    /// The money moved.
    fn settle(&mut self, payment: Payment) -> Result<(), Fault> {
        self.book(&payment, Phase::Settled);
        let now = self.now();
        let payment =
            self.tell_payment(Payment { status: PaymentStatus::Settled { at: now }, updated_at: now, ..payment });
        let session = self.the_session(payment.account, payment.session)?;
        let status = SessionStatus::Completed { transaction: payment.transaction };
        let completed = Session { status, ..Session::clone(&session) };
        self.put_session(completed, Some(EventKind::SessionCompleted));
        Ok(())
    }

    /// It ended without moving money: what was booked is taken back.
    fn fail(&mut self, payment: Payment, status: PaymentStatus) -> Result<(), Fault> {
        self.book(&payment, Phase::Reversed);
        let payment = self.tell_payment(Payment { status, updated_at: self.now(), ..payment });
        self.free_session(payment.account, payment.session)
    }
}
