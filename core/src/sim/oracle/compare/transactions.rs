//! Transactions as they are listed: by status, by session, by both.

use crate::id::{AccountId, PaymentId};
use crate::payment::{Payment, PaymentLabel, PaymentStatus};
use crate::store::{Column, TransactionFilter};

use super::super::{Fault, Oracle, equal};
use super::same_keys;
use super::shelf::{Shelf, key, object};

/// More than a simulation ever makes.
const ALL: usize = 1_000_000;

impl Oracle {
    pub(super) fn compare_transaction_index(&self, shelf: &Shelf) -> Result<(), Fault> {
        let expected = self.payments.values().map(|one| {
            let label = label(&one.status) as u8;
            key(&[&one.account.0.to_be_bytes(), &[label + 1], &one.transaction.0.to_be_bytes()])
        });
        same_keys(shelf, Column::TransactionIndex, expected)?;
        for account in self.accounts.keys() {
            for wanted in
                [PaymentLabel::Processing, PaymentLabel::Settled, PaymentLabel::Failed, PaymentLabel::Cancelled]
            {
                let filter = TransactionFilter { session: None, label: Some(wanted) };
                self.compare_list(shelf, *account, filter)?;
            }
            self.compare_list(shelf, *account, TransactionFilter::default())?;
        }
        Ok(())
    }

    pub(super) fn compare_session_transactions(&self, shelf: &Shelf) -> Result<(), Fault> {
        let expected = self.payments.values().map(|one| {
            let own = object(one.account.0, one.session.0);
            key(&[&own, &one.transaction.0.to_be_bytes()])
        });
        same_keys(shelf, Column::SessionTransactions, expected)?;
        for payment in self.payments.values() {
            for label in [None, Some(label(&payment.status))] {
                self.compare_list(shelf, payment.account, TransactionFilter { session: Some(payment.session), label })?;
            }
        }
        Ok(())
    }

    /// The list is what passes the filter, newest first.
    fn compare_list(&self, shelf: &Shelf, account: AccountId, filter: TransactionFilter) -> Result<(), Fault> {
        let passes = |one: &&Payment| {
            one.account == account
                && filter.session.is_none_or(|session| one.session == session)
                && filter.label.is_none_or(|wanted| label(&one.status) == wanted)
        };
        let mut expected: Vec<&Payment> = self.payments.values().map(|one| &**one).filter(passes).collect();
        expected.sort_by_key(|one| std::cmp::Reverse(one.transaction));
        let expected: Vec<(PaymentId, _)> = expected.iter().map(|one| (one.id, Some(one.session))).collect();
        let found = shelf.reader.transactions(account, filter, None, ALL)?;
        let found: Vec<_> = found.iter().map(|(one, session)| (one.id, session.as_ref().map(|one| one.id))).collect();
        equal(&format!("the list of {account:?} by {filter:?}"), &expected, &found)
    }
}

fn label(status: &PaymentStatus) -> PaymentLabel {
    match status {
        PaymentStatus::Verifying { .. } | PaymentStatus::Reviewing { .. } | PaymentStatus::Routed => {
            PaymentLabel::Processing
        }
        PaymentStatus::Settled { .. } => PaymentLabel::Settled,
        PaymentStatus::Failed { .. } => PaymentLabel::Failed,
        PaymentStatus::Cancelled => PaymentLabel::Cancelled,
    }
}
