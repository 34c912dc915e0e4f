//! Which rows a command needs before it runs, as far as they can be named yet.

use super::State;
use super::confirm::confirming_lock;
use super::replays::replay_key;
use crate::change::Need;
use crate::command::{Command, Confirm, Redeem, Submission, Timer, TimerTask, Who};
use crate::customer::{CustomerName, CustomerTerms};
use crate::delivery::DeliveryOutcome;
use crate::event::OldEvent;
use crate::id::{AccountId, CustomerId, DeliveryId, PaymentId, SessionId};
use crate::ledger::{BalanceKey, LedgerAccount};
use crate::money::Unit;
use crate::rail::RailReport;
use crate::redelivery::RedeliveryStep;
use crate::session::Session;
use crate::terms::Terms;

impl State {
    /// Adds to `needs` the rows that `submission` needs and the state does not know. Called again after these were loaded,
    /// it names the rows that only they led to; the third time there are none.
    pub fn missing(&self, submission: &Submission, needs: &mut Vec<Need>) {
        if let Some((key, _)) = replay_key(submission) {
            self.need(Need::Replay(key), needs);
        }
        match &submission.command {
            Command::CancelSession(account, session) => self.session_needs(*account, *session, needs),
            Command::CreatePayIn(account, redeem) | Command::CreatePayOut(account, redeem) => {
                self.redeem_needs(*account, redeem, needs);
            }
            Command::ConfirmSession(account, session, confirm) => {
                self.confirm_needs(*account, *session, confirm, needs);
            }
            Command::VerifyPayment(account, session, payment) | Command::DecideReview(account, session, payment, _) => {
                self.waiting_needs(*account, *session, *payment, needs);
            }
            Command::RememberPayment(account, session, payment, _) => {
                self.standing_needs(*account, *session, *payment, needs);
            }
            Command::CreateCustomer(account, terms) => self.new_customer_needs(*account, terms, needs),
            Command::UpdateCustomer(account, id, _) => self.need(Need::Customer(*account, *id), needs),
            Command::DeleteCustomer(account, id) => {
                self.customer_needs(*account, *id, needs);
                self.need(Need::DeletedCustomer(*account, *id), needs);
            }
            Command::ReplayDelivery(account, delivery, lane) => {
                self.sent_again_needs(*account, *delivery, *lane, needs);
            }
            Command::ReportRails(reports) => reports.iter().for_each(|one| self.report_needs(one, needs)),
            Command::ReportDeliveries(outcomes) => outcomes.iter().for_each(|one| self.delivery_needs(one, needs)),
            Command::SweepEvents(account, events) => self.sweep_needs(*account, events, needs),
            Command::AdvanceRedelivery(account, _, step) => self.redelivery_needs(*account, step, needs),
            Command::RunTimer(timer) => self.timer_needs(*timer, needs),
            Command::SetWebhook(account, _) | Command::UnsetWebhook(account) | Command::ChangeEndpoint(account, _) => {
                self.need(Need::Failing(*account), needs);
            }
            Command::StartRedelivery(account, _) | Command::CancelRedelivery(account, _) => {
                self.need(Need::Redeliveries(*account), needs);
            }
            Command::SetVerification(account, who, _) => self.verification_needs(*account, who, needs),
            Command::SetLabels(labels) => labels.iter().for_each(|label| self.label_needs(label.payment, needs)),
            Command::CreateSession(..)
            | Command::LockQuote(..)
            | Command::SendTestWebhook(_)
            | Command::ReportPublished(_)
            | Command::ChangeModels(_)
            | Command::UpdateBranding(..)
            | Command::CreateAccount(..)
            | Command::CreateKey(..)
            | Command::RevokeKey(..)
            | Command::SetEntitlements(..)
            | Command::SetOrigins(..)
            | Command::SetTier(..)
            | Command::SetRules(..)
            | Command::SetRiskPolicy(..) => {}
        }
    }

    /// How a payment stands, and its session.
    fn standing_needs(&self, account: AccountId, session: SessionId, payment: PaymentId, needs: &mut Vec<Need>) {
        self.need(Need::Session(account, session), needs);
        self.need(Need::Payment(account, payment), needs);
    }

    fn timer_needs(&self, timer: Timer, needs: &mut Vec<Need>) {
        match timer.task {
            TimerTask::ExpireSession(session) => self.session_needs(timer.account, session, needs),
            TimerTask::ExpireVerification(payment, session) => {
                self.payment_needs(timer.account, session, payment, needs);
            }
            TimerTask::ExpireReview(payment, session) => {
                self.waiting_needs(timer.account, session, payment, needs);
            }
            TimerTask::RetryDelivery(delivery) => self.need(Need::Delivery(timer.account, delivery), needs),
            TimerTask::EraseCustomer(id) => self.need(Need::DeletedCustomer(timer.account, id), needs),
            // Whether the key was used again is known without a look: see `forget_answer`.
            TimerTask::ForgetAnswer(_) => {}
        }
    }

