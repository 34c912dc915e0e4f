//! Retention: events and deliveries that are gone. Their places in the lists stay, since others are counted from them.

use crate::command::Reply;
use crate::event::OldEvent;
use crate::id::{AccountId, DeliveryId, EventId};
use crate::redelivery::RedeliveryStatus;
use crate::store::{Column, Scan, Store};

use super::compare::shelf::{object, parts};
use super::deliveries::Letter;
use super::{Fault, Oracle, equal, names};

impl Oracle {
    /// The ids of an account's events on disk, each with its place in the list of all.
    pub fn names_of_events(&self, account: AccountId, store: &dyn Store) -> Result<Vec<(EventId, usize)>, Fault> {
        let (from, until) = (object(account.0, 0), Some(object(account.0, u128::MAX)));
        let rows = store.scan(Column::Events, &Scan { from, until, newest_first: false }, usize::MAX)?;
        let own = |place: &usize| self.told[*place].account == account && !self.swept.contains_key(place);
        let places: Vec<usize> = (0..self.told.len()).filter(own).collect();
        equal("how many events an account has", &places.len(), &rows.len())?;
        let ids = rows.iter().map(|(key, _)| parts(key).map(|(_, id)| EventId(id))).collect::<Result<Vec<_>, _>>()?;
        Ok(ids.into_iter().zip(places).collect())
    }

    /// Takes in which events these ids are of.
    pub fn hear_of_events(&mut self, names: &[(EventId, usize)]) {
        self.named.extend(names.iter().copied());
    }

    /// Old events go with their deliveries, unless these are on their way.
    pub(super) fn sweep(&mut self, account: AccountId, events: &[OldEvent]) -> Reply {
        for event in events {
            let place = self.named.get(&event.id).copied().filter(|place| self.told[*place].account == account);
            let age = self.now().0.saturating_sub(names::drawn_at(event.id.0).0);
            let Some(place) = place.filter(|_| age >= self.settings.event_life.0) else { continue };
            let letter = self.letters.iter().position(|letter| letter.event == place);
            if self.swept.contains_key(&place)
                || self.is_awaited(account, event.id)
                || letter.is_some_and(|letter| self.letters[letter].is_undelivered())
            {
                continue;
            }
            self.touch();
            self.swept.insert(place, event.id);
            if let Some(letter) = letter {
                self.letters[letter].name = Some(DeliveryId::of(event.id));
            }
        }
        Reply::Done
    }

    /// Whether a redelivery that runs has yet to look at an event.
    fn is_awaited(&self, account: AccountId, event: EventId) -> bool {
        let mut orders = self.orders.get(&account).into_iter().flatten();
        orders.any(|order| order.job.status == RedeliveryStatus::Running && order.job.reached < event)
    }

    /// Whether a delivery is gone.
    pub(super) fn is_swept(&self, letter: &Letter) -> bool {
        self.swept.contains_key(&letter.event)
    }
}
