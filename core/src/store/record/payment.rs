//! The record of a payment. Its kind is not written: it follows from the side of its terms.

use serde::{Deserialize, Serialize};

use super::numbers::{Numbered, from_optional, optional};
use super::terms::{PairsV1, TermsV1, metadata, pairs};
use super::{Distance, Malformed, read, write};
use crate::id::{AccountId, PaymentId};
use crate::limits::ATTEMPTS_PER_PAYMENT;
use crate::payment::{Attempt, FailureCode, Payment, PaymentKind, PaymentStatus};
use crate::terms::Terms;

#[derive(Serialize, Deserialize)]
struct PaymentV1<'a> {
    #[serde(borrow)]
    status: StatusV1<'a>,
    quote: [u8; 16],
    session: [u8; 16],
    transaction: [u8; 16],
    #[serde(borrow)]
    terms: TermsV1<'a>,
    magic: u8,
    attempts: Vec<([u8; 16], &'a str)>,
    metadata: PairsV1<'a>,
    created_at: Distance,
    updated_at: Distance,
}

#[derive(Serialize, Deserialize)]
enum StatusV1<'a> {
    Verifying { expires_at: Distance, url: &'a str },
    Routed,
    Settled { at: Distance },
    Failed { code: u8 },
    Cancelled,
    Reviewing { expires_at: Distance },
}

/// Appends the record of `payment`.
pub fn encode(payment: &Payment, out: &mut Vec<u8>) {
    assert_eq!(payment.kind, PaymentKind::of(payment.terms.side), "a payment's kind follows from its terms");
    let fields = PaymentV1 {
        status: StatusV1::new(&payment.status, payment.id),
        quote: payment.quote.into(),
        session: payment.session.into(),
        transaction: payment.transaction.into(),
        terms: (&payment.terms).into(),
        magic: optional(payment.magic),
        attempts: payment.attempts.iter().map(attempt).collect(),
        metadata: pairs(&payment.metadata),
        created_at: Distance::new(payment.created_at, payment.id.0),
        updated_at: Distance::new(payment.updated_at, payment.id.0),
    };
    write(out, &fields);
}

/// Reads the record of the payment with this key.
pub fn decode(account: AccountId, id: PaymentId, bytes: &[u8]) -> Result<Payment, Malformed> {
    let fields: PaymentV1<'_> = read(bytes)?;
    let terms = Terms::try_from(fields.terms)?;
    Ok(Payment {
        id,
        kind: PaymentKind::of(terms.side),
        account,
        status: fields.status.status(id)?,
        quote: fields.quote.into(),
        session: fields.session.into(),
        transaction: fields.transaction.into(),
        terms,
        magic: from_optional(fields.magic)?,
        attempts: attempts(fields.attempts)?,
        metadata: metadata(&fields.metadata),
        created_at: fields.created_at.from(id.0),
        updated_at: fields.updated_at.from(id.0),
    })
}

fn attempt(attempt: &Attempt) -> ([u8; 16], &str) {
    (attempt.id.into(), &attempt.corridor)
}

fn attempts(fields: Vec<([u8; 16], &str)>) -> Result<Vec<Attempt>, Malformed> {
    if fields.len() > ATTEMPTS_PER_PAYMENT {
        return Err(Malformed("it has more attempts than a payment may have"));
    }
    let attempt = |(id, corridor): ([u8; 16], &str)| Attempt { id: id.into(), corridor: corridor.to_owned() };
    Ok(fields.into_iter().map(attempt).collect())
}

impl<'a> StatusV1<'a> {
    fn new(status: &'a PaymentStatus, id: PaymentId) -> StatusV1<'a> {
        match status {
            PaymentStatus::Verifying { expires_at, url } => {
                StatusV1::Verifying { expires_at: Distance::new(*expires_at, id.0), url }
            }
            PaymentStatus::Routed => StatusV1::Routed,
            PaymentStatus::Settled { at } => StatusV1::Settled { at: Distance::new(*at, id.0) },
            PaymentStatus::Failed { code } => StatusV1::Failed { code: code.number() },
            PaymentStatus::Cancelled => StatusV1::Cancelled,
            PaymentStatus::Reviewing { expires_at } => {
                StatusV1::Reviewing { expires_at: Distance::new(*expires_at, id.0) }
            }
        }
    }

    fn status(self, id: PaymentId) -> Result<PaymentStatus, Malformed> {
        Ok(match self {
            StatusV1::Verifying { expires_at, url } => {
                PaymentStatus::Verifying { expires_at: expires_at.from(id.0), url: url.into() }
            }
            StatusV1::Routed => PaymentStatus::Routed,
            StatusV1::Settled { at } => PaymentStatus::Settled { at: at.from(id.0) },
            StatusV1::Failed { code } => PaymentStatus::Failed { code: FailureCode::from_number(code)? },
            StatusV1::Cancelled => PaymentStatus::Cancelled,
            StatusV1::Reviewing { expires_at } => PaymentStatus::Reviewing { expires_at: expires_at.from(id.0) },
        })
    }
}
