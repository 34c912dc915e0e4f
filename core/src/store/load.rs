//! Prefetch: the rows that a batch needs, read in one go.

use std::sync::Arc;

use super::key;
use super::record::{Malformed, customer, delivery, history, ledger, payment, person, quote, receipt};
use super::record::{redelivery, reference, replay, session};
use super::{Column, Key, Store, StoreError};
use crate::change::{Loaded, Need};

/// What the store has for `needs`, in their order.
pub fn load(store: &dyn Store, needs: &[Need]) -> Result<Vec<Loaded>, StoreError> {
    let places: Vec<(Column, Key)> = needs.iter().map(place).collect();
    let values = store.get_many(&places)?;
    assert_eq!(values.len(), needs.len(), "a store answers every key that it is asked for");
    let rows = needs.iter().zip(&places).zip(values);
    rows.map(|((need, (column, key)), value)| {
        loaded(need, value.as_deref()).map_err(|malformed| corrupt(*column, key, malformed))
    })
    .collect()
}

/// The error for a row that cannot be read.
pub(super) fn corrupt(column: Column, key: &[u8], malformed: Malformed) -> StoreError {
    StoreError::Corrupt { column: column.name(), key: key::hex(key), reason: malformed.0.to_owned() }
}

fn place(need: &Need) -> (Column, Key) {
    match need {
        Need::Session(account, id) => (Column::Sessions, Key::object(*account, *id)),
        Need::Quote(account, id) => (Column::Quotes, Key::object(*account, *id)),
        Need::Payment(account, id) => (Column::Payments, Key::object(*account, *id)),
        Need::Replay(key) => (Column::Replays, Key::replay(key)),
        Need::Person(key) => (Column::Persons, Key::alone(*key)),
        Need::History(entity, key) => (Column::Histories, Key::history(*entity, *key)),
        Need::Receipt(payment) => (Column::Receipts, Key::alone(*payment)),
        Need::Label(payment) => (Column::Labels, Key::alone(*payment)),
        Need::Balance(key) => (Column::Balances, Key::balance(key)),
        Need::Delivery(account, id) => (Column::Deliveries, Key::object(*account, *id)),
        Need::Lane(session) => (Column::Lanes, Key::alone(*session)),
        Need::Failing(account) => (Column::FailingEndpoints, Key::account(*account)),
        Need::Redeliveries(account) => (Column::Redeliveries, Key::account(*account)),
        Need::Customer(account, id) => (Column::Customers, Key::object(*account, *id)),
        Need::DeletedCustomer(account, id) => (Column::DeletedCustomers, Key::object(*account, *id)),
        Need::CustomerName(name) => (Column::CustomerNames, Key::name(name)),
    }
}

fn loaded(need: &Need, value: Option<&[u8]>) -> Result<Loaded, Malformed> {
    Ok(match *need {
        Need::Session(account, id) => {
            Loaded::Session(account, id, shared(value, |bytes| session::decode(account, id, bytes))?)
        }
        Need::Quote(account, id) => {
            Loaded::Quote(account, id, shared(value, |bytes| quote::decode(account, id, bytes))?)
        }
        Need::Payment(account, id) => {
            Loaded::Payment(account, id, shared(value, |bytes| payment::decode(account, id, bytes))?)
        }
        Need::Replay(key) => Loaded::Replay(key, shared(value, |bytes| replay::decode(key.account, bytes))?),
        Need::Person(key) => Loaded::Person(key, value.map(person::decode).transpose()?),
        Need::History(entity, key) => Loaded::History(entity, key, shared(value, history::decode)?),
        Need::Receipt(payment) => Loaded::Receipt(payment, shared(value, |bytes| receipt::decode(payment, bytes))?),
        Need::Label(payment) => Loaded::Label(payment, value.map(history::decode_label).transpose()?),
        Need::Balance(key) => Loaded::Balance(key, value.map(ledger::decode_balance).transpose()?),
        Need::Delivery(account, id) => {
            Loaded::Delivery(account, id, shared(value, |bytes| delivery::decode(account, id, bytes))?)
        }
        Need::Lane(session) => Loaded::Lane(session, value.map(reference::decode_lane).transpose()?),
        Need::Failing(account) => Loaded::Failing(account, value.map(reference::decode_since).transpose()?),
        Need::Redeliveries(account) => {
            Loaded::Redeliveries(account, shared(value, |bytes| redelivery::decode(account, bytes))?)
        }
        Need::Customer(account, id) => {
            Loaded::Customer(account, id, shared(value, |bytes| customer::decode(account, id, bytes))?)
        }
        Need::DeletedCustomer(account, id) => {
            let deleted = value.map(|bytes| customer::decode_deleted(account, id, bytes)).transpose()?;
            Loaded::DeletedCustomer(account, id, deleted)
        }
        Need::CustomerName(name) => Loaded::CustomerName(name, value.map(reference::decode_customer).transpose()?),
    })
}

fn shared<T>(
    value: Option<&[u8]>,
    decode: impl FnOnce(&[u8]) -> Result<T, Malformed>,
) -> Result<Option<Arc<T>>, Malformed> {
    value.map(decode).transpose().map(|object| object.map(Arc::new))
}
