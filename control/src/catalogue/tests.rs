use causeway_core::money::{Amount, Asset, Currency};
use causeway_core::quote::{Pair, price};
use causeway_core::terms::Side;

use super::*;

const CORRIDORS: &str = r#"
[[asset]]
symbol = "USDC"
name = "USD Coin"
decimals = 6
networks = ["ethereum"]

[[corridor]]
id = "one"
rail = "simulated"
sides = ["on_ramp"]
countries = ["DE"]
currencies = ["EUR"]
methods = ["card"]
min_amount = "1.00"
max_amount = "100.00"
cost_basis_points = 10
settlement_seconds = 5
success = 0.9
"#;

const RATES: &str = r#"
dollar_asset = "USDC"

[[rate]]
currency = "EUR"
asset = "USDC"
mid = "0.92"
spread_basis_points = 20

[[fee]]
currency = "EUR"
method = "card"
processing_basis_points = 150
processing_fixed = "0.25"
network_fixed = "0.00"
partner_basis_points = 50
"#;

fn parsed(corridors: &str, rates: &str) -> Result<Catalogue, Fault> {
    let source = |name: &str, text: &str| Source { name: name.to_owned(), text: text.to_owned() };
    parse(&source("c", corridors), &source("r", rates), None)
}

#[test]
fn small_files_are_read() {
    let catalogue = parsed(CORRIDORS, RATES).unwrap();
    assert_eq!(catalogue.corridors.len(), 1);
    assert!(catalogue.corridors[0].enabled);
    assert!(for_mode(&catalogue, Mode::Live).corridors.iter().all(|corridor| !corridor.connected));
    assert_eq!(for_mode(&catalogue, Mode::Sandbox).corridors, catalogue.corridors);
}

#[test]
fn what_is_wrong_is_named_with_file_and_line() {
    let check = |corridors: &str, rates: &str, place: &str, part: &str| {
        let fault = parsed(corridors, rates).map(|_| ()).unwrap_err().to_string();
        assert!(fault.starts_with(place) && fault.contains(part), "{fault}");
    };
    let in_corridors = |from: &str, to: &str, place: &str, part: &str| {
        assert!(CORRIDORS.contains(from), "{from}");
        check(&CORRIDORS.replace(from, to), RATES, place, part);
    };
    let in_rates = |from: &str, to: &str, place: &str, part: &str| {
        assert!(RATES.contains(from), "{from}");
        check(CORRIDORS, &RATES.replace(from, to), place, part);
    };
    in_corridors("currencies = [\"EUR\"]", "currencies = [\"EUX\"]", "c:13: ", "`EUX` is no ISO 4217 currency");
    in_corridors("currencies = [\"EUR\"]", "currencies = [\"USD\"]", "c:8: ", "no rate");
    in_corridors("methods = [\"card\"]", "methods = [\"wire\"]", "c:8: ", "no fees");
    in_corridors("methods = [\"card\"]", "methods = []", "c:8: ", "serves nothing");
    in_corridors("sides = [\"on_ramp\"]", "sides = [\"both\"]", "c:11: ", "no side");
    in_corridors("countries = [\"DE\"]", "countries = [\"de\"]", "c:12: ", "no country");
    in_corridors("\"1.00\"", "\"101.00\"", "c:8: ", "above its max_amount");
    in_corridors("\"1.00\"", "\"1.001\"", "c:8: ", "decimals");
    in_corridors("\"1.00\"", "\"-1\"", "c:15: ", "decimal string");
    in_corridors("success = 0.9", "success = 1.1", "c:19: ", "no share");
    in_corridors("cost_basis_points = 10", "cost_basis_points = 10001", "c:17: ", "more than the whole");
    in_corridors("success = 0.9", "success = 0.9\nsuces = 1", "c:20: ", "suces");
    in_corridors("decimals = 6", "decimals = 18", "c:2: ", "at most 8");
    in_corridors("id = \"one\"", "id = \"One\"", "c:9: ", "no name");
    in_corridors("id = \"one\"\n", "", "c:8: ", "id");
    in_corridors("id = \"one\"", "id = ", "c:9: ", "");
    in_rates("asset = \"USDC\"\nmid", "asset = \"BTC\"\nmid", "r:4: ", "does not list");
    in_rates("dollar_asset = \"USDC\"", "dollar_asset = \"USDT\"", "r:2: ", "no rate in EUR");
    in_rates("\"0.92\"", "\"0.00\"", "r:7: ", "greater than zero");
    in_rates("\"0.25\"", "\"0.255\"", "r:10: ", "decimals");
    let twice = |text: &str, table: &str| format!("{text}\n{}", &text[text.find(table).unwrap()..]);
    check(&twice(CORRIDORS, "[[corridor]]"), RATES, "c:21: ", "second time");
    check(
        &CORRIDORS.replace(
            "[[corridor]]",
            "[[asset]]\nsymbol = \"usdc\"\nname = \"\"\ndecimals = 1\nnetworks = [\"a\"]\n[[corridor]]",
        ),
        RATES,
        "c:8: ",
        "second time",
    );
    check(CORRIDORS, &twice(RATES, "[[fee]]"), "r:18: ", "second time");
}

