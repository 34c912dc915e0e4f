//! The capability operations.

use std::sync::Arc;

use causeway_core::id::Mode;
use causeway_core::routing::{Catalogue, Corridor};
use http::HeaderName;
use serde_json::{Value, json};

use crate::edge::Edge;
use crate::fixture::{PLAIN, World, catalogue};
use crate::pipeline::Options;

const LISTS: [&str; 5] = ["countries?supported=true", "currencies", "assets", "payment-methods", "payout-methods"];

async fn read(world: &World, path: &str) -> Value {
    world.get(&format!("/v1/capabilities/{path}")).key(PLAIN.secret()).send().await.expect(200)
}

async fn items(world: &World, path: &str) -> Vec<Value> {
    let list = read(world, path).await;
    assert_eq!((&list["object"], &list["has_more"]), (&json!("list"), &json!(false)));
    list["data"].as_array().unwrap().clone()
}

fn publish(world: &World, catalogue: Catalogue) {
    world.gate.cell(Mode::Sandbox).unwrap().publish(Arc::new(catalogue));
}

#[tokio::test]
async fn what_is_offered_is_described() {
    let world = World::start().await;
    let germany = json!({
        "object": "country", "country_code": "DE", "name": "Germany", "default_currency": "EUR", "supported": true
    });
    assert_eq!(items(&world, "countries?supported=true").await, std::slice::from_ref(&germany));
    assert_eq!(items(&world, "countries?country_code=de").await, [germany]);
    let euro = json!({
        "object": "currency", "code": "EUR", "name": "Euro", "symbol": "€", "decimals": 2, "min_amount": "1.00",
        "max_amount": "10000.00"
    });
    assert_eq!(items(&world, "currencies").await, [euro]);
    let network = json!({ "chain": "ethereum", "contract_address": null, "min_amount": "1", "max_amount": "5000" });
    let coin = json!({
        "object": "asset", "symbol": "USDC", "name": "USD Coin", "decimals": 6, "active": true, "networks": [network]
    });
    assert_eq!(items(&world, "assets?side=off_ramp&country_code=DE&currency=eur").await, std::slice::from_ref(&coin));
    assert_eq!(read(&world, "assets/usdc").await, coin);
    for (path, object) in [("payment-methods", "payment_method"), ("payout-methods", "payout_method")] {
        let method = json!({
            "object": object, "id": "sepa_instant", "name": "SEPA Instant", "currency": "EUR", "country_codes": ["DE"],
            "min_amount": "1.00", "max_amount": "10000.00", "estimated_settlement_seconds": 1
        });
        assert_eq!(items(&world, path).await, [method]);
    }
}

#[tokio::test]
async fn filters_leave_out_and_are_checked() {
    let world = World::start().await;
    assert_eq!(items(&world, "countries").await.len(), 249);
    assert_eq!(items(&world, "countries?supported=false").await.len(), 248);
    assert_eq!(items(&world, "countries?supported=false&country_code=DE").await.len(), 0);
    for path in ["currencies?country_code=FR", "assets?currency=USD", "payment-methods?currency=GBP&country_code=DE"] {
        assert_eq!(items(&world, path).await.len(), 0, "{path}");
    }
    for (path, param) in [
        ("countries?country_code=ZZ", "country_code"),
        ("countries?country_code=", "country_code"),
        ("countries?supported=yes", "supported"),
        ("countries?supported=true&supported=true", "supported"),
        ("currencies?country_code=DEU", "country_code"),
        ("assets?side=both", "side"),
        ("assets?currency=EURO", "currency"),
        ("assets/USDC?side=", "side"),
        ("payment-methods?currency=XYZ", "currency"),
        ("payout-methods?country_code=%ff", "country_code"),
        ("eligibility?country_code=D1", "country_code"),
        ("eligibility?currency=EU", "currency"),
        ("eligibility?asset=U-SD", "asset"),
    ] {
        let told = world.get(&format!("/v1/capabilities/{path}")).key(PLAIN.secret()).send().await;
        assert_eq!(told.refused(400, "invalid_request").as_deref(), Some(param), "{path}");
    }
    for symbol in ["DOGE", "U", "US-DC", "%f0"] {
        let told = world.get(&format!("/v1/capabilities/assets/{symbol}")).key(PLAIN.secret()).send().await;
        told.refused(404, "not_found");
    }
}

