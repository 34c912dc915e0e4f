//! Signed quotes.

use causeway_core::command::LockQuote as LockQuoteCommand;
use causeway_core::id::Mode;
use causeway_core::payment::PaymentKind;
use causeway_core::quote::Quote as CoreQuote;
use causeway_core::terms::{Fees, Side};
use causeway_core::time::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::forms::{ASSET, CURRENCY};
use super::{Decimal, DecimalText, Fingerprint, Text, Time, field};
use crate::keys::hex;
use crate::problem::Problem;

/// The body of lockQuote.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LockQuote<'a> {
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
    /// How fiat moves.
    #[serde(borrow)]
    #[schemars(length(min = 1, max = 64))]
    pub payment_method: Text<'a>,
}

/// Which way value moves.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum SideWord {
    /// Fiat in, asset out.
    OnRamp,
    /// Asset in, fiat out.
    OffRamp,
}

impl LockQuote<'_> {
    /// The command that the core takes. The amount keeps its scale: the sandbox reads its last digits.
    pub fn command(self) -> Result<LockQuoteCommand, Problem> {
        let side = Side::from(self.side);
        let currency = field::currency("currency", &self.currency)?;
        if side == Side::OnRamp {
            field::fiat("amount", &self.amount, currency)?;
        }
        Ok(LockQuoteCommand {
            side,
            currency,
            asset: field::asset("asset", &self.asset)?,
            amount: field::amount("amount", &self.amount)?,
            payment_method: field::method("payment_method", self.payment_method)?,
        })
    }

    /// The fingerprint of a request for this command.
    pub fn fingerprint(command: &LockQuoteCommand) -> [u8; 16] {
        Fingerprint::new()
            .field("currency", command.currency.code())
            .field("asset", command.asset.symbol())
            .field("amount", command.amount)
            .field("side", command.side.word())
            .field("payment_method", &command.payment_method)
            .finish()
    }
}

impl From<SideWord> for Side {
    fn from(word: SideWord) -> Side {
        match word {
            SideWord::OnRamp => Side::OnRamp,
            SideWord::OffRamp => Side::OffRamp,
        }
    }
}

/// Fees, in fiat.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Fees")]
pub struct Price {
    /// What processing the payment costs the user.
    pub processing: Decimal,
    /// What the asset's network costs the user.
    pub network: Decimal,
    /// What the partner earns.
    pub partner: Decimal,
    /// The sum of the three.
    pub total: Decimal,
}

impl From<&Fees> for Price {
    fn from(fees: &Fees) -> Price {
        Price {
            processing: fees.processing.into(),
            network: fees.network.into(),
            partner: fees.partner.into(),
            total: fees.total.into(),
        }
    }
}

/// A signed quote.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "SignedQuote")]
pub struct SignedQuote<'a> {
    /// Always `signed_quote`.
    #[schemars(extend("const" = "signed_quote"))]
    pub object: &'static str,
    /// `qt_…`.
    pub id: String,
    /// Where it stands.
    #[schemars(extend("enum" = ["active", "consumed", "expired"]))]
    pub status: &'static str,
    /// Which way value moves.
    #[schemars(extend("enum" = ["on_ramp", "off_ramp"]))]
    pub side: &'static str,
    /// The fiat currency.
    pub currency: &'a str,
    /// The asset.
    pub asset: &'a str,
    /// How fiat moves.
    pub payment_method: &'a str,
    /// Fiat that the user pays (on_ramp) or receives (off_ramp).
    pub fiat_amount: Decimal,
    /// Asset that the user receives (on_ramp) or pays (off_ramp).
    pub crypto_amount: Decimal,
    /// Fiat per one asset.
    pub exchange_rate: Decimal,
    /// Fees, in fiat.
    pub fees: Price,
    /// When it was locked.
    pub created_at: Time,
    /// From when on it cannot be redeemed.
    pub expires_at: Time,
    /// When it was redeemed.
    pub consumed_at: Option<Time>,
    /// The payment that redeemed it.
    pub consumed_by: Option<String>,
    /// `v1=` and the signature over every economic field.
    #[schemars(regex(pattern = r"^v1=[0-9a-f]{64}$"))]
    pub signature: String,
}

impl<'a> SignedQuote<'a> {
    /// The quote as partners see it at `now`.
    pub fn of(quote: &'a CoreQuote, now: Timestamp, mode: Mode) -> SignedQuote<'a> {
        let terms = &quote.terms;
        let prefix = PaymentKind::of(terms.side).prefix();
        SignedQuote {
            object: "signed_quote",
            id: quote.id.text(mode),
            status: quote.status(now).word(),
            side: terms.side.word(),
            currency: terms.currency.code(),
            asset: terms.asset.symbol(),
            payment_method: &terms.payment_method,
            fiat_amount: terms.fiat_amount.into(),
            crypto_amount: terms.crypto_amount.into(),
            exchange_rate: terms.exchange_rate.into(),
            fees: Price::from(&terms.fees),
            created_at: Time(quote.created_at),
            expires_at: Time(quote.expires_at),
            consumed_at: quote.consumed.map(|(at, _)| Time(at)),
            consumed_by: quote.consumed.map(|(_, payment)| payment.text(prefix, mode)),
            signature: format!("v1={}", hex::encode(&quote.signature)),
        }
    }
}