#[test]
fn a_corridor_is_connected_where_its_rail_runs_and_must_name_one_that_exists() {
    let source = |name: &str, text: &str| Source { name: name.to_owned(), text: text.to_owned() };
    let parsed = |rails: &[&str]| {
        let rails: Vec<String> = rails.iter().map(|&rail| rail.to_owned()).collect();
        parse(&source("c", CORRIDORS), &source("r", RATES), Some(&rails)).map(|catalogue| connect(catalogue, &rails))
    };
    assert!(parsed(&["swift", SIMULATED_RAIL]).unwrap().corridors[0].connected);
    let fault = parsed(&["swift"]).map(|_| ()).unwrap_err().to_string();
    assert!(fault.starts_with("c:8: ") && fault.contains("the rail simulated") && fault.contains("swift"), "{fault}");
}

#[test]
fn the_shipped_files_cover_the_contract() {
    let catalogue = load(None, None).unwrap();
    let currency = |code| Currency::parse(code).unwrap();
    for (code, method) in [
        ("EUR", "sepa_instant"),
        ("EUR", "sepa_credit"),
        ("EUR", "card"),
        ("GBP", "faster_payments"),
        ("GBP", "card"),
        ("USD", "ach"),
        ("USD", "wire"),
        ("USD", "card"),
        ("BRL", "pix"),
        ("INR", "upi"),
    ] {
        for side in [Side::OnRamp, Side::OffRamp] {
            let serving = catalogue.corridors.iter().filter(|corridor| corridor.serves(side, currency(code), method));
            assert!(serving.count() >= 2, "{code} {method} {side:?}");
        }
        assert!(catalogue.fees.contains_key(&(currency(code), method.to_owned())));
    }
    assert!(catalogue.corridors.iter().all(|corridor| corridor.rail == SIMULATED_RAIL));
    for (symbol, decimals) in [("USDC", 6), ("USDT", 6), ("BTC", 8), ("ETH", 8)] {
        let asset = Asset::parse(symbol).unwrap();
        assert_eq!(catalogue.assets[&asset].decimals, decimals);
        for code in ["EUR", "GBP", "USD", "BRL", "INR"] {
            assert!(catalogue.rates.contains_key(&(currency(code), asset)), "{code} {symbol}");
        }
    }
}

/// Every pair can be bought and sold by every method, for an amount that a demonstration would use.
#[test]
fn the_shipped_prices_work() {
    let catalogue = load(None, None).unwrap();
    for ((currency, method), fees) in &catalogue.fees {
        for ((priced, asset), rate) in &catalogue.rates {
            if priced != currency {
                continue;
            }
            let asset_decimals = catalogue.assets[asset].decimals;
            let pair =
                Pair { currency: *currency, asset: *asset, asset_decimals, payment_method: method, rate: rate.mid };
            let bought = price(Side::OnRamp, Amount::parse("100.00").unwrap(), &pair, fees).unwrap();
            let sold = price(Side::OffRamp, bought.crypto_amount, &pair, fees).unwrap();
            assert!(sold.fiat_amount < bought.fiat_amount, "{currency:?} {method} {asset:?}");
        }
    }
}
