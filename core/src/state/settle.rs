//! What rails and verification make of a payment. A word that comes twice or too late changes nothing.

use std::sync::Arc;

use super::State;
use crate::change::Change;
use crate::command::{Moment, Refusal, Reply, Subject, Timer, TimerTask};
use crate::event::EventKind;
use crate::id::{AccountId, CommandIds, PaymentId, SessionId};
use crate::ledger::Phase;
use crate::limits::ATTEMPTS_PER_PAYMENT;
use crate::payment::{FailureCode, Payment, PaymentEvent, PaymentStatus};
use crate::rail::{RailOutcome, RailReport};
use crate::replay::ReplayKey;
use crate::routing::choose;
use crate::session::{Session, SessionEvent};

impl State {
    pub(super) fn report_rails(&mut self, reports: &[RailReport]) -> Reply {
        for report in reports {
            self.report_rail(report);
        }
        Reply::Done
    }

    fn report_rail(&mut self, report: &RailReport) {
        let Some(payment) = self.payments.get(&(report.account, report.payment)).cloned() else { return };
        let is_current = payment.attempts.last().is_some_and(|attempt| attempt.id == report.attempt);
        if !is_current || payment.status != PaymentStatus::Routed {
            return;
        }
        self.changes.push(Change::RailWorkRemove(report.attempt));
        let mut ids = self.ids();
        match report.outcome {
            RailOutcome::Settled => self.end_payment(&mut ids, &payment, PaymentEvent::Settled),
            RailOutcome::SoftFailed => self.fail_over(&mut ids, &payment),
            RailOutcome::Rejected => {
                self.end_payment(&mut ids, &payment, PaymentEvent::Failed(FailureCode::RailRejected));
            }
            RailOutcome::Cancelled => self.end_payment(&mut ids, &payment, PaymentEvent::Cancelled),
        }
    }

    /// The next corridor that was not tried, or the end.
    fn fail_over(&mut self, ids: &mut CommandIds, payment: &Payment) {
        let tried: Vec<&str> = payment.attempts.iter().map(|attempt| attempt.corridor.as_str()).collect();
        let candidates = choose(&self.catalogue, &payment.terms, &tried);
        match candidates.first().filter(|_| tried.len() < ATTEMPTS_PER_PAYMENT) {
            Some(next) => {
                let mut payment = payment.clone();
                self.ask_corridor(ids, &mut payment, next);
                payment.updated_at = self.now();
                self.payments.put(self.head.batch, (payment.account, payment.id), Arc::new(payment));
            }
            None => self.end_payment(ids, payment, PaymentEvent::Failed(FailureCode::NoRoute)),
        }
    }

    /// Ends a payment with its postings, its session and the events of both.
    pub(super) fn end_payment(&mut self, ids: &mut CommandIds, payment: &Payment, event: PaymentEvent) {
        let Some(status) = payment.status.on(event, self.now()) else { return };
        let had_started = payment.status == PaymentStatus::Routed;
        let settled = matches!(status, PaymentStatus::Settled { .. });
        let ended = Payment { status, updated_at: self.now(), ..payment.clone() };
        if had_started {
            self.post(&ended, if settled { Phase::Settled } else { Phase::Reversed });
        }
        let before = payment.status.label();
        let payment = self.tell_payment(ids, ended);
        self.move_transaction(before, &payment);
        let Some(session) = self.sessions.get(&(payment.account, payment.session)).cloned() else { return };
        if settled {
            self.complete_session(ids, &session, &payment);
        } else {
            self.free_session(ids, &session);
        }
    }

    fn complete_session(&mut self, ids: &mut CommandIds, session: &Session, payment: &Payment) {
        if let Ok(completed) = self.move_session(session, SessionEvent::MovementSettled(payment.transaction)) {
            self.tell_session(ids, EventKind::SessionCompleted, &completed);
        }
    }

    /// The movement ended without moving money: the session is open for another try, unless its time ran out meanwhile.
    pub(super) fn free_session(&mut self, ids: &mut CommandIds, session: &Session) {
        if let Ok(open) = self.move_session(session, SessionEvent::MovementEnded) {
            self.tell_session(ids, EventKind::SessionFailed, &open);
            self.expire_session(ids, open.account, open.id);
        }
    }

    pub(super) fn verify_payment(
        &mut self,
        account: AccountId,
        session: SessionId,
        id: PaymentId,
    ) -> Result<Reply, Refusal> {
        let payment = self.payments.get(&(account, id)).cloned().ok_or(Refusal::NotFound(Subject::Path))?;
        let waits = payment.status.on(PaymentEvent::Verified, self.now()).is_some();
        if payment.session != session || !waits {
            return Err(Refusal::PaymentNotWaiting);
        }
        let session = self.session(account, session, Subject::Path)?;
        self.user_is_not_refused(&session)?;
        let mut ids = self.ids();
        Ok(Reply::Payment(self.go_on(&mut ids, Payment::clone(&payment), &session)))
    }

    pub(super) fn remember_payment(
        &self,
        account: AccountId,
        session: SessionId,
        id: PaymentId,
        moment: Moment,
    ) -> Result<Reply, Refusal> {
        let payment = self.payments.get(&(account, id)).cloned().ok_or(Refusal::NotFound(Subject::Path))?;
        let stands = match moment {
            Moment::Routed => payment.status == PaymentStatus::Routed,
            Moment::Ended | Moment::SessionAfter => payment.status.is_final(),
        };
        if payment.session != session || !stands {
            return Err(Refusal::PaymentNotWaiting);
        }
        Ok(match moment {
            Moment::Routed | Moment::Ended => Reply::Payment(payment),
            Moment::SessionAfter => Reply::Session(self.session(account, session, Subject::Path)?),
        })
    }

    pub(super) fn run_timer(&mut self, timer: Timer) -> Reply {
        self.changes.push(Change::TimerRemove(timer));
        let mut ids = self.ids();
        match timer.task {
            TimerTask::ExpireSession(session) => self.expire_session(&mut ids, timer.account, session),
            TimerTask::ExpireVerification(payment, _) => self.expire_verification(&mut ids, timer.account, payment),
            TimerTask::ExpireReview(payment, _) => self.expire_review(&mut ids, timer.account, payment),
            TimerTask::RetryDelivery(delivery) => self.retry_delivery(&mut ids, timer.account, delivery),
            TimerTask::EraseCustomer(customer) => self.erase_customer(timer.account, customer),
            TimerTask::ForgetAnswer(key) => self.forget_answer(ReplayKey { account: timer.account, key }),
        }
        Reply::Done
    }

    fn expire_verification(&mut self, ids: &mut CommandIds, account: AccountId, id: PaymentId) {
        if let Some(payment) = self.payments.get(&(account, id)).cloned() {
            self.end_payment(ids, &payment, PaymentEvent::VerificationExpired);
        }
    }
}
