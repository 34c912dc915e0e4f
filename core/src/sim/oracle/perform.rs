//! Doing what is asked, once nothing stands against it. The found reply is only read for the ids that the cell has drawn.

use std::sync::Arc;

use crate::command::{Command, Moment, Reply, Timer, TimerTask};
use crate::id::{AccountId, EventId, KeyId, PaymentId, SessionId};
use crate::payment::Payment;
use crate::session::Session;
use crate::terms::Side;

use super::{Fault, Oracle, names};

impl Oracle {
    /// Changes what the command changes and gives the reply that is expected.
    pub(super) fn perform(&mut self, command: &Command, found: &Reply) -> Result<Reply, Fault> {
        match command {
            Command::CreateSession(account, terms) => self.create_session(*account, terms, found),
            Command::CancelSession(account, id) => self.cancel_session(*account, *id),
            Command::LockQuote(account, lock) => self.lock_quote(*account, lock, found),
            Command::CreatePayIn(account, redeem) => self.redeem(*account, Side::OnRamp, redeem, found),
            Command::CreatePayOut(account, redeem) => self.redeem(*account, Side::OffRamp, redeem, found),
            Command::ConfirmSession(account, id, confirm) => self.confirm(*account, *id, confirm, found),
            Command::VerifyPayment(account, _, id) => self.verify(*account, *id, found),
            Command::RememberPayment(account, session, id, moment) => {
                self.tell_standing(*account, *session, *id, *moment, found)
            }
            Command::CreateCustomer(account, terms) => self.create_customer(*account, terms, found),
            Command::UpdateCustomer(_, id, patch) => self.update_customer(*id, patch),
            Command::DeleteCustomer(account, id) => self.delete_customer(*account, *id),
            Command::UpdateBranding(account, patch) => self.update_branding(*account, patch),
            Command::ReplayDelivery(_, id, _) => self.replay(*id, found),
            Command::SendTestWebhook(account) => self.send_test(*account, found),
            Command::ReportRails(reports) => {
                reports.iter().try_for_each(|report| self.rail_reports(report))?;
                Ok(Reply::Done)
            }
            Command::ReportDeliveries(outcomes) => {
                outcomes.iter().for_each(|outcome| self.receiver_answers(outcome));
                Ok(Reply::Done)
            }
            Command::AdvanceRedelivery(account, id, step) => self.advance_redelivery(*account, *id, step),
            Command::SweepEvents(account, events) => Ok(self.sweep(*account, events)),
            Command::ReportPublished(events) => Ok(self.bus_has(events)),
            Command::RunTimer(timer) => self.run_timer(*timer),
            Command::CreateAccount(id, name) => Ok(self.create_account(*id, name)),
            Command::CreateKey(account, key) => self.create_key(*account, key, found),
            Command::RevokeKey(account, key) => self.revoke_key(*account, *key),
            Command::SetEntitlements(account, entitlements) => {
                self.change_account(*account, |account| account.entitlements = *entitlements)
            }
            Command::SetOrigins(account, origins) => {
                self.change_account(*account, |account| account.origins.clone_from(origins))
            }
            Command::SetWebhook(account, endpoint) => self.set_endpoint(*account, Some(endpoint)),
            Command::UnsetWebhook(account) => self.set_endpoint(*account, None),
            Command::ChangeEndpoint(account, change) => self.change_endpoint(*account, change),
            Command::SetTier(account, tier) => {
                self.change_account(*account, |account| account.tier = Some(tier.clone()))
            }
            Command::SetRules(account, rules) => self.change_account(*account, |account| {
                account.quote_life = rules.quote_life;
                account.risk_is_real = rules.risk_is_real;
            }),
            Command::SetVerification(account, who, word) => self.set_verification(*account, who, *word),
            Command::ChangeModels(step) => Ok(self.change_models(step)),
            Command::SetLabels(labels) => Ok(Reply::Labels(self.set_labels(labels))),
            Command::SetRiskPolicy(new) => Ok(self.set_risk_policy(new)),
            Command::DecideReview(account, _, id, decision) => self.decide_review(*account, *id, *decision, found),
            Command::StartRedelivery(account, range) => self.start_redelivery(*account, range, found),
            Command::CancelRedelivery(account, id) => self.cancel_redelivery(*account, *id),
        }
    }

    fn revoke_key(&mut self, account: AccountId, key: KeyId) -> Result<Reply, Fault> {
        let now = self.now();
        self.change_account(account, |account| {
            for one in account.keys.iter_mut().filter(|one| one.id == key) {
                one.revoked_at = one.revoked_at.or(Some(now));
            }
        })
    }

    /// A report of nothing changes nothing.
    fn bus_has(&mut self, events: &[EventId]) -> Reply {
        if !events.is_empty() {
            self.touch();
        }
        self.published.extend(events);
        Reply::Done
    }

    fn tell_standing(
        &mut self,
        account: AccountId,
        session: SessionId,
        id: PaymentId,
        moment: Moment,
        found: &Reply,
    ) -> Result<Reply, Fault> {
        let payment = self.the_payment(account, id)?;
        match moment {
            Moment::Routed | Moment::Ended => {
                self.hear_attempt(&payment, names::payment(found)?);
                self.the_payment(account, id).map(Reply::Payment)
            }
            Moment::SessionAfter => self.the_session(account, session).map(Reply::Session),
        }
    }

    /// A timer runs once, and not before it is due.
    fn run_timer(&mut self, timer: Timer) -> Result<Reply, Fault> {
        if timer.due > self.now() {
            return Err(Fault(format!("{timer:?} ran before it was due")));
        }
        self.touch();
        match timer.task {
            TimerTask::ExpireSession(id) => {
                self.take_timer(timer)?;
                self.expire_session(timer.account, id);
            }
            TimerTask::ExpireVerification(id, _) => {
                self.take_timer(timer)?;
                self.expire_verification(timer.account, id)?;
            }
            TimerTask::ForgetAnswer(key) => {
                self.take_timer(timer)?;
                self.forget(timer, key);
            }
            TimerTask::ExpireReview(id, _) => {
                self.take_timer(timer)?;
                self.expire_review(timer.account, id)?;
            }
            TimerTask::RetryDelivery(id) => self.retry_delivery(timer.account, id, timer.due)?,
            TimerTask::EraseCustomer(id) => {
                self.take_timer(timer)?;
                self.erase_customer(id)?;
            }
        }
        Ok(Reply::Done)
    }

    fn take_timer(&mut self, timer: Timer) -> Result<(), Fault> {
        let nobody = || Fault(format!("{timer:?} ran, which nobody set or which ran before"));
        let place = self.timers.iter().position(|one| *one == timer).ok_or_else(nobody)?;
        self.timers.remove(place);
        Ok(())
    }

    /// Sets a timer.
    pub(super) fn set_timer(&mut self, timer: Timer) {
        self.timers.push(timer);
    }

    /// A session that the guards have seen.
    pub(super) fn the_session(&self, account: AccountId, id: SessionId) -> Result<Arc<Session>, Fault> {
        let session = self.sessions.get(&id).filter(|session| session.account == account).cloned();
        session.ok_or_else(|| Fault(format!("the oracle itself has lost {id:?}")))
    }

    /// A payment that the guards have seen.
    pub(super) fn the_payment(&self, account: AccountId, id: PaymentId) -> Result<Arc<Payment>, Fault> {
        let payment = self.payments.get(&id).filter(|payment| payment.account == account).cloned();
        payment.ok_or_else(|| Fault(format!("the oracle itself has lost {id:?}")))
    }
}
