//! The terms of quotes, payments and rail work: a part of other records, without a version of its own.

use serde::{Deserialize, Serialize};

use super::Malformed;
use super::money::UnsignedV1;
use super::numbers::Numbered;
use crate::money::Amount;
use crate::store::key::{asset, currency};
use crate::terms::{Fees, Side, Terms};

/// [`Terms`].
#[derive(Serialize, Deserialize)]
pub struct TermsV1<'a> {
    side: u8,
    currency: &'a str,
    asset: &'a str,
    payment_method: &'a str,
    fiat_amount: UnsignedV1,
    crypto_amount: UnsignedV1,
    exchange_rate: UnsignedV1,
    /// Processing, network, partner, total.
    fees: [UnsignedV1; 4],
}

/// Pairs of a partner's metadata.
pub type PairsV1<'a> = Vec<(&'a str, &'a str)>;

/// The pairs as they are written.
pub fn pairs(metadata: &[(String, String)]) -> PairsV1<'_> {
    metadata.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect()
}

/// The pairs as the domains hold them.
pub fn metadata(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect()
}

impl<'a> From<&'a Terms> for TermsV1<'a> {
    fn from(terms: &'a Terms) -> TermsV1<'a> {
        let fees = [terms.fees.processing, terms.fees.network, terms.fees.partner, terms.fees.total];
        TermsV1 {
            side: terms.side.number(),
            currency: terms.currency.code(),
            asset: terms.asset.symbol(),
            payment_method: &terms.payment_method,
            fiat_amount: terms.fiat_amount.into(),
            crypto_amount: terms.crypto_amount.into(),
            exchange_rate: terms.exchange_rate.into(),
            fees: fees.map(UnsignedV1::from),
        }
    }
}

impl TryFrom<TermsV1<'_>> for Terms {
    type Error = Malformed;

    fn try_from(fields: TermsV1<'_>) -> Result<Terms, Malformed> {
        let [processing, network, partner, total] = fields.fees.map(Amount::try_from);
        Ok(Terms {
            side: Side::from_number(fields.side)?,
            currency: currency(fields.currency)?,
            asset: asset(fields.asset)?,
            payment_method: fields.payment_method.to_owned(),
            fiat_amount: fields.fiat_amount.try_into()?,
            crypto_amount: fields.crypto_amount.try_into()?,
            exchange_rate: fields.exchange_rate.try_into()?,
            fees: Fees { processing: processing?, network: network?, partner: partner?, total: total? },
        })
    }
}
