//! Quote previews.

use causeway_core::terms::{Side, Terms};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::forms::{ASSET, COUNTRY, CURRENCY};
use super::{Decimal, DecimalText, Price, SideWord, Text, field};
use crate::offer::Preview;
use crate::problem::Problem;

/// The body of previewQuotes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PreviewQuotes<'a> {
    /// The fiat currency, ISO 4217.
    #[serde(borrow)]
    #[schemars(regex(pattern = CURRENCY), extend("format" = "iso-4217"))]
    pub currency: Text<'a>,
    /// The asset's symbol.
    #[serde(borrow)]
    #[schemars(regex(pattern = ASSET))]
    pub asset: Text<'a>,
    /// What the user gives: fiat when on_ramp, asset when off_ramp.
    #[serde(borrow)]
    pub amount: DecimalText<'a>,
    /// Which way value moves.
    pub side: SideWord,
    /// Where the user is, ISO 3166-1 alpha-2: only methods that reach this country.
    #[serde(borrow)]
    #[schemars(regex(pattern = COUNTRY), extend("format" = "iso-3166-1"))]
    pub country_code: Option<Text<'a>>,
}

impl PreviewQuotes<'_> {
    /// What is asked, read as a lock of the same would be.
    pub fn preview(self) -> Result<Preview, Problem> {
        let side = Side::from(self.side);
        let currency = field::currency("currency", &self.currency)?;
        if side == Side::OnRamp {
            field::fiat("amount", &self.amount, currency)?;
        }
        Ok(Preview {
            side,
            currency,
            asset: field::asset("asset", &self.asset)?,
            amount: field::amount("amount", &self.amount)?,
            country: self.country_code.map(|text| field::country("country_code", &text)).transpose()?,
        })
    }
}

/// What a lock of one method would fix now; a lock a moment later may fix something else.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "QuotePreview")]
pub struct QuotePreview<'a> {
    /// Always `quote_preview`.
    #[schemars(extend("const" = "quote_preview"))]
    pub object: &'static str,
    /// Which way value moves.
    #[schemars(extend("enum" = ["on_ramp", "off_ramp"]))]
    pub side: &'static str,
    /// The fiat currency.
    pub currency: &'a str,
    /// The asset.
    pub asset: &'a str,
    /// How fiat moves.
    pub payment_method: &'a str,
    /// Fiat that the user would pay (on_ramp) or receive (off_ramp).
    pub fiat_amount: Decimal,
    /// Asset that the user would receive (on_ramp) or pay (off_ramp).
    pub crypto_amount: Decimal,
    /// Fiat per one asset.
    pub exchange_rate: Decimal,
    /// Fees, in fiat.
    pub fees: Price,
    /// Within how many seconds it usually settles.
    pub estimated_settlement_seconds: u32,
    /// Always true: nothing is fixed.
    #[schemars(extend("const" = true))]
    pub indicative: bool,
}

impl<'a> QuotePreview<'a> {
    /// The preview of `terms`, which settle within so many seconds.
    pub fn of((terms, settlement_seconds): &'a (Terms, u32)) -> QuotePreview<'a> {
        QuotePreview {
            object: "quote_preview",
            side: terms.side.word(),
            currency: terms.currency.code(),
            asset: terms.asset.symbol(),
            payment_method: &terms.payment_method,
            fiat_amount: terms.fiat_amount.into(),
            crypto_amount: terms.crypto_amount.into(),
            exchange_rate: terms.exchange_rate.into(),
            fees: Price::from(&terms.fees),
            estimated_settlement_seconds: *settlement_seconds,
            indicative: true,
        }
    }
}
