//! Events, deliveries and the order of sessions. The oracle does not know their ids: an account's rows, in the order of their
//! ids, are what it has told that account, in the order in which it told it.

use std::collections::BTreeSet;

use crate::change::{Loaded, Need};
use crate::delivery::DeliveryLabel;
use crate::id::{AccountId, DeliveryId, EventId};
use crate::store::Column;

use super::super::deliveries::{Letter, Stand};
use super::super::{Fault, Oracle, differ, equal, same};
use super::shelf::{Shelf, key, object, parts};
use super::{same_keys, there};

/// The ids of everything that was told and of its deliveries, each at its place in the oracle's lists.
pub struct Paired {
    pub events: Vec<EventId>,
    pub letters: Vec<DeliveryId>,
}

impl Oracle {
    /// Gives everything the id of its row: an account's events by their order, their deliveries by the events.
    pub(super) fn pair(&self, shelf: &Shelf) -> Result<Paired, Fault> {
        let gone = |event: &usize| self.swept.get(event).map(|id| id.0);
        let told = self.told.iter().enumerate().map(|(place, event)| (event.account, gone(&place))).collect();
        let events = by_order(shelf, Column::Events, told).map_err(|fault| fault.of("column events"))?;
        let events: Vec<EventId> = events.into_iter().map(EventId).collect();
        if let Some((id, place)) = self.named.iter().find(|(id, place)| events.get(**place) != Some(*id)) {
            return Err(differ("the id of an event that was heard of", id, &events.get(*place)));
        }
        let letters = self.letters.iter().map(|letter| DeliveryId::of(events[letter.event])).collect();
        Ok(Paired { events, letters })
    }

    pub(super) fn compare_events(&self, shelf: &Shelf, paired: &Paired) -> Result<(), Fault> {
        for (place, (expected, id)) in self.told.iter().zip(&paired.events).enumerate() {
            if self.swept.contains_key(&place) {
                continue;
            }
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

    /// An event has one delivery at most, which is found by the event.
    pub(super) fn compare_deliveries(&self, shelf: &Shelf, paired: &Paired) -> Result<(), Fault> {
        let row = |(letter, id): (&Letter, DeliveryId)| object(letter.account.0, id.0);
        same_keys(shelf, Column::Deliveries, self.kept(paired).map(row))?;
        for (letter, id) in self.kept(paired) {
            let found = there(shelf.reader.delivery(letter.account, id)?, &id)?;
            if letter.name.is_some_and(|name| name != id) {
                return Err(differ("the id that a report named", &letter.name, &id));
            }
            let next = letter.next.map(|next| paired.letters[next]);
            equal("a delivery", &letter.row(id, paired.events[letter.event], next, found.status), &found)?;
        }
        Ok(())
    }

    /// Each delivery lies under what it has come to, and the list says the same.
    pub(super) fn compare_delivery_index(&self, shelf: &Shelf, paired: &Paired) -> Result<(), Fault> {
        let label = |stand: Stand| match stand {
            Stand::Held | Stand::Due { .. } | Stand::Waiting { .. } => (1, DeliveryLabel::Undelivered),
            Stand::Succeeded { .. } => (2, DeliveryLabel::Succeeded),
            Stand::Dead => (3, DeliveryLabel::DeadLettered),
        };
        let all = || self.kept(paired);
        let row = |(letter, id): (&Letter, DeliveryId)| {
            key(&[&letter.account.0.to_be_bytes(), &[label(letter.stand).0], &id.0.to_be_bytes()])
        };
        same_keys(shelf, Column::DeliveryIndex, all().map(row))?;
        for account in self.accounts.keys() {
            for wanted in [DeliveryLabel::Undelivered, DeliveryLabel::Succeeded, DeliveryLabel::DeadLettered] {
                let own = all().filter(|(one, _)| one.account == *account && label(one.stand).1 == wanted);
                let mut expected: Vec<_> = own.map(|(one, id)| (id, self.told[one.event].kind)).collect();
                expected.sort_by_key(|(id, _)| std::cmp::Reverse(*id));
                let (skip, limit) = (expected.len() / 2, 3);
                let page = shelf.reader.deliveries(*account, Some(wanted), &BTreeSet::new(), skip, limit)?;
                let found: Vec<_> = page.into_iter().map(|(one, kind)| (one.id, kind)).collect();
                let expected: Vec<_> = expected.into_iter().skip(skip).take(limit).collect();
                equal("a page of the list", &expected, &found)?;
            }
        }
        Ok(())
    }

    /// The deliveries that are not gone, with their ids.
    pub(super) fn kept<'a>(&'a self, paired: &'a Paired) -> impl Iterator<Item = (&'a Letter, DeliveryId)> {
        let all = self.letters.iter().zip(paired.letters.iter().copied());
        all.filter(|(letter, _)| !self.is_swept(letter))
    }

    /// One row for each account that ever had a redelivery.
    pub(super) fn compare_redeliveries(&self, shelf: &Shelf) -> Result<(), Fault> {
        same_keys(shelf, Column::Redeliveries, self.orders.keys().map(|account| account.0.to_be_bytes().to_vec()))?;
        for (account, orders) in &self.orders {
            let expected: Vec<_> = orders.iter().map(|order| order.job.clone()).collect();
            equal("the redeliveries", &expected, &shelf.reader.redeliveries(*account)?)?;
        }
        Ok(())
    }

    /// One row for each endpoint that fails.
    pub(super) fn compare_failing_endpoints(&self, shelf: &Shelf) -> Result<(), Fault> {
        same_keys(
            shelf,
            Column::FailingEndpoints,
            self.failing.keys().map(|account| account.0.to_be_bytes().to_vec()),
        )?;
        for (account, since) in &self.failing {
            equal("since when an endpoint fails", &Some(*since), &shelf.reader.failing_since(*account)?)?;
        }
        Ok(())
    }

    /// A session that has undelivered events has a row, with the last of them.
    pub(super) fn compare_lanes(&self, shelf: &Shelf, paired: &Paired) -> Result<(), Fault> {
        let lanes = self.sessions.keys().filter_map(|session| Some((*session, self.last_of(Some(*session))?)));
        let lanes: Vec<_> = lanes.collect();
        same_keys(shelf, Column::Lanes, lanes.iter().map(|(session, _)| session.0.to_be_bytes().to_vec()))?;
        for (session, last) in lanes {
            let expected = Loaded::Lane(session, Some(paired.letters[last]));
            equal("the end of an order", &expected, &shelf.load(Need::Lane(session))?)?;
        }
        Ok(())
    }
}

/// The ids of a column's rows at the places of what they are rows of, each account's in their order; what is gone has had one.
fn by_order(shelf: &Shelf, column: Column, owners: Vec<(AccountId, Option<u128>)>) -> Result<Vec<u128>, Fault> {
    let rows = shelf.keys(column)?.iter().map(|key| parts(key)).collect::<Result<Vec<_>, Fault>>()?;
    let kept = owners.iter().filter(|(_, gone)| gone.is_none()).count();
    equal("the number of rows", &kept, &rows.len())?;
    let mut taken = vec![false; rows.len()];
    let mut ids = Vec::new();
    for (owner, gone) in owners {
        if let Some(id) = gone {
            ids.push(id);
            continue;
        }
        let next = (0..rows.len()).find(|place| !taken[*place] && rows[*place].0 == owner.0);
        let place = next.ok_or_else(|| Fault(format!("{owner:?} has too few rows")))?;
        taken[place] = true;
        ids.push(rows[place].1);
    }
    Ok(ids)
}
