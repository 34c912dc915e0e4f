//! retrieveTransaction.

use serde_json::{Value, json};

use super::samples::Journey;
use crate::fixture::{SHOP, World};

async fn transaction(world: &World, payment: &Value) -> Value {
    let path = format!("/v1/transactions/{}", payment["transaction_refid"].as_str().unwrap());
    world.get(&path).key(SHOP.secret()).send().await.expect(200)
}

#[tokio::test]
async fn it_follows_its_payment() {
    let world = World::start().await;
    for flow in ["on_ramp", "off_ramp"] {
        let journey = Journey { world: &world, partner: SHOP, flow };
        let started = journey.payment().await;
        let seen = transaction(&world, &started).await;
        for (name, value) in [
            ("object", json!("transaction")),
            ("refid", started["transaction_refid"].clone()),
            ("session_id", started["session_id"].clone()),
            ("action", json!(flow)),
            ("status", json!("processing")),
            ("token", json!("USDC")),
            ("network", json!("ethereum")),
            ("fiat_amount", started["fiat_amount"].clone()),
            ("token_amount", started["crypto_amount"].clone()),
            ("total_fees", started["fees"]["total"].clone()),
            ("local_rail_transaction_id", Value::Null),
        ] {
            assert_eq!(seen[name], value, "{name}");
        }
        let settled = transaction(&world, &journey.settled().await).await;
        assert_eq!(settled["status"], "completed");
        assert!(settled["local_rail_transaction_id"].as_str().unwrap().starts_with("att_test_"));
        let waiting = transaction(&world, &journey.waiting().await).await;
        assert_eq!((&waiting["status"], &waiting["network"]), (&json!("processing"), &Value::Null));
    }
}
