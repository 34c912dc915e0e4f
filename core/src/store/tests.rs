//! What every store does: the same tests run on the one in memory and on the embedded one.

mod batches;
mod customers;
mod decisions;
mod lists;

use std::sync::Arc;

use super::record::samples::*;
use super::*;
use crate::change::{BusRow, Change, CustomerChange, Effects, Index, Loaded, Need};
use crate::command::{Timer, TimerTask};
use crate::delivery::{DeliveryLabel, DeliveryStatus};
use crate::event::{Event, EventData};
use crate::id::{AccountId, AttemptId, OutboxId, SessionId};
use crate::ledger::{BalanceKey, LedgerAccount, Phase};
use crate::money::{Asset, Unit};
use crate::payment::PaymentLabel;
use crate::rail::RailWork;
use crate::risk::Entity;
use crate::session::{Session, SessionLabel, SessionStatus};
use crate::time::Timestamp;

/// Runs `test` on an empty store of each kind.
fn on_each_store(test: impl Fn(Arc<dyn Store>)) {
    test(Arc::new(MemoryStore::new()));
    #[cfg(feature = "rocksdb")]
    {
        let directory = tempfile::tempdir().unwrap();
        let identity = Identity { mode: crate::id::Mode::Sandbox };
        test(Arc::new(RocksStore::open(directory.path(), identity, StoreMemory::default()).unwrap()));
    }
}

fn write(store: &Arc<dyn Store>, changes: Vec<Change>) -> Reader {
    store.commit(&[Batch::encode(&Effects { head: head(), changes })]).unwrap();
    Reader::new(Arc::clone(store))
}

/// Everything that a batch can write.
fn every_change() -> Vec<Change> {
    let [event, ..] = events();
    let [_, _, replay, ..] = replays();
    vec![
        Change::Account(Arc::new(account())),
        Change::Session(Arc::new(session())),
        Change::Index(Index::Session(ACCOUNT, SessionLabel::Completed, SESSION), true),
        Change::Quote(Arc::new(quote())),
        Change::Payment(Arc::new(payment())),
        Change::Transaction(ACCOUNT, TRANSACTION, PAYMENT),
        Change::Index(Index::Transaction(ACCOUNT, PaymentLabel::Settled, TRANSACTION, PAYMENT), true),
        Change::Index(Index::SessionTransaction(ACCOUNT, SESSION, TRANSACTION, PAYMENT), true),
        Change::Replay(REPLAY_KEY, Some(Arc::new(replay))),
        Change::Person([7; 16], person()),
        Change::History(Entity::Device, [7; 16], Arc::new(history())),
        Change::Label(PAYMENT, Some(labelled())),
        Change::Models(Arc::new(model_plan())),
        Change::Balance(balance_key(), balance()),
        Change::Postings(ACCOUNT, PAYMENT, Phase::Settled, posting_set()),
        Change::Receipt(Arc::new(receipt(model()))),
        Change::Event(Arc::new(event)),
        Change::Delivery(Arc::new(delivery(DeliveryStatus::Due { row: outbox_row().id }))),
        Change::Index(Index::Delivery(ACCOUNT, DeliveryLabel::Undelivered, outbox_row().delivery), true),
        Change::Lane(SESSION, Some(delivery(DeliveryStatus::Due { row: outbox_row().id }).id)),
        Change::OutboxAdd(outbox_row()),
        Change::BusAdd(bus_row()),
        Change::Failing(ACCOUNT, Some(Timestamp(5))),
        Change::Redeliveries(ACCOUNT, Arc::new(redeliveries())),
        Change::RailWorkAdd(Box::new(rail_work())),
        Change::TimerAdd(timer(9, 1)),
        CustomerChange::Row(ACCOUNT, CUSTOMER, Some(Arc::new(customer()))).into(),
        CustomerChange::Deleted(deleted_customer()).into(),
        CustomerChange::Name(customer_name(), CUSTOMER).into(),
        CustomerChange::Version(Arc::new(customer())).into(),
    ]
}

fn bus_row() -> BusRow {
    BusRow { event: events()[0].id, account: ACCOUNT, lane: Some(SESSION) }
}

fn balance_key() -> BalanceKey {
    BalanceKey { owner: ACCOUNT, account: LedgerAccount::Wallet, unit: Unit::Asset(Asset::parse("USDC").unwrap()) }
}

