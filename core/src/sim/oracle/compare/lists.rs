//! What is kept about many objects: books, remembered answers, persons.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use sha2::{Digest, Sha256};

use crate::change::{Loaded, Need};
use crate::id::{AccountId, Mode};
use crate::ledger::Posting;
use crate::replay::ReplayKey;
use crate::risk::Person;
use crate::risk::velocity::Window;
use crate::store::Column;
use crate::time::Timestamp;

use super::super::books::Booked;
use super::super::risk::{DAY, Guest, HOUR, buckets};
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

    pub(super) fn compare_persons(&self, shelf: &Shelf) -> Result<(), Fault> {
        let visited = self.visits.iter().map(|visit| &visit.guest);
        let mut guests: Vec<&Guest> = visited.chain(self.words.keys()).collect();
        guests.sort();
        guests.dedup();
        same_keys(shelf, Column::Persons, guests.iter().map(|guest| self.person_key(guest).to_vec()))?;
        for guest in guests {
            let name = self.person_key(guest);
            let expected = Loaded::Person(name, Some(self.person(guest)));
            equal("a person", &expected, &shelf.load(Need::Person(name))?)?;
        }
        Ok(())
    }

    /// The history of a person as the cell keeps it, counted from the list of all visits.
    fn person(&self, guest: &Guest) -> Person {
        let visits: Vec<_> = self.visits.iter().filter(|visit| visit.guest == *guest).collect();
        let counts = || visits.iter().map(|visit| (visit.at, 1)).collect::<Vec<_>>();
        let cents: Vec<_> = visits.iter().map(|visit| (visit.at, visit.cents)).collect();
        let declines = self.declines.iter().filter(|(one, _)| one == guest).map(|(_, at)| (*at, 1)).collect();
        Person {
            total_count: visits.len() as u64,
            total_cents: visits.iter().map(|visit| visit.cents).sum(),
            last_at: visits.last().map_or(Timestamp(0), |visit| visit.at),
            count_1h: window(counts(), HOUR),
            count_24h: window(counts(), DAY),
            cents_24h: window(cents, DAY),
            declines_24h: window(declines, DAY),
            said: self.words.get(guest).copied().flatten(),
        }
    }

    /// The first half of SHA-256 over account, mode and reference, or a byte that no text has and the session.
    fn person_key(&self, guest: &Guest) -> [u8; 16] {
        let mode = match self.settings.mode {
            Mode::Sandbox => "test",
            Mode::Live => "live",
        };
        let hash = Sha256::new().chain_update(guest.0.0.to_be_bytes()).chain_update(mode);
        let hash = match &guest.1 {
            Ok(reference) => hash.chain_update(reference),
            Err(session) => hash.chain_update([0xff]).chain_update(session.0.to_be_bytes()),
        };
        let hash: [u8; 32] = hash.finalize().into();
        let mut half = [0; 16];
        half.copy_from_slice(&hash[..16]);
        half
    }
}

/// A window as it stood after the last thing that it counted.
fn window(counted: Vec<(Timestamp, u64)>, span: u64) -> Window {
    let Some((last, _)) = counted.last().copied() else { return Window { bucket: 0, current: 0, previous: 0 } };
    let (current, previous) = buckets(counted.into_iter(), last, span);
    Window { bucket: last.0 / span, current, previous }
}

/// The lines of a set in an order of their own: sets have none.
fn sorted(lines: &[Posting]) -> Vec<(u8, String, Decimal)> {
    let line = |line: &Posting| (line.account as u8, format!("{:?}", line.unit), line.amount);
    let mut lines: Vec<_> = lines.iter().map(line).collect();
    lines.sort();
    lines
}
