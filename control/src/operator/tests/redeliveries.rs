//! What operators ask of redeliveries. What comes of them, the black-box tests show.

use super::*;

impl World {
    async fn with_endpoint(&self) -> (String, String) {
        let id = self.account(json!({ "name": "Shop" })).await;
        let set = json!({ "mode": "sandbox", "url": "http://127.0.0.1:9000/hooks" });
        let webhook = format!("/operator/accounts/{id}/webhook");
        World::expect(self.ask(Method::PUT, &webhook, set).await, 200);
        (format!("{webhook}/redeliveries"), webhook)
    }
}

fn everything() -> Value {
    json!({ "mode": "sandbox", "from": "2020-01-01T00:00:00Z", "reason": "ticket 9" })
}

#[tokio::test]
async fn a_redelivery_is_started_shown_and_cancelled() {
    let world = World::start(BOTH);
    let (path, webhook) = world.with_endpoint().await;
    let before = system_time();
    let job = World::expect(world.ask(Method::POST, &path, everything()).await, 201);
    assert_eq!(
        (&job["object"], &job["status"], &job["mode"]),
        (&json!("webhook_redelivery"), &json!("running"), &json!("test"))
    );
    assert_eq!((&job["types"], &job["which"], &job["percent"]), (&Value::Null, &json!("missed"), &json!(0)));
    let to = Time::parse(job["to"].as_str().unwrap()).unwrap().0;
    assert!(to >= before && to <= system_time(), "it ends with what has happened by now: {job}");
    let second = World::expect(world.ask(Method::POST, &path, everything()).await, 409);
    assert_eq!(second["code"], "redelivery_running");
    let one = format!("{path}/{}", job["id"].as_str().unwrap());
    assert_eq!(World::expect(world.ask(Method::GET, &one, Value::Null).await, 200), job);
    World::expect(world.ask(Method::DELETE, &webhook, json!({ "mode": "sandbox" })).await, 200);
    let waits = World::expect(world.ask(Method::GET, &one, Value::Null).await, 200);
    assert_eq!(waits["waits_for"], "endpoint");
    let cancelled = World::expect(world.ask(Method::DELETE, &one, json!({ "reason": "over" })).await, 200);
    assert!(cancelled["status"] == "cancelled" && cancelled["ended_at"].is_string(), "{cancelled}");
    let list = World::expect(world.ask(Method::GET, &format!("{path}?mode=sandbox"), Value::Null).await, 200);
    assert_eq!(list["data"], json!([cancelled]));
    let audit = world.audit();
    for said in ["start_redelivery", "missed from 2020-01-01T00:00:00Z to now: all types", "cancel_redelivery", "over"]
    {
        assert!(audit.contains(said), "{said} is not in {audit}");
    }
    let early = World::expect(world.ask(Method::POST, &path, everything()).await, 409);
    assert_eq!(early["code"], "endpoint_not_ready");
}

#[tokio::test]
async fn a_viewer_sees_redeliveries_and_starts_and_stops_none() {
    let world = World::start(&[Mode::Sandbox]);
    let (path, _) = world.with_endpoint().await;
    let job = World::expect(world.ask(Method::POST, &path, everything()).await, 201);
    let made = world.ask(Method::POST, "/operator/tokens", json!({ "name": "grafana", "role": "viewer" })).await;
    let made = World::expect(made, 201);
    let viewer = made["token"].as_str();
    let one = format!("{path}/{}", job["id"].as_str().unwrap());
    for (method, path, body, status) in [
        (Method::POST, path.clone(), everything(), 403),
        (Method::DELETE, one.clone(), Value::Null, 403),
        (Method::GET, one, Value::Null, 200),
        (Method::GET, format!("{path}?mode=sandbox"), Value::Null, 200),
    ] {
        World::expect(world.send(method, &path, "localhost", viewer, body).await, status);
    }
}

#[tokio::test]
async fn another_account_has_no_such_redelivery() {
    let world = World::start(BOTH);
    let (path, _) = world.with_endpoint().await;
    let job = World::expect(world.ask(Method::POST, &path, everything()).await, 201);
    let id = job["id"].as_str().unwrap();
    let (other, _) = world.with_endpoint().await;
    for path in [format!("{other}/{id}"), format!("{path}/{}", id.replace("test", "live")), format!("{path}/red")] {
        for method in [Method::GET, Method::DELETE] {
            let refused = World::expect(world.ask(method, &path, Value::Null).await, 404);
            assert_eq!(refused["code"], "not_found", "{path}");
        }
    }
    assert!(!world.audit().contains("cancel_redelivery"), "nothing was to be done");
}