fn timer(due: u64, session: u128) -> Timer {
    Timer { due: Timestamp(due), task: TimerTask::ExpireSession(SessionId(session)), account: ACCOUNT }
}

#[test]
fn what_is_written_is_read() {
    on_each_store(|store| {
        assert_eq!(Reader::new(Arc::clone(&store)).head().unwrap(), None);
        let reader = write(&store, every_change());
        assert_eq!(reader.head().unwrap(), Some(head()));
        assert_eq!(reader.accounts().unwrap(), [Arc::new(account())]);
        assert_eq!(reader.session(ACCOUNT, SESSION).unwrap(), Some(session()));
        assert_eq!(reader.quote(ACCOUNT, QUOTE).unwrap(), Some(quote()));
        assert_eq!(reader.payment(ACCOUNT, PAYMENT).unwrap(), Some(payment()));
        assert_eq!(reader.transaction(ACCOUNT, TRANSACTION).unwrap(), Some(payment()));
        decisions::are_read(&reader);
        assert_eq!(reader.postings(ACCOUNT, PAYMENT).unwrap(), [(Phase::Settled, posting_set())]);
        assert_eq!(reader.balances(ACCOUNT).unwrap(), [(balance_key(), balance())]);
        assert_eq!(reader.event(ACCOUNT, events()[0].id).unwrap(), Some(events()[0].clone()));
        let sent = delivery(DeliveryStatus::Due { row: outbox_row().id });
        assert_eq!(reader.delivery(ACCOUNT, sent.id).unwrap(), Some(sent));
        assert_eq!(reader.outboxes().unwrap(), [outbox_row()]);
        assert_eq!(reader.bus(None, 9).unwrap(), [bus_row()]);
        assert_eq!(reader.bus(Some(bus_row().event), 9).unwrap(), []);
        assert_eq!(reader.failing_since(ACCOUNT).unwrap(), Some(Timestamp(5)));
        assert_eq!(reader.redeliveries(ACCOUNT).unwrap(), redeliveries());
        assert_eq!(reader.rail_work(None, 9).unwrap(), [rail_work()]);
        assert_eq!(reader.rail_work_of(rail_work().attempt).unwrap(), Some(rail_work()));
        assert_eq!(reader.timers(None, Timestamp(9), 9).unwrap(), [timer(9, 1)]);
    });
}

#[test]
fn another_account_sees_nothing() {
    on_each_store(|store| {
        let reader = write(&store, every_change());
        for other in [AccountId(ACCOUNT.0 - 1), AccountId(ACCOUNT.0 + 1)] {
            assert_eq!(reader.session(other, SESSION).unwrap(), None);
            assert_eq!(reader.quote(other, QUOTE).unwrap(), None);
            assert_eq!(reader.transaction(other, TRANSACTION).unwrap(), None);
            assert_eq!(reader.sessions(other, None, None, 9).unwrap(), []);
            assert_eq!(reader.sessions(other, Some(SessionLabel::Completed), None, 9).unwrap(), []);
            assert_eq!(reader.balances(other).unwrap(), []);
            assert_eq!(reader.postings(other, PAYMENT).unwrap(), []);
        }
    });
}

