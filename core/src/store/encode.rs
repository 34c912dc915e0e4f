//! From effects to rows.

use super::record::{
    account, customer, delivery, event, head, history, ledger, models, payment, person, policy, quote,
};
use super::record::{rail, receipt, redelivery, reference, replay, session};
use super::{Batch, Column, Key};
use crate::change::{BusRow, Change, CustomerChange, Effects, Index, OutboxRow, RiskChange};
use crate::id::{AccountId, DeliveryId, PaymentId, SessionId};
use crate::ledger::Posting;
use crate::rail::RailWork;
use crate::redelivery::Redelivery;
use crate::replay::{Replay, ReplayKey};
use crate::risk::Labelled;
use crate::time::Timestamp;

/// The row of `meta` that holds the head.
pub(super) const HEAD: &str = "head";

/// The row of `models` that holds the plan.
pub(super) const PLAN: &str = "plan";

/// What a change takes on average with its key: a guess that spares the arena most of its growth.
const BYTES_PER_CHANGE: usize = 128;

impl Batch {
    /// The rows of `effects`, in their order, and the head behind them.
    pub fn encode(effects: &Effects) -> Batch {
        let mut batch = Batch::new(effects.head);
        batch.reserve(effects.changes.len() + 1, (effects.changes.len() + 1) * BYTES_PER_CHANGE);
        for change in &effects.changes {
            encode_change(&mut batch, change);
        }
        batch.put_with(Column::Meta, &Key::meta(HEAD), |out| head::encode(&effects.head, out));
        batch
    }
}

fn encode_change(batch: &mut Batch, change: &Change) {
    match change {
        Change::Account(row) => {
            batch.put_with(Column::Accounts, &Key::account(row.id), |out| account::encode(row, out))
        }
        Change::Session(row) => {
            batch.put_with(Column::Sessions, &Key::object(row.account, row.id), |out| session::encode(row, out));
        }
        Change::Index(index, is_there) => encode_index(batch, *index, *is_there),
        Change::Quote(row) => {
            batch.put_with(Column::Quotes, &Key::object(row.account, row.id), |out| quote::encode(row, out));
        }
        Change::Payment(row) => {
            batch.put_with(Column::Payments, &Key::object(row.account, row.id), |out| payment::encode(row, out));
        }
        Change::Transaction(account, transaction, payment) => {
            encode_transaction(batch, &Key::object(*account, *transaction), *payment);
        }
        Change::Replay(key, row) => encode_replay(batch, key, row.as_deref()),
        Change::Person(key, row) => batch.put_with(Column::Persons, &Key::alone(*key), |out| person::encode(row, out)),
        Change::History(entity, key, row) => {
            batch.put_with(Column::Histories, &Key::history(*entity, *key), |out| history::encode(row, out));
        }
        Change::Label(payment, row) => encode_label(batch, *payment, row.as_ref()),
        Change::Models(plan) => batch.put_with(Column::Models, &Key::meta(PLAN), |out| models::encode(plan, out)),
        Change::Balance(key, balance) => {
            batch.put_with(Column::Balances, &Key::balance(key), |out| ledger::encode_balance(*balance, out));
        }
        Change::Postings(account, payment, phase, set) => {
            encode_postings(batch, &Key::postings(*account, *payment, *phase), set);
        }
        Change::Receipt(row) => {
            batch.put_with(Column::Receipts, &Key::alone(row.payment), |out| receipt::encode(row, out));
        }
        Change::Event(row) => {
            batch.put_with(Column::Events, &Key::object(row.account, row.id), |out| event::encode(row, out));
        }
        Change::Delivery(row) => {
            batch.put_with(Column::Deliveries, &Key::object(row.account, row.id), |out| delivery::encode(row, out));
        }
        Change::EventRemove(account, id) => batch.delete(Column::Events, &Key::object(*account, *id)),
        Change::DeliveryRemove(account, id) => batch.delete(Column::Deliveries, &Key::object(*account, *id)),
        Change::Lane(session, last) => encode_lane(batch, *session, *last),
        Change::Failing(account, since) => encode_failing(batch, *account, *since),
        Change::Redeliveries(account, jobs) => encode_redeliveries(batch, *account, jobs),
        Change::Customer(change) => encode_customer_change(batch, change),
        Change::OutboxAdd(row) => encode_outbox(batch, row),
        Change::OutboxRemove(account, id) => batch.delete(Column::Outbox, &Key::object(*account, *id)),
        Change::BusAdd(row) => encode_bus(batch, row),
        Change::BusRemove(event) => batch.delete(Column::Bus, &Key::alone(*event)),
        Change::RailWorkAdd(row) => encode_rail_work(batch, row),
        Change::RailWorkRemove(attempt) => batch.delete(Column::RailWork, &Key::alone(*attempt)),
        Change::Risk(change) => encode_risk_change(batch, change),
        Change::TimerAdd(timer) => batch.put(Column::Timers, &Key::timer(timer), &[]),
        Change::TimerRemove(timer) => batch.delete(Column::Timers, &Key::timer(timer)),
    }
}

