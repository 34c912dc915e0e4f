use causeway_core::quote::PriceError;

use super::*;
use crate::catalogue;

fn shipped() -> Offer {
    Offer::new(Arc::new(catalogue::load(None, None).unwrap()))
}

fn country(code: &str) -> Option<Country> {
    Some(Country::parse(code).unwrap())
}

fn codes(offer: &Offer, code: &str) -> Vec<String> {
    let currencies = offer.currencies(&Wanted { country: country(code), ..Wanted::default() });
    currencies.keys().map(|currency| currency.code().to_owned()).collect()
}

#[test]
fn the_shipped_offer_is_what_its_schemes_reach() {
    let offer = shipped();
    let supported = offer.countries().iter().filter(|(_, supported)| *supported).count();
    assert_eq!(supported, 36 + 3, "SEPA's area, the United States, Brazil and India");
    assert_eq!(codes(&offer, "GB"), ["EUR", "GBP"]);
    assert_eq!(codes(&offer, "BR"), ["BRL"]);
    assert_eq!(codes(&offer, "JP"), [""; 0]);
    assert_eq!(offer.assets(&Wanted::default()).len(), 4);
    let methods = offer.methods(&Wanted { country: country("BG"), side: Some(Side::OffRamp), ..Wanted::default() });
    let ids: Vec<&str> = methods.iter().map(|method| method.id.as_str()).collect();
    assert_eq!(ids, ["card", "sepa_credit", "sepa_instant"]);
    assert!(methods.iter().all(|method| method.name != method.id), "{methods:?}");
    // Of two corridors the wider bounds and the longer time.
    let credit = &methods[1];
    assert_eq!((credit.bounds.1.to_string(), credit.settlement_seconds), ("1000000.00".to_owned(), 43_200));
}

#[test]
fn previews_are_the_terms_of_locks() {
    let offer = shipped();
    let currencies = ["EUR", "GBP", "USD", "BRL", "INR"].map(|code| Currency::parse(code).unwrap());
    let assets = ["USDC", "USDT", "BTC", "ETH"].map(|symbol| Asset::parse(symbol).unwrap());
    let mut shown = 0;
    for (currency, asset) in currencies.into_iter().flat_map(|one| assets.map(|other| (one, other))) {
        for (side, amount) in [(Side::OnRamp, "250.01"), (Side::OffRamp, "0.75"), (Side::OffRamp, "300.000001")] {
            let amount = Amount::parse(amount).unwrap();
            let preview = Preview { side, currency, asset, amount, country: None };
            for (terms, seconds) in offer.previews(&preview).unwrap_or_default() {
                assert_eq!(priced(&offer.catalogue, &preview.lock(&terms.payment_method)), Ok(terms));
                assert!(seconds > 0);
                shown += 1;
            }
        }
    }
    assert!(shown > 60, "{shown}");
}

#[test]
fn a_reason_that_all_methods_share_is_told() {
    let preview = |amount: &str| Preview {
        side: Side::OnRamp,
        currency: Currency::parse("BRL").unwrap(),
        asset: Asset::parse("USDC").unwrap(),
        amount: Amount::parse(amount).unwrap(),
        country: None,
    };
    let offer = shipped();
    assert_eq!(offer.previews(&preview("0.10")), Err(Refusal::from(PriceError::OutOfRange)));
    assert_eq!(offer.previews(&Preview { country: country("DE"), ..preview("100") }), Ok(Vec::new()));
}