#[test]
fn prefetch_answers_in_order() {
    on_each_store(|store| {
        write(&store, every_change());
        let missing = SessionId(1);
        let needs = [
            Need::Lane(SESSION),
            Need::Session(ACCOUNT, missing),
            Need::Session(ACCOUNT, SESSION),
            Need::Quote(ACCOUNT, QUOTE),
            Need::Payment(ACCOUNT, PAYMENT),
            Need::Replay(REPLAY_KEY),
            Need::Person([7; 16]),
            Need::History(Entity::Device, [7; 16]),
            Need::Receipt(PAYMENT),
            Need::Label(PAYMENT),
            Need::Balance(balance_key()),
            Need::Delivery(ACCOUNT, delivery(DeliveryStatus::Due { row: outbox_row().id }).id),
            Need::Lane(missing),
            Need::Customer(ACCOUNT, CUSTOMER),
            Need::DeletedCustomer(ACCOUNT, CUSTOMER),
            Need::CustomerName(customer_name()),
        ];
        let sent = delivery(DeliveryStatus::Due { row: outbox_row().id });
        let expect = [
            Loaded::Lane(SESSION, Some(sent.id)),
            Loaded::Session(ACCOUNT, missing, None),
            Loaded::Session(ACCOUNT, SESSION, Some(Arc::new(session()))),
            Loaded::Quote(ACCOUNT, QUOTE, Some(Arc::new(quote()))),
            Loaded::Payment(ACCOUNT, PAYMENT, Some(Arc::new(payment()))),
            Loaded::Replay(REPLAY_KEY, Some(Arc::new(replays()[2].clone()))),
            Loaded::Person([7; 16], Some(person())),
            Loaded::History(Entity::Device, [7; 16], Some(Arc::new(history()))),
            Loaded::Receipt(PAYMENT, Some(Arc::new(receipt(model())))),
            Loaded::Label(PAYMENT, Some(labelled())),
            Loaded::Balance(balance_key(), Some(balance())),
            Loaded::Delivery(ACCOUNT, sent.id, Some(Arc::new(sent))),
            Loaded::Lane(missing, None),
            Loaded::Customer(ACCOUNT, CUSTOMER, Some(Arc::new(customer()))),
            Loaded::DeletedCustomer(ACCOUNT, CUSTOMER, Some(deleted_customer())),
            Loaded::CustomerName(customer_name(), Some(CUSTOMER)),
        ];
        assert_eq!(load(&*store, &needs).unwrap(), expect);
        assert_eq!(load(&*store, &[]).unwrap(), []);
    });
}

#[test]
fn what_is_removed_is_gone() {
    on_each_store(|store| {
        write(&store, every_change());
        let reader = write(
            &store,
            vec![
                Change::Index(Index::Session(ACCOUNT, SessionLabel::Completed, SESSION), false),
                Change::Replay(REPLAY_KEY, None),
                Change::Lane(SESSION, None),
                Change::OutboxRemove(ACCOUNT, outbox_row().id),
                Change::RailWorkRemove(rail_work().attempt),
                Change::TimerRemove(timer(9, 1)),
                Change::TimerRemove(timer(8, 1)),
            ],
        );
        assert_eq!(reader.sessions(ACCOUNT, Some(SessionLabel::Completed), None, 9).unwrap(), []);
        assert_eq!(reader.sessions(ACCOUNT, None, None, 9).unwrap(), [session()]);
        let gone = [Loaded::Lane(SESSION, None), Loaded::Replay(REPLAY_KEY, None)];
        assert_eq!(load(&*store, &[Need::Lane(SESSION), Need::Replay(REPLAY_KEY)]).unwrap(), gone);
        assert_eq!(reader.outboxes().unwrap(), []);
        assert_eq!(reader.rail_work(None, 9).unwrap(), []);
        assert_eq!(reader.rail_work_of(rail_work().attempt).unwrap(), None);
        assert_eq!(reader.timers(None, Timestamp(u64::MAX), 9).unwrap(), []);
    });
}

#[test]
fn the_last_write_of_a_commit_counts() {
    on_each_store(|store| {
        let key = Key::alone([1; 16]);
        let mut first = Batch::new(head());
        first.put(Column::Lanes, &key, b"one");
        first.delete(Column::Lanes, &key);
        first.put(Column::Lanes, &key, b"two");
        let mut second = Batch::new(head());
        second.put(Column::Lanes, &key, b"three");
        second.put(Column::Lanes, &Key::alone([2; 16]), b"gone");
        second.delete(Column::Lanes, &Key::alone([2; 16]));
        store.commit(&[first, second]).unwrap();
        let places = [(Column::Lanes, Key::alone([2; 16])), (Column::Lanes, key), (Column::Quotes, key)];
        assert_eq!(store.get_many(&places).unwrap(), [None, Some(b"three".to_vec()), None]);
        assert_eq!(store.get_cached(Column::Lanes, &key).unwrap(), Some(b"three".to_vec()));
        store.commit(&[]).unwrap();
    });
}

