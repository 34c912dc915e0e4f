//! The record of a quote.

use serde::{Deserialize, Serialize};

use super::money::UnsignedV1;
use super::terms::TermsV1;
use super::{Distance, Malformed, read, write};
use crate::id::{AccountId, QuoteId};
use crate::quote::Quote;

#[derive(Serialize, Deserialize)]
struct QuoteV1<'a> {
    #[serde(borrow)]
    terms: TermsV1<'a>,
    given_amount: UnsignedV1,
    created_at: Distance,
    expires_at: Distance,
    consumed: Option<(Distance, [u8; 16])>,
    key_id: u8,
    signature: [u8; 32],
}

/// Appends the record of `quote`.
pub fn encode(quote: &Quote, out: &mut Vec<u8>) {
    let fields = QuoteV1 {
        terms: (&quote.terms).into(),
        given_amount: quote.given_amount.into(),
        created_at: Distance::new(quote.created_at, quote.id.0),
        expires_at: Distance::new(quote.expires_at, quote.id.0),
        consumed: quote.consumed.map(|(at, payment)| (Distance::new(at, quote.id.0), payment.into())),
        key_id: quote.key_id,
        signature: quote.signature,
    };
    write(out, &fields);
}

/// Reads the record of the quote with this key.
pub fn decode(account: AccountId, id: QuoteId, bytes: &[u8]) -> Result<Quote, Malformed> {
    let fields: QuoteV1<'_> = read(bytes)?;
    Ok(Quote {
        id,
        account,
        terms: fields.terms.try_into()?,
        given_amount: fields.given_amount.try_into()?,
        created_at: fields.created_at.from(id.0),
        expires_at: fields.expires_at.from(id.0),
        consumed: fields.consumed.map(|(at, payment)| (at.from(id.0), payment.into())),
        key_id: fields.key_id,
        signature: fields.signature,
    })
}
