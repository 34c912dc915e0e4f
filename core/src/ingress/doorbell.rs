//! Who has work: accounts whose deliveries became due, whose redelivery moved, or whose endpoint changed, until somebody
//! looks.

use std::collections::BTreeSet;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::change::Change;
use crate::id::AccountId;

/// Rung by the committer when work is durable; one dispatcher answers. Clones share it. It holds each account once, so that
/// it is bounded by the directory.
#[derive(Clone, Default)]
pub struct Doorbell(Arc<Bell>);

#[derive(Default)]
struct Bell {
    rung: Mutex<Rung>,
    ringing: Notify,
}

/// For whom the bell was rung since it was answered last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rung {
    /// For these.
    For(BTreeSet<AccountId>),
    /// For everybody who may have work: the cell has begun anew.
    ForAll,
}

/// A bell for each of those who send work on.
#[derive(Clone, Default)]
pub struct Doorbells {
    /// For who sends deliveries that are due.
    pub deliveries: Doorbell,
    /// For who lets redeliveries go on.
    pub redeliveries: Doorbell,
}

/// For which accounts each bell is rung.
#[derive(Debug, Default)]
pub(crate) struct Rings {
    deliveries: BTreeSet<AccountId>,
    redeliveries: BTreeSet<AccountId>,
}

impl Doorbells {
    /// These accounts have work.
    pub(crate) fn ring(&self, rings: Rings) {
        self.deliveries.ring(rings.deliveries);
        self.redeliveries.ring(rings.redeliveries);
    }

    /// Any account may have work.
    pub(crate) fn ring_for_all(&self) {
        self.deliveries.ring_for_all();
        self.redeliveries.ring_for_all();
    }
}

impl Doorbell {
    /// These accounts have work.
    pub fn ring(&self, accounts: impl IntoIterator<Item = AccountId>) {
        let mut accounts = accounts.into_iter().peekable();
        if accounts.peek().is_none() {
            return;
        }
        match &mut *self.0.rung.lock() {
            Rung::For(known) => known.extend(accounts),
            Rung::ForAll => {}
        }
        self.0.ringing.notify_one();
    }

    /// Any account may have work.
    pub fn ring_for_all(&self) {
        *self.0.rung.lock() = Rung::ForAll;
        self.0.ringing.notify_one();
    }

    /// Waits until it rings, and begins anew. Whoever gives up waiting misses nothing.
    pub async fn answer(&self) -> Rung {
        loop {
            let rung = std::mem::take(&mut *self.0.rung.lock());
            if rung != Rung::default() {
                return rung;
            }
            self.0.ringing.notified().await;
        }
    }
}

impl Default for Rung {
    fn default() -> Rung {
        Rung::For(BTreeSet::new())
    }
}

/// The accounts that each side should look at after these changes.
pub(crate) fn rung_by(changes: &[Change]) -> Rings {
    let mut rings = Rings::default();
    for change in changes {
        if let Change::OutboxAdd(row) = change {
            rings.deliveries.insert(row.account);
        }
        if let Change::Redeliveries(account, _) = change {
            rings.redeliveries.insert(*account);
        }
        if let Change::Account(account) = change {
            rings.deliveries.insert(account.id);
            rings.redeliveries.insert(account.id);
        }
    }
    rings
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    /// What the bell was rung for, if it was.
    fn answered(bell: &Doorbell) -> Option<Rung> {
        match pin!(bell.answer()).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(rung) => Some(rung),
            Poll::Pending => None,
        }
    }

    #[test]
    fn every_account_is_told_of_once_until_somebody_answers() {
        let bell = Doorbell::default();
        assert_eq!(answered(&bell), None);
        bell.ring([AccountId(2), AccountId(1)]);
        bell.clone().ring([AccountId(2)]);
        assert_eq!(answered(&bell), Some(Rung::For(BTreeSet::from([AccountId(1), AccountId(2)]))));
        bell.ring([AccountId(3)]);
        bell.ring_for_all();
        bell.ring([AccountId(4)]);
        assert_eq!(answered(&bell), Some(Rung::ForAll));
        bell.ring([]);
        assert_eq!(answered(&bell), None, "nobody rings for nothing");
        bell.ring([AccountId(5)]);
        assert_eq!(answered(&bell), Some(Rung::For(BTreeSet::from([AccountId(5)]))));
    }
}
