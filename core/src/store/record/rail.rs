//! The record of work for a rail. Its kind is not written: it follows from the side of its terms.

use serde::{Deserialize, Serialize};

use super::numbers::{from_optional, optional};
use super::terms::TermsV1;
use super::{Malformed, read, write};
use crate::id::AttemptId;
use crate::payment::PaymentKind;
use crate::rail::RailWork;
use crate::terms::Terms;

#[derive(Serialize, Deserialize)]
struct RailWorkV1<'a> {
    payment: [u8; 16],
    account: [u8; 16],
    session: [u8; 16],
    corridor: &'a str,
    rail: &'a str,
    number: u32,
    #[serde(borrow)]
    terms: TermsV1<'a>,
    magic: u8,
}

/// Appends the record of `work`.
pub fn encode(work: &RailWork, out: &mut Vec<u8>) {
    assert_eq!(work.kind, PaymentKind::of(work.terms.side), "the kind of rail work follows from its terms");
    let fields = RailWorkV1 {
        payment: work.payment.into(),
        account: work.account.into(),
        session: work.session.into(),
        corridor: &work.corridor,
        rail: &work.rail,
        number: work.number,
        terms: (&work.terms).into(),
        magic: optional(work.magic),
    };
    write(out, &fields);
}

/// Reads the work of the attempt with this key.
pub fn decode(attempt: AttemptId, bytes: &[u8]) -> Result<RailWork, Malformed> {
    let fields: RailWorkV1<'_> = read(bytes)?;
    let terms = Terms::try_from(fields.terms)?;
    Ok(RailWork {
        attempt,
        payment: fields.payment.into(),
        kind: PaymentKind::of(terms.side),
        account: fields.account.into(),
        session: fields.session.into(),
        corridor: fields.corridor.to_owned(),
        rail: fields.rail.to_owned(),
        number: fields.number,
        terms,
        magic: from_optional(fields.magic)?,
    })
}
