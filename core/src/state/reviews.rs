//! Reviews: payments that wait for somebody at the bank. A decline counts against the person like one by the score.

use std::sync::Arc;

use super::State;
use crate::change::{Change, RiskChange};
use crate::command::{Refusal, Reply, Subject, Timer, TimerTask};
use crate::event::EventKind;
use crate::id::{AccountId, CommandIds, PaymentId, SessionId};
use crate::payment::{Payment, PaymentEvent, PaymentStatus};
use crate::planted::{self, Bug};
use crate::review::{ReviewDecision, ReviewRow};
use crate::session::Session;

impl State {
    /// The payment joins the queue. Partners hear that it is processing: of a review they never learn.
    pub(super) fn wait_for_review(
        &mut self,
        ids: &mut CommandIds,
        mut payment: Payment,
        session: &Arc<Session>,
    ) -> Arc<Payment> {
        let expires_at = self.now().plus(self.settings.review_life);
        payment.status = PaymentStatus::Reviewing { expires_at };
        let Payment { id, account, session: moved, .. } = payment;
        let row = ReviewRow { payment: id, account, session: moved, expires_at };
        self.changes.push(RiskChange::ReviewAdd(row).into());
        let task = TimerTask::ExpireReview(id, moved);
        self.changes.push(Change::TimerAdd(Timer { due: expires_at, task, account }));
        let payment = self.tell_payment(ids, payment);
        self.tell_session(ids, EventKind::SessionProcessing, session);
        payment
    }

    pub(super) fn decide_review(
        &mut self,
        account: AccountId,
        session: SessionId,
        id: PaymentId,
        decision: ReviewDecision,
    ) -> Result<Reply, Refusal> {
        self.account(account)?;
        let payment = self.payments.get(&(account, id)).cloned().ok_or(Refusal::NotFound(Subject::Path))?;
        let waits = payment.status.on(decision.event(), self.now()).is_some();
        if payment.session != session || !waits {
            return Err(Refusal::PaymentNotWaiting);
        }
        let session = self.session(account, session, Subject::Path)?;
        match decision {
            ReviewDecision::Approve => {
                self.user_is_not_refused(&session)?;
                let mut ids = self.ids();
                Ok(Reply::Payment(self.go_on_reviewed(&mut ids, &payment, &session)))
            }
            ReviewDecision::Decline => {
                let mut ids = self.ids();
                Ok(Reply::Payment(self.decline_reviewed(&mut ids, &payment, PaymentEvent::ReviewDeclined)))
            }
        }
    }

    pub(super) fn expire_review(&mut self, ids: &mut CommandIds, account: AccountId, id: PaymentId) {
        let Some(payment) = self.payments.get(&(account, id)).cloned() else { return };
        let Some(session) = self.sessions.get(&(account, payment.session)).cloned() else { return };
        if payment.status.on(PaymentEvent::ReviewExpired, self.now()).is_none() {
            return;
        }
        if planted::has(Bug::ApproveOverdue) {
            self.go_on_reviewed(ids, &payment, &session);
        } else {
            self.decline_reviewed(ids, &payment, PaymentEvent::ReviewExpired);
        }
    }

    fn go_on_reviewed(&mut self, ids: &mut CommandIds, payment: &Payment, session: &Arc<Session>) -> Arc<Payment> {
        self.changes.push(RiskChange::ReviewRemove(payment.id).into());
        self.go_on(ids, payment.clone(), session)
    }

    fn decline_reviewed(&mut self, ids: &mut CommandIds, payment: &Arc<Payment>, event: PaymentEvent) -> Arc<Payment> {
        self.changes.push(RiskChange::ReviewRemove(payment.id).into());
        // A payment that waits was decided about before.
        if let Some(receipt) = self.receipts.get(&payment.id) {
            self.declined.push((receipt.entities, receipt.amount_cents));
        }
        self.end_payment(ids, payment, event);
        let ended = self.payments.get(&(payment.account, payment.id));
        ended.map_or_else(|| Arc::clone(payment), Arc::clone)
    }
}
