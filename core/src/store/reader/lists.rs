//! Pages of lists, newest first: each costs its own length, by the order of the keys, however long the list is.
//!
//! Between the look at an index and the look at its rows one may have left its label. It is passed over and the walk goes
//! on, so that a short page always means the end.

use std::collections::BTreeSet;

use super::{Reader, corrupt, older};
use crate::delivery::{Delivery, DeliveryLabel};
use crate::event::EventKind;
use crate::id::{AccountId, DeliveryId, EventId, PaymentId, SessionId, TransactionId};
use crate::payment::{Payment, PaymentLabel};
use crate::session::{Session, SessionLabel};
use crate::store::record::{Malformed, delivery, event, payment, reference, session};
use crate::store::{Column, Key, StoreError, key};

/// Rows of one session that are looked at at a time when they are filtered by status as well.
const CHUNK: usize = 100;

/// Which transactions of an account are listed.
#[derive(Clone, Copy, Debug, Default)]
pub struct TransactionFilter {
    /// Only those of this session.
    pub session: Option<SessionId>,
    /// Only those whose payment stands so.
    pub label: Option<PaymentLabel>,
}

impl Reader {
    /// Up to `limit` sessions of an account, newest first, older than `after`, with this label if one is given.
    ///
    /// `after` need not exist (any more).
    pub fn sessions(
        &self,
        account: AccountId,
        label: Option<SessionLabel>,
        after: Option<SessionId>,
        limit: usize,
    ) -> Result<Vec<Session>, StoreError> {
        match label {
            None => self.all_sessions(account, after, limit),
            Some(label) => self.labelled_sessions(account, label, after, limit),
        }
    }

    /// Up to `limit` transactions of an account that pass `filter`, newest first, older than `after`, as the payment behind
    /// each and the session that it moves.
    ///
    /// `after` need not exist (any more). By session and status at once, all transactions of the session may have to be
    /// looked at.
    pub fn transactions(
        &self,
        account: AccountId,
        filter: TransactionFilter,
        mut after: Option<TransactionId>,
        limit: usize,
    ) -> Result<Vec<(Payment, Option<Session>)>, StoreError> {
        let mut found = Vec::new();
        while found.len() < limit {
            let is_filtered = filter.session.is_some() && filter.label.is_some();
            let wanted = if is_filtered { CHUNK } else { limit - found.len() };
            let rows = self.transaction_rows(account, filter, after, wanted)?;
            after = rows.last().map(|(id, _)| *id);
            let payments = self.load_payments(account, rows.iter().map(|(_, payment)| *payment))?;
            found.extend(
                payments.into_iter().filter(|one| filter.label.is_none_or(|label| one.status.label() == label)),
            );
            if rows.len() < wanted {
                break;
            }
        }
        found.truncate(limit);
        self.with_sessions(account, found)
    }

    /// Up to `limit` webhook deliveries of an account, newest first and behind the first `skip`, with this label if one is
    /// given and then without those named; each with the kind of its event.
    ///
    /// What is skipped costs a look at its row, or with a label at the index alone.
    pub fn deliveries(
        &self,
        account: AccountId,
        label: Option<DeliveryLabel>,
        without: &BTreeSet<DeliveryId>,
        skip: usize,
        limit: usize,
    ) -> Result<Vec<(Delivery, EventKind)>, StoreError> {
        let found = match label {
            None => self.all_deliveries(account, skip, limit)?,
            Some(label) => self.labelled_deliveries(account, label, without, skip, limit)?,
        };
        self.with_kinds(account, found)
    }

    /// Those of `ids` that have not ended, in the order of `ids`; each with the kind of its event.
    pub fn undelivered_among(
        &self,
        account: AccountId,
        ids: impl IntoIterator<Item = DeliveryId>,
    ) -> Result<Vec<(Delivery, EventKind)>, StoreError> {
        let mut found = self.load_deliveries(account, ids)?;
        found.retain(|one| one.status.label() == DeliveryLabel::Undelivered);
        self.with_kinds(account, found)
    }
}

