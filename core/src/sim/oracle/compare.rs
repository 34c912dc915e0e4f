//! The comparison with a store: every column holds what it should hold, and nothing else.

mod customers;
mod lists;
mod objects;
mod queues;
pub mod shelf;
mod transactions;
mod webhooks;

use std::collections::BTreeSet;

use crate::store::{Column, Store};

use super::{Fault, Oracle, differ};
use shelf::Shelf;
use webhooks::Paired;

impl Oracle {
    /// Compares everything with the rows of `store`.
    pub fn compare(&self, store: &dyn Store) -> Result<(), Fault> {
        let shelf = Shelf::copy(store)?;
        let paired = self.pair(&shelf)?;
        for column in Column::ALL {
            self.compare_column(&shelf, &paired, *column)
                .map_err(|fault| fault.of(&format!("column {}", column.name())))?;
        }
        Ok(())
    }

    fn compare_column(&self, shelf: &Shelf, paired: &Paired, column: Column) -> Result<(), Fault> {
        match column {
            Column::Meta => self.compare_head(shelf),
            Column::Accounts => self.compare_accounts(shelf),
            Column::Sessions => self.compare_sessions(shelf),
            Column::SessionIndex => self.compare_session_index(shelf),
            Column::Quotes => self.compare_quotes(shelf),
            Column::Payments => self.compare_payments(shelf),
            Column::Transactions => self.compare_transactions(shelf),
            Column::Replays => self.compare_replays(shelf),
            Column::Persons => self.compare_persons(shelf),
            Column::Balances => self.compare_balances(shelf),
            Column::Postings => self.compare_postings(shelf),
            Column::Receipts => self.compare_receipts(shelf),
            Column::Events => self.compare_events(shelf, paired),
            Column::Deliveries => self.compare_deliveries(shelf, paired),
            Column::Lanes => self.compare_lanes(shelf, paired),
            Column::Outbox => self.compare_outbox(shelf, paired),
            Column::RailWork => self.compare_rail_work(shelf),
            Column::Timers => self.compare_timers(shelf, paired),
            Column::Customers => self.compare_customers(shelf),
            Column::CustomerNames => self.compare_customer_names(shelf),
            Column::CustomerVersions => self.compare_customer_versions(shelf),
            Column::DeletedCustomers => self.compare_deleted_customers(shelf),
            Column::TransactionIndex => self.compare_transaction_index(shelf),
            Column::SessionTransactions => self.compare_session_transactions(shelf),
            Column::DeliveryIndex => self.compare_delivery_index(shelf, paired),
            Column::Bus => self.compare_bus(shelf, paired),
            Column::FailingEndpoints => self.compare_failing_endpoints(shelf),
            Column::Redeliveries => self.compare_redeliveries(shelf),
            Column::Histories => self.compare_histories(shelf),
            Column::Labels => self.compare_labels(shelf),
            Column::Models => self.compare_models(shelf),
        }
    }

    /// What changed something or told of a time is not forgotten; batches that did neither may be.
    fn compare_head(&self, shelf: &Shelf) -> Result<(), Fault> {
        let known: BTreeSet<Vec<u8>> = ["format", "mode", "head"].map(|word| word.as_bytes().to_vec()).into();
        if let Some(stray) = shelf.keys(Column::Meta)?.into_iter().find(|key| !known.contains(key)) {
            return Err(Fault(format!("there is a row {:?}", String::from_utf8_lossy(&stray))));
        }
        let head = shelf.reader.head()?.unwrap_or_default();
        let found = (head.batch, head.now);
        let newest = (self.moment.number, self.moment.now);
        let is_within =
            self.lasting.0 <= found.0 && found.0 <= newest.0 && self.lasting.1 <= found.1 && found.1 <= newest.1;
        if is_within { Ok(()) } else { Err(differ("the head", &(self.lasting, newest), &found)) }
    }
}

/// The rows of `column` have exactly these keys.
pub(super) fn same_keys(
    shelf: &Shelf,
    column: Column,
    expected: impl IntoIterator<Item = Vec<u8>>,
) -> Result<(), Fault> {
    let expected: BTreeSet<Vec<u8>> = expected.into_iter().collect();
    let found: BTreeSet<Vec<u8>> = shelf.keys(column)?.into_iter().collect();
    if let Some(missing) = expected.difference(&found).next() {
        return Err(Fault(format!("there is no row {}", hex(missing))));
    }
    match found.difference(&expected).next() {
        Some(stray) => Err(Fault(format!("there is a row {} too many", hex(stray)))),
        None => Ok(()),
    }
}

/// What must be there, or a fault that names it.
fn there<T>(found: Option<T>, what: &impl std::fmt::Debug) -> Result<T, Fault> {
    found.ok_or_else(|| Fault(format!("{what:?} is not there")))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
