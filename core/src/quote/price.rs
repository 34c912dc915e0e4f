//! Pricing: from the amount that the user gives to the whole terms. Every rounding is against the recipient.

use crate::money::{Amount, Asset, Currency, Rate, Rounding};
use crate::terms::{Fees, Side, Terms};

/// What a method costs the user. Proportional parts are in basis points of the gross fiat amount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeeSchedule {
    /// Proportional processing fee.
    pub processing_basis_points: u32,
    /// Fixed processing fee in the method's currency.
    pub processing_fixed: Amount,
    /// Network fee in the method's currency.
    pub network_fixed: Amount,
    /// The partner's share.
    pub partner_basis_points: u32,
}

/// Why an amount has no price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PriceError {
    /// The amount has more decimals than what it counts.
    TooManyDecimals,
    /// Nothing is left after fees, or the result is beyond the bounds.
    OutOfRange,
}

/// What is priced, apart from the amount.
#[derive(Clone, Debug)]
pub struct Pair<'a> {
    /// The fiat currency.
    pub currency: Currency,
    /// The asset.
    pub asset: Asset,
    /// Its decimals, at most eight.
    pub asset_decimals: u32,
    /// How fiat moves.
    pub payment_method: &'a str,
    /// Fiat per one asset, spread included.
    pub rate: Rate,
}

/// The terms for `amount`: fiat when `side` is on_ramp, asset when off_ramp.
///
/// on_ramp: crypto = (fiat − fees) ÷ rate. off_ramp: fiat = crypto × rate − fees.
pub fn price(side: Side, amount: Amount, pair: &Pair<'_>, fees: &FeeSchedule) -> Result<Terms, PriceError> {
    let (fiat_amount, crypto_amount, fees) = match side {
        Side::OnRamp => on_ramp(amount, pair, fees)?,
        Side::OffRamp => off_ramp(amount, pair, fees)?,
    };
    if fiat_amount.is_zero() || crypto_amount.is_zero() {
        return Err(PriceError::OutOfRange);
    }
    Ok(Terms {
        side,
        currency: pair.currency,
        asset: pair.asset,
        payment_method: pair.payment_method.to_owned(),
        fiat_amount,
        crypto_amount,
        exchange_rate: pair.rate,
        fees,
    })
}

fn on_ramp(amount: Amount, pair: &Pair<'_>, schedule: &FeeSchedule) -> Result<(Amount, Amount, Fees), PriceError> {
    let fiat = amount.given(pair.currency.decimals()).map_err(|_| PriceError::TooManyDecimals)?;
    let fees = schedule.fees(fiat, pair.currency).ok_or(PriceError::OutOfRange)?;
    let net = fiat.minus(fees.total).ok_or(PriceError::OutOfRange)?;
    let crypto = net.divided_by(pair.rate, pair.asset_decimals, Rounding::Down).ok_or(PriceError::OutOfRange)?;
    Ok((fiat, crypto, fees))
}

fn off_ramp(amount: Amount, pair: &Pair<'_>, schedule: &FeeSchedule) -> Result<(Amount, Amount, Fees), PriceError> {
    let crypto = amount.given(pair.asset_decimals).map_err(|_| PriceError::TooManyDecimals)?;
    let gross = crypto.times(pair.rate, pair.currency.decimals(), Rounding::Down).ok_or(PriceError::OutOfRange)?;
    let fees = schedule.fees(gross, pair.currency).ok_or(PriceError::OutOfRange)?;
    let fiat = gross.minus(fees.total).ok_or(PriceError::OutOfRange)?;
    Ok((fiat, crypto, fees))
}

impl FeeSchedule {
    fn fees(&self, gross: Amount, currency: Currency) -> Option<Fees> {
        let decimals = currency.decimals();
        let proportional = |basis_points| gross.basis_points(basis_points, decimals, Rounding::Up);
        let fixed = |amount: Amount| amount.exact(decimals).ok();
        let processing = proportional(self.processing_basis_points)?.plus(fixed(self.processing_fixed)?)?;
        let network = fixed(self.network_fixed)?;
        let partner = proportional(self.partner_basis_points)?;
        let total = processing.plus(network)?.plus(partner)?;
        Some(Fees { processing, network, partner, total })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(rate: &str) -> Pair<'static> {
        Pair {
            currency: Currency::parse("EUR").unwrap(),
            asset: Asset::parse("USDC").unwrap(),
            asset_decimals: 6,
            payment_method: "card",
            rate: Rate::new(rate.parse().unwrap()).unwrap(),
        }
    }

    fn schedule() -> FeeSchedule {
        FeeSchedule {
            processing_basis_points: 150,
            processing_fixed: Amount::parse("0.25").unwrap(),
            network_fixed: Amount::parse("0.10").unwrap(),
            partner_basis_points: 50,
        }
    }

    #[test]
    fn both_sides_round_against_the_recipient() {
        let check = |side, amount: &str, fiat: &str, crypto: &str, total: &str| {
            let terms = price(side, Amount::parse(amount).unwrap(), &pair("0.92"), &schedule()).unwrap();
            let found = (terms.fiat_amount.to_string(), terms.crypto_amount.to_string(), terms.fees.total.to_string());
            assert_eq!(found, (fiat.to_owned(), crypto.to_owned(), total.to_owned()));
        };
        check(Side::OnRamp, "100", "100.00", "106.141304", "2.35");
        check(Side::OnRamp, "100.01", "100.01", "106.130434", "2.37");
        check(Side::OffRamp, "100", "89.81", "100.000000", "2.19");
    }

    #[test]
    fn what_fees_eat_up_has_no_price() {
        let error =
            |side, amount: &str| price(side, Amount::parse(amount).unwrap(), &pair("0.92"), &schedule()).unwrap_err();
        assert_eq!(error(Side::OnRamp, "0.35"), PriceError::OutOfRange);
        assert_eq!(error(Side::OffRamp, "0.000001"), PriceError::OutOfRange);
        assert_eq!(error(Side::OnRamp, "1.001"), PriceError::TooManyDecimals);
        assert_eq!(error(Side::OffRamp, "1.0000001"), PriceError::TooManyDecimals);
    }
}
