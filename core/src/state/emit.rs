//! Writing that several commands share: events with their deliveries, postings with their balances.

use std::sync::Arc;

use rust_decimal::Decimal;

use super::State;
use crate::change::{BusRow, Change, Index, OutboxRow};
use crate::delivery::{Delivery, DeliveryStatus};
use crate::endpoint::WebhookEndpoint;
use crate::event::{Event, EventData, EventKind};
use crate::id::{AccountId, CommandIds, DeliveryId, EventId, OutboxId, SessionId};
use crate::ledger::{self, BalanceKey, Phase};
use crate::payment::{Payment, PaymentLabel};
use crate::planted::{self, Bug};
use crate::session::{Session, SessionEvent, SessionLabel, SessionRefusal};

impl State {
    /// Tells the account's partner what happened: the event, its place in the queue to the event bus when there is a bus, and its
    /// delivery when there is an endpoint. Gives the delivery.
    pub(super) fn emit(
        &mut self,
        ids: &mut CommandIds,
        account: AccountId,
        lane: Option<SessionId>,
        kind: EventKind,
        data: EventData,
    ) -> Option<Arc<Delivery>> {
        let id = EventId(ids.draw(&self.settings.id_key));
        let event = Event { id, account, kind, created_at: self.now(), lane, data };
        if !(planted::has(Bug::DropEvent) && kind == EventKind::PayInSettled) {
            self.changes.push(Change::Event(Arc::new(event)));
        }
        if self.settings.bus && !(planted::has(Bug::SkipBus) && kind == EventKind::SessionExpired) {
            self.changes.push(Change::BusAdd(BusRow { event: id, account, lane }));
        }
        self.endpoint_url(account).map(|url| self.queue_delivery(ids, account, lane, id, url))
    }

    pub(super) fn has_endpoint(&self, account: AccountId) -> bool {
        self.endpoint(account).is_some()
    }

    /// Where events go, if they go anywhere.
    pub(super) fn endpoint(&self, account: AccountId) -> Option<&WebhookEndpoint> {
        self.directory.account(account)?.webhook.as_ref().filter(|endpoint| endpoint.takes_events())
    }

    pub(super) fn endpoint_url(&self, account: AccountId) -> Option<String> {
        self.endpoint(account).map(|endpoint| endpoint.url.clone())
    }

    /// Adds a delivery of an event.
    pub(super) fn queue_delivery(
        &mut self,
        ids: &mut CommandIds,
        account: AccountId,
        lane: Option<SessionId>,
        event: EventId,
        target_url: String,
    ) -> Arc<Delivery> {
        let id = DeliveryId::of(event);
        let delivery = Delivery {
            id,
            account,
            event,
            lane,
            status: DeliveryStatus::Held,
            attempts: 0,
            target_url,
            last_response_status: None,
            last_error: None,
            created_at: self.now(),
            next: None,
        };
        self.changes.push(Change::Index(Index::Delivery(account, delivery.status.label(), id), true));
        self.join_chain(ids, delivery)
    }

    /// Puts a delivery behind the undelivered ones of its session; the first one is due at once.
    pub(super) fn join_chain(&mut self, ids: &mut CommandIds, mut delivery: Delivery) -> Arc<Delivery> {
        let (account, id) = (delivery.account, delivery.id);
        let last = delivery.lane.and_then(|session| self.lanes.get(&session).copied());
        delivery.next = None;
        if let Some(last) = last {
            self.change_delivery(account, last, |before| before.next = Some(id));
            delivery.status = DeliveryStatus::Held;
        } else {
            delivery.status = self.make_due(ids, account, id);
        }
        if let Some(session) = delivery.lane {
            self.lanes.put(self.head.batch, session, id);
        }
        let delivery = Arc::new(delivery);
        self.deliveries.put(self.head.batch, (account, id), Arc::clone(&delivery));
        delivery
    }

    /// Puts a delivery into the outbox; gives the status that it has there.
    pub(super) fn make_due(
        &mut self,
        ids: &mut CommandIds,
        account: AccountId,
        delivery: DeliveryId,
    ) -> DeliveryStatus {
        let id = OutboxId(ids.draw(&self.settings.id_key));
        self.changes.push(Change::OutboxAdd(OutboxRow { id, account, delivery }));
        DeliveryStatus::Due { row: id }
    }

    pub(super) fn change_delivery(&mut self, account: AccountId, id: DeliveryId, change: impl FnOnce(&mut Delivery)) {
        let Some(delivery) = self.deliveries.get(&(account, id)) else { return };
        let mut delivery = Delivery::clone(delivery);
        change(&mut delivery);
        self.deliveries.put(self.head.batch, (account, id), Arc::new(delivery));
    }

    /// Moves a session on and keeps the index of its status. Refused: nothing has changed.
    pub(super) fn move_session(
        &mut self,
        session: &Session,
        event: SessionEvent,
    ) -> Result<Arc<Session>, SessionRefusal> {
        let status = session.status.on(event)?;
        let (before, after) = (session.status.label(), status.label());
        if before != after {
            let index = |label| Index::Session(session.account, label, session.id);
            self.changes.push(Change::Index(index(before), false));
            if !(planted::has(Bug::LoseIndexRow) && after == SessionLabel::Completed) {
                self.changes.push(Change::Index(index(after), true));
            }
        }
        let moved = Arc::new(Session { status, ..session.clone() });
        self.sessions.put(self.head.batch, (session.account, session.id), Arc::clone(&moved));
        Ok(moved)
    }

    /// Posts a phase of a movement and brings the balances with it.
    pub(super) fn post(&mut self, payment: &Payment, phase: Phase) {
        let postings = ledger::postings(payment.kind, &payment.terms, phase);
        for posting in &postings {
            let key = BalanceKey { owner: payment.account, account: posting.account, unit: posting.unit };
            let before = self.balances.get(&key).copied().unwrap_or(Decimal::ZERO);
            self.balances.put(self.head.batch, key, before + posting.amount);
        }
        self.changes.push(Change::Postings(payment.account, payment.id, phase, postings));
    }

    /// Enters a new transaction into the indexes of its session and its status.
    pub(super) fn index_transaction(&mut self, payment: &Payment) {
        let (account, transaction) = (payment.account, payment.transaction);
        let by_session = Index::SessionTransaction(account, payment.session, transaction, payment.id);
        let by_status = Index::Transaction(account, payment.status.label(), transaction, payment.id);
        self.changes.extend([by_session, by_status].map(|index| Change::Index(index, true)));
    }

    /// Keeps the index of transactions when their payment's status has changed from `before`.
    pub(super) fn move_transaction(&mut self, before: PaymentLabel, payment: &Payment) {
        let after = payment.status.label();
        let index = |label| Index::Transaction(payment.account, label, payment.transaction, payment.id);
        if before != after {
            self.changes.extend([Change::Index(index(before), false), Change::Index(index(after), true)]);
        }
    }

    /// Writes a payment and tells of it.
    pub(super) fn tell_payment(&mut self, ids: &mut CommandIds, payment: Payment) -> Arc<Payment> {
        let payment = Arc::new(payment);
        self.payments.put(self.head.batch, (payment.account, payment.id), Arc::clone(&payment));
        let data = EventData::Payment(Arc::clone(&payment));
        self.emit(ids, payment.account, Some(payment.session), EventKind::of_payment(&payment), data);
        payment
    }

    /// Tells of a session.
    pub(super) fn tell_session(&mut self, ids: &mut CommandIds, kind: EventKind, session: &Arc<Session>) {
        self.emit(ids, session.account, Some(session.id), kind, EventData::Session(Arc::clone(session)));
    }
}
