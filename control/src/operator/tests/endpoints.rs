//! What operators do with webhook endpoints.

use super::*;

impl World {
    async fn endpoint(&self, id: &str) -> Value {
        let path = format!("/operator/accounts/{id}");
        World::expect(self.ask(Method::GET, &path, Value::Null).await, 200)["modes"][0]["webhook"].clone()
    }
}

#[tokio::test]
async fn an_endpoint_is_paused_and_resumed() {
    let world = World::start(BOTH);
    let id = world.account(json!({ "name": "Shop" })).await;
    let path = format!("/operator/accounts/{id}/webhook");
    let body = json!({ "mode": "sandbox", "reason": "ticket 9" });
    for word in ["pause", "resume"] {
        let refused = World::expect(world.ask(Method::POST, &format!("{path}/{word}"), body.clone()).await, 400);
        assert_eq!(refused["code"], "invalid_request", "there is no endpoint");
    }
    let set = json!({ "mode": "sandbox", "url": "http://127.0.0.1:9000/hooks" });
    World::expect(world.ask(Method::PUT, &path, set).await, 200);
    assert_eq!(world.endpoint(&id).await["status"], "open");
    let paused = World::expect(world.ask(Method::POST, &format!("{path}/pause"), body.clone()).await, 200);
    let shown = world.endpoint(&id).await;
    assert_eq!(paused["modes"][0]["webhook"], shown);
    assert!(shown["status"] == "paused" && shown["since"].is_string() && shown["why"].is_null(), "{shown}");
    World::expect(world.ask(Method::POST, &format!("{path}/resume"), body.clone()).await, 200);
    let shown = world.endpoint(&id).await;
    assert!(shown["status"] == "open" && shown["since"].is_null(), "{shown}");
    assert!(world.audit().contains("pause_webhook") && world.audit().contains("resume_webhook"));
}

#[tokio::test]
async fn a_secret_is_rotated_with_an_overlap() {
    let world = World::start(BOTH);
    let id = world.account(json!({ "name": "Shop" })).await;
    let path = format!("/operator/accounts/{id}/webhook");
    let body = json!({ "mode": "sandbox" });
    let set = json!({ "mode": "sandbox", "url": "http://127.0.0.1:9000/hooks" });
    let first = World::expect(world.ask(Method::PUT, &path, set).await, 200);
    let activate = format!("{path}/secret/activate");
    let early = World::expect(world.ask(Method::POST, &activate, body.clone()).await, 409);
    assert_eq!(early["code"], "endpoint_not_ready");
    let next = World::expect(world.ask(Method::POST, &format!("{path}/secret"), body.clone()).await, 201);
    assert!(next["secret"].as_str().unwrap().starts_with("whsec_") && next["secret"] != first["secret"]);
    assert_eq!(next["url"], first["url"]);
    assert_eq!(world.endpoint(&id).await["second_secret"], "next");
    for overlap in [json!(-1), json!(31 * 86_400), json!("1d")] {
        let body = json!({ "mode": "sandbox", "overlap": overlap });
        let refused = World::expect(world.ask(Method::POST, &activate, body).await, 400);
        assert_eq!(refused["param"], "overlap");
    }
    World::expect(world.ask(Method::POST, &activate, json!({ "mode": "sandbox", "overlap": 60 })).await, 200);
    let shown = world.endpoint(&id).await;
    assert!(shown["second_secret"] == "last" && shown["second_secret_until"].is_string(), "{shown}");
    let again = World::expect(world.ask(Method::POST, &format!("{path}/secret"), body.clone()).await, 409);
    assert_eq!(again["code"], "endpoint_not_ready", "receivers may still verify with the last one");
    World::expect(world.ask(Method::DELETE, &format!("{path}/secret"), body).await, 200);
    assert!(world.endpoint(&id).await["second_secret"].is_null());
    let audit = world.audit();
    for secret in [&first["secret"], &next["secret"]] {
        assert!(!audit.contains(secret.as_str().unwrap()));
    }
    assert!(audit.contains("activate_webhook_secret") && audit.contains("overlap 60 s"));
}
