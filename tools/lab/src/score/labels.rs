//! Labels that wait for their time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use causeway_control::features::Payment;
use causeway_core::command::Command;
use causeway_core::id::PaymentId;
use causeway_core::limits::LABELS_AT_ONCE;
use causeway_core::risk::{Label, NewLabel};
use causeway_core::time::Timestamp;

use super::cell::Cell;
use crate::failure::Failure;

/// When a label comes, its number, its payment, and what that turns out to be.
type Waiting = (Timestamp, u64, u128, Option<bool>);

/// Labels that wait for their time; those of one time come in the order of their payments.
#[derive(Default)]
pub struct Labels {
    waiting: BinaryHeap<Reverse<Waiting>>,
    next: u64,
}

impl Labels {
    /// Remembers what will become known of a payment.
    pub fn expect(&mut self, payment: &Payment, id: PaymentId) {
        for known in &payment.labels {
            if let Some(at) = known.at {
                self.waiting.push(Reverse((at.max(payment.at), self.next, id.0, known.is_fraud)));
                self.next += 1;
            }
        }
    }

    /// Tells the cell what becomes known until `now`, each thing at its own time.
    pub fn come(&mut self, cell: &Cell, now: Timestamp) -> Result<(), Failure> {
        while let Some(at) = self.due(now) {
            let mut labels = Vec::new();
            while labels.len() < LABELS_AT_ONCE && self.due(at).is_some() {
                let Some(Reverse((_, _, id, is_fraud))) = self.waiting.pop() else { break };
                let label = is_fraud.map(|is_fraud| if is_fraud { Label::Fraud } else { Label::Honest });
                labels.push(NewLabel { payment: PaymentId(id), label });
            }
            cell.operate_at(at, Command::SetLabels(labels))?;
        }
        Ok(())
    }

    fn due(&self, now: Timestamp) -> Option<Timestamp> {
        self.waiting.peek().map(|Reverse((at, ..))| *at).filter(|at| *at <= now)
    }
}
