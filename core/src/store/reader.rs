//! Typed reads of synced rows, beside the writer.

mod decisions;
mod lists;
mod redeliveries;
mod retention;
mod risk;

use std::sync::Arc;

use rust_decimal::Decimal;

pub use lists::TransactionFilter;
pub use redeliveries::PageBounds;

use super::encode::HEAD;
use super::load::corrupt;
use super::record::{Malformed, account, customer, delivery, event, head, ledger, payment, person, quote, rail};
use super::record::{reference, session};
use super::{Column, Key, Row, Scan, Store, StoreError, key};
use crate::account::Account;
use crate::change::{BusRow, Head, OutboxRow};
use crate::command::Timer;
use crate::customer::{Customer, CustomerName};
use crate::delivery::Delivery;
use crate::event::{Event, EventData};
use crate::id::{
    AccountId, AttemptId, CustomerId, DeliveryId, EventId, OutboxId, PaymentId, QuoteId, SessionId, TransactionId,
};
use crate::ledger::{BalanceKey, Phase, Posting};
use crate::payment::Payment;
use crate::quote::Quote;
use crate::rail::RailWork;
use crate::risk::Person;
use crate::session::Session;
use crate::time::Timestamp;

/// Reads typed objects. Cheap to clone; every call may wait for the disk, unless it is a [`Reader::cached`] one.
#[derive(Clone)]
pub struct Reader {
    store: Arc<dyn Store>,
    cached: bool,
}

impl Reader {
    /// A reader of `store`.
    pub fn new(store: Arc<dyn Store>) -> Reader {
        Reader { store, cached: false }
    }

    /// A reader that never waits for the disk: it answers single objects from memory and gives
    /// [`StoreError::NotCached`] for everything else, lists included.
    pub fn cached(&self) -> Reader {
        Reader { store: self.store.clone(), cached: true }
    }

    /// Where the cell stands; `None` before the first batch.
    pub fn head(&self) -> Result<Option<Head>, StoreError> {
        self.get(Column::Meta, &Key::meta(HEAD), head::decode)
    }

    /// All accounts, in the order of their ids.
    pub fn accounts(&self) -> Result<Vec<Arc<Account>>, StoreError> {
        self.list(Column::Accounts, &everything(), usize::MAX, |key, value| {
            let id = AccountId::from(key::parse_alone(key)?);
            account::decode(id, value).map(Arc::new)
        })
    }

    /// A session of an account.
    pub fn session(&self, account: AccountId, id: SessionId) -> Result<Option<Session>, StoreError> {
        self.get(Column::Sessions, &Key::object(account, id), |bytes| session::decode(account, id, bytes))
    }

    /// A quote of an account.
    pub fn quote(&self, account: AccountId, id: QuoteId) -> Result<Option<Quote>, StoreError> {
        self.get(Column::Quotes, &Key::object(account, id), |bytes| quote::decode(account, id, bytes))
    }

    /// All payments of an account, oldest first.
    pub fn payments(&self, account: AccountId) -> Result<Vec<Payment>, StoreError> {
        self.list(Column::Payments, &within(&Key::account(account)), usize::MAX, |key, value| {
            let (account, id) = key::parse_object(key)?;
            payment::decode(account, id.into(), value)
        })
    }

    /// A payment of an account.
    pub fn payment(&self, account: AccountId, id: PaymentId) -> Result<Option<Payment>, StoreError> {
        self.get(Column::Payments, &Key::object(account, id), |bytes| payment::decode(account, id, bytes))
    }

    /// The payment behind a transaction of an account.
    pub fn transaction(&self, account: AccountId, id: TransactionId) -> Result<Option<Payment>, StoreError> {
        let key = Key::object(account, id);
        let Some(payment) = self.get(Column::Transactions, &key, reference::decode_transaction)? else {
            return Ok(None);
        };
        let missing = || corrupt(Column::Transactions, &key, Malformed("it names a payment that does not exist"));
        self.payment(account, payment)?.map(Some).ok_or_else(missing)
    }

