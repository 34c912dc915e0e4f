//! getBranding and updateBranding.

use serde_json::{Value, json};

use crate::fixture::{ORIGIN, OTHER, SHOP, Told, World};

const PATH: &str = "/v1/branding";

async fn change(world: &World, body: Value) -> Told {
    world.patch(PATH).key(SHOP.secret()).json(body).send().await
}

async fn read(world: &World) -> Value {
    world.get(PATH).key(SHOP.secret()).send().await.expect(200)
}

fn nothing() -> Value {
    json!({ "logo_url": null, "primary_color": null, "secondary_color": null, "accent_color": null, "brand_name": null })
}

#[tokio::test]
async fn a_partner_reads_its_own_change_and_nobody_elses() {
    let world = World::start().await;
    assert_eq!(read(&world).await, nothing());
    let body =
        json!({ "logo_url": "https://cdn.example/logo.svg", "primary_color": "#1a2B3c", "brand_name": "Café 7" });
    let set = change(&world, body).await.expect(200);
    assert_eq!((&set["brand_name"], &set["primary_color"]), (&json!("Café 7"), &json!("#1a2B3c")));
    assert_eq!(read(&world).await, set);
    let merged = change(&world, json!({ "primary_color": null, "accent_color": "#FFFFFF" })).await.expect(200);
    assert_eq!((&merged["primary_color"], &merged["accent_color"]), (&Value::Null, &json!("#FFFFFF")));
    assert_eq!(merged["logo_url"], "https://cdn.example/logo.svg");
    assert_eq!(read(&world).await, merged);
    assert_eq!(change(&world, json!({})).await.expect(200), merged);
    for other in [OTHER.secret(), SHOP.live_secret()] {
        assert_eq!(world.get(PATH).key(other).send().await.expect(200), nothing());
    }
    let bootstrap = world.post("/v1/embed/bootstrap").key(SHOP.publishable()).header("origin", ORIGIN);
    assert_eq!(bootstrap.send().await.expect(201)["branding"], merged);
}

#[tokio::test]
async fn each_field_is_checked() {
    let world = World::start().await;
    for (name, value, code) in [
        ("logo_url", json!("http://cdn.example/logo.svg"), "invalid_request"),
        ("logo_url", json!("http://localhost/logo.svg"), "invalid_request"),
        ("logo_url", json!("//cdn.example/logo.svg"), "invalid_request"),
        ("logo_url", json!("https://user:secret@cdn.example/"), "invalid_request"),
        ("logo_url", json!(""), "invalid_request"),
        ("logo_url", json!(format!("https://cdn.example/{}", "a".repeat(2_048))), "invalid_request"),
        ("primary_color", json!("#12345"), "invalid_request"),
        ("primary_color", json!("123456"), "invalid_request"),
        ("secondary_color", json!("#12345g"), "invalid_request"),
        ("accent_color", json!("#é1234"), "invalid_request"),
        ("accent_color", json!(1), "invalid_request"),
        ("brand_name", json!(""), "invalid_request"),
        ("brand_name", json!("   "), "invalid_request"),
        ("brand_name", json!("a\u{7}b"), "invalid_request"),
        ("brand_name", json!("é".repeat(65)), "invalid_request"),
        ("font", json!("Arial"), "unknown_field"),
    ] {
        let told = change(&world, json!({ name: value })).await;
        assert_eq!(told.refused(400, code).as_deref(), Some(name), "{}", told.json());
    }
    change(&world, json!({ "brand_name": "é".repeat(64) })).await.expect(200);
}

#[tokio::test]
async fn null_and_nothing_are_different_requests() {
    let world = World::start().await;
    let send = |body: Value| world.patch(PATH).key(SHOP.secret()).once("look").json(body).send();
    send(json!({ "brand_name": null })).await.expect(200);
    send(json!({})).await.refused(409, "idempotency_key_reused");
    send(json!({ "logo_url": null })).await.refused(409, "idempotency_key_reused");
    assert_eq!(send(json!({ "brand_name": null })).await.header("idempotent-replayed"), Some("true"));
}
