//! previewQuotes.

use causeway_tests::http::Request;
use causeway_tests::partner::{Kind, fresh_key, lock_body, with, without};
use serde_json::{Value, json};

use super::common::*;
use crate::all::shared::Stage;

const PATH: &str = "/v1/quotes/preview";

pub const OPERATIONS: &[Operation] = &[Operation {
    id: "previewQuotes",
    prepare: |_| Request::post(PATH).json(&body(Kind::PayIn, "100.00")),
    works: Situation::Shown(works),
    wrong_credential: Situation::Shown(secret_key),
    other_partners_object: Situation::NotApplicable("it names no object"),
    bad_body: Situation::Shown(|stage, operation| refuses_bodies(&stage.carol, operation, bodies())),
    repeated_key: Situation::Shown(ignores_keys),
    refused_state: Situation::Shown(refused_where_nothing_carries_it),
}];

six_situations!();

fn body(kind: Kind, amount: &str) -> Value {
    without(lock_body(kind, amount), "payment_method")
}

/// Each preview is the lock that follows it; a partner without the rails entitlement sees it too.
fn works(stage: &Stage, _: &Operation) {
    for (currency, asset, country, on_ramp, off_ramp, methods) in [
        ("EUR", "USDC", "DE", "100.00", "100.00", &["sepa_instant", "sepa_credit", "card"][..]),
        ("eur", "btc", "CH", "2500", "0.04000001", &["sepa_credit"]),
        ("USD", "ETH", "US", "999.9", "0.5", &["ach", "wire", "card"]),
        ("BRL", "USDT", "BR", "555.55", "77.7", &["pix"]),
        ("EUR", "USDC", "BR", "100.00", "100.00", &[]),
    ] {
        for (kind, amount) in [(Kind::PayIn, on_ramp), (Kind::PayOut, off_ramp)] {
            let asked = with(body(kind, amount), json!({ "currency": currency, "asset": asset, "country_code": country }));
            let list = stage.carol.post(PATH, &asked).expect(200);
            assert_eq!((&list["object"], &list["has_more"], &list["url"]), (&json!("list"), &json!(false), &json!(PATH)));
            let shown = list["data"].as_array().unwrap();
            let found: Vec<&str> = shown.iter().map(|item| item["payment_method"].as_str().unwrap()).collect();
            assert_eq!(found, methods, "{asked}");
            shown.iter().for_each(|item| is_what_is_locked(stage, &asked, item));
        }
    }
}

fn is_what_is_locked(stage: &Stage, asked: &Value, shown: &Value) {
    let lock = with(without(asked.clone(), "country_code"), json!({ "payment_method": shown["payment_method"] }));
    let quote = stage.alice.lock(&lock);
    for name in ["side", "currency", "asset", "payment_method", "fiat_amount", "crypto_amount", "exchange_rate", "fees"] {
        assert_eq!(shown[name], quote[name], "{name} of {asked}");
    }
    assert_eq!(shown["indicative"], true);
    assert!(shown["estimated_settlement_seconds"].as_u64().is_some_and(|seconds| seconds > 0));
}

fn bodies() -> Vec<Bad> {
    vec![
        missing("currency"),
        missing("asset"),
        missing("amount"),
        missing("side"),
        wrong("amount", json!(100)),
        wrong("amount", json!("0")),
        wrong("amount", json!("1.001")),
        refused("amount", json!("1000000000000000"), "amount_out_of_range"),
        wrong("currency", json!("EU")),
        wrong("asset", json!("U")),
        wrong("side", json!("swap")),
        wrong("country_code", json!("ZZ")),
        wrong("country_code", json!("DEU")),
        wrong("country_code", json!(1)),
        unknown("payment_method"),
        unknown("session_id"),
    ]
}

fn ignores_keys(stage: &Stage, operation: &Operation) {
    let key = fresh_key();
    let request = (operation.prepare)(&stage.alice).key(&key);
    let other = with(request.body_json(), json!({ "amount": "200.00" }));
    for request in [request.clone(), request.clone().json(&other), request.key("caf\u{e9}")] {
        let answer = stage.alice.send(request);
        answer.expect(200);
        assert_eq!(answer.header("Idempotent-Replayed"), None);
    }
}

fn refused_where_nothing_carries_it(stage: &Stage, _: &Operation) {
    let check = |kind: Kind, changes: Value, code: &str, param: &str| {
        let said = stage.carol.post(PATH, &with(body(kind, "100.00"), changes)).expect_refusal(400, code);
        assert_eq!(said["param"], param);
    };
    check(Kind::PayIn, json!({ "asset": "DOGE" }), "asset_unavailable", "asset");
    check(Kind::PayIn, json!({ "amount": "0.50" }), "amount_out_of_range", "amount");
    check(Kind::PayIn, json!({ "amount": "2000000.00" }), "amount_out_of_range", "amount");
    check(Kind::PayOut, json!({ "amount": "1.0000001" }), "invalid_request", "amount");
    check(Kind::PayOut, json!({ "amount": "0.000001" }), "amount_out_of_range", "amount");
    let nowhere = with(body(Kind::PayIn, "100.00"), json!({ "currency": "CHF" }));
    assert_eq!(stage.carol.post(PATH, &nowhere).expect(200)["data"], json!([]));
}