/// Sessions.
impl Reader {
    fn all_sessions(
        &self,
        account: AccountId,
        after: Option<SessionId>,
        limit: usize,
    ) -> Result<Vec<Session>, StoreError> {
        let range = older(&Key::account(account), after.map(|id| Key::object(account, id)));
        self.list(Column::Sessions, &range, limit, |key, value| {
            let (account, id) = key::parse_object(key)?;
            session::decode(account, id.into(), value)
        })
    }

    fn labelled_sessions(
        &self,
        account: AccountId,
        label: SessionLabel,
        mut after: Option<SessionId>,
        limit: usize,
    ) -> Result<Vec<Session>, StoreError> {
        let mut found = Vec::new();
        while found.len() < limit {
            let wanted = limit - found.len();
            let ids = self.session_index(account, label, after, wanted)?;
            after = ids.last().copied();
            let sessions = self.load_sessions(account, ids.iter().copied())?;
            found.extend(sessions.into_iter().filter(|row| row.status.label() == label));
            if ids.len() < wanted {
                break;
            }
        }
        Ok(found)
    }

    fn session_index(
        &self,
        account: AccountId,
        label: SessionLabel,
        after: Option<SessionId>,
        limit: usize,
    ) -> Result<Vec<SessionId>, StoreError> {
        let cursor = after.map(|id| Key::labelled(account, label, Some(id.into())));
        let range = older(&Key::labelled(account, label, None), cursor);
        self.list(Column::SessionIndex, &range, limit, |key, _| Ok(key::parse_labelled::<SessionLabel>(key)?.2.into()))
    }

    fn load_sessions(
        &self,
        account: AccountId,
        ids: impl IntoIterator<Item = SessionId>,
    ) -> Result<Vec<Session>, StoreError> {
        self.load_all(Column::Sessions, account, ids, |id, bytes| session::decode(account, id, bytes))
    }
}

/// Transactions.
impl Reader {
    /// The transactions with the payments behind them, by whichever index serves the filter.
    fn transaction_rows(
        &self,
        account: AccountId,
        filter: TransactionFilter,
        after: Option<TransactionId>,
        limit: usize,
    ) -> Result<Vec<(TransactionId, PaymentId)>, StoreError> {
        let (column, prefix, cursor) = match (filter.session, filter.label) {
            (None, None) => {
                (Column::Transactions, Key::account(account), after.map(|after| Key::object(account, after)))
            }
            (None, Some(label)) => {
                let cursor = after.map(|after| Key::labelled(account, label, Some(after.into())));
                (Column::TransactionIndex, Key::labelled(account, label, None), cursor)
            }
            (Some(session), _) => {
                let cursor = after.map(|after| Key::belonging(account, session, after));
                (Column::SessionTransactions, Key::object(account, session), cursor)
            }
        };
        self.list(column, &older(&prefix, cursor), limit, |key, value| {
            Ok((key::parse_last(key)?.into(), reference::decode_transaction(value)?))
        })
    }

    fn load_payments(
        &self,
        account: AccountId,
        ids: impl IntoIterator<Item = PaymentId>,
    ) -> Result<Vec<Payment>, StoreError> {
        self.load_all(Column::Payments, account, ids, |id, bytes| payment::decode(account, id, bytes))
    }

    fn with_sessions(
        &self,
        account: AccountId,
        payments: Vec<Payment>,
    ) -> Result<Vec<(Payment, Option<Session>)>, StoreError> {
        let ids: BTreeSet<SessionId> = payments.iter().map(|payment| payment.session).collect();
        let sessions = self.load_sessions(account, ids)?;
        let session = |id| sessions.iter().find(|session| session.id == id).cloned();
        let with_session = |payment: Payment| {
            let session = session(payment.session);
            (payment, session)
        };
        Ok(payments.into_iter().map(with_session).collect())
    }
}

/// Webhook deliveries.
impl Reader {
    fn all_deliveries(&self, account: AccountId, skip: usize, limit: usize) -> Result<Vec<Delivery>, StoreError> {
        let range = older(&Key::account(account), None);
        let ids: Vec<DeliveryId> =
            self.list(Column::Deliveries, &range, skip + limit, |key, _| Ok(key::parse_object(key)?.1.into()))?;
        self.load_deliveries(account, ids.into_iter().skip(skip))
    }

