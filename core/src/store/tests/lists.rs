//! Pages of transactions and deliveries, on each store.

use std::collections::BTreeSet;

use super::*;
use crate::change::Index;
use crate::delivery::{Delivery, DeliveryLabel, DeliveryStatus};
use crate::event::{Event, EventKind};
use crate::id::{DeliveryId, EventId, PaymentId, TransactionId};
use crate::payment::{FailureCode, Payment, PaymentLabel, PaymentStatus};
use crate::store::TransactionFilter;

use PaymentLabel::{Failed, Processing};

/// A payment with the rows that lists find it by: its transaction has its number.
fn paid(number: u128, session: SessionId, label: PaymentLabel) -> Vec<Change> {
    let payment = numbered(number, session, label);
    let (id, transaction) = (payment.id, payment.transaction);
    vec![
        Change::Index(Index::Transaction(ACCOUNT, label, transaction, id), true),
        Change::Index(Index::SessionTransaction(ACCOUNT, session, transaction, id), true),
        Change::Transaction(ACCOUNT, transaction, id),
        Change::Payment(Arc::new(payment)),
    ]
}

fn numbered(number: u128, session: SessionId, label: PaymentLabel) -> Payment {
    let status = match label {
        PaymentLabel::Processing => PaymentStatus::Routed,
        PaymentLabel::Settled => PaymentStatus::Settled { at: at(9) },
        PaymentLabel::Failed => PaymentStatus::Failed { code: FailureCode::NoRoute },
        PaymentLabel::Cancelled => PaymentStatus::Cancelled,
    };
    Payment {
        id: PaymentId(number + 100),
        transaction: TransactionId(number),
        session,
        status,
        ..crate::store::record::samples::payment()
    }
}

fn sessions(numbers: &[u128]) -> impl Iterator<Item = Change> {
    numbers.iter().map(|number| Change::Session(Arc::new(numbered_session(*number, SessionLabel::Open))))
}

fn transactions(reader: &Reader, filter: (u128, Option<PaymentLabel>), after: u128, limit: usize) -> Vec<u128> {
    let session = (filter.0 > 0).then_some(SessionId(filter.0));
    let after = (after > 0).then_some(TransactionId(after));
    let rows = reader.transactions(ACCOUNT, TransactionFilter { session, label: filter.1 }, after, limit).unwrap();
    assert!(rows.iter().all(|(payment, session)| Some(payment.session) == session.as_ref().map(|one| one.id)));
    rows.into_iter().map(|(payment, _)| payment.transaction.0).collect()
}

#[test]
fn pages_of_transactions_are_newest_first_by_every_filter() {
    on_each_store(|store| {
        let rows = [(1, 7, Processing), (2, 8, Failed), (3, 7, Failed), (4, 8, Processing), (5, 7, Failed)];
        let payments = rows.into_iter().flat_map(|(number, session, label)| paid(number, SessionId(session), label));
        let reader = write(&store, payments.chain(sessions(&[7, 8])).collect());
        let check = |session, label, after, limit, expect: &[u128]| {
            assert_eq!(transactions(&reader, (session, label), after, limit), expect, "{session} {label:?} {after}");
        };
        check(0, None, 0, 9, &[5, 4, 3, 2, 1]);
        check(0, None, 0, 2, &[5, 4]);
        check(0, None, 4, 2, &[3, 2]);
        check(0, Some(Failed), 0, 2, &[5, 3]);
        check(0, Some(Failed), 3, 2, &[2]);
        check(0, Some(PaymentLabel::Settled), 0, 2, &[]);
        check(7, None, 0, 2, &[5, 3]);
        check(7, None, 2, 2, &[1]);
        check(7, Some(Failed), 0, 1, &[5]);
        check(7, Some(Failed), 5, 9, &[3]);
        check(8, Some(Processing), 0, 9, &[4]);
        check(9, None, 0, 9, &[]);
        check(0, None, 0, 0, &[]);
    });
}