    fn session_needs(&self, account: AccountId, session: SessionId, needs: &mut Vec<Need>) {
        self.need(Need::Session(account, session), needs);
        self.lane_needs(account, session, needs);
    }

    /// An event of a session goes behind the last one that is undelivered.
    fn lane_needs(&self, account: AccountId, session: SessionId, needs: &mut Vec<Need>) {
        if !self.lanes.knows(&session) {
            needs.push(Need::Lane(session));
        } else if let Some(&last) = self.lanes.get(&session) {
            self.need(Need::Delivery(account, last), needs);
        }
    }

    fn redeem_needs(&self, account: AccountId, redeem: &Redeem, needs: &mut Vec<Need>) {
        if let Some(session) = redeem.session {
            self.session_needs(account, session, needs);
            self.person_needs(account, session, needs);
            self.risk_needs(account, session, None, needs);
        }
        let Some(quote) = redeem.quote else { return };
        if !self.quotes.knows(&(account, quote)) {
            needs.push(Need::Quote(account, quote));
        } else if let Some(quote) = self.quotes.get(&(account, quote)) {
            self.balance_needs(account, &quote.terms, needs);
        }
    }

    fn confirm_needs(&self, account: AccountId, session: SessionId, confirm: &Confirm, needs: &mut Vec<Need>) {
        self.session_needs(account, session, needs);
        self.person_needs(account, session, needs);
        self.risk_needs(account, session, Some(confirm), needs);
        let Some(session) = self.known_session(account, session) else { return };
        if let Ok(lock) = confirming_lock(&self.catalogue, &session.terms, confirm) {
            self.balances_of(account, Unit::Currency(lock.currency), needs);
            self.balances_of(account, Unit::Asset(lock.asset), needs);
        }
    }

    fn verification_needs(&self, account: AccountId, who: &Who, needs: &mut Vec<Need>) {
        match who {
            Who::Reference(reference) => {
                self.need(Need::Person(self.person_named(account, reference)), needs);
                let name = CustomerName::of_external_id(&self.settings.name_key, account, reference);
                if !self.customer_names.knows(&name) {
                    needs.push(Need::CustomerName(name));
                } else if let Some(&id) = self.customer_names.get(&name) {
                    self.need(Need::Customer(account, id), needs);
                }
            }
            Who::Customer(id) => self.customer_needs(account, *id, needs),
            Who::Session(session) => {
                self.need(Need::Session(account, *session), needs);
                self.person_needs(account, *session, needs);
            }
        }
    }

    /// Its names, and the person that it is joined to.
    fn new_customer_needs(&self, account: AccountId, terms: &CustomerTerms, needs: &mut Vec<Need>) {
        for name in terms.names(&self.settings.name_key, account) {
            self.need(Need::CustomerName(name), needs);
        }
        if let Some(external_id) = &terms.external_id {
            self.need(Need::Person(self.person_named(account, external_id)), needs);
        }
    }

    /// A customer, and the person of its external id.
    fn customer_needs(&self, account: AccountId, id: CustomerId, needs: &mut Vec<Need>) {
        if !self.customers.knows(&(account, id)) {
            needs.push(Need::Customer(account, id));
        } else if let Some(customer) = self.customers.get(&(account, id))
            && let Some(external_id) = &customer.terms.external_id
        {
            self.need(Need::Person(self.person_named(account, external_id)), needs);
        }
    }

    fn person_needs(&self, account: AccountId, session: SessionId, needs: &mut Vec<Need>) {
        if let Some(session) = self.known_session(account, session) {
            self.need(Need::Person(self.person_of(session)), needs);
        }
    }

    /// The histories of whom a redemption concerns, and the customer that the session's user is on record as.
    fn risk_needs(&self, account: AccountId, session: SessionId, confirm: Option<&Confirm>, needs: &mut Vec<Need>) {
        let Some(session) = self.known_session(account, session) else { return };
        let device = confirm.and_then(|confirm| confirm.device.as_ref());
        let entities = self.entities(session, device, confirm.and_then(|confirm| confirm.address));
        for (entity, key) in entities.known() {
            self.need(Need::History(entity, key), needs);
        }
        let Some(name) = self.directory.account(account).and_then(|one| self.customer_name(one, session)) else {
            return;
        };
        if !self.customer_names.knows(&name) {
            needs.push(Need::CustomerName(name));
        } else if let Some(&id) = self.customer_names.get(&name) {
            self.need(Need::Customer(account, id), needs);
        }
    }

    /// What is known of a payment, and what was decided of it.
    fn label_needs(&self, payment: PaymentId, needs: &mut Vec<Need>) {
        self.need(Need::Label(payment), needs);
        self.decision_needs(payment, needs);
    }

