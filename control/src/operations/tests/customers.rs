//! The five operations on customers.

use std::slice::from_ref;

use http::Method;
use serde_json::{Value, json};

use super::samples::Journey;
use crate::fixture::{OTHER, Partner, SHOP, Told, World};

async fn create(world: &World, partner: Partner, body: Value) -> Told {
    static KEYS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    let once = format!("customer-{}", KEYS.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
    world.post("/v1/customers").key(partner.secret()).once(&once).json(body).send().await
}

async fn send(world: &World, method: Method, customer: &Value, body: Option<Value>) -> Told {
    let path = format!("/v1/customers/{}", customer["id"].as_str().unwrap());
    let ask = world.ask(method, &path).key(SHOP.secret());
    match body {
        Some(body) => ask.json(body).send().await,
        None => ask.send().await,
    }
}

async fn listed(world: &World, query: &str) -> Vec<Value> {
    let list = world.get(&format!("/v1/customers?{query}")).key(SHOP.secret()).send().await.expect(200);
    assert_eq!((&list["object"], &list["url"]), (&json!("list"), &json!("/v1/customers")));
    list["data"].as_array().unwrap().clone()
}

fn whole() -> Value {
    json!({
        "email": "Ann.Lee@People.example", "external_id": "user-1", "phone": "+4930123456", "first_name": "Ann",
        "last_name": "Lee", "country_code": "de", "metadata": { "tier": "gold" }
    })
}

#[tokio::test]
async fn it_says_everything_back() {
    let world = World::start().await;
    let customer = create(&world, SHOP, whole()).await.expect(201);
    let expect = json!({
        "object": "customer", "partner_id": SHOP.id().text(), "mode": "test", "email": "Ann.Lee@People.example",
        "external_id": "user-1", "phone": "+4930123456", "first_name": "Ann", "last_name": "Lee", "country_code": "DE",
        "kyc_status": "unverified", "metadata": { "tier": "gold" }
    });
    for (name, value) in expect.as_object().unwrap() {
        assert_eq!(&customer[name], value, "{name}");
    }
    assert_eq!(customer["created_at"], customer["updated_at"]);
    assert_eq!(send(&world, Method::GET, &customer, None).await.expect(200), customer);
}

#[tokio::test]
async fn a_change_keeps_what_it_does_not_name_and_null_clears() {
    let world = World::start().await;
    let customer = create(&world, SHOP, whole()).await.expect(201);
    let same = send(&world, Method::PATCH, &customer, Some(json!({}))).await.expect(200);
    assert_eq!(same, customer);
    let patch = json!({ "first_name": "Anna", "last_name": null, "country_code": "fr", "metadata": { "a": "1" } });
    let changed = send(&world, Method::PATCH, &customer, Some(patch)).await.expect(200);
    let expect = json!({
        "email": customer["email"], "external_id": "user-1", "phone": "+4930123456", "first_name": "Anna",
        "last_name": null, "country_code": "FR", "metadata": { "a": "1" }, "created_at": customer["created_at"]
    });
    for (name, value) in expect.as_object().unwrap() {
        assert_eq!(&changed[name], value, "{name}");
    }
    let cleared = send(&world, Method::PATCH, &customer, Some(json!({ "metadata": null }))).await.expect(200);
    assert_eq!(cleared["metadata"], json!({}));
    for name in ["email", "external_id", "phone", "kyc_status", "id"] {
        let told = send(&world, Method::PATCH, &customer, Some(json!({ name: "x" }))).await;
        assert_eq!(told.refused(400, "unknown_field").as_deref(), Some(name));
    }
}

#[tokio::test]
async fn to_leave_out_to_clear_and_to_set_are_three_requests() {
    let world = World::start().await;
    let customer = Journey { world: &world, partner: SHOP, flow: "on_ramp" }.customer().await;
    let path = format!("/v1/customers/{}", customer["id"].as_str().unwrap());
    let patches = [json!({}), json!({ "metadata": null }), json!({ "first_name": null }), json!({ "first_name": "A" })];
    for (place, patch) in patches.iter().enumerate() {
        let once = format!("key {place}");
        let send =
            |body: &Value| world.ask(Method::PATCH, &path).key(SHOP.secret()).once(&once).json(body.clone()).send();
        send(patch).await.expect(200);
        for other in patches.iter().filter(|other| *other != patch) {
            send(other).await.refused(409, "idempotency_key_reused");
        }
    }
}

#[tokio::test]
async fn names_are_taken_for_good() {
    let world = World::start().await;
    let customer = create(&world, SHOP, whole()).await.expect(201);
    let same_email = json!({ "email": "ann.lee@people.EXAMPLE" });
    let same_id = json!({ "email": "other@people.example", "external_id": "user-1" });
    for body in [&same_email, &same_id] {
        let told = create(&world, SHOP, body.clone()).await;
        told.refused(409, "customer_already_exists");
        assert_eq!(told.json()["type"], "conflict");
    }
    create(&world, OTHER, whole()).await.expect(201);
    let first = send(&world, Method::DELETE, &customer, None).await.expect(200);
    let id = customer["id"].clone();
    let marker = json!({ "id": id, "object": "customer", "deleted": true, "deleted_at": first["deleted_at"] });
    assert_eq!(first, marker);
    assert_eq!(send(&world, Method::DELETE, &customer, None).await.expect(200), first);
    send(&world, Method::GET, &customer, None).await.refused(404, "not_found");
    send(&world, Method::PATCH, &customer, Some(json!({}))).await.refused(404, "not_found");
    for body in [same_email, same_id] {
        create(&world, SHOP, body).await.refused(409, "customer_already_exists");
    }
}

#[tokio::test]
async fn lists_are_paged_and_filtered_by_names() {
    let world = World::start().await;
    let journey = Journey { world: &world, partner: SHOP, flow: "on_ramp" };
    let (first, gone, whole) =
        (journey.customer().await, journey.gone().await, create(&world, SHOP, whole()).await.expect(201));
    create(&world, OTHER, json!({ "email": "ann@other.example" })).await.expect(201);
    assert_eq!(listed(&world, "").await, [whole.clone(), first.clone()]);
    assert_eq!(listed(&world, "limit=1").await, from_ref(&whole));
    let behind = |customer: &Value| format!("starting_after={}", customer["id"].as_str().unwrap());
    assert_eq!(listed(&world, &behind(&gone)).await, from_ref(&first));
    assert_eq!(listed(&world, "email=ANN.lee%40people.example").await, from_ref(&whole));
    assert_eq!(listed(&world, "external_id=user-1&email=ann.lee@people.example").await, from_ref(&whole));
    assert_eq!(listed(&world, &format!("external_id=user-1&{}", behind(&whole))).await, Vec::<Value>::new());
    let of_first = first["email"].as_str().unwrap();
    for query in [
        "external_id=User-1",
        "email=ann@other.example",
        &format!("email={}", gone["email"].as_str().unwrap()),
        &format!("email={of_first}&external_id=user-1"),
    ] {
        assert_eq!(listed(&world, query).await, Vec::<Value>::new(), "{query}");
    }
    for (query, param) in [
        ("email=", "email"),
        ("email=ann", "email"),
        ("external_id=", "external_id"),
        ("limit=0", "limit"),
        ("starting_after=gs_test_00000000000000000000000000", "starting_after"),
    ] {
        let told = world.get(&format!("/v1/customers?{query}")).key(SHOP.secret()).send().await;
        assert_eq!(told.refused(400, "invalid_request").as_deref(), Some(param), "{query}");
    }
}

#[tokio::test]
async fn live_knows_nobody_of_the_sandbox() {
    let world = World::start().await;
    let customer = create(&world, SHOP, whole()).await.expect(201);
    let path = format!("/v1/customers/{}", customer["id"].as_str().unwrap());
    world.get(&path).key(SHOP.live_secret()).send().await.refused(404, "not_found");
    let ask = world.post("/v1/customers").key(SHOP.live_secret()).once("live");
    assert_eq!(ask.json(whole()).send().await.expect(201)["mode"], "live");
}
