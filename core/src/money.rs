//! Money: exact decimals that know what they count. There is no float and no silent rounding.
//!
//! Products and quotients are computed on 128-bit integers and rounded once, in the direction that the caller names.

mod currency;

use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::limits::{AMOUNT_MAX, RATE_MAX, WIRE_DECIMALS};

pub use currency::Currency;

/// A crypto asset's symbol: 2–12 letters and digits, upper case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Asset([u8; 12]);

/// What an amount of the ledger counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Unit {
    /// A currency, in its major unit.
    Currency(Currency),
    /// An asset, in whole tokens.
    Asset(Asset),
}

/// An amount that is zero or more, with at most eight decimals. What it counts stands beside it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount(Decimal);

/// The direction in which a result that does not fit its decimals goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// Towards zero: what we give.
    Down,
    /// Away from zero: what we take.
    Up,
}

/// Why a text is not an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// Not digits with an optional decimal point and digits.
    #[error("must be a decimal string such as \"100.00\"")]
    Malformed,
    /// Zero.
    #[error("must be greater than zero")]
    NotPositive,
    /// More decimals than the currency or asset has.
    #[error("has more decimals than its currency or asset")]
    TooManyDecimals,
    /// Beyond the largest amount.
    #[error("is larger than any amount accepted here")]
    TooLarge,
}

impl Asset {
    /// The asset that `text` names, in upper case; `None` unless it is 2–12 ASCII letters and digits.
    pub fn parse(text: &str) -> Option<Asset> {
        let valid = (2..=12).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        valid.then(|| {
            let mut symbol = [0; 12];
            symbol[..text.len()].copy_from_slice(text.to_ascii_uppercase().as_bytes());
            Asset(symbol)
        })
    }

    /// The symbol, in upper case.
    pub fn symbol(&self) -> &str {
        let length = self.0.iter().position(|&byte| byte == 0).unwrap_or(12);
        std::str::from_utf8(&self.0[..length]).unwrap_or_default()
    }
}

impl fmt::Debug for Asset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.symbol())
    }
}

impl Unit {
    /// The code or symbol.
    pub fn symbol(&self) -> &str {
        match self {
            Unit::Currency(currency) => currency.code(),
            Unit::Asset(asset) => asset.symbol(),
        }
    }
}

impl Amount {
    /// Nothing.
    pub const ZERO: Amount = Amount(Decimal::ZERO);

