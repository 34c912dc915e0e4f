//! How a payment begins: with a corridor, with a wait for its user, or with its end.

use std::sync::Arc;

use crate::command::{Timer, TimerTask};
use crate::event::{EventData, EventKind};
use crate::ledger::Phase;
use crate::payment::{FailureCode, Payment, PaymentKind, PaymentStatus};
use crate::risk::Verdict;

use super::{Fault, Oracle};

impl Oracle {
    /// Without a corridor it ends, whatever risk says.
    pub(super) fn begin(
        &mut self,
        payment: Payment,
        applied: Verdict,
        best: Option<String>,
        drawn: &Payment,
    ) -> Result<Arc<Payment>, Fault> {
        match (best, applied) {
            (None, _) => self.end_at_once(payment, FailureCode::NoRoute),
            (Some(_), Verdict::Decline) => {
                self.new_declines.push(payment.id);
                self.end_at_once(payment, FailureCode::RiskDeclined)
            }
            (Some(best), Verdict::Approve) => {
                let payment = self.start(payment, &best, drawn)?;
                let payment = self.tell_payment(payment);
                self.tell_session_is_processing(&payment)?;
                Ok(payment)
            }
            (Some(_), Verdict::StepUp) => self.wait_for_user(payment),
            (Some(_), Verdict::Review) => self.wait_for_review(payment),
        }
    }

    /// Asks the corridor: from here on the ledger knows of the payment.
    pub(super) fn start(&mut self, payment: Payment, corridor: &str, drawn: &Payment) -> Result<Payment, Fault> {
        let payment = Payment { status: PaymentStatus::Routed, updated_at: self.now(), ..payment };
        self.book(&payment, Phase::Started);
        let payment = self.ask_corridor(payment, corridor);
        let last = drawn.attempts.last().ok_or_else(|| Fault("an attempt was expected in the reply".to_owned()))?;
        self.hear(last.id.0)?;
        self.put_payment(payment.clone());
        self.hear_attempt(&payment, drawn);
        Ok(Payment::clone(&*self.the_payment(payment.account, payment.id)?))
    }

    fn wait_for_user(&mut self, payment: Payment) -> Result<Arc<Payment>, Fault> {
        let expires_at = self.now().plus(self.settings.verification_life);
        let prefix = match payment.kind {
            PaymentKind::PayIn => "pi",
            PaymentKind::PayOut => "po",
        };
        let id = payment.id.text(prefix, self.settings.mode);
        let url = format!("{}/verify/{id}", self.settings.public_url).into();
        let task = TimerTask::ExpireVerification(payment.id, payment.session);
        self.set_timer(Timer { due: expires_at, task, account: payment.account });
        let payment = self.tell_payment(Payment { status: PaymentStatus::Verifying { expires_at, url }, ..payment });
        let data = EventData::Payment(Arc::clone(&payment));
        self.tell(payment.account, payment.session, EventKind::KycRequired, data);
        self.tell_session_is_processing(&payment)?;
        Ok(payment)
    }

    /// Ends a payment of which no rail has heard.
    pub(super) fn end_at_once(&mut self, payment: Payment, code: FailureCode) -> Result<Arc<Payment>, Fault> {
        let ended = Payment { status: PaymentStatus::Failed { code }, updated_at: self.now(), ..payment };
        let payment = self.tell_payment(ended);
        self.free_session(payment.account, payment.session)?;
        Ok(payment)
    }

    pub(super) fn tell_session_is_processing(&mut self, payment: &Payment) -> Result<(), Fault> {
        let session = self.the_session(payment.account, payment.session)?;
        self.tell(session.account, session.id, EventKind::SessionProcessing, EventData::Session(session));
        Ok(())
    }
}
