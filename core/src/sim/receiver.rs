//! The partners' receivers and the dispatcher before them: deliveries that are due are sent, refused at times, and told of.

use std::collections::{BTreeMap, BTreeSet};

use super::docket::{Awaited, Door, Heard};
use super::oracle::Fault;
use super::rng::Rng;
use crate::change::OutboxRow;
use crate::command::Command;
use crate::delivery::{DeliveryOutcome, DeliveryStatus};
use crate::endpoint::{EndpointChange, EndpointState};
use crate::event::Event;
use crate::id::{AccountId, DeliveryId, EventId, OutboxId, SessionId};
use crate::ingress::{CellHandle, Lane};
use crate::store::{Reader, StoreError};

/// All receivers.
#[derive(Default)]
pub struct Receivers {
    /// What arrived, in order of arrival, per session.
    received: BTreeMap<SessionId, Vec<EventId>>,
    /// Rows that this process has sent; forgotten when it dies.
    sent: BTreeSet<OutboxId>,
    /// Deliveries that were asked for once more: they come behind what has overtaken them.
    replayed: BTreeSet<DeliveryId>,
    awaited: Vec<(Vec<OutboxId>, Awaited)>,
    /// Deliveries in no session's order that were sent lately, with what they carried.
    unordered: Vec<(DeliveryId, Event)>,
}

impl Receivers {
    /// The process starts: what is due is sent, perhaps once more.
    pub fn restart(&mut self) {
        self.sent.clear();
        self.awaited.clear();
    }

    /// What was asked for once more comes behind what has overtaken it.
    pub fn hear_of(&mut self, done: &Command) {
        if let Command::ReplayDelivery(_, delivery, _) = done {
            self.replayed.insert(*delivery);
        }
        if let Command::AdvanceRedelivery(_, _, step) = done {
            self.replayed.extend(step.events.iter().map(|(event, _)| DeliveryId::of(*event)));
        }
    }

    /// Sends up to `count` deliveries; at times all receivers are down; without `luck` all of them arrive. Gives a sentence
    /// when a receiver is told of something out of order.
    pub fn work(
        &mut self,
        reader: &Reader,
        door: &mut Door<'_>,
        count: usize,
        luck: Option<u8>,
    ) -> Result<Option<String>, StoreError> {
        let mut numbers = luck.map(|luck| Rng::new(u64::from(luck)));
        let mut due = reader.outboxes()?;
        due.sort_unstable_by_key(|row| row.id);
        let handle = door.handle;
        let is_sent_now = |row: &OutboxRow| !self.sent.contains(&row.id) && !is_paused(handle, row.account);
        let paused: BTreeSet<AccountId> =
            due.iter().map(|row| row.account).filter(|account| is_paused(handle, *account)).collect();
        let unsent: Vec<OutboxRow> = due.into_iter().filter(is_sent_now).collect();
        if luck.is_none() {
            // In the end every operator resumes what was paused.
            for account in paused {
                door.ask(Lane::Operator, Command::ChangeEndpoint(account, EndpointChange::Resume), None, None);
            }
        }
        let are_down = luck.is_some_and(|luck| luck % 4 == 3);
        let mut outcomes = Vec::new();
        for row in unsent.into_iter().take(count) {
            let is_refused = are_down || numbers.as_mut().is_some_and(|numbers| numbers.below(4) == 0);
            let target_url = endpoint(door.handle, row.account);
            let is_disabled = target_url.is_none() && has_endpoint(door.handle, row.account);
            let is_gone = is_refused && numbers.as_mut().is_some_and(|numbers| numbers.below(24) == 0);
            let status = match (is_refused || is_disabled, is_gone) {
                (_, true) => 410,
                (true, false) => 500,
                (false, false) => 200,
            };
            let Some((outcome, event)) = attempt(reader, &row, target_url, status)? else { continue };
            if outcome.lane.is_none()
                && let Some(event) = reader.event(row.account, event)?
            {
                self.unordered.push((row.delivery, event));
            }
            if outcome.error.is_none()
                && !self.replayed.contains(&row.delivery)
                && let Some(fault) = self.receive(outcome.lane, event)
            {
                return Ok(Some(fault));
            }
            outcomes.push(outcome);
        }
        self.tell(door, outcomes);
        Ok(None)
    }