    /// What was decided of a payment, and the histories of whom it concerned.
    fn decision_needs(&self, payment: PaymentId, needs: &mut Vec<Need>) {
        if !self.receipts.knows(&payment) {
            needs.push(Need::Receipt(payment));
        } else if let Some(receipt) = self.receipts.get(&payment) {
            for (entity, key) in receipt.entities.known() {
                self.need(Need::History(entity, key), needs);
            }
        }
    }

    fn known_session(&self, account: AccountId, session: SessionId) -> Option<&Session> {
        let key = (account, session);
        self.sessions.knows(&key).then(|| self.sessions.get(&key)).flatten().map(|session| &**session)
    }

    fn payment_needs(&self, account: AccountId, session: SessionId, payment: PaymentId, needs: &mut Vec<Need>) {
        self.session_needs(account, session, needs);
        if !self.payments.knows(&(account, payment)) {
            needs.push(Need::Payment(account, payment));
        } else if let Some(payment) = self.payments.get(&(account, payment)) {
            self.balance_needs(account, &payment.terms, needs);
        }
    }

    fn report_needs(&self, report: &RailReport, needs: &mut Vec<Need>) {
        self.payment_needs(report.account, report.session, report.payment, needs);
    }

    /// A payment that waits for its user or a review, and the user. If it is declined, histories count it.
    fn waiting_needs(&self, account: AccountId, session: SessionId, payment: PaymentId, needs: &mut Vec<Need>) {
        self.payment_needs(account, session, payment, needs);
        self.person_needs(account, session, needs);
        self.decision_needs(payment, needs);
    }

    /// The deliveries of events, and whether somebody has yet to look at these.
    fn sweep_needs(&self, account: AccountId, events: &[OldEvent], needs: &mut Vec<Need>) {
        self.need(Need::Redeliveries(account), needs);
        for event in events {
            self.need(Need::Delivery(account, DeliveryId::of(event.id)), needs);
        }
    }

    fn delivery_needs(&self, outcome: &DeliveryOutcome, needs: &mut Vec<Need>) {
        let key = (outcome.account, outcome.delivery);
        self.need(Need::Failing(outcome.account), needs);
        if let Some(session) = outcome.lane
            && !self.lanes.knows(&session)
        {
            needs.push(Need::Lane(session));
        }
        if !self.deliveries.knows(&key) {
            needs.push(Need::Delivery(outcome.account, outcome.delivery));
        } else if let Some(next) = self.deliveries.get(&key).and_then(|delivery| delivery.next) {
            self.need(Need::Delivery(outcome.account, next), needs);
        }
    }

    fn redelivery_needs(&self, account: AccountId, step: &RedeliveryStep, needs: &mut Vec<Need>) {
        self.need(Need::Redeliveries(account), needs);
        for (event, lane) in &step.events {
            self.sent_again_needs(account, DeliveryId::of(*event), *lane, needs);
        }
    }

    /// A delivery that joins the end of its session's order.
    fn sent_again_needs(
        &self,
        account: AccountId,
        delivery: DeliveryId,
        lane: Option<SessionId>,
        needs: &mut Vec<Need>,
    ) {
        self.need(Need::Delivery(account, delivery), needs);
        if let Some(session) = lane {
            self.lane_needs(account, session, needs);
        }
    }

    fn balance_needs(&self, owner: AccountId, terms: &Terms, needs: &mut Vec<Need>) {
        self.balances_of(owner, Unit::Currency(terms.currency), needs);
        self.balances_of(owner, Unit::Asset(terms.asset), needs);
    }

    fn balances_of(&self, owner: AccountId, unit: Unit, needs: &mut Vec<Need>) {
        for account in LedgerAccount::ALL {
            self.need(Need::Balance(BalanceKey { owner, account, unit }), needs);
        }
    }

    fn need(&self, need: Need, needs: &mut Vec<Need>) {
        let known = match need {
            Need::Session(account, id) => self.sessions.knows(&(account, id)),
            Need::Quote(account, id) => self.quotes.knows(&(account, id)),
            Need::Payment(account, id) => self.payments.knows(&(account, id)),
            Need::Replay(key) => self.replays.knows(&key),
            Need::Person(key) => self.persons.knows(&key),
            Need::History(entity, key) => self.histories.knows(&(entity, key)),
            Need::Receipt(payment) => self.receipts.knows(&payment),
            Need::Label(payment) => self.labels.knows(&payment),
            Need::Balance(key) => self.balances.knows(&key),
            Need::Delivery(account, id) => self.deliveries.knows(&(account, id)),
            Need::Lane(session) => self.lanes.knows(&session),
            Need::Failing(account) => self.failing.knows(&account),
            Need::Redeliveries(account) => self.redeliveries.knows(&account),
            Need::Customer(account, id) => self.customers.knows(&(account, id)),
            Need::DeletedCustomer(account, id) => self.deleted_customers.knows(&(account, id)),
            Need::CustomerName(name) => self.customer_names.knows(&name),
        };
        if !known {
            needs.push(need);
        }
    }
}
