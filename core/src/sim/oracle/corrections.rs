//! What labels say and corrections take back, told again from the first label on: frauds in a row, and the newest of what is
//! known. As little is remembered as the cell promises: two rows, two times.

use std::collections::BTreeMap;

use crate::id::PaymentId;
use crate::risk::Label;
use crate::time::Timestamp;

use super::Oracle;
use super::risk::Being;

/// Frauds that became known after something became known as legitimate.
#[derive(Default)]
pub struct Row {
    /// When that became known; `None` when nothing ever did.
    pub after: Option<Timestamp>,
    /// The payments of which it became known then, and is.
    pub ends: Vec<PaymentId>,
    /// The frauds.
    pub frauds: Vec<PaymentId>,
    /// When the first of them became known, since there are any.
    pub since: Option<Timestamp>,
}

impl Oracle {
    /// The row that goes on, and the one before it as far as that is remembered.
    pub(super) fn rows(&self, being: Option<&Being>) -> (Row, Option<Row>) {
        let (mut last, mut before) = (Row::default(), None::<Row>);
        for (payment, label, at) in self.learned.iter().filter(|(payment, _, _)| self.concerns(*payment, being)) {
            last.forget_fraud(*payment);
            if let Some(row) = &mut before {
                row.forget_fraud(*payment);
                row.ends.retain(|one| one != payment);
            }
            if last.ends.contains(payment) {
                last.ends.retain(|one| one != payment);
                if let Some(row) = before.take_if(|_| last.ends.is_empty()) {
                    last = Row {
                        frauds: [row.frauds, last.frauds].concat(),
                        since: row.since.or(last.since),
                        after: row.after,
                        ends: row.ends,
                    };
                }
            }
            match label {
                Some(Label::Fraud) if last.after.is_none_or(|after| *at > after) => last.add_fraud(*payment, *at),
                Some(Label::Fraud) => before.iter_mut().for_each(|row| row.add_fraud(*payment, *at)),
                Some(Label::Honest) => {
                    if last.after != Some(*at) {
                        before = Some(std::mem::take(&mut last));
                        last.after = Some(*at);
                    }
                    last.ends.push(*payment);
                }
                None => {}
            }
        }
        (last, before)
    }

    /// When the two newest redemptions were of which that is known, newest first; what stands behind them is not remembered.
    pub(super) fn newest(&self, being: Option<&Being>, wanted: fn(Label) -> bool) -> Vec<Timestamp> {
        let (mut known, mut newest) = (BTreeMap::new(), Vec::new());
        for (payment, label, _) in self.learned.iter().filter(|(payment, _, _)| self.concerns(*payment, being)) {
            let Some(visit) = self.visits.iter().find(|visit| visit.payment == *payment) else { continue };
            let was = known.insert(*payment, *label).flatten();
            if was.is_some_and(wanted)
                && let Some(place) = newest.iter().position(|at| *at == visit.at)
            {
                newest.remove(place);
            }
            newest.extend(label.filter(|label| wanted(*label)).map(|_| visit.at));
            newest.sort_by(|one, other| other.cmp(one));
            newest.truncate(2);
        }
        newest
    }
}

impl Row {
    fn add_fraud(&mut self, payment: PaymentId, at: Timestamp) {
        self.frauds.push(payment);
        self.since = self.since.or(Some(at));
    }

    fn forget_fraud(&mut self, payment: PaymentId) {
        self.frauds.retain(|one| *one != payment);
        self.since = self.since.filter(|_| !self.frauds.is_empty());
    }
}
