//! lockQuote.

use causeway_tests::http::Request;
use causeway_tests::partner::{Kind, Partner, lock_body, with};
use serde_json::{Value, json};

use super::common::*;
use crate::all::shared::Stage;

pub const OPERATIONS: &[Operation] = &[Operation {
    id: "lockQuote",
    prepare: |_| Request::post("/v1/quotes").json(&lock_body(Kind::PayIn, "100.00")),
    works: Situation::Shown(works),
    wrong_credential: Situation::Shown(secret_key_with_rails),
    other_partners_object: Situation::NotApplicable("it names no object"),
    bad_body: Situation::Shown(|stage, operation| {
        refuses_bodies(&stage.alice, operation, bodies());
    }),
    repeated_key: Situation::Shown(|stage, operation| {
        replays(&stage.alice, operation, Some(json!({ "amount": "100.01" })));
        refuses_odd_keys(&stage.alice, &(operation.prepare)(&stage.alice));
    }),
    refused_state: Situation::Shown(refused_where_nothing_carries_it),
}];

six_situations!();

fn works(stage: &Stage, _: &Operation) {
    let alice = &stage.alice;
    for (currency, asset, method, on_ramp, off_ramp) in [
        ("EUR", "USDC", "sepa_instant", "100.00", "100.00"),
        ("EUR", "BTC", "sepa_credit", "2500", "0.04000001"),
        ("eur", "eth", "card", "99.9", "0.5"),
        ("GBP", "USDT", "faster_payments", "12.34", "33.333333"),
        ("USD", "USDC", "ach", "1000.00", "250"),
        ("USD", "BTC", "wire", "20000.00", "0.25"),
        ("BRL", "USDC", "pix", "555.55", "77.7"),
        ("INR", "ETH", "upi", "50000", "0.15"),
    ] {
        for (kind, amount) in [(Kind::PayIn, on_ramp), (Kind::PayOut, off_ramp)] {
            let asked = json!({ "currency": currency, "asset": asset, "payment_method": method });
            let quote = alice.lock(&with(lock_body(kind, amount), asked));
            is_priced(&quote, amount);
            assert_eq!(quote["status"], "active");
            assert_eq!(quote["currency"], currency.to_uppercase());
            assert_eq!(quote["asset"], asset.to_uppercase());
            assert_eq!(quote["side"], kind.side());
            assert!(quote["consumed_at"].is_null() && quote["consumed_by"].is_null());
            assert_eq!(alice.read_quote(&quote["id"]), quote);
        }
    }
}

/// The contract's formula, in integers: the user never gets more than the rate gives, and at most one unit less.
fn is_priced(quote: &Value, given: &str) {
    let [fiat, crypto, rate] = ["fiat_amount", "crypto_amount", "exchange_rate"].map(|name| scaled(&quote[name]));
    let fees = &quote["fees"];
    let [processing, network, partner, total] =
        ["processing", "network", "partner", "total"].map(|name| scaled(&fees[name]));
    assert_eq!(processing + network + partner, total, "{quote}");
    let decimals = |asset: &Value| if *asset == "USDC" || *asset == "USDT" { 6 } else { 8 };
    if quote["side"] == "on_ramp" {
        assert_eq!(fiat, scaled(&json!(given)));
        let unit = 10_i128.pow(8 - decimals(&quote["asset"]));
        let paid_for = (fiat - total) * SCALE;
        assert!(crypto % unit == 0 && crypto * rate <= paid_for, "{quote}");
        assert!(paid_for < (crypto + unit) * rate, "{quote}");
    } else {
        assert_eq!(crypto, scaled(&json!(given)));
        let cent = SCALE / 100;
        let worth = crypto * rate - total * SCALE;
        assert!(fiat % cent == 0 && fiat * SCALE <= worth, "{quote}");
        assert!(worth < (fiat + cent) * SCALE, "{quote}");
    }
}

const SCALE: i128 = 100_000_000;

/// A decimal string in units of 10⁻⁸.
fn scaled(decimal: &Value) -> i128 {
    let text = decimal.as_str().unwrap();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    assert!(fraction.len() <= 8, "{text}");
    format!("{whole}{fraction:0<8}").parse().unwrap()
}

fn bodies() -> Vec<Bad> {
    vec![
        missing("currency"),
        missing("asset"),
        missing("amount"),
        missing("side"),
        missing("payment_method"),
        wrong("amount", json!(100)),
        wrong("amount", json!("0")),
        wrong("amount", json!("1.001")),
        wrong("amount", json!("ten")),
        refused("amount", json!("1000000000000000"), "amount_out_of_range"),
        wrong("currency", json!("EU")),
        wrong("asset", json!("U")),
        wrong("asset", json!("ABCDEFGHIJKLM")),
        wrong("asset", json!(["USDC"])),
        wrong("side", json!("both")),
        wrong("side", json!(1)),
        wrong("payment_method", json!("")),
        wrong("payment_method", json!("m".repeat(65))),
        unknown("country_code"),
        unknown("session_id"),
    ]
}

fn refused_where_nothing_carries_it(stage: &Stage, _: &Operation) {
    let alice = &stage.alice;
    let check = |changes: Value, code: &str, param: Value| refuses(alice, Kind::PayIn, changes, code, param);
    check(json!({ "payment_method": "pix" }), "method_unavailable", json!("payment_method"));
    check(json!({ "payment_method": "nonsense" }), "method_unavailable", json!("payment_method"));
    check(json!({ "currency": "CHF" }), "method_unavailable", json!("payment_method"));
    check(json!({ "asset": "DOGE" }), "asset_unavailable", json!("asset"));
    check(json!({ "amount": "0.50" }), "amount_out_of_range", json!("amount"));
    check(json!({ "amount": "100001.00" }), "amount_out_of_range", json!("amount"));
    let check = |changes: Value, code: &str, param: Value| refuses(alice, Kind::PayOut, changes, code, param);
    check(json!({ "amount": "1.0000001" }), "invalid_request", json!("amount"));
    check(json!({ "amount": "0.000001" }), "amount_out_of_range", json!("amount"));
    check(json!({ "amount": "999999" }), "amount_out_of_range", json!("amount"));
}

fn refuses(alice: &Partner, kind: Kind, changes: Value, code: &str, param: Value) {
    let body = with(lock_body(kind, "100.00"), changes);
    let said = alice.post("/v1/quotes", &body).expect_refusal(400, code);
    assert_eq!(said["param"], param, "{body}");
}
