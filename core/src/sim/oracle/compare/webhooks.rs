//! Events, deliveries and the order of sessions. The oracle does not know their ids: an account's rows, in the order of their
//! ids, are what it has told that account, in the order in which it told it.

use crate::change::{Loaded, Need};
use crate::delivery::{Delivery, DeliveryStatus};
use crate::id::{AccountId, DeliveryId, EventId, OutboxId};
use crate::store::Column;

use super::super::deliveries::{Letter, Stand};
use super::super::{Fault, Oracle, differ, equal, same};
use super::shelf::{Shelf, parts};
use super::{same_keys, there};

/// The ids of everything that was told and of its deliveries, each at its place in the oracle's lists.
pub struct Paired {
    pub events: Vec<EventId>,
    pub letters: Vec<DeliveryId>,
}

impl Oracle {
    /// Gives everything the id of its row.
    pub(super) fn pair(&self, shelf: &Shelf) -> Result<Paired, Fault> {
        let told = self.told.iter().map(|event| event.account).collect();
        let sent = self.letters.iter().map(|letter| letter.account).collect();
        let events = by_order(shelf, Column::Events, told).map_err(|fault| fault.of("column events"))?;
        let letters = by_order(shelf, Column::Deliveries, sent).map_err(|fault| fault.of("column deliveries"))?;
        Ok(Paired {
            events: events.into_iter().map(EventId).collect(),
            letters: letters.into_iter().map(DeliveryId).collect(),
        })
    }

    pub(super) fn compare_events(&self, shelf: &Shelf, paired: &Paired) -> Result<(), Fault> {
        for (expected, id) in self.told.iter().zip(&paired.events) {
            let found = there(shelf.reader.event(expected.account, *id)?, id)?;
            let facts = |kind, at, lane| (kind, at, lane);
            equal(
                &format!("kind, time or order of {id:?}"),
                &facts(expected.kind, expected.created_at, expected.lane),
                &facts(found.kind, found.created_at, found.lane),
            )?;
            same::data(&expected.data, &found.data).map_err(|fault| fault.of(&format!("{id:?}")))?;
        }
        Ok(())
    }

    pub(super) fn compare_deliveries(&self, shelf: &Shelf, paired: &Paired) -> Result<(), Fault> {
        for (letter, id) in self.letters.iter().zip(&paired.letters) {
            let found = there(shelf.reader.delivery(letter.account, *id)?, id)?;
            if letter.name.is_some_and(|name| name != *id) {
                return Err(differ("the id that a report named", &letter.name, id));
            }
            let expected = Delivery {
                id: *id,
                account: letter.account,
                event: paired.events[letter.event],
                lane: letter.lane,
                status: expected_status(letter.stand, found.status),
                attempts: letter.attempts,
                last_response_status: letter.last_response_status,
                last_error: letter.last_error.clone(),
                created_at: letter.created_at,
                next: letter.next.map(|next| paired.letters[next]),
            };
            equal("a delivery", &expected, &found)?;
        }
        Ok(())
    }

    /// A session that has undelivered events has a row, with the last of them.
    pub(super) fn compare_lanes(&self, shelf: &Shelf, paired: &Paired) -> Result<(), Fault> {
        let waits = |one: &Letter, lane| one.lane == Some(lane) && one.is_undelivered();
        let last_of = |lane| self.letters.iter().rposition(|one| waits(one, lane));
        let lanes = self.sessions.keys().filter_map(|session| Some((*session, last_of(*session)?)));
        let lanes: Vec<_> = lanes.collect();
        same_keys(shelf, Column::Lanes, lanes.iter().map(|(session, _)| session.0.to_be_bytes().to_vec()))?;
        for (session, last) in lanes {
            let expected = Loaded::Lane(session, Some(paired.letters[last]));
            equal("the end of an order", &expected, &shelf.load(Need::Lane(session))?)?;
        }
        Ok(())
    }
}

/// When exactly a delivery is tried again is for the cell to say, within bounds. Which row asks for it is compared with the
/// outbox.
fn expected_status(stand: Stand, found: DeliveryStatus) -> DeliveryStatus {
    match stand {
        Stand::Held => DeliveryStatus::Held,
        Stand::Due { .. } => match found {
            DeliveryStatus::Due { row } => DeliveryStatus::Due { row },
            DeliveryStatus::Held
            | DeliveryStatus::Waiting { .. }
            | DeliveryStatus::Succeeded { .. }
            | DeliveryStatus::DeadLettered => DeliveryStatus::Due { row: OutboxId(0) },
        },
        Stand::Waiting { earliest, latest } => match found {
            DeliveryStatus::Waiting { until } => DeliveryStatus::Waiting { until: until.clamp(earliest, latest) },
            DeliveryStatus::Held
            | DeliveryStatus::Due { .. }
            | DeliveryStatus::Succeeded { .. }
            | DeliveryStatus::DeadLettered => DeliveryStatus::Waiting { until: earliest },
        },
        Stand::Succeeded { at } => DeliveryStatus::Succeeded { at },
        Stand::Dead => DeliveryStatus::DeadLettered,
    }
}

/// The ids of a column's rows at the places of what they are rows of, each account's in their order.
fn by_order(shelf: &Shelf, column: Column, owners: Vec<AccountId>) -> Result<Vec<u128>, Fault> {
    let rows = shelf.keys(column)?.iter().map(|key| parts(key)).collect::<Result<Vec<_>, Fault>>()?;
    equal("the number of rows", &owners.len(), &rows.len())?;
    let mut taken = vec![false; rows.len()];
    let mut ids = Vec::new();
    for owner in owners {
        let next = (0..rows.len()).find(|place| !taken[*place] && rows[*place].0 == owner.0);
        let place = next.ok_or_else(|| Fault(format!("{owner:?} has too few rows")))?;
        taken[place] = true;
        ids.push(rows[place].1);
    }
    Ok(ids)
}