#[test]
fn scans_keep_to_their_range_and_direction() {
    on_each_store(|store| {
        let mut batch = Batch::new(head());
        for place in [3u8, 1, 2, 4, 5] {
            batch.put(Column::Quotes, &Key::alone([place; 16]), &[place]);
        }
        batch.put(Column::Payments, &Key::alone([3; 16]), b"elsewhere");
        store.commit(&[batch]).unwrap();
        let check = |from: u8, until: Option<u8>, newest_first: bool, limit: usize, expect: &[u8]| {
            let range = Scan { from: vec![from; 16], until: until.map(|until| vec![until; 16]), newest_first };
            let rows = store.scan(Column::Quotes, &range, limit).unwrap();
            let values: Vec<u8> = rows.iter().map(|(_, value)| value[0]).collect();
            assert_eq!(values, expect, "{range:?} {limit}");
            assert!(rows.iter().all(|(key, value)| key == &[value[0]; 16]));
        };
        check(0, None, false, 9, &[1, 2, 3, 4, 5]);
        check(0, None, true, 9, &[5, 4, 3, 2, 1]);
        check(2, Some(4), false, 9, &[2, 3]);
        check(2, Some(4), true, 9, &[3, 2]);
        check(2, Some(5), false, 2, &[2, 3]);
        check(2, Some(5), true, 2, &[4, 3]);
        check(2, Some(5), true, 0, &[]);
        check(4, Some(2), false, 9, &[]);
        check(4, Some(2), true, 9, &[]);
        check(6, None, false, 9, &[]);
    });
}

fn numbered_session(number: u128, label: SessionLabel) -> Session {
    let status = match label {
        SessionLabel::Open => SessionStatus::Open { movement: None },
        SessionLabel::Completed => SessionStatus::Completed { transaction: TRANSACTION },
        SessionLabel::Expired => SessionStatus::Expired,
        SessionLabel::Cancelled => SessionStatus::Cancelled,
    };
    Session { id: SessionId(number), status, ..session() }
}

fn write_sessions(store: &Arc<dyn Store>, rows: &[(u128, SessionLabel)]) -> Reader {
    let changes = rows.iter().flat_map(|&(number, label)| {
        let index = Change::Index(Index::Session(ACCOUNT, label, SessionId(number)), true);
        [Change::Session(Arc::new(numbered_session(number, label))), index]
    });
    write(store, changes.collect())
}

fn page(reader: &Reader, label: Option<SessionLabel>, after: Option<u128>, limit: usize) -> Vec<u128> {
    let rows = reader.sessions(ACCOUNT, label, after.map(SessionId), limit).unwrap();
    rows.into_iter().map(|row| row.id.0).collect()
}

#[test]
fn pages_of_sessions_are_newest_first_and_meet_without_gap() {
    use SessionLabel::{Cancelled, Completed, Expired, Open};
    on_each_store(|store| {
        let rows = [(1, Open), (2, Completed), (3, Open), (4, Expired), (5, Open), (u128::MAX, Open)];
        let reader = write_sessions(&store, &rows);
        assert_eq!(page(&reader, None, None, 9), [u128::MAX, 5, 4, 3, 2, 1]);
        assert_eq!(page(&reader, None, None, 2), [u128::MAX, 5]);
        assert_eq!(page(&reader, None, Some(5), 2), [4, 3]);
        assert_eq!(page(&reader, None, Some(1), 2), []);
        assert_eq!(page(&reader, None, Some(0), 2), []);
        assert_eq!(page(&reader, Some(Open), None, 2), [u128::MAX, 5]);
        assert_eq!(page(&reader, Some(Open), Some(5), 2), [3, 1]);
        assert_eq!(page(&reader, Some(Open), Some(4), 1), [3]);
        assert_eq!(page(&reader, Some(Completed), None, 9), [2]);
        assert_eq!(page(&reader, Some(Cancelled), None, 9), []);
        assert_eq!(page(&reader, Some(Open), None, 0), []);
    });
}

#[test]
fn a_cursor_whose_row_is_gone_still_counts() {
    on_each_store(|store| {
        write_sessions(&store, &[(1, SessionLabel::Open), (3, SessionLabel::Open), (5, SessionLabel::Open)]);
        let reader =
            write(&store, vec![Change::Index(Index::Session(ACCOUNT, SessionLabel::Open, SessionId(3)), false)]);
        assert_eq!(page(&reader, Some(SessionLabel::Open), Some(3), 9), [1]);
        assert_eq!(page(&reader, None, Some(4), 9), [3, 1]);
    });
}

