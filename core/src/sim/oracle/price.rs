//! Prices, counted in hundred-millionths as whole numbers. What does not come out even goes against the recipient: what we
//! give is cut off, what we take is filled up.

use rust_decimal::Decimal;

use crate::command::LockQuote;
use crate::limits::{AMOUNT_MAX, RATE_MAX};
use crate::money::{Amount, Currency, Rate};
use crate::quote::FeeSchedule;
use crate::routing::PairRate;
use crate::terms::{Fees, Side, Terms};

/// Hundred-millionths of one.
const ONE: i128 = 100_000_000;

/// Everything that a price depends on.
pub struct Given<'a> {
    pub lock: &'a LockQuote,
    pub asset_decimals: u32,
    pub rate: Rate,
    pub fees: &'a FeeSchedule,
}

/// The middle moved by the spread: up when the user buys, down when the user sells.
pub fn rate_with_spread(quoted: PairRate, side: Side) -> Option<Rate> {
    let mid = grains(quoted.mid.decimal());
    let spread = i128::from(quoted.spread_basis_points);
    let moved = match side {
        Side::OnRamp => up(mid * (10_000 + spread), 10_000),
        Side::OffRamp => mid * (10_000 - spread) / 10_000,
    };
    if moved <= 0 || moved > i128::from(RATE_MAX) * ONE {
        return None;
    }
    Rate::new(Decimal::from_i128_with_scale(moved, 8).normalize())
}

/// How much of an asset with `decimals` the fiat amount buys at `rate`; `None` when that is nothing.
pub fn worth(fiat: Amount, rate: Rate, decimals: u32) -> Option<Amount> {
    let step = step(decimals);
    let crypto = grains(fiat.decimal()) * ONE / (grains(rate.decimal()) * step) * step;
    if crypto > 0 { amount(crypto, decimals) } else { None }
}

/// US cents of a fiat amount, cut off.
pub fn cents(fiat: Amount, per_dollar: Rate) -> u64 {
    let cents = grains(fiat.decimal()) * 100 / grains(per_dollar.decimal());
    u64::try_from(cents).unwrap_or(u64::MAX)
}

/// The terms; `None` when nothing is left or something is beyond the bounds.
pub fn price(given: &Given<'_>) -> Option<Terms> {
    let (gave, rate) = (grains(given.lock.amount.decimal()), grains(given.rate.decimal()));
    let (fiat_step, asset_step) = (step(given.lock.currency.decimals()), step(given.asset_decimals));
    let (fiat, crypto, fees) = match given.lock.side {
        Side::OnRamp => {
            let fees = fees(given, gave)?;
            (gave, (gave - grains(fees.total.decimal())) * ONE / (rate * asset_step) * asset_step, fees)
        }
        Side::OffRamp => {
            let gross = gave * rate / (ONE * fiat_step) * fiat_step;
            // Before fees it is an amount like any other.
            amount(gross, given.lock.currency.decimals())?;
            let fees = fees(given, gross)?;
            (gross - grains(fees.total.decimal()), gave, fees)
        }
    };
    if fiat <= 0 || crypto <= 0 {
        return None;
    }
    Some(Terms {
        side: given.lock.side,
        currency: given.lock.currency,
        asset: given.lock.asset,
        payment_method: given.lock.payment_method.clone(),
        fiat_amount: amount(fiat, given.lock.currency.decimals())?,
        crypto_amount: amount(crypto, given.asset_decimals)?,
        exchange_rate: given.rate,
        fees,
    })
}

/// Each fee is filled up to the currency's minor unit.
fn fees(given: &Given<'_>, gross: i128) -> Option<Fees> {
    let currency: Currency = given.lock.currency;
    let step = step(currency.decimals());
    let share = |basis_points: u32| up(gross * i128::from(basis_points), 10_000 * step) * step;
    let processing = share(given.fees.processing_basis_points) + grains(given.fees.processing_fixed.decimal());
    let network = grains(given.fees.network_fixed.decimal());
    let partner = share(given.fees.partner_basis_points);
    let fee = |grains| amount(grains, currency.decimals());
    Some(Fees {
        processing: fee(processing)?,
        network: fee(network)?,
        partner: fee(partner)?,
        total: fee(processing + network + partner)?,
    })
}

/// A decimal of at most eight places as a whole number of hundred-millionths.
fn grains(value: Decimal) -> i128 {
    value.mantissa() * 10i128.pow(8 - value.scale())
}

/// Hundred-millionths in the smallest unit of something with `decimals`.
fn step(decimals: u32) -> i128 {
    10i128.pow(8 - decimals)
}

/// The amount of so many hundred-millionths, written with `decimals`; `None` beyond the bounds or when digits would be lost.
fn amount(grains: i128, decimals: u32) -> Option<Amount> {
    if grains > i128::from(AMOUNT_MAX) * ONE || grains % step(decimals) != 0 {
        return None;
    }
    Amount::new(Decimal::from_i128_with_scale(grains / step(decimals), decimals))
}

/// The quotient, filled up.
fn up(numerator: i128, denominator: i128) -> i128 {
    (numerator + denominator - 1) / denominator
}
