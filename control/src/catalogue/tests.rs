use causeway_core::money::{Amount, Asset, Currency};
use causeway_core::quote::{Pair, price};
use causeway_core::terms::Side;

use super::*;

const CORRIDORS: &str = r#"
[[asset]]
symbol = "USDC"
name = "USD Coin"
decimals = 6

[[asset.network]]
chain = "ethereum"
min_amount = "1"
max_amount = "100.5"

[[method]]
id = "card"
name = "Card"

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

/// These files are refused with a line that begins with `place` and says `part`.
fn check(corridors: &str, rates: &str, place: &str, part: &str) {
    let fault = parsed(corridors, rates).map(|_| ()).unwrap_err().to_string();
    assert!(fault.starts_with(place) && fault.contains(part), "{fault}");
}

fn in_corridors(from: &str, to: &str, place: &str, part: &str) {
    assert!(CORRIDORS.contains(from), "{from}");
    check(&CORRIDORS.replace(from, to), RATES, place, part);
}

#[test]
fn what_is_wrong_is_named_with_file_and_line() {
    let in_rates = |from: &str, to: &str, place: &str, part: &str| {
        assert!(RATES.contains(from), "{from}");
        check(CORRIDORS, &RATES.replace(from, to), place, part);
    };
    in_corridors("currencies = [\"EUR\"]", "currencies = [\"EUX\"]", "c:21: ", "`EUX` is no ISO 4217 currency");
    in_corridors("currencies = [\"EUR\"]", "currencies = [\"USD\"]", "c:16: ", "no rate");
    in_corridors("methods = [\"card\"]", "methods = [\"wire\"]", "c:16: ", "no [[method]] names");
    in_corridors("\"card\"", "\"wire\"", "c:16: ", "no fees");
    in_corridors("methods = [\"card\"]", "methods = []", "c:16: ", "serves nothing");
    in_corridors("sides = [\"on_ramp\"]", "sides = [\"both\"]", "c:19: ", "no side");
    in_corridors("countries = [\"DE\"]", "countries = [\"de\"]", "c:20: ", "no country");
    in_corridors("countries = [\"DE\"]", "countries = [\"ZZ\"]", "c:20: ", "no country of ISO 3166");
    in_corridors("\"1.00\"", "\"101.00\"", "c:16: ", "above its max_amount");
    in_corridors("\"1.00\"", "\"1.001\"", "c:16: ", "decimals");
    in_corridors("\"1.00\"", "\"-1\"", "c:23: ", "decimal string");
    in_corridors("success = 0.9", "success = 1.1", "c:27: ", "no share");
    in_corridors("cost_basis_points = 10", "cost_basis_points = 10001", "c:25: ", "more than the whole");
    in_corridors("success = 0.9", "success = 0.9\nsuces = 1", "c:28: ", "suces");
    in_corridors("decimals = 6", "decimals = 18", "c:2: ", "at most 8");
    in_corridors("id = \"one\"", "id = \"One\"", "c:17: ", "no name");
    in_corridors("id = \"one\"\n", "", "c:16: ", "id");
    in_corridors("id = \"one\"", "id = ", "c:17: ", "");
    in_rates("asset = \"USDC\"\nmid", "asset = \"BTC\"\nmid", "r:4: ", "does not list");
    in_rates("dollar_asset = \"USDC\"", "dollar_asset = \"USDT\"", "r:2: ", "no rate in EUR");
    in_rates("\"0.92\"", "\"0.00\"", "r:7: ", "greater than zero");
    in_rates("\"0.25\"", "\"0.255\"", "r:10: ", "decimals");
    let twice = |text: &str, table: &str| format!("{text}\n{}", &text[text.find(table).unwrap()..]);
    check(&twice(CORRIDORS, "[[corridor]]"), RATES, "c:29: ", "second time");
    check(
        &CORRIDORS.replace(
            "[[corridor]]",
            "[[asset]]\nsymbol = \"usdc\"\nname = \"x\"\ndecimals = 1\n[[asset.network]]\nchain = \"a\"\nmin_amount = \"1\"\n\
             max_amount = \"1\"\n[[corridor]]",
        ),
        RATES,
        "c:16: ",
        "second time",
    );
    check(CORRIDORS, &twice(RATES, "[[fee]]"), "r:18: ", "second time");
}

#[test]
fn networks_and_methods_that_are_wrong_are_named_by_their_line() {
    in_corridors("\"100.5\"", "\"0.5\"", "c:7: ", "min_amount above");
    in_corridors("\"100.5\"", "\"100.0000001\"", "c:7: ", "more decimals than USDC");
    in_corridors("\"ethereum\"", "\"Ethereum\"", "c:8: ", "no name");
    in_corridors("\"ethereum\"", "\"ethereum\"\ncontract_address = \"\"", "c:9: ", "printable");
    in_corridors("name = \"Card\"", "name = \"a\\tb\"", "c:14: ", "printable");
    in_corridors(
        "[[asset.network]]\nchain = \"ethereum\"\nmin_amount = \"1\"\nmax_amount = \"100.5\"",
        "",
        "c:2: ",
        "moves on no network",
    );
    let again = |table: &str, end: &str| {
        let (from, to) = (CORRIDORS.find(table).unwrap(), CORRIDORS.find(end).unwrap());
        CORRIDORS.replace(end, &format!("{}{end}", &CORRIDORS[from..to]))
    };
    check(&again("[[asset.network]]", "[[method]]"), RATES, "c:12: ", "second time");
    check(&again("[[method]]", "[[corridor]]"), RATES, "c:16: ", "second time");
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
    assert!(fault.starts_with("c:16: ") && fault.contains("the rail simulated") && fault.contains("swift"), "{fault}");
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

/// Every pair can be bought and sold by every method, for an amount that a demonstration would use; bought also for the least
/// that is said to be taken.
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
            let buying = catalogue.corridors.iter().filter(|one| one.serves(Side::OnRamp, *currency, method));
            for corridor in buying {
                let least = price(Side::OnRamp, corridor.amounts.0, &pair, fees);
                assert!(least.is_ok_and(|terms| !terms.crypto_amount.is_zero()), "{:?} {asset:?}", corridor.id);
            }
        }
    }
}
