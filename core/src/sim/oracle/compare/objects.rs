//! Accounts, sessions, quotes, payments and what hangs on a payment.

use crate::receipt::Receipt;
use crate::risk::{Decider, Risk};
use crate::routing::Candidate;
use crate::session::SessionStatus;
use crate::store::Column;

use super::super::{Fault, Oracle, equal, same};
use super::shelf::{Shelf, key, object};
use super::{same_keys, there};

impl Oracle {
    pub(super) fn compare_accounts(&self, shelf: &Shelf) -> Result<(), Fault> {
        let expected: Vec<_> = self.accounts.values().cloned().collect();
        equal("the accounts", &expected, &shelf.reader.accounts()?)
    }

    pub(super) fn compare_sessions(&self, shelf: &Shelf) -> Result<(), Fault> {
        same_keys(shelf, Column::Sessions, self.sessions.values().map(|one| object(one.account.0, one.id.0)))?;
        for session in self.sessions.values() {
            let found = there(shelf.reader.session(session.account, session.id)?, &session.id)?;
            same::session(session, &found)?;
        }
        Ok(())
    }

    pub(super) fn compare_session_index(&self, shelf: &Shelf) -> Result<(), Fault> {
        let expected = self.sessions.values().map(|one| {
            let label = match one.status {
                SessionStatus::Open { .. } => 1,
                SessionStatus::Completed { .. } => 2,
                SessionStatus::Expired => 3,
                SessionStatus::Cancelled => 4,
            };
            key(&[&one.account.0.to_be_bytes(), &[label], &one.id.0.to_be_bytes()])
        });
        same_keys(shelf, Column::SessionIndex, expected)
    }

    pub(super) fn compare_quotes(&self, shelf: &Shelf) -> Result<(), Fault> {
        same_keys(shelf, Column::Quotes, self.quotes.values().map(|one| object(one.account.0, one.id.0)))?;
        for quote in self.quotes.values() {
            let found = there(shelf.reader.quote(quote.account, quote.id)?, &quote.id)?;
            same::quote(quote, &found)?;
        }
        Ok(())
    }

    pub(super) fn compare_payments(&self, shelf: &Shelf) -> Result<(), Fault> {
        same_keys(shelf, Column::Payments, self.payments.values().map(|one| object(one.account.0, one.id.0)))?;
        for payment in self.payments.values() {
            let found = there(shelf.reader.payment(payment.account, payment.id)?, &payment.id)?;
            same::payment(payment, &found)?;
        }
        Ok(())
    }

    pub(super) fn compare_transactions(&self, shelf: &Shelf) -> Result<(), Fault> {
        let expected = self.payments.values().map(|one| object(one.account.0, one.transaction.0));
        same_keys(shelf, Column::Transactions, expected)?;
        for payment in self.payments.values() {
            let found = there(shelf.reader.transaction(payment.account, payment.transaction)?, &payment.transaction)?;
            equal("the payment behind a transaction", &payment.id, &found.id)?;
        }
        Ok(())
    }

    pub(super) fn compare_receipts(&self, shelf: &Shelf) -> Result<(), Fault> {
        same_keys(shelf, Column::Receipts, self.receipts.iter().map(|one| one.payment.0.to_be_bytes().to_vec()))?;
        for expected in &self.receipts {
            let found = there(shelf.reader.receipt(expected.account, expected.payment)?, &expected.payment)?;
            let decided = |at, batch, arm, applied| (at, batch, arm, applied);
            equal(
                "time, batch, arm and verdict of a receipt",
                &decided(expected.at, expected.batch, expected.arm, expected.applied),
                &decided(found.at, found.batch, found.arm, found.applied),
            )?;
            let concerned =
                |one: &Receipt| (one.account, one.entities, one.amount_cents, one.usual, one.device.clone());
            equal("whom a receipt concerns", &concerned(expected), &concerned(&found))?;
            equal("what lists and rules made of it", &expected.policied, &found.policied)?;
            same_features(&expected.features.0, &found.features.0)?;
            same_risk(&expected.risk, &found.risk)?;
            same_candidates(&expected.candidates, &found.candidates)?;
        }
        Ok(())
    }
}

fn same_features(expected: &[f32], found: &[f32]) -> Result<(), Fault> {
    let are_close = expected.len() == found.len() && expected.iter().zip(found).all(|(one, other)| close(*one, *other));
    if are_close { Ok(()) } else { equal("the features", &expected, &found) }
}

/// Why the fallback decided may be told in any words.
fn same_risk(expected: &Risk, found: &Risk) -> Result<(), Fault> {
    equal("the model's verdict", &expected.verdict, &found.verdict)?;
    let decider = |risk: &Risk| match &risk.decider {
        Decider::Model { name, version } => Some((name.clone(), version.clone())),
        Decider::Fallback { .. } => None,
    };
    equal("the decider", &decider(expected), &decider(found))?;
    if close(expected.score, found.score) { Ok(()) } else { equal("the score", &expected.score, &found.score) }
}

fn same_candidates(expected: &[Candidate], found: &[Candidate]) -> Result<(), Fault> {
    let same = |(one, other): (&Candidate, &Candidate)| {
        one.corridor == other.corridor && close(one.score, other.score) && one.probability == other.probability
    };
    let are_same = expected.len() == found.len() && expected.iter().zip(found).all(same);
    if are_same { Ok(()) } else { equal("the candidates", &expected, &found) }
}

/// Equal to four places: the order of additions may differ.
fn close(one: f32, other: f32) -> bool {
    (one - other).abs() <= 1e-4 * one.abs().max(other.abs()).max(1e-3)
}
