//! createSession and the other operations on sessions.

use causeway_core::id::{Mode, SessionId};
use causeway_core::session::PackageVerdict;
use serde_json::{Value, json};

use super::samples::Journey;
use crate::fixture::{PLAIN, SHOP, Told, World};

async fn create(world: &World, once: &str, body: Value) -> Told {
    world.post("/v1/gate_sessions").key(SHOP.secret()).once(once).json(body).send().await
}

fn whole() -> Value {
    json!({
        "amount": "100",
        "currency": "eur",
        "return_url": "https://partner.example/complete",
        "cancel_url": "http://localhost:3000/cancel",
        "flow": "on_ramp",
        "target_token": "usdc",
        "target_network": "ethereum",
        "wallet_address": "0xabc",
        "user_reference": "user-1",
        "quote_preview_id": "preview-1",
        "metadata": { "order_id": "order_1", "b": "2", "a": "1" }
    })
}

#[tokio::test]
async fn it_says_everything_back() {
    let world = World::start().await;
    let session = create(&world, "k", whole()).await.expect(201);
    let expect = json!({
        "object": "session", "partner_id": SHOP.id().text(), "mode": "test", "status": "open", "amount": "100.00",
        "currency": "EUR", "flow": "on_ramp", "target_token": "USDC", "target_network": "ethereum",
        "wallet_address": "0xabc", "user_reference": "user-1", "quote_preview_id": "preview-1",
        "return_url": "https://partner.example/complete", "cancel_url": "http://localhost:3000/cancel", "tx_refid": null,
        "metadata": { "order_id": "order_1", "b": "2", "a": "1" }
    });
    for (name, value) in expect.as_object().unwrap() {
        assert_eq!(&session[name], value, "{name}");
    }
    let id = session["id"].as_str().unwrap();
    assert!(session["client_secret"].as_str().unwrap().starts_with(&format!("gsec_{id}_")));
    let read = world.get(&format!("/v1/gate_sessions/{id}")).key(SHOP.secret()).send().await.expect(200);
    assert_eq!(read.get("client_secret"), None);
    assert_eq!(read["created_at"], session["created_at"]);
}

#[tokio::test]
async fn spelling_does_not_matter_to_a_key_but_substance_does() {
    let world = World::start().await;
    let first = create(&world, "k", whole()).await;
    let spelled = json!({
        "metadata": { "a": "1", "order_id": "order_1", "b": "2" }, "quote_preview_id": "preview-1",
        "user_reference": "user-1", "wallet_address": "0xabc", "target_network": "ethereum", "target_token": "USDC",
        "flow": "on_ramp", "cancel_url": "http://localhost:3000/cancel",
        "return_url": "https://partner.example/complete", "currency": "EUR", "amount": "100.00", "kyc_package": null
    });
    let again = create(&world, "k", spelled).await;
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(first.0.body, again.0.body);
    for (name, value) in [("amount", json!("100.01")), ("flow", Value::Null), ("user_reference", json!("user-2"))] {
        let mut other = whole();
        other[name] = value;
        create(&world, "k", other).await.refused(409, "idempotency_key_reused");
    }
}

#[tokio::test]
async fn each_field_is_checked() {
    let world = World::start().await;
    for (name, value, code) in [
        ("amount", json!(100), "invalid_request"),
        ("amount", json!("-1"), "invalid_request"),
        ("amount", json!("0.00"), "invalid_request"),
        ("amount", json!("1.001"), "invalid_request"),
        ("amount", json!("99999999999999"), "amount_out_of_range"),
        ("currency", json!("XXX"), "invalid_request"),
        ("currency", json!(null), "invalid_request"),
        ("return_url", json!("http://partner.example"), "invalid_request"),
        ("return_url", json!("/complete"), "invalid_request"),
        ("cancel_url", json!("javascript:alert(1)"), "invalid_request"),
        ("flow", json!("sideways"), "invalid_request"),
        ("target_token", json!("U"), "invalid_request"),
        ("target_network", json!(""), "invalid_request"),
        ("user_reference", json!("u".repeat(256)), "invalid_request"),
        ("metadata", json!({ "k".repeat(41): "v" }), "invalid_request"),
        ("metadata.order", json!(7), "invalid_request"),
        ("kyc_package", json!({}), "invalid_request"),
        ("kyc_package", json!("approved"), "invalid_request"),
        ("kyc_package", json!([{ "status": "approved" }]), "invalid_request"),
    ] {
        let mut body = whole();
        match name.split_once('.') {
            Some((outer, inner)) => body[outer] = json!({ inner: value }),
            None => body[name] = value,
        }
        let told = create(&world, "k", body).await;
        assert_eq!(told.refused(400, code).as_deref(), Some(name), "{}", told.json());
    }
    create(&world, "k", whole()).await.expect(201);
}

