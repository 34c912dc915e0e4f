//! Equality to the last digit: amounts that are equal and show other digits are not the same to a partner.

use crate::command::{Outcome, Reply};
use crate::event::EventData;
use crate::payment::{Attempt, Payment};
use crate::quote::Quote;
use crate::session::Session;
use crate::terms::Terms;

use super::names::UNNAMED;
use super::{Fault, differ, equal};

/// Whether an outcome is the expected one.
pub fn outcome(expected: &Outcome, found: &Outcome) -> Result<(), Fault> {
    match (expected, found) {
        (Ok(expected), Ok(found)) => {
            equal("whether it was replayed", &expected.replayed, &found.replayed)?;
            reply(&expected.reply, &found.reply)
        }
        (Ok(_), Err(_)) | (Err(_), Ok(_) | Err(_)) => equal("the outcome", expected, found),
    }
}

/// Whether a reply is the expected one.
pub fn reply(expected: &Reply, found: &Reply) -> Result<(), Fault> {
    match (expected, found) {
        (Reply::Session(expected), Reply::Session(found)) => session(expected, found),
        (Reply::Quote(expected), Reply::Quote(found)) => quote(expected, found),
        (Reply::Payment(expected), Reply::Payment(found)) => payment(expected, found),
        (
            Reply::Session(_)
            | Reply::Quote(_)
            | Reply::Payment(_)
            | Reply::Customer(_)
            | Reply::DeletedCustomer(..)
            | Reply::Branding(_)
            | Reply::Delivery(_)
            | Reply::Account(_)
            | Reply::Redelivery(_)
            | Reply::Key(_)
            | Reply::Labels(_)
            | Reply::Models(_)
            | Reply::Done,
            _,
        ) => equal("the reply", expected, found),
    }
}

/// Whether an event tells of the expected object.
pub fn data(expected: &EventData, found: &EventData) -> Result<(), Fault> {
    match (expected, found) {
        (EventData::Session(expected), EventData::Session(found)) => session(expected, found),
        (EventData::Quote(expected), EventData::Quote(found)) => quote(expected, found),
        (EventData::Payment(expected), EventData::Payment(found)) => payment(expected, found),
        (
            EventData::Session(_)
            | EventData::Quote(_)
            | EventData::Payment(_)
            | EventData::Customer(..)
            | EventData::DeletedCustomer(..)
            | EventData::Test,
            _,
        ) => equal("the data", expected, found),
    }
}

/// Whether a session is the expected one.
pub fn session(expected: &Session, found: &Session) -> Result<(), Fault> {
    equal("the session", expected, found)?;
    equal("its amount's digits", &expected.terms.amount.to_string(), &found.terms.amount.to_string())
}

/// Whether a quote is the expected one.
pub fn quote(expected: &Quote, found: &Quote) -> Result<(), Fault> {
    equal("the quote", expected, found)?;
    equal("its given amount's digits", &expected.given_amount.to_string(), &found.given_amount.to_string())?;
    terms(&expected.terms, &found.terms)
}

/// Whether a payment is the expected one. An attempt whose id was never heard may have any.
pub fn payment(expected: &Payment, found: &Payment) -> Result<(), Fault> {
    if expected.attempts.len() != found.attempts.len() {
        return Err(differ("the payment", expected, found));
    }
    let attempts = expected.attempts.iter().zip(&found.attempts);
    let named = attempts.map(|(expected, found)| {
        let id = if expected.id == UNNAMED { found.id } else { expected.id };
        Attempt { id, corridor: expected.corridor.clone() }
    });
    equal("the payment", &Payment { attempts: named.collect(), ..expected.clone() }, found)?;
    terms(&expected.terms, &found.terms)
}

/// Whether terms are the expected ones.
pub fn terms(expected: &Terms, found: &Terms) -> Result<(), Fault> {
    equal("the terms", expected, found)?;
    equal("the terms' digits", &digits(expected), &digits(found))
}

fn digits(terms: &Terms) -> [String; 7] {
    let fees = &terms.fees;
    [
        terms.fiat_amount.to_string(),
        terms.crypto_amount.to_string(),
        terms.exchange_rate.to_string(),
        fees.processing.to_string(),
        fees.network.to_string(),
        fees.partner.to_string(),
        fees.total.to_string(),
    ]
}