    /// A customer of an account; none when it was deleted.
    pub fn customer(&self, account: AccountId, id: CustomerId) -> Result<Option<Customer>, StoreError> {
        self.get(Column::Customers, &Key::object(account, id), |bytes| customer::decode(account, id, bytes))
    }

    /// Up to `limit` customers of an account that are not deleted, newest first, older than `after`.
    ///
    /// `after` need not exist (any more).
    pub fn customers(
        &self,
        account: AccountId,
        after: Option<CustomerId>,
        limit: usize,
    ) -> Result<Vec<Customer>, StoreError> {
        let range = older(&Key::account(account), after.map(|id| Key::object(account, id)));
        self.list(Column::Customers, &range, limit, |key, value| {
            let (account, id) = key::parse_object(key)?;
            customer::decode(account, id.into(), value)
        })
    }

    /// The customer that all of `names` belong to; none when they belong to several, and when it was deleted.
    pub fn customer_named(&self, names: &[CustomerName]) -> Result<Option<Customer>, StoreError> {
        let mut found = None;
        for name in names {
            let id = self.get(Column::CustomerNames, &Key::name(name), reference::decode_customer)?;
            let named = id.map(|id| (name.account, id));
            if named.is_none() || found.is_some_and(|other| Some(other) != named) {
                return Ok(None);
            }
            found = named;
        }
        found.map_or(Ok(None), |(account, id)| self.customer(account, id))
    }

    /// What an operator says of the person with this key.
    pub fn person(&self, key: [u8; 16]) -> Result<Option<Person>, StoreError> {
        self.get(Column::Persons, &Key::alone(key), person::decode)
    }

    /// An event of an account. What it says of a person is read where that can be erased.
    pub fn event(&self, account: AccountId, id: EventId) -> Result<Option<Event>, StoreError> {
        let event = self.get(Column::Events, &Key::object(account, id), |bytes| event::decode(account, id, bytes))?;
        let Some(mut event) = event else { return Ok(None) };
        if let EventData::Customer(facts, terms) = &mut event.data {
            let key = Key::version(account, facts.id, facts.version);
            *terms = self.get(Column::CustomerVersions, &key, customer::decode_terms)?.map(Arc::new);
        }
        Ok(Some(event))
    }

    /// A webhook delivery of an account.
    pub fn delivery(&self, account: AccountId, id: DeliveryId) -> Result<Option<Delivery>, StoreError> {
        self.get(Column::Deliveries, &Key::object(account, id), |bytes| delivery::decode(account, id, bytes))
    }

    /// Since when an account's endpoint fails, if it does.
    pub fn failing_since(&self, account: AccountId) -> Result<Option<Timestamp>, StoreError> {
        self.get(Column::FailingEndpoints, &Key::account(account), reference::decode_since)
    }

    /// The posting sets of a payment, in the order of their phases.
    pub fn postings(&self, account: AccountId, payment: PaymentId) -> Result<Vec<(Phase, Vec<Posting>)>, StoreError> {
        let range = within(&Key::object(account, payment));
        self.list(Column::Postings, &range, usize::MAX, |key, value| {
            let (_, _, phase) = key::parse_postings(key)?;
            Ok((phase, ledger::decode_postings(value)?))
        })
    }

    /// The balances of an account's books, ordered by ledger account and unit.
    pub fn balances(&self, account: AccountId) -> Result<Vec<(BalanceKey, Decimal)>, StoreError> {
        self.list(Column::Balances, &within(&Key::account(account)), usize::MAX, |key, value| {
            Ok((key::parse_balance(key)?, ledger::decode_balance(value)?))
        })
    }

    /// Up to `limit` deliveries of an account that are due, in commit order, behind `after`.
    pub fn outbox(
        &self,
        account: AccountId,
        after: Option<OutboxId>,
        limit: usize,
    ) -> Result<Vec<OutboxRow>, StoreError> {
        let prefix = within(&Key::account(account));
        let range = match after {
            Some(after) => Scan { from: key::after(&Key::object(account, after)), ..prefix },
            None => prefix,
        };
        self.list(Column::Outbox, &range, limit, outbox_row)
    }