    /// Reads a positive amount: digits, optionally a point and up to eight digits. The scale stays as given.
    pub fn parse(text: &str) -> Result<Amount, AmountError> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(fraction) {
            return Err(AmountError::Malformed);
        }
        if fraction.len() > WIRE_DECIMALS as usize {
            return Err(AmountError::TooManyDecimals);
        }
        if whole.trim_start_matches('0').len() > 20 {
            return Err(AmountError::TooLarge);
        }
        let value = Decimal::from_str_exact(text).map_err(|_| AmountError::TooLarge)?;
        if value.is_zero() {
            return Err(AmountError::NotPositive);
        }
        Amount::new(value).ok_or(AmountError::TooLarge)
    }

    /// An amount of `units` smallest units of something with `decimals`; `None` beyond the bounds.
    pub fn from_minor(units: u128, decimals: u32) -> Option<Amount> {
        let units = i128::try_from(units).ok()?;
        Amount::new(Decimal::try_from_i128_with_scale(units, decimals).ok()?)
    }

    /// Wraps a decimal that is within the bounds of an amount.
    pub fn new(value: Decimal) -> Option<Amount> {
        let within = !value.is_sign_negative() && value.scale() <= WIRE_DECIMALS && value <= Decimal::from(AMOUNT_MAX);
        within.then_some(Amount(value))
    }

    /// The same amount written with exactly `decimals`; refused when digits would be lost.
    pub fn exact(self, decimals: u32) -> Result<Amount, AmountError> {
        let mut value = self.0;
        value.rescale(decimals);
        if value == self.0 { Ok(Amount(value)) } else { Err(AmountError::TooManyDecimals) }
    }

    /// The same amount with exactly this many decimals, as somebody gave it: one that is written with more is refused, zeros
    /// or not.
    pub fn given(self, decimals: u32) -> Result<Amount, AmountError> {
        if self.0.scale() > decimals { Err(AmountError::TooManyDecimals) } else { self.exact(decimals) }
    }

    /// The decimal inside.
    pub fn decimal(self) -> Decimal {
        self.0
    }

    /// Whether it is nothing.
    pub fn is_zero(self) -> bool {
        self.0.is_zero()
    }

    /// The sum; `None` beyond the bounds.
    pub fn plus(self, other: Amount) -> Option<Amount> {
        Amount::new(self.0.checked_add(other.0)?)
    }

    /// The difference; `None` when `other` is larger.
    pub fn minus(self, other: Amount) -> Option<Amount> {
        Amount::new(self.0.checked_sub(other.0)?)
    }

    /// This many units at `rate` each, rounded once to `decimals`.
    pub fn times(self, rate: Rate, decimals: u32, rounding: Rounding) -> Option<Amount> {
        let product = mantissa(self.0).checked_mul(mantissa(rate.0))?;
        rounded(product, self.0.scale() + rate.0.scale(), decimals, rounding)
    }

    /// How many units at `rate` each this amount buys, rounded once to `decimals`.
    pub fn divided_by(self, rate: Rate, decimals: u32, rounding: Rounding) -> Option<Amount> {
        let shift = decimals + rate.0.scale();
        let numerator = mantissa(self.0).checked_mul(10u128.checked_pow(shift)?)?;
        let denominator = mantissa(rate.0).checked_mul(10u128.checked_pow(self.0.scale())?)?;
        Amount::from_minor(quotient(numerator, denominator, rounding)?, decimals)
    }

    /// `basis_points` ten-thousandths of this amount, rounded once to `decimals`.
    pub fn basis_points(self, basis_points: u32, decimals: u32, rounding: Rounding) -> Option<Amount> {
        let product = mantissa(self.0).checked_mul(basis_points as u128)?;
        rounded(product, self.0.scale() + 4, decimals, rounding)
    }

    /// The last two decimals as given; the last two digits for a unit that has no decimals. The sandbox's magic.
    pub fn last_two_digits(self, unit_decimals: u32) -> u8 {
        let digits = match (unit_decimals, self.0.scale()) {
            (0, _) => mantissa(self.0.normalize()),
            (_, 0) => 0,
            (_, 1) => mantissa(self.0) * 10,
            (_, 2..) => mantissa(self.0),
        };
        (digits % 100) as u8
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The price of one asset in a currency: positive, at most eight decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate(Decimal);

impl Rate {
    /// Wraps a decimal that is within the bounds of a rate.
    pub fn new(value: Decimal) -> Option<Rate> {
        let within = value > Decimal::ZERO && value.scale() <= WIRE_DECIMALS && value <= Decimal::from(RATE_MAX);
        within.then_some(Rate(value))
    }

    /// The decimal inside.
    pub fn decimal(self) -> Decimal {
        self.0
    }

    /// The rate moved by `basis_points` ten-thousandths, up or down, rounded to eight decimals in that direction.
    pub fn moved(self, basis_points: u32, rounding: Rounding) -> Option<Rate> {
        let factor = match rounding {
            Rounding::Up => 10_000u128.checked_add(basis_points as u128)?,
            Rounding::Down => 10_000u128.checked_sub(basis_points as u128)?,
        };
        let product = mantissa(self.0).checked_mul(factor)?;
        let moved = rescaled(product, self.0.scale() + 4, WIRE_DECIMALS, rounding)?;
        Rate::new(Decimal::try_from_i128_with_scale(i128::try_from(moved).ok()?, WIRE_DECIMALS).ok()?.normalize())
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

fn mantissa(value: Decimal) -> u128 {
    value.mantissa().unsigned_abs()
}

fn rounded(value: u128, scale: u32, decimals: u32, rounding: Rounding) -> Option<Amount> {
    Amount::from_minor(rescaled(value, scale, decimals, rounding)?, decimals)
}

fn rescaled(value: u128, scale: u32, decimals: u32, rounding: Rounding) -> Option<u128> {
    if scale <= decimals {
        return value.checked_mul(10u128.checked_pow(decimals - scale)?);
    }
    quotient(value, 10u128.checked_pow(scale - decimals)?, rounding)
}

fn quotient(numerator: u128, denominator: u128, rounding: Rounding) -> Option<u128> {
    let whole = numerator.checked_div(denominator)?;
    let exact = numerator.is_multiple_of(denominator);
    match rounding {
        Rounding::Up if !exact => whole.checked_add(1),
        Rounding::Up | Rounding::Down => Some(whole),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn amount(text: &str) -> Amount {
        Amount::parse(text).unwrap()
    }

    fn rate(text: &str) -> Rate {
        Rate::new(text.parse().unwrap()).unwrap()
    }

    #[test]
    fn only_plain_positive_decimals_are_amounts() {
        for (text, error) in [
            ("", AmountError::Malformed),
            ("-1", AmountError::Malformed),
            ("+1", AmountError::Malformed),
            ("1e3", AmountError::Malformed),
            (".5", AmountError::Malformed),
            ("5.", AmountError::Malformed),
            ("1_0", AmountError::Malformed),
            (" 1", AmountError::Malformed),
            ("٣", AmountError::Malformed),
            ("0.00", AmountError::NotPositive),
            ("0.000000001", AmountError::TooManyDecimals),
            ("1000000000001", AmountError::TooLarge),
            ("99999999999999999999999999999999", AmountError::TooLarge),
        ] {
            assert_eq!(Amount::parse(text), Err(error), "{text}");
        }
        assert_eq!(amount("100.00").to_string(), "100.00");
        assert_eq!(amount(&format!("{}7.50", "0".repeat(40))).to_string(), "7.50", "what is written long is not much");
        assert_eq!(amount("1000000000000.00000000").to_string(), "1000000000000.00000000");
    }

    #[test]
    fn rounding_goes_where_it_is_told() {
        let check = |given: &str, rate_text: &str, decimals, down: &str, up: &str| {
            let quotient =
                |rounding| amount(given).divided_by(rate(rate_text), decimals, rounding).unwrap().to_string();
            assert_eq!((quotient(Rounding::Down).as_str(), quotient(Rounding::Up).as_str()), (down, up));
        };
        check("100.00", "3", 2, "33.33", "33.34");
        check("100.00", "4", 2, "25.00", "25.00");
        check("98.51", "0.92", 6, "107.076086", "107.076087");
        assert_eq!(amount("1.05").times(rate("0.333"), 2, Rounding::Down).unwrap().to_string(), "0.34");
        assert_eq!(amount("1.05").times(rate("0.333"), 2, Rounding::Up).unwrap().to_string(), "0.35");
        assert_eq!(amount("100.01").basis_points(150, 2, Rounding::Up).unwrap().to_string(), "1.51");
    }

    #[test]
    fn exact_never_rounds() {
        assert_eq!(amount("1").exact(2).unwrap().to_string(), "1.00");
        assert_eq!(amount("1.500").exact(2).unwrap().to_string(), "1.50");
        assert_eq!(amount("1.505").exact(2), Err(AmountError::TooManyDecimals));
        assert_eq!(amount("1.5").given(2).unwrap().to_string(), "1.50");
        assert_eq!(amount("1.500").given(2), Err(AmountError::TooManyDecimals));
    }

    #[test]
    fn magic_reads_the_last_two_digits_as_given() {
        for (text, decimals, digits) in [
            ("100.01", 2, 1),
            ("100.1", 2, 10),
            ("100.00", 2, 0),
            ("104", 2, 0),
            ("1205", 0, 5),
            ("7", 0, 7),
            ("0.12345678", 8, 78),
            ("100.040", 6, 40),
        ] {
            assert_eq!(amount(text).last_two_digits(decimals), digits, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_quotient_times_its_rate_never_exceeds_the_amount(minor in 1u128..100_000_000_000_000, price in 1i64..1_000_000_000_000) {
            let given = Amount::from_minor(minor, 2).unwrap();
            let rate = Rate::new(Decimal::new(price, 8)).unwrap();
            if let Some(bought) = given.divided_by(rate, 8, Rounding::Down) {
                let cost = mantissa(bought.decimal()) * mantissa(rate.decimal());
                prop_assert!(cost <= minor * 10u128.pow(14));
                prop_assert!(cost + mantissa(rate.decimal()) > minor * 10u128.pow(14));
            }
        }
    }
}
