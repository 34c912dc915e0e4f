//! Deliveries: what came of an attempt, and when the next one is due.

use std::sync::Arc;

use super::State;
use crate::account::Account;
use crate::change::{Change, Index};
use crate::command::{Refusal, Reply, Subject, Timer, TimerTask};
use crate::delivery::{Delivery, DeliveryOutcome, DeliveryStatus};
use crate::endpoint::{Disabling, EndpointState, WebhookEndpoint};
use crate::event::{EventData, EventKind};
use crate::id::{AccountId, CommandIds, DeliveryId, EventId, SessionId};
use crate::limits::RETRY_AFTER_MS;
use crate::time::{Millis, Timestamp};

/// The status by which a receiver says that it is gone for good.
const GONE: u16 = 410;

impl State {
    /// Begins the delivery's schedule anew, at the end of its session's order. What its last attempt came to stays told.
    pub(super) fn replay_delivery(
        &mut self,
        account: AccountId,
        id: DeliveryId,
        lane: Option<SessionId>,
    ) -> Result<Reply, Refusal> {
        let known = self.deliveries.get(&(account, id)).filter(|delivery| delivery.lane == lane).cloned();
        let delivery = known.ok_or(Refusal::NotFound(Subject::Path))?;
        if delivery.status != DeliveryStatus::DeadLettered {
            return Err(Refusal::DeliveryNotDead);
        }
        if !self.has_endpoint(account) {
            return Err(Refusal::NoEndpoint);
        }
        let mut ids = self.ids();
        Ok(Reply::Delivery(self.begin_anew(&mut ids, &delivery)))
    }

    /// An ended delivery joins the end of its session's chain, as if nothing had been tried.
    pub(super) fn begin_anew(&mut self, ids: &mut CommandIds, ended: &Delivery) -> Arc<Delivery> {
        self.relabel(ended, DeliveryStatus::Held);
        self.join_chain(ids, Delivery { attempts: 0, ..ended.clone() })
    }

    pub(super) fn send_test_webhook(&mut self, account: AccountId) -> Result<Reply, Refusal> {
        if !self.has_endpoint(account) {
            return Err(Refusal::NoEndpoint);
        }
        let mut ids = self.ids();
        let sent = self.emit(&mut ids, account, None, EventKind::WebhookTest, EventData::Test);
        sent.map(Reply::Delivery).ok_or(Refusal::NoEndpoint)
    }

    pub(super) fn report_deliveries(&mut self, outcomes: &[DeliveryOutcome]) -> Reply {
        for outcome in outcomes {
            self.report_delivery(outcome);
        }
        Reply::Done
    }

    /// The bus has these events: nothing else in the cell depends on it.
    pub(super) fn report_published(&mut self, events: &[EventId]) -> Reply {
        self.changes.extend(events.iter().map(|event| Change::BusRemove(*event)));
        Reply::Done
    }

    /// The outbox row goes with its outcome; a report on an attempt that was reported already changes nothing else.
    fn report_delivery(&mut self, outcome: &DeliveryOutcome) {
        self.changes.push(Change::OutboxRemove(outcome.account, outcome.outbox));
        let key = (outcome.account, outcome.delivery);
        let Some(delivery) =
            self.deliveries.get(&key).filter(|one| one.status == DeliveryStatus::Due { row: outcome.outbox }).cloned()
        else {
            return;
        };
        self.judge_endpoint(outcome);
        let attempts = delivery.attempts + 1;
        let status = self.status_after(&delivery, outcome);
        self.change_delivery(outcome.account, outcome.delivery, |delivery| {
            delivery.attempts = attempts;
            delivery.status = status;
            if let Some(url) = &outcome.target_url {
                delivery.target_url.clone_from(url);
            }
            delivery.last_response_status = outcome.response_status;
            delivery.last_error = outcome.error.clone();
        });
        match status {
            DeliveryStatus::Waiting { until } => self.set_retry(outcome.account, outcome.delivery, until),
            DeliveryStatus::Succeeded { .. } | DeliveryStatus::DeadLettered => {
                self.relabel(&delivery, status);
                self.release_next(&delivery);
            }
            DeliveryStatus::Held | DeliveryStatus::Due { .. } => {}
        }
    }