#[tokio::test]
async fn of_a_package_its_hash_and_verdict_are_kept() {
    let world = World::start().await;
    let with = |package: Value| {
        let mut body = whole();
        body["kyc_package"] = package;
        body
    };
    let kept = |session: &Value| {
        let id = SessionId::parse(session["id"].as_str().unwrap(), Mode::Sandbox).unwrap();
        world.reader().session(SHOP.id(), id).unwrap().unwrap().terms.kyc_package
    };
    let package = json!({ "status": "approved", "person": { "first": "Ann", "last": "Lee" } });
    let first = create(&world, "k", with(package)).await;
    let session = first.expect(201);
    assert_eq!(kept(&session).unwrap().verdict, PackageVerdict::Accepted);
    assert!(!session.to_string().contains("kyc"), "{session}");
    let reordered: Value =
        serde_json::from_str(r#"{ "person": { "last": "Lee", "first": "\u0041nn" }, "status": "approved" }"#).unwrap();
    let again = create(&world, "k", with(reordered)).await;
    assert_eq!((again.header("idempotent-replayed"), &again.0.body), (Some("true"), &first.0.body));
    for other in [json!({ "status": "approved" }), Value::Null] {
        create(&world, "k", with(other)).await.refused(409, "idempotency_key_reused");
    }
    let rejected = create(&world, "l", with(json!({ "status": "declined" }))).await.expect(201);
    assert_eq!(kept(&rejected).unwrap().verdict, PackageVerdict::Rejected);
    assert_eq!(kept(&create(&world, "m", whole()).await.expect(201)), None);
}

#[tokio::test]
async fn swap_and_packages_need_entitlements() {
    let world = World::start().await;
    for (name, value) in [("flow", json!("swap")), ("kyc_package", json!({}))] {
        let mut body = whole();
        body[name] = value;
        let told = world.post("/v1/gate_sessions").key(PLAIN.secret()).once("k").json(body).send().await;
        assert_eq!(told.refused(403, "not_entitled").as_deref(), Some(name));
    }
}

#[tokio::test]
async fn a_cancelled_session_is_cancelled_once() {
    let world = World::start().await;
    let session = create(&world, "k", whole()).await.expect(201);
    let path = format!("/v1/gate_sessions/{}/cancel", session["id"].as_str().unwrap());
    let cancelled = world.post(&path).key(SHOP.secret()).send().await.expect(201);
    assert_eq!(cancelled["status"], "cancelled");
    world.post(&path).key(SHOP.secret()).send().await.refused(409, "session_not_open");
}

#[tokio::test]
async fn a_session_with_a_movement_is_busy() {
    let world = World::start().await;
    let journey = Journey { world: &world, partner: SHOP, flow: "on_ramp" };
    let payment = journey.payment().await;
    let session = payment["session_id"].as_str().unwrap();
    let cancel = format!("/v1/gate_sessions/{session}/cancel");
    world.post(&cancel).key(SHOP.secret()).send().await.refused(409, "session_busy");
    let complete = format!("/v1/test_helpers/gate_sessions/{session}/complete");
    let told = world.post(&complete).key(SHOP.secret()).json(json!({ "outcome": "completed" })).send().await;
    told.refused(409, "session_busy");
}

#[tokio::test]
async fn lists_are_newest_first_and_paged() {
    let world = World::start().await;
    let mut ids = Vec::new();
    for number in 0..5 {
        let session = create(&world, &format!("k{number}"), whole()).await.expect(201);
        ids.insert(0, session["id"].as_str().unwrap().to_owned());
    }
    let cancel = format!("/v1/gate_sessions/{}/cancel", ids[1]);
    world.post(&cancel).key(SHOP.secret()).send().await.expect(201);
    let list = async |query: &str| {
        let list = world.get(&format!("/v1/gate_sessions{query}")).key(SHOP.secret()).send().await.expect(200);
        assert_eq!((&list["object"], &list["url"]), (&json!("list"), &json!("/v1/gate_sessions")));
        let data = list["data"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned());
        (data.collect::<Vec<_>>(), list["has_more"] == true)
    };
    assert_eq!(list("").await, (ids.clone(), false));
    assert_eq!(list("?limit=2").await, (ids[..2].to_vec(), true));
    assert_eq!(list(&format!("?limit=3&starting_after={}", ids[1])).await, (ids[2..].to_vec(), false));
    assert_eq!(list("?status=cancelled").await, (vec![ids[1].clone()], false));
    assert_eq!(list("?status=open&limit=2").await, (vec![ids[0].clone(), ids[2].clone()], true));
    assert_eq!(list(&format!("?starting_after={}", ids[4])).await, (Vec::new(), false));
    assert_eq!(list("?limit=100&starting_after=gs_test_00000000000000000000000000").await, (Vec::new(), false));
    for (query, param) in [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=ten", "limit"),
        ("starting_after=qt_test_00000000000000000000000000", "starting_after"),
        ("starting_after=gs_live_00000000000000000000000000", "starting_after"),
        ("status=closed", "status"),
    ] {
        let told = world.get(&format!("/v1/gate_sessions?{query}")).key(SHOP.secret()).send().await;
        assert_eq!(told.refused(400, "invalid_request").as_deref(), Some(param));
    }
}
