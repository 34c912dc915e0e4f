//! previewQuotes.

use std::sync::Arc;

use causeway_core::id::Mode;
use causeway_core::routing::{Catalogue, Corridor};
use serde_json::{Value, json};

use super::samples::{lock, preview};
use crate::fixture::{PLAIN, SHOP, Told, World, catalogue};

async fn post(world: &World, body: Value) -> Told {
    world.post("/v1/quotes/preview").key(PLAIN.secret()).json(body).send().await
}

fn publish(world: &World, catalogue: Catalogue) {
    world.gate.cell(Mode::Sandbox).unwrap().publish(Arc::new(catalogue));
}

#[tokio::test]
async fn a_preview_is_what_a_lock_would_be() {
    let world = World::start().await;
    for (side, amount) in [("on_ramp", "100"), ("on_ramp", "99.99"), ("off_ramp", "100"), ("off_ramp", "10.000001")] {
        let list = post(&world, preview(side, amount)).await.expect(200);
        assert_eq!((&list["has_more"], &list["url"]), (&json!(false), &json!("/v1/quotes/preview")));
        let [shown] = list["data"].as_array().unwrap().as_slice() else { panic!("{list}") };
        let quote = world.post("/v1/quotes").key(SHOP.secret()).json(lock(side, amount)).send().await.expect(201);
        for name in
            ["side", "currency", "asset", "payment_method", "fiat_amount", "crypto_amount", "exchange_rate", "fees"]
        {
            assert_eq!(shown[name], quote[name], "{name}");
        }
        assert_eq!((&shown["object"], &shown["indicative"]), (&json!("quote_preview"), &json!(true)));
        assert_eq!(shown["estimated_settlement_seconds"], 1);
        assert!(shown.get("id").is_none() && shown.get("signature").is_none(), "{shown}");
    }
}

#[tokio::test]
async fn only_methods_that_fit_are_shown() {
    let world = World::start().await;
    let body = |country: Value| {
        let mut body = preview("on_ramp", "100.00");
        body["country_code"] = country;
        body
    };
    for (country, count) in [(json!("DE"), 1), (json!("de"), 1), (json!("FR"), 0), (Value::Null, 1)] {
        let list = post(&world, body(country.clone())).await.expect(200);
        assert_eq!(list["data"].as_array().unwrap().len(), count, "{country}");
    }
    let shipped = crate::catalogue::load(None, None).unwrap();
    publish(&world, shipped);
    let list = post(&world, body(json!("DE"))).await.expect(200);
    let methods = |list: &Value| -> Vec<String> {
        let name = |item: &Value| item["payment_method"].as_str().unwrap().to_owned();
        list["data"].as_array().unwrap().iter().map(name).collect()
    };
    assert_eq!(methods(&list), ["sepa_instant", "sepa_credit", "card"]);
    assert_eq!(methods(&post(&world, body(json!("CH"))).await.expect(200)), ["sepa_credit"]);
    // What one method alone cannot carry is left out.
    let large = json!({ "currency": "EUR", "asset": "USDC", "amount": "200000.00", "side": "on_ramp" });
    assert_eq!(methods(&post(&world, large).await.expect(200)), ["sepa_credit"]);
}

#[tokio::test]
async fn it_is_refused_like_a_lock() {
    let world = World::start().await;
    for (name, value, status, code) in [
        ("currency", json!("EURO"), 400, "invalid_request"),
        ("asset", json!("US-DC"), 400, "invalid_request"),
        ("asset", json!("DOGE"), 400, "asset_unavailable"),
        ("amount", json!("100.001"), 400, "invalid_request"),
        ("amount", json!("0.05"), 400, "amount_out_of_range"),
        ("amount", json!("10000.01"), 400, "amount_out_of_range"),
        ("side", json!("swap"), 400, "invalid_request"),
        ("country_code", json!("ZZ"), 400, "invalid_request"),
        ("country_code", json!("Germany"), 400, "invalid_request"),
        ("payment_method", json!("card"), 400, "unknown_field"),
    ] {
        let mut body = preview("on_ramp", "100.00");
        body[name] = value;
        let told = post(&world, body).await;
        assert_eq!(told.refused(status, code).as_deref(), Some(name), "{}", told.json());
    }
    let told = post(&world, preview("off_ramp", "1.0000001")).await;
    assert_eq!(told.refused(400, "invalid_request").as_deref(), Some("amount"));
    publish(&world, Catalogue { rates: Default::default(), ..catalogue() });
    let told = post(&world, preview("on_ramp", "100.00")).await;
    told.refused(503, "rate_unavailable");
    assert_eq!(told.header("retry-after"), Some("5"));
    let off = |corridor: Corridor| Corridor { enabled: false, ..corridor };
    let corridors = catalogue().corridors.into_iter().map(off).collect();
    publish(&world, Catalogue { corridors, ..catalogue() });
    assert_eq!(post(&world, preview("on_ramp", "100.00")).await.expect(200)["data"], json!([]));
}