    /// The deliveries in no session's order that were sent since the last call.
    pub fn take_unordered(&mut self) -> Vec<(DeliveryId, Event)> {
        std::mem::take(&mut self.unordered)
    }

    /// Whether every outcome was taken.
    pub fn is_quiet(&self) -> bool {
        self.awaited.is_empty()
    }

    /// Something may come twice; what comes for the first time comes in order.
    fn receive(&mut self, lane: Option<SessionId>, event: EventId) -> Option<String> {
        let received = self.received.entry(lane?).or_default();
        let newest = received.last().copied();
        if received.contains(&event) {
            return None;
        }
        received.push(event);
        newest.filter(|newest| *newest > event).map(|newest| {
            format!(
                "a receiver is told of {event:?} after {newest:?}, though both are of {lane:?} and it happened before"
            )
        })
    }

    fn tell(&mut self, door: &mut Door<'_>, outcomes: Vec<DeliveryOutcome>) {
        if outcomes.is_empty() {
            return;
        }
        let rows: Vec<OutboxId> = outcomes.iter().map(|outcome| outcome.outbox).collect();
        if let Some(awaited) = door.ask(Lane::Internal, Command::ReportDeliveries(outcomes), None, None) {
            self.sent.extend(&rows);
            self.awaited.push((rows, awaited));
        }
    }

    /// Looks for answers. What was not taken is sent again with the row that is still there.
    pub fn listen(&mut self, door: &mut Door<'_>) -> Result<(), Fault> {
        for (rows, mut awaited) in std::mem::take(&mut self.awaited) {
            match door.listen(&mut awaited)? {
                Heard::Nothing => self.awaited.push((rows, awaited)),
                Heard::Answer(Ok(_)) => {}
                Heard::Answer(Err(_)) | Heard::Lost => rows.iter().for_each(|row| {
                    self.sent.remove(row);
                }),
            }
        }
        Ok(())
    }
}

/// One attempt; `None` when the delivery is not due any more.
fn attempt(
    reader: &Reader,
    row: &OutboxRow,
    target_url: Option<String>,
    status: u16,
) -> Result<Option<(DeliveryOutcome, EventId)>, StoreError> {
    let Some(delivery) = reader.delivery(row.account, row.delivery)? else { return Ok(None) };
    if delivery.status != (DeliveryStatus::Due { row: row.id }) {
        return Ok(None);
    }
    let outcome = DeliveryOutcome {
        delivery: row.delivery,
        account: row.account,
        lane: delivery.lane,
        outbox: row.id,
        target_url,
        response_status: Some(status),
        error: (status != 200).then(|| format!("the receiver answered {status}")),
        retry_after: None,
    };
    Ok(Some((outcome, delivery.event)))
}

/// Where the account's events go now.
fn endpoint(handle: &CellHandle, account: AccountId) -> Option<String> {
    let endpoint = handle.directory().account(account)?.webhook.clone()?;
    let is_disabled = matches!(endpoint.state, EndpointState::Disabled { .. });
    (!is_disabled).then_some(endpoint.url)
}

fn has_endpoint(handle: &CellHandle, account: AccountId) -> bool {
    handle.directory().account(account).is_some_and(|account| account.webhook.is_some())
}

fn is_paused(handle: &CellHandle, account: AccountId) -> bool {
    let directory = handle.directory();
    let endpoint = directory.account(account).and_then(|account| account.webhook.as_ref());
    endpoint.is_some_and(|endpoint| matches!(endpoint.state, EndpointState::Paused { .. }))
}