    /// All deliveries that are due, account by account.
    pub fn outboxes(&self) -> Result<Vec<OutboxRow>, StoreError> {
        self.list(Column::Outbox, &everything(), usize::MAX, outbox_row)
    }

    /// Up to `limit` pieces of work for rails, in commit order, behind `after`.
    pub fn rail_work(&self, after: Option<AttemptId>, limit: usize) -> Result<Vec<RailWork>, StoreError> {
        let range = behind(after.map(Key::alone));
        self.list(Column::RailWork, &range, limit, |key, value| rail::decode(key::parse_alone(key)?.into(), value))
    }

    /// Up to `limit` events that the event bus has not confirmed, in commit order, behind `after`.
    pub fn bus(&self, after: Option<EventId>, limit: usize) -> Result<Vec<BusRow>, StoreError> {
        let range = behind(after.map(Key::alone));
        self.list(Column::Bus, &range, limit, |key, value| reference::decode_bus(key::parse_alone(key)?.into(), value))
    }

    /// The work of one attempt; `None` once its outcome is durable.
    pub fn rail_work_of(&self, attempt: AttemptId) -> Result<Option<RailWork>, StoreError> {
        self.get(Column::RailWork, &Key::alone(attempt), |bytes| rail::decode(attempt, bytes))
    }

    /// Up to `limit` timers that are due at `until` or before, in order, behind `after`.
    pub fn timers(&self, after: Option<&Timer>, until: Timestamp, limit: usize) -> Result<Vec<Timer>, StoreError> {
        let end = until.0.checked_add(1).map(|next| next.to_be_bytes().to_vec());
        let range = Scan { until: end, ..behind(after.map(Key::timer)) };
        self.list(Column::Timers, &range, limit, |key, _| key::parse_timer(key))
    }
}

impl Reader {
    fn get<T>(
        &self,
        column: Column,
        key: &Key,
        decode: impl FnOnce(&[u8]) -> Result<T, Malformed>,
    ) -> Result<Option<T>, StoreError> {
        let value = if self.cached {
            self.store.get_cached(column, key)?
        } else {
            self.store.get_many(&[(column, *key)])?.pop().flatten()
        };
        let object = value.as_deref().map(decode).transpose();
        object.map_err(|malformed| corrupt(column, key, malformed))
    }

    fn list<T>(
        &self,
        column: Column,
        range: &Scan,
        limit: usize,
        decode: impl Fn(&[u8], &[u8]) -> Result<T, Malformed>,
    ) -> Result<Vec<T>, StoreError> {
        if self.cached {
            return Err(StoreError::NotCached);
        }
        let rows: Vec<Row> = self.store.scan(column, range, limit)?;
        let decoded =
            rows.iter().map(|(key, value)| decode(key, value).map_err(|malformed| corrupt(column, key, malformed)));
        decoded.collect()
    }
}

fn everything() -> Scan {
    Scan { from: Vec::new(), until: None, newest_first: false }
}

fn outbox_row(key: &[u8], value: &[u8]) -> Result<OutboxRow, Malformed> {
    let (account, id) = key::parse_object(key)?;
    reference::decode_outbox(account, id.into(), value)
}

/// Everything that begins with `prefix`, oldest first.
fn within(prefix: &[u8]) -> Scan {
    Scan { from: prefix.to_vec(), until: key::after_prefix(prefix), newest_first: false }
}

/// Everything that begins with `prefix` and lies before `cursor`, newest first.
fn older(prefix: &[u8], cursor: Option<Key>) -> Scan {
    let until = cursor.map_or_else(|| key::after_prefix(prefix), |cursor| Some(cursor.to_vec()));
    Scan { from: prefix.to_vec(), until, newest_first: true }
}

/// Everything behind `cursor`, oldest first.
fn behind(cursor: Option<Key>) -> Scan {
    Scan { from: cursor.map_or_else(Vec::new, |cursor| key::after(&cursor)), ..everything() }
}