/// A cursor stays good when its row leaves the list, and rows that come meanwhile do not shift what follows.
#[test]
fn pages_of_transactions_stay_right_while_rows_come_and_go() {
    on_each_store(|store| {
        let payments = (1..=4).flat_map(|number| paid(number, SessionId(7), Processing));
        let reader = write(&store, payments.chain(sessions(&[7])).collect());
        assert_eq!(transactions(&reader, (0, Some(Processing)), 0, 2), [4, 3]);
        let moved = numbered(3, SessionId(7), Failed);
        let index = |label| Index::Transaction(ACCOUNT, label, moved.transaction, moved.id);
        let mut changes = vec![Change::Index(index(Processing), false), Change::Index(index(Failed), true)];
        changes.push(Change::Payment(Arc::new(moved)));
        changes.extend(paid(5, SessionId(7), Processing));
        write(&store, changes);
        assert_eq!(transactions(&reader, (0, Some(Processing)), 3, 2), [2, 1]);
        assert_eq!(transactions(&reader, (7, None), 3, 2), [2, 1]);
        // The payment of a row that was just found has moved on: the page is full all the same.
        write(&store, vec![Change::Payment(Arc::new(numbered(5, SessionId(7), Failed)))]);
        assert_eq!(transactions(&reader, (0, Some(Processing)), 0, 2), [4, 2]);
    });
}

/// By session and status at once, more rows than are looked at at a time.
#[test]
fn a_session_with_many_tries_is_filtered_to_its_end() {
    on_each_store(|store| {
        let label = |number| if number % 100 == 1 { Failed } else { Processing };
        let payments = (1..=350).flat_map(|number| paid(number, SessionId(7), label(number)));
        let reader = write(&store, payments.chain(sessions(&[7])).collect());
        assert_eq!(transactions(&reader, (7, Some(Failed)), 0, 9), [301, 201, 101, 1]);
        assert_eq!(transactions(&reader, (7, Some(Failed)), 0, 2), [301, 201]);
        assert_eq!(transactions(&reader, (7, Some(Failed)), 201, 9), [101, 1]);
    });
}

fn sent(number: u128, label: DeliveryLabel) -> Vec<Change> {
    let status = match label {
        DeliveryLabel::Undelivered => DeliveryStatus::Held,
        DeliveryLabel::Succeeded => DeliveryStatus::Succeeded { at: at(9) },
        DeliveryLabel::DeadLettered => DeliveryStatus::DeadLettered,
    };
    let (id, event) = (DeliveryId(number), EventId(number + 100));
    vec![
        Change::Index(Index::Delivery(ACCOUNT, label, id), true),
        Change::Delivery(Arc::new(Delivery { id, event, ..delivery(status) })),
        Change::Event(Arc::new(Event { id: event, ..events()[5].clone() })),
    ]
}

#[test]
fn pages_of_deliveries_are_newest_first_behind_what_is_skipped() {
    use DeliveryLabel::{DeadLettered, Succeeded, Undelivered};
    on_each_store(|store| {
        let rows = [(1, Undelivered), (2, Succeeded), (3, Undelivered), (4, Undelivered), (5, Undelivered)];
        let reader = write(&store, rows.into_iter().flat_map(|(number, label)| sent(number, label)).collect());
        let page = |label, without: &[u128], skip, limit| -> Vec<u128> {
            let without: BTreeSet<DeliveryId> = without.iter().copied().map(DeliveryId).collect();
            let rows = reader.deliveries(ACCOUNT, label, &without, skip, limit).unwrap();
            assert!(rows.iter().all(|(_, kind)| *kind == EventKind::WebhookTest));
            rows.into_iter().map(|(delivery, _)| delivery.id.0).collect()
        };
        assert_eq!(page(None, &[], 0, 9), [5, 4, 3, 2, 1]);
        assert_eq!(page(None, &[], 3, 1), [2]);
        assert_eq!(page(None, &[], 5, 9), []);
        assert_eq!(page(Some(Undelivered), &[], 1, 2), [4, 3]);
        assert_eq!(page(Some(Undelivered), &[5, 3], 0, 9), [4, 1]);
        assert_eq!(page(Some(Undelivered), &[5, 3], 1, 9), [1]);
        assert_eq!(page(Some(Undelivered), &[5, 3], 2, 9), []);
        assert_eq!(page(Some(DeadLettered), &[], 0, 9), []);
        let among = reader.undelivered_among(ACCOUNT, [5, 2, 1].map(DeliveryId)).unwrap();
        assert_eq!(among.iter().map(|(one, _)| one.id.0).collect::<Vec<_>>(), [5, 1], "those that have not ended");
        // Between the look at the index and the look at the rows one may have ended.
        let ended = Delivery { id: DeliveryId(4), event: EventId(104), ..delivery(DeliveryStatus::DeadLettered) };
        write(&store, vec![Change::Delivery(Arc::new(ended))]);
        assert_eq!(page(Some(Undelivered), &[], 0, 2), [5, 3]);
        assert_eq!(page(Some(Undelivered), &[5], 0, 2), [3, 1]);
    });
}
