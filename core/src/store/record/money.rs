//! Decimals in records: the scale as one byte and the digits as a variable-length integer.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::Malformed;
use crate::money::{Amount, Rate};

/// A decimal that is zero or more.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub struct UnsignedV1 {
    scale: u8,
    digits: u128,
}

/// Any decimal.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub struct SignedV1 {
    scale: u8,
    digits: i128,
}

impl UnsignedV1 {
    fn decimal(self) -> Result<Decimal, Malformed> {
        let digits = i128::try_from(self.digits).map_err(|_| NOT_A_DECIMAL)?;
        decimal(digits, self.scale)
    }
}

impl From<Amount> for UnsignedV1 {
    fn from(amount: Amount) -> UnsignedV1 {
        unsigned(amount.decimal())
    }
}

impl TryFrom<UnsignedV1> for Amount {
    type Error = Malformed;

    fn try_from(fields: UnsignedV1) -> Result<Amount, Malformed> {
        Amount::new(fields.decimal()?).ok_or(Malformed("an amount is out of its bounds"))
    }
}

impl From<Rate> for UnsignedV1 {
    fn from(rate: Rate) -> UnsignedV1 {
        unsigned(rate.decimal())
    }
}

impl TryFrom<UnsignedV1> for Rate {
    type Error = Malformed;

    fn try_from(fields: UnsignedV1) -> Result<Rate, Malformed> {
        Rate::new(fields.decimal()?).ok_or(Malformed("a rate is out of its bounds"))
    }
}

impl From<Decimal> for SignedV1 {
    fn from(value: Decimal) -> SignedV1 {
        SignedV1 { scale: value.scale() as u8, digits: value.mantissa() }
    }
}

impl TryFrom<SignedV1> for Decimal {
    type Error = Malformed;

    fn try_from(fields: SignedV1) -> Result<Decimal, Malformed> {
        decimal(fields.digits, fields.scale)
    }
}

const NOT_A_DECIMAL: Malformed = Malformed("a decimal is out of its bounds");

fn unsigned(value: Decimal) -> UnsignedV1 {
    UnsignedV1 { scale: value.scale() as u8, digits: value.mantissa().unsigned_abs() }
}

fn decimal(digits: i128, scale: u8) -> Result<Decimal, Malformed> {
    Decimal::try_from_i128_with_scale(digits, scale.into()).map_err(|_| NOT_A_DECIMAL)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_out_of_bounds_is_refused() {
        let unsigned = |scale, digits| UnsignedV1 { scale, digits };
        assert!(Amount::try_from(unsigned(9, 1)).is_err());
        assert!(Amount::try_from(unsigned(0, u128::MAX)).is_err());
        assert!(Amount::try_from(unsigned(0, 1_000_000_000_001)).is_err());
        assert!(Rate::try_from(unsigned(0, 0)).is_err());
        assert!(Decimal::try_from(SignedV1 { scale: 29, digits: 1 }).is_err());
        assert!(Decimal::try_from(SignedV1 { scale: 0, digits: i128::MIN }).is_err());
    }

    proptest! {
        #[test]
        fn decimals_keep_digits_and_scale(digits in -(1i128 << 95)..(1i128 << 95), scale in 0u32..=28) {
            let value = Decimal::from_i128_with_scale(digits, scale);
            let read = Decimal::try_from(SignedV1::from(value)).unwrap();
            prop_assert_eq!((read, read.scale()), (value, value.scale()));
        }

        #[test]
        fn amounts_keep_digits_and_scale(minor in 0u128..100_000_000_000_000, scale in 2u32..=8) {
            let amount = Amount::from_minor(minor, scale).unwrap();
            let read = Amount::try_from(UnsignedV1::from(amount)).unwrap();
            prop_assert_eq!((read, read.decimal().scale()), (amount, scale));
        }
    }
}
