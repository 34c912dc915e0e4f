//! listTransactions.

use serde_json::{Value, json};

use super::samples::Journey;
use crate::fixture::{OTHER, SHOP, World};

async fn list(world: &World, query: &str) -> Value {
    world.get(&format!("/v1/transactions{query}")).key(SHOP.secret()).send().await.expect(200)
}

fn ids(list: &Value) -> Vec<Value> {
    list["data"].as_array().unwrap().iter().map(|one| one["refid"].clone()).collect()
}

#[tokio::test]
async fn pages_meet_and_every_filter_has_its_own() {
    let world = World::start().await;
    let journey = Journey { world: &world, partner: SHOP, flow: "on_ramp" };
    let mut payments = Vec::new();
    for round in 0..3 {
        payments.push(journey.payment().await);
        payments.push(journey.settled().await);
        if round == 1 {
            payments.push(journey.waiting().await);
        }
    }
    payments.reverse();
    let of = |status: Option<&str>| -> Vec<Value> {
        let passes = |one: &&Value| status.is_none_or(|status| one["status"] == status);
        payments.iter().filter(passes).map(|one| one["transaction_refid"].clone()).collect()
    };
    for (query, expected) in [
        ("", of(None)),
        ("status=processing", of(Some("processing"))),
        ("status=completed", of(Some("settled"))),
        ("status=failed", Vec::new()),
        ("status=cancelled", Vec::new()),
        ("status=pending", Vec::new()),
    ] {
        let mut found: Vec<Value> = Vec::new();
        loop {
            let after =
                found.last().map_or(String::new(), |last| format!("&starting_after={}", last.as_str().unwrap()));
            let page = list(&world, &format!("?limit=2&{query}{after}")).await;
            found.extend(ids(&page));
            if page["has_more"] == false {
                break;
            }
            assert_eq!(ids(&page).len(), 2, "a short page is the last one");
        }
        assert_eq!(found, expected, "{query}");
    }
    let one = &list(&world, "?limit=1").await["data"][0];
    let path = format!("/v1/transactions/{}", one["refid"].as_str().unwrap());
    assert_eq!(*one, world.get(&path).key(SHOP.secret()).send().await.expect(200), "the same as when it is read");
}

#[tokio::test]
async fn a_session_has_its_own_and_no_other_has_any() {
    let world = World::start().await;
    let journey = Journey { world: &world, partner: SHOP, flow: "on_ramp" };
    let (settled, running) = (journey.settled().await, journey.payment().await);
    let of = |payment: &Value, more: &str| format!("?session_id={}{more}", payment["session_id"].as_str().unwrap());
    assert_eq!(ids(&list(&world, &of(&settled, "")).await), [settled["transaction_refid"].clone()]);
    assert_eq!(ids(&list(&world, &of(&running, "&status=processing")).await), [running["transaction_refid"].clone()]);
    assert_eq!(ids(&list(&world, &of(&running, "&status=completed")).await), Vec::<Value>::new());
    let foreign = Journey { world: &world, partner: OTHER, flow: "on_ramp" }.settled().await;
    let foreign = foreign["session_id"].as_str().unwrap();
    for session in [foreign, "gs_test_00000000000000000000000000", "gs_live_00000000000000000000000000", "nonsense", ""]
    {
        let found = list(&world, &format!("?session_id={session}")).await;
        assert_eq!((&found["data"], &found["has_more"]), (&json!([]), &json!(false)), "{session}");
    }
}