fn encode_outbox(batch: &mut Batch, row: &OutboxRow) {
    batch.put_with(Column::Outbox, &Key::object(row.account, row.id), |out| reference::encode_outbox(row, out));
}

fn encode_replay(batch: &mut Batch, key: &ReplayKey, row: Option<&Replay>) {
    let fill = row.map(|row| move |out: &mut Vec<u8>| replay::encode(row, out));
    set(batch, Column::Replays, &Key::replay(key), fill);
}

fn encode_transaction(batch: &mut Batch, key: &Key, payment: PaymentId) {
    batch.put_with(Column::Transactions, key, |out| reference::encode_transaction(payment, out));
}

fn encode_postings(batch: &mut Batch, key: &Key, postings: &[Posting]) {
    batch.put_with(Column::Postings, key, |out| ledger::encode_postings(postings, out));
}

fn encode_label(batch: &mut Batch, payment: PaymentId, row: Option<&Labelled>) {
    let fill = row.map(|row| move |out: &mut Vec<u8>| history::encode_label(row, out));
    set(batch, Column::Labels, &Key::alone(payment), fill);
}

fn encode_lane(batch: &mut Batch, session: SessionId, last: Option<DeliveryId>) {
    let fill = last.map(|last| move |out: &mut Vec<u8>| reference::encode_lane(last, out));
    set(batch, Column::Lanes, &Key::alone(session), fill);
}

fn encode_bus(batch: &mut Batch, row: &BusRow) {
    batch.put_with(Column::Bus, &Key::alone(row.event), |out| reference::encode_bus(row, out));
}

fn encode_rail_work(batch: &mut Batch, row: &RailWork) {
    batch.put_with(Column::RailWork, &Key::alone(row.attempt), |out| rail::encode(row, out));
}

fn encode_failing(batch: &mut Batch, account: AccountId, since: Option<Timestamp>) {
    let fill = since.map(|since| move |out: &mut Vec<u8>| reference::encode_since(since, out));
    set(batch, Column::FailingEndpoints, &Key::account(account), fill);
}

fn encode_redeliveries(batch: &mut Batch, account: AccountId, jobs: &[Redelivery]) {
    batch.put_with(Column::Redeliveries, &Key::account(account), |out| redelivery::encode(jobs, out));
}

fn encode_customer_change(batch: &mut Batch, change: &CustomerChange) {
    match change {
        CustomerChange::Row(account, id, row) => {
            let fill = row.as_ref().map(|row| move |out: &mut Vec<u8>| customer::encode(row, out));
            set(batch, Column::Customers, &Key::object(*account, *id), fill);
        }
        CustomerChange::Deleted(row) => {
            let key = Key::object(row.account, row.id);
            batch.put_with(Column::DeletedCustomers, &key, |out| customer::encode_deleted(row, out));
        }
        CustomerChange::Name(name, id) => {
            batch.put_with(Column::CustomerNames, &Key::name(name), |out| reference::encode_customer(*id, out));
        }
        CustomerChange::Version(row) => {
            let key = Key::version(row.facts.account, row.facts.id, row.facts.version);
            batch.put_with(Column::CustomerVersions, &key, |out| customer::encode_terms(&row.terms, out));
        }
        CustomerChange::VersionRemove(account, id, version) => {
            batch.delete(Column::CustomerVersions, &Key::version(*account, *id, *version));
        }
    }
}

fn encode_risk_change(batch: &mut Batch, change: &RiskChange) {
    match change {
        RiskChange::ReviewAdd(row) => {
            batch.put_with(Column::Reviews, &Key::alone(row.payment), |out| reference::encode_review(row, out));
        }
        RiskChange::ReviewRemove(payment) => batch.delete(Column::Reviews, &Key::alone(*payment)),
        RiskChange::Policy(row) => {
            batch.put_with(Column::RiskPolicies, &Key::number(row.version), |out| policy::encode(row, out));
        }
        RiskChange::PolicyRemove(version) => batch.delete(Column::RiskPolicies, &Key::number(*version)),
    }
}

fn encode_index(batch: &mut Batch, index: Index, is_there: bool) {
    let (column, key, payment) = match index {
        Index::Session(account, label, session) => {
            (Column::SessionIndex, Key::labelled(account, label, Some(session.into())), None)
        }
        Index::Transaction(account, label, transaction, payment) => {
            (Column::TransactionIndex, Key::labelled(account, label, Some(transaction.into())), Some(payment))
        }
        Index::SessionTransaction(account, session, transaction, payment) => {
            (Column::SessionTransactions, Key::belonging(account, session, transaction), Some(payment))
        }
        Index::Delivery(account, label, delivery) => {
            (Column::DeliveryIndex, Key::labelled(account, label, Some(delivery.into())), None)
        }
    };
    let fill = |out: &mut Vec<u8>| payment.into_iter().for_each(|payment| reference::encode_transaction(payment, out));
    set(batch, column, &key, is_there.then_some(fill));
}

/// Writes the row when there is something to fill it with, else removes it.
fn set(batch: &mut Batch, column: Column, key: &Key, fill: Option<impl FnOnce(&mut Vec<u8>)>) {
    match fill {
        Some(fill) => batch.put_with(column, key, fill),
        None => batch.delete(column, key),
    }
}
