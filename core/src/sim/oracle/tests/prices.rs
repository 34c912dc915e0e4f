//! Two ways of counting: the oracle's whole hundred-millionths and the cell's scaled decimals give the same prices, up to the
//! bounds and beyond.

use proptest::prelude::*;
use rust_decimal::Decimal;

use crate::command::LockQuote;
use crate::money::{Amount, Rate, Rounding};
use crate::quote::{self, FeeSchedule, Pair, PriceError};
use crate::routing::PairRate;
use crate::sim::ground::{asset, currency};
use crate::terms::Side;

use super::super::{price, same};

fn decimal() -> impl Strategy<Value = Decimal> {
    (0u32..28, 0u32..=8).prop_flat_map(|(digits, scale)| {
        (1i128..=10i128.pow(digits.min(20))).prop_map(move |mantissa| Decimal::from_i128_with_scale(mantissa, scale))
    })
}

fn amounts() -> impl Strategy<Value = Amount> {
    decimal().prop_filter_map("beyond the bounds", Amount::new)
}

fn rates() -> impl Strategy<Value = Rate> {
    decimal().prop_filter_map("beyond the bounds", Rate::new)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn prices_agree(
        given in amounts(),
        mid in rates(),
        points in (0u32..10_001, 0u32..400, 0u32..400),
        fixed in (0u32..500, 0u32..500),
        code in prop::sample::select(vec!["EUR", "JPY", "KWD"]),
        asset_decimals in 0u32..=8,
        side in prop::sample::select(vec![Side::OnRamp, Side::OffRamp]),
    ) {
        let currency = currency(code);
        let whole = |units: u32| Amount::new(Decimal::from(units)).unwrap();
        let fees = FeeSchedule {
            processing_basis_points: points.1,
            processing_fixed: whole(fixed.0),
            network_fixed: whole(fixed.1),
            partner_basis_points: points.2,
        };
        let quoted = PairRate { mid, spread_basis_points: points.0 };
        let rounding = if side == Side::OnRamp { Rounding::Up } else { Rounding::Down };
        let rate = mid.moved(points.0, rounding);
        prop_assert_eq!(price::rate_with_spread(quoted, side), rate);
        let Some(rate) = rate else { return Ok(()) };
        let asset = asset("USDC");
        let pair = Pair { currency, asset, asset_decimals, payment_method: "card", rate };
        let lock = LockQuote { side, currency, asset, amount: given, payment_method: "card".to_owned() };
        match quote::price(side, given, &pair, &fees) {
            Err(PriceError::TooManyDecimals) => {}
            Err(PriceError::OutOfRange) => {
                let found = price::price(&price::Given { lock: &lock, asset_decimals, rate, fees: &fees });
                prop_assert_eq!(found, None);
            }
            Ok(terms) => {
                let found = price::price(&price::Given { lock: &lock, asset_decimals, rate, fees: &fees });
                same::terms(&found.unwrap(), &terms).unwrap();
            }
        }
    }

    #[test]
    fn worths_agree(given in amounts(), rate in rates(), decimals in 0u32..=8) {
        let worth = given.divided_by(rate, decimals, Rounding::Down).filter(|worth| !worth.is_zero());
        prop_assert_eq!(price::worth(given, rate, decimals), worth);
        let cents = crate::risk::keys::usd_cents(given, rate);
        prop_assert!(cents == u64::MAX || cents == price::cents(given, rate));
    }
}
