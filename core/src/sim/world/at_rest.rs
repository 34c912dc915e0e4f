//! What must hold when nothing is under way any more, whatever happened before.

use std::sync::Arc;

use crate::account::Account;
use crate::id::{AccountId, AttemptId, EventId, PaymentId};
use crate::payment::PaymentStatus;
use crate::rail::RailOutcome;
use crate::session::SessionLabel;
use crate::sim::broker::Broker;
use crate::sim::oracle::Fault;
use crate::store::{Column, Reader, Scan, Store, StoreError};
use crate::time::{Millis, Timestamp};

/// Rails and ledger agree about every attempt, nothing waits, no session stands open.
pub fn check(
    reader: &Reader,
    record: impl Iterator<Item = (AttemptId, AccountId, PaymentId, RailOutcome)>,
) -> Result<(), Fault> {
    for (attempt, account, payment, outcome) in record {
        agrees(reader, attempt, account, payment, outcome)?;
    }
    empty("the outbox", reader.outboxes())?;
    empty("the rails' work", reader.rail_work(None, 1))?;
    for account in reader.accounts().map_err(failed)? {
        let open = reader.sessions(account.id, Some(SessionLabel::Open), None, 1);
        empty("the list of open sessions, long after the end of their lives,", open)?;
    }
    Ok(())
}

/// The bus has every event there is.
pub fn all_was_published(store: &dyn Store, reader: &Reader, broker: &Broker) -> Result<(), Fault> {
    empty("the queue to the event bus", reader.bus(None, 1))?;
    let everything = Scan { from: Vec::new(), until: None, newest_first: false };
    let rows = store.scan(Column::Events, &everything, usize::MAX).map_err(failed)?;
    let ids = rows.iter().filter_map(|(key, _)| Some(EventId::from(*key.last_chunk::<16>()?)));
    match ids.into_iter().find(|id| !broker.has(*id)) {
        None => Ok(()),
        Some(lost) => Err(Fault(format!("{lost:?} happened, and no consumer of the event bus ever saw it"))),
    }
}

/// Every remembered answer was swept when its life was over.
pub fn nothing_is_remembered(store: &dyn Store) -> Result<(), Fault> {
    let everything = Scan { from: Vec::new(), until: None, newest_first: false };
    empty("the column of remembered answers, a day after the last one,", store.scan(Column::Replays, &everything, 1))
}

/// Everything was delivered or given up, and swept: what is left of events is younger than their life.
pub fn nothing_old_is_left(
    reader: &Reader,
    accounts: &[Arc<Account>],
    now: Timestamp,
    life: Millis,
) -> Result<(), Fault> {
    let until = Timestamp((now.0 + 1).saturating_sub(life.0));
    for account in accounts {
        empty("the events beyond their life", reader.old_events(account.id, None, until, 1))?;
    }
    Ok(())
}

/// An attempt that moved money is the last one of a settled payment; an attempt that did not has moved none.
fn agrees(
    reader: &Reader,
    attempt: AttemptId,
    account: AccountId,
    id: PaymentId,
    outcome: RailOutcome,
) -> Result<(), Fault> {
    let Some(payment) = reader.payment(account, id).map_err(failed)? else {
        return Err(Fault(format!("the rail knows attempt {attempt:?} of {id:?}, which the cell has lost")));
    };
    let is_last = payment.attempts.last().is_some_and(|last| last.id == attempt);
    let has_moved = is_last && matches!(payment.status, PaymentStatus::Settled { .. });
    if has_moved == (outcome == RailOutcome::Settled) {
        Ok(())
    } else {
        Err(Fault(format!("the rail says {outcome:?} of attempt {attempt:?}, the cell has {payment:?}")))
    }
}

fn empty<T: std::fmt::Debug>(what: &str, rows: Result<Vec<T>, StoreError>) -> Result<(), Fault> {
    match rows.map_err(failed)?.first() {
        None => Ok(()),
        Some(row) => Err(Fault(format!("{what} is not empty: {row:?}"))),
    }
}

fn failed(error: StoreError) -> Fault {
    Fault(format!("a healed store fails: {error}"))
}
