//! The seven capability operations: reads of what is offered now. They name no partner's object.

use causeway_tests::http::Request;
use causeway_tests::operator::Rights;
use causeway_tests::partner::Partner;
use causeway_tests::program::repository;
use causeway_tests::server::{DataDir, Server};
use serde_json::{Value, json};

use super::common::*;
use crate::all::shared::Stage;

pub const OPERATIONS: &[Operation] = &[
    capability("listCountries", |_| Request::get("/v1/capabilities/countries"), countries),
    capability("listCurrencies", |_| Request::get("/v1/capabilities/currencies"), currencies),
    capability("listAssets", |_| Request::get("/v1/capabilities/assets"), assets),
    capability("getAsset", |_| Request::get("/v1/capabilities/assets/USDC"), one_asset),
    capability("listPaymentMethods", |_| Request::get("/v1/capabilities/payment-methods"), methods),
    capability("listPayoutMethods", |_| Request::get("/v1/capabilities/payout-methods"), methods),
    capability("checkEligibility", |_| Request::get("/v1/capabilities/eligibility"), eligibility),
];

six_situations!();

const fn capability(
    id: &'static str,
    prepare: fn(&Partner) -> Request,
    works: fn(&Stage, &Operation),
) -> Operation {
    Operation {
        id,
        prepare,
        works: Situation::Shown(works),
        wrong_credential: Situation::Shown(secret_key),
        other_partners_object: Situation::NotApplicable("what is offered belongs to nobody"),
        bad_body: Situation::Shown(refuses_queries),
        repeated_key: REPEATABLE,
        refused_state: Situation::NotApplicable("it reads what is offered, whatever that is"),
    }
}

/// Without any entitlement: capabilities are for every partner.
fn read(stage: &Stage, path: &str) -> Value {
    stage.carol.get(&format!("/v1/capabilities/{path}")).expect(200)
}

fn items(stage: &Stage, path: &str) -> Vec<Value> {
    let list = read(stage, path);
    assert_eq!((&list["object"], &list["has_more"]), (&json!("list"), &json!(false)), "{path}");
    assert_eq!(list["url"], format!("/v1/capabilities/{}", path.split('?').next().unwrap()));
    list["data"].as_array().unwrap().clone()
}

fn all(items: &[Value], name: &str) -> Vec<String> {
    items.iter().map(|item| item[name].as_str().unwrap().to_owned()).collect()
}

fn countries(stage: &Stage, _: &Operation) {
    let every = items(stage, "countries");
    assert_eq!(every.len(), 249, "all of ISO 3166-1");
    let supported = items(stage, "countries?supported=true");
    assert_eq!(supported.len() + items(stage, "countries?supported=false").len(), every.len());
    assert_eq!(supported.len(), 39);
    let one = items(stage, "countries?country_code=gb");
    let name = "United Kingdom of Great Britain and Northern Ireland";
    assert_eq!(
        one,
        [json!({ "object": "country", "country_code": "GB", "name": name, "default_currency": "GBP", "supported": true })]
    );
    assert_eq!(items(stage, "countries?country_code=JP&supported=true"), [Value::Null; 0]);
}

fn currencies(stage: &Stage, _: &Operation) {
    let every = items(stage, "currencies");
    assert_eq!(all(&every, "code"), ["BRL", "EUR", "GBP", "INR", "USD"]);
    assert_eq!(all(&items(stage, "currencies?country_code=GB"), "code"), ["EUR", "GBP"]);
    assert_eq!(all(&items(stage, "currencies?country_code=JP"), "code"), [""; 0]);
    assert_eq!(
        every[0],
        json!({
            "object": "currency", "code": "BRL", "name": "Brazilian real", "symbol": "R$", "decimals": 2,
            "min_amount": "5.00", "max_amount": "500000.00"
        })
    );
}

fn assets(stage: &Stage, _: &Operation) {
    let every = items(stage, "assets");
    assert_eq!(all(&every, "symbol"), ["BTC", "ETH", "USDC", "USDT"]);
    assert!(every.iter().all(|asset| asset["active"] == true));
    assert_eq!(items(stage, "assets?side=off_ramp&country_code=de&currency=eur"), every);
    assert_eq!(items(stage, "assets?country_code=BR&currency=EUR"), [Value::Null; 0]);
}

fn one_asset(stage: &Stage, _: &Operation) {
    let asset = read(stage, "assets/usdc?side=on_ramp");
    assert_eq!((&asset["object"], &asset["symbol"], &asset["decimals"]), (&json!("asset"), &json!("USDC"), &json!(6)));
    let networks = asset["networks"].as_array().unwrap();
    assert_eq!(all(networks, "chain"), ["ethereum", "polygon", "base", "arbitrum", "solana"]);
    assert_eq!(networks[0]["contract_address"], "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48");
    assert_eq!(read(stage, "assets/%42TC")["networks"][0]["contract_address"], Value::Null);
    for unknown in ["DOGE", "x", "%ff", "USD-C"] {
        stage.carol.get(&format!("/v1/capabilities/assets/{unknown}")).expect_refusal(404, "not_found");
    }
}

