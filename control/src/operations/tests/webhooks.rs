//! Webhook diagnostics, over a cell whose deliveries nobody sends but the test.

use causeway_core::command::{Command, NewEndpoint};
use causeway_core::delivery::DeliveryOutcome;
use causeway_core::id::Mode;
use serde_json::{Value, json};

use super::samples::Journey;
use crate::fixture::{OTHER, PLAIN, Partner, SHOP, World};

const URL: &str = "https://shop.example/hooks";
const LIST: &str = "/v1/webhooks/deliveries";

impl World {
    /// Sets the partner's endpoint, or takes it away.
    pub(super) async fn set_endpoint(&self, partner: Partner, is_there: bool) {
        let endpoint = NewEndpoint { url: URL.to_owned(), sealed_secret: vec![1] };
        let set = Command::SetWebhook(partner.id(), endpoint);
        self.operate(if is_there { set } else { Command::UnsetWebhook(partner.id()) }).await;
    }

    /// A delivery that has failed: for good, or so that it is tried again. Its account has an endpoint.
    pub(super) async fn failed_delivery(&self, partner: Partner, for_good: bool) -> String {
        self.set_endpoint(partner, true).await;
        let before = self.reader().outbox(partner.id(), None, 1_000).unwrap();
        Journey { world: self, partner, flow: "on_ramp" }.session().await;
        let due = self.reader().outbox(partner.id(), before.last().map(|row| row.id), 1_000).unwrap();
        self.set_endpoint(partner, !for_good).await;
        let delivery = self.reader().delivery(due[0].account, due[0].delivery).unwrap().unwrap();
        let outcome = DeliveryOutcome {
            delivery: delivery.id,
            account: partner.id(),
            lane: delivery.lane,
            outbox: due[0].id,
            target_url: Some("https://shop.example/tried".to_owned()),
            response_status: Some(503),
            error: Some("the receiver answered 503".to_owned()),
            retry_after: None,
        };
        self.operate(Command::ReportDeliveries(vec![outcome])).await;
        self.set_endpoint(partner, true).await;
        delivery.id.text(Mode::Sandbox)
    }

    async fn deliveries(&self, partner: Partner, query: &str) -> Value {
        self.get(&format!("{LIST}{query}")).key(partner.secret()).send().await.expect(200)
    }

    async fn replay(&self, id: &str) -> crate::fixture::Told {
        self.post(&format!("{LIST}/{id}/replay")).key(SHOP.secret()).send().await
    }
}

#[tokio::test]
async fn a_dead_delivery_is_listed_and_replayed() {
    let world = World::start().await;
    let id = world.failed_delivery(SHOP, true).await;
    let dead = &world.deliveries(SHOP, "?status=dead_lettered").await["data"][0];
    for (name, value) in [
        ("object", json!("webhook_delivery")),
        ("id", json!(id)),
        ("event_type", json!("gate_session.created")),
        ("target_url", json!("https://shop.example/tried")),
        ("status", json!("dead_lettered")),
        ("attempts", json!(1)),
        ("last_response_status", json!(503)),
        ("last_error", json!("the receiver answered 503")),
        ("next_attempt_at", Value::Null),
        ("delivered_at", Value::Null),
    ] {
        assert_eq!(dead[name], value, "{name}");
    }
    let replayed = world.replay(&id).await.expect(200);
    assert_eq!((&replayed["status"], &replayed["attempts"]), (&json!("pending"), &json!(0)));
    assert_eq!(replayed["event_id"], dead["event_id"]);
    assert_eq!(world.deliveries(SHOP, "?status=pending").await["data"], json!([replayed]));
    assert_eq!(world.deliveries(SHOP, "?status=dead_lettered").await["data"], json!([]));
    let again = world.replay(&id).await;
    again.refused(400, "invalid_request");
    assert!(again.json()["message"].as_str().unwrap().contains("not dead-lettered"));
}

#[tokio::test]
async fn nothing_is_replayed_or_tested_without_an_endpoint() {
    let world = World::start().await;
    let id = world.failed_delivery(SHOP, true).await;
    world.set_endpoint(SHOP, false).await;
    let test = || world.post("/v1/webhooks/test").key(SHOP.secret()).send();
    for told in [world.replay(&id).await, test().await] {
        told.refused(400, "invalid_request");
        assert!(told.json()["message"].as_str().unwrap().contains("no webhook endpoint"));
    }
    world.set_endpoint(SHOP, true).await;
    world.replay(&id).await.expect(200);
    let sent = test().await.expect(201);
    assert_eq!((&sent["event_type"], &sent["target_url"]), (&json!("webhook.test"), &json!(URL)));
    assert_eq!(world.deliveries(OTHER, "").await["data"], json!([]));
}

#[tokio::test]
async fn pages_of_deliveries_meet() {
    let world = World::start().await;
    world.set_endpoint(PLAIN, true).await;
    for _ in 0..5 {
        world.post("/v1/webhooks/test").key(PLAIN.secret()).send().await.expect(201);
    }
    let all = world.deliveries(PLAIN, "").await;
    assert_eq!((&all["has_more"], &all["url"]), (&json!(false), &json!(LIST)));
    let ids = |list: &Value| list["data"].as_array().unwrap().iter().map(|one| one["id"].clone()).collect::<Vec<_>>();
    let expected = ids(&all);
    assert!(expected.is_sorted_by(|one, next| one.as_str() > next.as_str()), "newest first");
    for status in ["", "&status=pending"] {
        let mut found = Vec::new();
        for skip in [0, 2, 4] {
            let page = world.deliveries(PLAIN, &format!("?limit=2&skip={skip}{status}")).await;
            assert_eq!(page["has_more"], skip < 4);
            found.extend(ids(&page));
        }
        assert_eq!(found, expected);
        assert_eq!(ids(&world.deliveries(PLAIN, &format!("?skip=5{status}")).await), Vec::<Value>::new());
    }
    assert_eq!(world.deliveries(PLAIN, "?status=in_flight").await["data"], json!([]), "nobody sends anything here");
}