/// Between the look at the index and the look at the rows a session may have left its label.
#[test]
fn a_page_by_label_passes_over_what_left_it_and_is_full_all_the_same() {
    on_each_store(|store| {
        let labels = [SessionLabel::Open; 6];
        let rows: Vec<_> = (1..).zip(labels).collect();
        write_sessions(&store, &rows);
        let moved = |number| Change::Session(Arc::new(numbered_session(number, SessionLabel::Cancelled)));
        let reader = write(&store, vec![moved(6), moved(4), moved(3)]);
        assert_eq!(page(&reader, Some(SessionLabel::Open), None, 2), [5, 2]);
        assert_eq!(page(&reader, Some(SessionLabel::Open), None, 9), [5, 2, 1]);
    });
}

#[test]
fn queues_are_read_in_commit_order_behind_a_cursor() {
    on_each_store(|store| {
        let changes = [3, 1, 2].into_iter().flat_map(|number| {
            [
                Change::OutboxAdd(crate::change::OutboxRow { id: OutboxId(number), ..outbox_row() }),
                Change::RailWorkAdd(Box::new(RailWork { attempt: AttemptId(number), ..rail_work() })),
            ]
        });
        let reader = write(&store, changes.collect());
        let outbox = |after: Option<u128>, limit| -> Vec<u128> {
            reader.outbox(ACCOUNT, after.map(OutboxId), limit).unwrap().into_iter().map(|row| row.id.0).collect()
        };
        let work = |after: Option<u128>, limit| -> Vec<u128> {
            reader.rail_work(after.map(AttemptId), limit).unwrap().into_iter().map(|row| row.attempt.0).collect()
        };
        for read in [&outbox as &dyn Fn(Option<u128>, usize) -> Vec<u128>, &work] {
            assert_eq!(read(None, 9), [1, 2, 3]);
            assert_eq!(read(None, 2), [1, 2]);
            assert_eq!(read(Some(1), 9), [2, 3]);
            assert_eq!(read(Some(3), 9), []);
            assert_eq!(read(Some(0), 1), [1]);
        }
    });
}

#[test]
fn timers_are_due_up_to_and_with_their_time() {
    on_each_store(|store| {
        let all = [timer(5, 1), timer(5, 2), timer(6, 1), timer(u64::MAX, 1)];
        let reader = write(&store, all.iter().rev().map(|&timer| Change::TimerAdd(timer)).collect());
        let due = |after: Option<&Timer>, until, limit| reader.timers(after, Timestamp(until), limit).unwrap();
        assert_eq!(due(None, 4, 9), []);
        assert_eq!(due(None, 5, 9), all[..2]);
        assert_eq!(due(None, 5, 1), all[..1]);
        assert_eq!(due(Some(&all[0]), 6, 9), all[1..3]);
        assert_eq!(due(Some(&all[2]), 6, 9), []);
        assert_eq!(due(None, u64::MAX, 9), all);
    });
}

#[test]
fn a_cached_reader_answers_objects_and_leaves_lists_to_others() {
    on_each_store(|store| {
        let reader = write(&store, every_change()).cached();
        assert_eq!(reader.session(ACCOUNT, SESSION).unwrap(), Some(session()));
        assert_eq!(reader.transaction(ACCOUNT, TRANSACTION).unwrap(), Some(payment()));
        assert!(matches!(reader.sessions(ACCOUNT, None, None, 9), Err(StoreError::NotCached)));
        assert!(matches!(reader.outboxes(), Err(StoreError::NotCached)));
    });
}

#[test]
fn a_row_that_cannot_be_read_is_named() {
    on_each_store(|store| {
        let mut batch = Batch::encode(&Effects { head: head(), changes: every_change() });
        batch.put(Column::Quotes, &Key::object(ACCOUNT, QUOTE), &[9, 9]);
        batch.delete(Column::Payments, &Key::object(ACCOUNT, PAYMENT));
        store.commit(&[batch]).unwrap();
        let reader = Reader::new(store);
        let error = reader.quote(ACCOUNT, QUOTE).unwrap_err().to_string();
        assert!(error.contains("quotes") && error.contains(&key::hex(&Key::object(ACCOUNT, QUOTE))), "{error}");
        assert!(error.contains("its version is not known"), "{error}");
        let error = reader.transaction(ACCOUNT, TRANSACTION).unwrap_err();
        assert!(matches!(error, StoreError::Corrupt { column: "transactions", .. }), "{error}");
    });
}