/// Both lists have every method of the sandbox, since each of its corridors serves both sides.
fn methods(stage: &Stage, operation: &Operation) {
    let path = (operation.prepare)(&stage.carol).path;
    let path = path.trim_start_matches("/v1/capabilities/");
    let object = if operation.id == "listPaymentMethods" { "payment_method" } else { "payout_method" };
    let every = items(stage, path);
    assert_eq!(every.len(), 10);
    assert!(every.iter().all(|method| method["object"] == object));
    let euro = items(stage, &format!("{path}?currency=EUR&country_code=CH"));
    assert_eq!(all(&euro, "id"), ["sepa_credit"]);
    assert_eq!(euro[0]["name"], "SEPA Credit Transfer");
    assert_eq!(euro[0]["country_codes"].as_array().unwrap().len(), 36);
    assert_eq!((&euro[0]["min_amount"], &euro[0]["max_amount"]), (&json!("1.00"), &json!("1000000.00")));
    assert_eq!(euro[0]["estimated_settlement_seconds"], 43_200);
}

fn eligibility(stage: &Stage, _: &Operation) {
    for (query, reason) in [
        ("country_code=DE&currency=EUR&asset=USDC", Value::Null),
        ("country_code=de&currency=eur&asset=eth", Value::Null),
        ("country_code=JP", json!("country_not_supported")),
        ("country_code=ZZ", json!("country_not_supported")),
        ("country_code=DE&currency=JPY", json!("currency_not_supported")),
        ("asset=DOGE", json!("asset_not_supported")),
        ("country_code=BR&currency=EUR", json!("combination_not_supported")),
    ] {
        let told = read(stage, &format!("eligibility?{query}"));
        assert_eq!((&told["eligible"], &told["unavailable_reason"]), (&json!(reason.is_null()), &reason), "{query}");
    }
    // Nobody is trusted to name a country by default.
    let forged = Request::get("/v1/capabilities/eligibility").header("CF-IPCountry", "JP").header("X-Country", "JP");
    let told = stage.carol.send(forged).expect(200);
    assert_eq!((&told["geo_source"], &told["country_code"]), (&json!("unresolved"), &Value::Null));
}

fn refuses_queries(stage: &Stage, operation: &Operation) {
    let path = (operation.prepare)(&stage.carol).path;
    let wrong: &[(&str, &str)] = match operation.id {
        "listCountries" => {
            &[("country_code=ZZ", "country_code"), ("supported=1", "supported"), ("supported=", "supported")]
        }
        "listCurrencies" => &[("country_code=", "country_code"), ("country_code=DE&country_code=FR", "country_code")],
        "listAssets" => &[("side=swap", "side"), ("country_code=ZZ", "country_code"), ("currency=XYZ", "currency")],
        "getAsset" => &[("side=both", "side"), ("side=on_ramp&side=on_ramp", "side")],
        "checkEligibility" => {
            &[("country_code=D", "country_code"), ("currency=EURO", "currency"), ("asset=U", "asset"), ("asset=%ff", "asset")]
        }
        _ => &[("currency=XYZ", "currency"), ("country_code=DEU", "country_code"), ("country_code=%ff", "country_code")],
    };
    for (query, param) in wrong {
        let said = stage.carol.get(&format!("{path}?{query}")).expect_refusal(400, "invalid_request");
        assert_eq!(said["param"], *param, "{query}");
    }
    done(operation, &stage.carol);
}

/// A corridor that is off carries nothing, and what nothing carries is not offered; a proxy that is named is believed.
#[test]
fn only_what_is_up_is_offered_and_named_proxies_are_believed() {
    let directory = DataDir::new();
    let corridors = std::fs::read_to_string(repository().join("control/catalogue/corridors.toml")).unwrap();
    let off = |text: String, id: &str| text.replace(&format!("id = \"{id}\""), &format!("id = \"{id}\"\nenabled = false"));
    let corridors = ["inr-upi-a", "inr-upi-b", "brl-pix-a"].into_iter().fold(corridors, off);
    let outside = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(outside.path(), corridors).unwrap();
    let named = format!("--corridors={}", outside.path().display());
    let server = Server::start_in(&directory, &[&named, "--trusted-proxies=127.0.0.0/8", "--country-header=X-Country"]);
    let partner = server.operator().partner("behind a proxy", Rights::NONE);
    let india = partner.get("/v1/capabilities/countries?country_code=IN").expect(200);
    assert_eq!(india["data"][0]["supported"], false);
    let brazil = partner.get("/v1/capabilities/currencies?country_code=BR").expect(200);
    assert_eq!(brazil["data"][0]["max_amount"], "200000.00", "one of two corridors is left");
    for (country, source, eligible) in [("IN", "edge", false), ("de", "edge", true), ("XX", "unresolved", true)] {
        let request = Request::get("/v1/capabilities/eligibility").header("X-Country", country);
        let told = partner.send(request).expect(200);
        assert_eq!((&told["geo_source"], &told["eligible"]), (&json!(source), &json!(eligible)), "{country}");
    }
    let request = Request::get("/v1/capabilities/eligibility?country_code=DE").header("X-Country", "IN");
    assert_eq!(partner.send(request).expect(200)["geo_source"], "parameter");
}