    /// An endpoint that says that it is gone, or that has taken nothing for longer than anybody should wait, is disabled.
    /// What came of attempts to another one, which was there before, says nothing about it.
    fn judge_endpoint(&mut self, outcome: &DeliveryOutcome) {
        let (account, now) = (outcome.account, self.now());
        let Some(endpoint) = self.endpoint(account).filter(|one| outcome.target_url.as_ref() == Some(&one.url)) else {
            return;
        };
        if outcome.error.is_none() {
            return self.forget_failures(account);
        }
        let since = self.failing.get(&account).copied();
        let is_given_up = since.is_some_and(|since| now.since(since) >= self.settings.endpoint_patience);
        let why = match outcome.response_status {
            Some(GONE) => Disabling::Gone,
            Some(_) | None if is_given_up => Disabling::Failing,
            Some(_) | None => {
                if since.is_none() {
                    self.failing.put(self.head.batch, account, now);
                }
                return;
            }
        };
        let disabled = WebhookEndpoint { state: EndpointState::Disabled { at: now, why }, ..endpoint.clone() };
        self.forget_failures(account);
        if let Ok(account) = self.account(account) {
            self.put_account(Account { webhook: Some(disabled), ..Account::clone(&account) });
        }
    }

    /// The account's endpoint does not fail, as far as is known.
    pub(super) fn forget_failures(&mut self, account: AccountId) {
        if self.failing.get(&account).is_some() {
            self.failing.remove(self.head.batch, account);
        }
    }

    /// An account without an endpoint gets no further attempts: its deliveries end one after the other, and nothing waits
    /// for what nobody will take.
    fn status_after(&self, delivery: &Delivery, outcome: &DeliveryOutcome) -> DeliveryStatus {
        if outcome.error.is_none() {
            return DeliveryStatus::Succeeded { at: self.now() };
        }
        if !self.has_endpoint(delivery.account) {
            return DeliveryStatus::DeadLettered;
        }
        match self.settings.delivery_gaps.get(delivery.attempts as usize) {
            Some(&gap) => {
                // Who asks for more time than the schedule gives gets it, within bounds; who asks for less does not.
                let asked = outcome.retry_after.map_or(Millis(0), |asked| Millis(asked.0.min(RETRY_AFTER_MS)));
                DeliveryStatus::Waiting { until: self.now().plus(jittered(gap, delivery).max(asked)) }
            }
            None => DeliveryStatus::DeadLettered,
        }
    }

    /// Keeps the index of a delivery that ends, or is replayed, with this status.
    fn relabel(&mut self, before: &Delivery, status: DeliveryStatus) {
        let index = |status: DeliveryStatus| Index::Delivery(before.account, status.label(), before.id);
        self.changes.extend([Change::Index(index(before.status), false), Change::Index(index(status), true)]);
    }

    fn set_retry(&mut self, account: AccountId, delivery: DeliveryId, due: Timestamp) {
        self.changes.push(Change::TimerAdd(Timer { due, task: TimerTask::RetryDelivery(delivery), account }));
    }

    /// The next delivery of the session's order becomes due; after the last one the order is empty.
    fn release_next(&mut self, ended: &Delivery) {
        let mut ids = self.ids();
        if let Some(next) = ended.next {
            let status = self.make_due(&mut ids, ended.account, next);
            self.change_delivery(ended.account, next, |delivery| delivery.status = status);
        } else if let Some(session) = ended.lane
            && self.lanes.get(&session) == Some(&ended.id)
        {
            self.lanes.remove(self.head.batch, session);
        }
    }

    pub(super) fn retry_delivery(&mut self, ids: &mut CommandIds, account: AccountId, id: DeliveryId) {
        let waits =
            self.deliveries.get(&(account, id)).is_some_and(|one| matches!(one.status, DeliveryStatus::Waiting { .. }));
        if waits {
            let status = self.make_due(ids, account, id);
            self.change_delivery(account, id, |delivery| delivery.status = status);
        }
    }
}

/// A tenth more at most, by the delivery's id, so that what failed together is not tried again together. Ids end in a keyed
/// hash: there is no need for a random number.
fn jittered(gap: Millis, delivery: &Delivery) -> Millis {
    let share = delivery.id.0 as u64 % 1_000;
    Millis(gap.0 + gap.0 / 10 * share / 1_000)
}
