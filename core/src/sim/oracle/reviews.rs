//! Reviews: who waits for a decision is who stands so; the queue is only another way to find them.

use std::sync::Arc;

use crate::command::{Refusal, Reply, Timer, TimerTask};
use crate::id::{AccountId, PaymentId, SessionId};
use crate::payment::{FailureCode, Payment, PaymentStatus};
use crate::review::{ReviewDecision, ReviewRow};
use crate::risk::Word;

use super::against::when;
use super::{Fault, Oracle};

impl Oracle {
    /// The payment begins to wait.
    pub(super) fn wait_for_review(&mut self, payment: Payment) -> Result<Arc<Payment>, Fault> {
        let expires_at = self.now().plus(self.settings.review_life);
        let task = TimerTask::ExpireReview(payment.id, payment.session);
        self.set_timer(Timer { due: expires_at, task, account: payment.account });
        let payment = self.tell_payment(Payment { status: PaymentStatus::Reviewing { expires_at }, ..payment });
        self.tell_session_is_processing(&payment)?;
        Ok(payment)
    }

    /// It must wait for a decision; nobody lets money of refused people go on, and anybody may stop it.
    pub(super) fn against_decision(
        &self,
        account: AccountId,
        session: SessionId,
        id: PaymentId,
        decision: ReviewDecision,
    ) -> Vec<Refusal> {
        let now = self.now();
        let waits =
            |payment: &Payment| matches!(payment.status, PaymentStatus::Reviewing { expires_at } if now < expires_at);
        let user = self.session_of(account, session).map(|session| self.guest(session));
        let is_refused = user.is_some_and(|user| self.word_on(&user) == Some(Word::Refused));
        let refused = when(is_refused && decision == ReviewDecision::Approve, Refusal::VerificationRequired);
        [self.against_account(account), self.against_payment(account, session, id, waits), refused].concat()
    }

    /// Approved, it goes on like one whose user was verified.
    pub(super) fn decide_review(
        &mut self,
        account: AccountId,
        id: PaymentId,
        decision: ReviewDecision,
        found: &Reply,
    ) -> Result<Reply, Fault> {
        match decision {
            ReviewDecision::Approve => self.verify(account, id, found),
            ReviewDecision::Decline => self.decline_reviewed(account, id).map(Reply::Payment),
        }
    }

    /// Nobody decided in time.
    pub(super) fn expire_review(&mut self, account: AccountId, id: PaymentId) -> Result<(), Fault> {
        let status = self.payment_of(account, id).map(|payment| payment.status.clone());
        if matches!(status, Some(PaymentStatus::Reviewing { .. })) {
            self.decline_reviewed(account, id)?;
        }
        Ok(())
    }

    /// One row for each payment that waits.
    pub(super) fn reviews(&self) -> Vec<ReviewRow> {
        let row = |payment: &Arc<Payment>| match payment.status {
            PaymentStatus::Reviewing { expires_at } => {
                let Payment { id, account, session, .. } = **payment;
                Some(ReviewRow { payment: id, account, session, expires_at })
            }
            PaymentStatus::Verifying { .. }
            | PaymentStatus::Routed
            | PaymentStatus::Settled { .. }
            | PaymentStatus::Failed { .. }
            | PaymentStatus::Cancelled => None,
        };
        self.payments.values().filter_map(row).collect()
    }

    /// It counts against the person like a decline by the score.
    fn decline_reviewed(&mut self, account: AccountId, id: PaymentId) -> Result<Arc<Payment>, Fault> {
        let payment = Payment::clone(&*self.the_payment(account, id)?);
        self.new_declines.push(id);
        self.end_at_once(payment, FailureCode::RiskDeclined)
    }
}