    fn labelled_deliveries(
        &self,
        account: AccountId,
        label: DeliveryLabel,
        without: &BTreeSet<DeliveryId>,
        mut skip: usize,
        limit: usize,
    ) -> Result<Vec<Delivery>, StoreError> {
        let (mut found, mut after) = (Vec::new(), None);
        while found.len() < limit {
            let missing = limit - found.len();
            let wanted = skip + missing + without.len();
            let ids = self.delivery_index(account, label, after, wanted)?;
            let is_last = ids.len() < wanted;
            let mut listed: Vec<DeliveryId> = ids.iter().copied().filter(|id| !without.contains(id)).collect();
            let skipped = skip.min(listed.len());
            skip -= skipped;
            listed.drain(..skipped);
            listed.truncate(missing);
            after = listed.last().or(ids.last()).copied();
            let deliveries = self.load_deliveries(account, listed)?;
            found.extend(deliveries.into_iter().filter(|row| row.status.label() == label));
            if is_last {
                break;
            }
        }
        Ok(found)
    }

    fn delivery_index(
        &self,
        account: AccountId,
        label: DeliveryLabel,
        after: Option<DeliveryId>,
        limit: usize,
    ) -> Result<Vec<DeliveryId>, StoreError> {
        let cursor = after.map(|id| Key::labelled(account, label, Some(id.into())));
        let range = older(&Key::labelled(account, label, None), cursor);
        self.list(Column::DeliveryIndex, &range, limit, |key, _| {
            Ok(key::parse_labelled::<DeliveryLabel>(key)?.2.into())
        })
    }

    /// Those of `ids` that are there still: what is swept goes while lists are read, the oldest of a list first.
    fn load_deliveries(
        &self,
        account: AccountId,
        ids: impl IntoIterator<Item = DeliveryId>,
    ) -> Result<Vec<Delivery>, StoreError> {
        let found =
            self.load_each(Column::Deliveries, account, ids, |id, bytes| delivery::decode(account, id, bytes))?;
        Ok(found.into_iter().flatten().collect())
    }

    fn with_kinds(
        &self,
        account: AccountId,
        deliveries: Vec<Delivery>,
    ) -> Result<Vec<(Delivery, EventKind)>, StoreError> {
        let events: Vec<EventId> = deliveries.iter().map(|delivery| delivery.event).collect();
        let kinds = self.load_each(Column::Events, account, events, |_, bytes| event::decode_kind(bytes))?;
        Ok(deliveries.into_iter().zip(kinds).filter_map(|(delivery, kind)| Some((delivery, kind?))).collect())
    }
}

impl Reader {
    /// The objects that an index, or another object, names: each must be there.
    fn load_all<I: Copy + Into<[u8; 16]>, T>(
        &self,
        column: Column,
        account: AccountId,
        ids: impl IntoIterator<Item = I>,
        decode: impl Fn(I, &[u8]) -> Result<T, Malformed>,
    ) -> Result<Vec<T>, StoreError> {
        let ids: Vec<I> = ids.into_iter().collect();
        let found = self.load_each(column, account, ids.iter().copied(), decode)?;
        let there = |(id, object): (&I, Option<T>)| {
            let missing = Malformed("it is named by another row and does not exist");
            object.ok_or_else(|| corrupt(column, &Key::object(account, *id), missing))
        };
        ids.iter().zip(found).map(there).collect()
    }

    /// The objects with these ids, each if it is there.
    fn load_each<I: Copy + Into<[u8; 16]>, T>(
        &self,
        column: Column,
        account: AccountId,
        ids: impl IntoIterator<Item = I>,
        decode: impl Fn(I, &[u8]) -> Result<T, Malformed>,
    ) -> Result<Vec<Option<T>>, StoreError> {
        if self.cached {
            return Err(StoreError::NotCached);
        }
        let ids: Vec<I> = ids.into_iter().collect();
        let places: Vec<(Column, Key)> = ids.iter().map(|id| (column, Key::object(account, *id))).collect();
        let values = self.store.get_many(&places)?;
        let rows = ids.iter().zip(&places).zip(values);
        rows.map(|((id, (column, key)), value)| {
            let object = value.map(|bytes| decode(*id, &bytes)).transpose();
            object.map_err(|malformed| corrupt(*column, key, malformed))
        })
        .collect()
    }
}