#[tokio::test]
async fn what_is_down_or_has_no_rate_disappears() {
    let world = World::start().await;
    let each = |change: fn(Corridor) -> Corridor| {
        let corridors = catalogue().corridors.into_iter().map(change).collect();
        Catalogue { corridors, ..catalogue() }
    };
    for nothing in [
        each(|corridor| Corridor { enabled: false, ..corridor }),
        each(|corridor| Corridor { connected: false, ..corridor }),
        Catalogue { rates: Default::default(), ..catalogue() },
    ] {
        publish(&world, nothing);
        for path in LISTS {
            assert_eq!(items(&world, path).await.len(), 0, "{path}");
        }
        assert_eq!(read(&world, "assets/USDC").await["active"], false);
        let told = read(&world, "eligibility?country_code=DE").await;
        assert_eq!((&told["eligible"], &told["unavailable_reason"]), (&json!(false), &json!("country_not_supported")));
    }
    publish(&world, catalogue());
    for path in LISTS {
        assert_eq!(items(&world, path).await.len(), 1, "{path}");
    }
}

#[tokio::test]
async fn eligibility_names_the_first_part_that_is_missing() {
    let world = World::start().await;
    publish(&world, crate::catalogue::load(None, None).unwrap());
    for (query, reason) in [
        ("country_code=DE&currency=EUR&asset=USDC", None),
        ("country_code=de&currency=eur&asset=btc", None),
        ("currency=EUR", None),
        ("", None),
        ("country_code=KP&currency=CHF", Some("country_not_supported")),
        ("country_code=ZZ", Some("country_not_supported")),
        ("country_code=DE&currency=CHF", Some("currency_not_supported")),
        ("currency=XYZ", Some("currency_not_supported")),
        ("country_code=DE&asset=DOGE", Some("asset_not_supported")),
        ("country_code=BR&currency=EUR", Some("combination_not_supported")),
    ] {
        let told = read(&world, &format!("eligibility?{query}")).await;
        assert_eq!(told["unavailable_reason"].as_str(), reason, "{query}");
        assert_eq!(told["eligible"], reason.is_none(), "{query}");
        let geo_source = if query.contains("country") { "parameter" } else { "unresolved" };
        assert_eq!(told["geo_source"], geo_source, "{query}");
    }
    let told = read(&world, "eligibility?country_code=de&asset=usdc").await;
    assert_eq!(
        told,
        json!({
            "object": "eligibility", "eligible": true, "unavailable_reason": null, "geo_source": "parameter",
            "country_code": "DE", "currency": null, "asset": "USDC"
        })
    );
}

#[tokio::test]
async fn a_country_header_counts_from_a_trusted_proxy_only() {
    let country_header = Some(HeaderName::from_static("cf-ipcountry"));
    let edge = Edge { proxies: vec!["10.1.0.0/16".parse().unwrap()], country_header };
    let world = World::with(Options { edge, ..Options::default() }).await;
    let ask = |query: &str, peer: [u8; 4], country: &str| {
        let ask = world.get(&format!("/v1/capabilities/eligibility{query}")).key(PLAIN.secret());
        ask.header("cf-ipcountry", country).from(peer).send()
    };
    for (query, peer, country, source, judged, eligible) in [
        ("", [10, 1, 2, 3], "DE", "edge", json!("DE"), true),
        ("", [10, 1, 2, 3], "fr", "edge", json!("FR"), false),
        ("", [10, 1, 2, 3], "XX", "unresolved", Value::Null, true),
        ("", [10, 2, 2, 3], "FR", "unresolved", Value::Null, true),
        ("?country_code=DE", [10, 1, 2, 3], "FR", "parameter", json!("DE"), true),
    ] {
        let told = ask(query, peer, country).await.expect(200);
        assert_eq!(
            (&told["geo_source"], &told["country_code"]),
            (&json!(source), &judged),
            "{query} {peer:?} {country}"
        );
        assert_eq!(told["eligible"], eligible);
    }
}
