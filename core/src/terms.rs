//! The economic terms that a quote fixes and a payment carries on: nothing in them changes after the lock.

use crate::money::{Amount, Asset, Currency, Rate};

/// Which way value moves, seen from the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// Fiat in, asset out: redeemed by a pay-in.
    OnRamp,
    /// Asset in, fiat out: redeemed by a pay-out.
    OffRamp,
}

impl Side {
    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Side::OnRamp => "on_ramp",
            Side::OffRamp => "off_ramp",
        }
    }
}

/// Fees in fiat, each rounded up to the minor unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fees {
    /// What processing the payment costs the user.
    pub processing: Amount,
    /// What the asset's network costs the user.
    pub network: Amount,
    /// What the partner earns.
    pub partner: Amount,
    /// The sum of the three.
    pub total: Amount,
}

/// What is exchanged for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Which way value moves.
    pub side: Side,
    /// The fiat currency.
    pub currency: Currency,
    /// The asset.
    pub asset: Asset,
    /// How fiat moves: `sepa_instant`, `card`, …
    pub payment_method: String,
    /// Fiat that the user pays (on_ramp) or receives (off_ramp), at the currency's minor unit.
    pub fiat_amount: Amount,
    /// Asset that the user receives (on_ramp) or pays (off_ramp), at the asset's decimals.
    pub crypto_amount: Amount,
    /// Fiat per one asset.
    pub exchange_rate: Rate,
    /// Fees, in fiat.
    pub fees: Fees,
}
