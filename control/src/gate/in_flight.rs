//! Deliveries that are being sent: what partners are told is `in_flight`.
//!
//! The cell knows which deliveries are due; which of them are on their way just now only the dispatcher knows. It says so
//! here, in memory: after a restart nothing is on its way. The set is bounded by what the dispatcher has under way at once,
//! outcomes that wait for their commit included.

use std::collections::{BTreeMap, BTreeSet};

use causeway_core::change::OutboxRow;
use causeway_core::delivery::DeliveryOutcome;
use causeway_core::id::{AccountId, DeliveryId, OutboxId};
use parking_lot::Mutex;

/// The deliveries of one cell that were handed out and whose outcome the cell does not have yet.
#[derive(Debug, Default)]
pub struct InFlight(Mutex<BTreeMap<(AccountId, DeliveryId), OutboxId>>);

impl InFlight {
    /// An attempt is handed out.
    pub fn begin(&self, row: &OutboxRow) {
        self.0.lock().insert((row.account, row.delivery), row.id);
    }

    /// The cell has the outcomes of these attempts.
    pub fn end(&self, outcomes: &[DeliveryOutcome]) {
        let mut all = self.0.lock();
        for outcome in outcomes {
            let key = (outcome.account, outcome.delivery);
            // A delivery that is tried again at once may be on its way a second time by now.
            if all.get(&key) == Some(&outcome.outbox) {
                all.remove(&key);
            }
        }
    }

    /// Those of an account.
    pub fn of(&self, account: AccountId) -> BTreeSet<DeliveryId> {
        let own = (account, DeliveryId(0))..=(account, DeliveryId(u128::MAX));
        self.0.lock().range(own).map(|((_, delivery), _)| *delivery).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(account: u128, delivery: u128, id: u128) -> OutboxRow {
        OutboxRow { id: OutboxId(id), account: AccountId(account), delivery: DeliveryId(delivery) }
    }

    fn outcome(row: &OutboxRow) -> DeliveryOutcome {
        DeliveryOutcome {
            delivery: row.delivery,
            account: row.account,
            lane: None,
            outbox: row.id,
            target_url: None,
            response_status: Some(200),
            error: None,
            retry_after: None,
        }
    }

    #[test]
    fn accounts_see_their_own_until_the_outcome_is_known() {
        let in_flight = InFlight::default();
        let rows = [row(1, 5, 10), row(2, 6, 11), row(1, 7, 12)];
        rows.iter().for_each(|row| in_flight.begin(row));
        assert_eq!(in_flight.of(AccountId(1)), BTreeSet::from([DeliveryId(5), DeliveryId(7)]));
        in_flight.begin(&row(1, 5, 13));
        in_flight.end(&rows.map(|row| outcome(&row)));
        assert_eq!(in_flight.of(AccountId(1)), BTreeSet::from([DeliveryId(5)]), "the second attempt goes on");
        assert!(in_flight.of(AccountId(2)).is_empty() && in_flight.of(AccountId(3)).is_empty());
    }
}
