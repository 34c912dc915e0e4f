//! What is kept about many objects: books, remembered answers, persons.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::change::{Loaded, Need};
use crate::id::AccountId;
use crate::ledger::Posting;
use crate::replay::ReplayKey;
use crate::risk::{Entity, Labelled, Person};
use crate::store::Column;

use super::super::books::Booked;
use super::super::risk::{Being, Guest};
use super::super::{Fault, Oracle, equal, same};
use super::shelf::{Shelf, key, object, parts};
use super::{same_keys, there};

impl Oracle {
    pub(super) fn compare_balances(&self, shelf: &Shelf) -> Result<(), Fault> {
        let mut found = BTreeMap::new();
        for account in self.accounts.keys() {
            found.extend(shelf.reader.balances(*account)?);
        }
        equal("the balances", &self.balances(), &found)?;
        equal("the number of balances", &found.len(), &shelf.keys(Column::Balances)?.len())
    }

    pub(super) fn compare_postings(&self, shelf: &Shelf) -> Result<(), Fault> {
        let place = |one: &Booked| key(&[&object(one.account.0, one.payment.0), &[one.phase as u8]]);
        same_keys(shelf, Column::Postings, self.booked.iter().map(|one| place(one)))?;
        for booked in &self.booked {
            let sets = shelf.reader.postings(booked.account, booked.payment)?;
            let set = sets.into_iter().find(|(phase, _)| *phase == booked.phase);
            let (_, found) = there(set, &(booked.payment, booked.phase))?;
            equal("a posting set", &sorted(&booked.lines), &sorted(&found))?;
        }
        Ok(())
    }

    /// Answers are there until their timer has run, and no longer.
    pub(super) fn compare_replays(&self, shelf: &Shelf) -> Result<(), Fault> {
        same_keys(
            shelf,
            Column::Replays,
            self.remembered.keys().map(|one| key(&[&one.account.0.to_be_bytes(), &one.key])),
        )?;
        for row in shelf.keys(Column::Replays)? {
            let (account, name) = parts(&row)?;
            let name = ReplayKey { account: AccountId(account), key: name.to_be_bytes() };
            let expected = self.remembered.get(&name).ok_or_else(|| Fault(format!("{name:?} was never used")))?;
            let Loaded::Replay(_, Some(stored)) = shelf.load(Need::Replay(name))? else {
                return Err(Fault(format!("{name:?} cannot be loaded")));
            };
            equal("a remembered request", &(expected.fingerprint, expected.at), &(stored.fingerprint, stored.at))?;
            same::reply(&expected.reply, &stored.reply)?;
        }
        Ok(())
    }

    /// A person has a row when an operator spoke of it.
    pub(super) fn compare_persons(&self, shelf: &Shelf) -> Result<(), Fault> {
        let key = |guest: &Guest| Being::Person(guest.clone()).key(self.settings.mode);
        same_keys(shelf, Column::Persons, self.words.keys().map(|guest| key(guest).to_vec()))?;
        for (guest, said) in &self.words {
            let expected = Loaded::Person(key(guest), Some(Person { said: *said }));
            equal("a person", &expected, &shelf.load(Need::Person(key(guest)))?)?;
        }
        Ok(())
    }

    pub(super) fn compare_histories(&self, shelf: &Shelf) -> Result<(), Fault> {
        let name = |being: &Being| (being.entity(), being.key(self.settings.mode));
        let beings = self.beings();
        let row = |being: &&Being| key(&[&[place(being.entity())], &name(being).1]);
        same_keys(shelf, Column::Histories, beings.iter().map(row))?;
        for being in beings {
            let (entity, key) = name(being);
            let found = there(shelf.reader.history(entity, key)?, being)?;
            equal(&format!("the history of {being:?}"), &self.history(being), &found)?;
        }
        Ok(())
    }

    pub(super) fn compare_labels(&self, shelf: &Shelf) -> Result<(), Fault> {
        same_keys(shelf, Column::Labels, self.labels.keys().map(|payment| payment.0.to_be_bytes().to_vec()))?;
        for (payment, (label, at)) in &self.labels {
            let expected = Labelled { label: *label, at: *at };
            equal("a label", &expected, &there(shelf.reader.label(*payment)?, payment)?)?;
        }
        Ok(())
    }
}

/// The byte before the key of a history.
fn place(entity: Entity) -> u8 {
    match entity {
        Entity::Person => 0,
        Entity::Device => 1,
        Entity::Network => 2,
        Entity::Destination => 3,
        Entity::Partner => 4,
    }
}

/// The lines of a set in an order of their own: sets have none.
fn sorted(lines: &[Posting]) -> Vec<(u8, String, Decimal)> {
    let line = |line: &Posting| (line.account as u8, format!("{:?}", line.unit), line.amount);
    let mut lines: Vec<_> = lines.iter().map(line).collect();
    lines.sort();
    lines
}
