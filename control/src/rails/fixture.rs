//! Work for rails, for tests.

use causeway_core::id::{AccountId, AttemptId, PaymentId, SessionId};
use causeway_core::money::{Amount, Asset, Currency, Rate};
use causeway_core::payment::PaymentKind;
use causeway_core::rail::RailWork;
use causeway_core::terms::{Fees, Side, Terms};

/// A pay-in's first attempt, on the simulated rail.
pub fn work(attempt: u128) -> RailWork {
    RailWork {
        attempt: AttemptId(attempt),
        payment: PaymentId(attempt + 1_000_000),
        kind: PaymentKind::PayIn,
        account: AccountId(1),
        session: SessionId(attempt + 2_000_000),
        corridor: "eur-instant-a".to_owned(),
        rail: super::simulated::NAME.to_owned(),
        number: 1,
        terms: terms(),
        magic: None,
    }
}

fn terms() -> Terms {
    let amount = |text: &str| Amount::parse(text).unwrap();
    Terms {
        side: Side::OnRamp,
        currency: Currency::parse("EUR").unwrap(),
        asset: Asset::parse("USDC").unwrap(),
        payment_method: "sepa_instant".to_owned(),
        fiat_amount: amount("100.00"),
        crypto_amount: amount("106.500000"),
        exchange_rate: Rate::new("0.92".parse().unwrap()).unwrap(),
        fees: Fees {
            processing: amount("1.00"),
            network: amount("0.50"),
            partner: amount("0.50"),
            total: amount("2.00"),
        },
    }
}
