//! lockQuote and retrieveSignedQuote.

use serde_json::{Value, json};

use super::samples::lock;
use crate::fixture::{SHOP, Told, World};

async fn post(world: &World, body: Value) -> Told {
    world.post("/v1/quotes").key(SHOP.secret()).json(body).send().await
}

#[tokio::test]
async fn both_sides_are_priced_and_signed() {
    let world = World::start().await;
    for (side, fiat, crypto) in [("on_ramp", "100.00", "106.743035"), ("off_ramp", "90.33", "100.000000")] {
        let quote = post(&world, lock(side, "100")).await.expect(201);
        assert_eq!((&quote["object"], &quote["status"]), (&json!("signed_quote"), &json!("active")));
        assert_eq!(
            (quote["fiat_amount"].as_str(), quote["crypto_amount"].as_str()),
            (Some(fiat), Some(crypto)),
            "{quote}"
        );
        assert_eq!((&quote["consumed_at"], &quote["consumed_by"]), (&Value::Null, &Value::Null));
        assert_eq!(quote["fees"].as_object().unwrap().len(), 4);
        let signature = quote["signature"].as_str().unwrap();
        assert!(signature.starts_with("v1=") && signature.len() == 67);
        let path = format!("/v1/quotes/{}", quote["id"].as_str().unwrap());
        assert_eq!(world.get(&path).key(SHOP.secret()).send().await.expect(200), quote);
    }
}

#[tokio::test]
async fn each_field_is_checked() {
    let world = World::start().await;
    for (name, value, code) in [
        ("currency", json!("EURO"), "invalid_request"),
        ("asset", json!("US-DC"), "invalid_request"),
        ("asset", json!("DOGE"), "asset_unavailable"),
        ("amount", json!(100.0), "invalid_request"),
        ("amount", json!("100.001"), "invalid_request"),
        ("amount", json!("0.05"), "amount_out_of_range"),
        ("side", json!("buy"), "invalid_request"),
        ("payment_method", json!("cheque"), "method_unavailable"),
        ("payment_method", json!("m".repeat(65)), "invalid_request"),
        ("session_id", json!("gs_test_0"), "unknown_field"),
    ] {
        let mut body = lock("on_ramp", "100.00");
        body[name] = value;
        let told = post(&world, body).await;
        assert_eq!(told.refused(400, code).as_deref(), Some(name), "{}", told.json());
    }
    let told = post(&world, lock("off_ramp", "1.0000001")).await;
    assert_eq!(told.refused(400, "invalid_request").as_deref(), Some("amount"));
}

#[tokio::test]
async fn a_repeated_lock_is_the_same_quote_even_when_it_was_consumed() {
    let world = World::start().await;
    let journey = super::samples::Journey { world: &world, partner: SHOP, flow: "on_ramp" };
    let send = || world.post("/v1/quotes").key(SHOP.secret()).once("lock").json(lock("on_ramp", "100.00")).send();
    let first = send().await;
    let body = json!({ "quote_id": first.json()["id"], "session_id": journey.session().await["id"] });
    let payment = world.post("/v1/rails/pay_ins").key(SHOP.secret()).once("pay").json(body).send().await.expect(201);
    assert_eq!(send().await.0.body, first.0.body);
    let path = format!("/v1/quotes/{}", first.json()["id"].as_str().unwrap());
    let quote = world.get(&path).key(SHOP.secret()).send().await.expect(200);
    assert_eq!((&quote["status"], &quote["consumed_by"]), (&json!("consumed"), &payment["id"]));
}
