//! createEmbedToken, with what browsers ask for before it.

use http::Method;
use serde_json::{Value, json};

use super::samples::Journey;
use crate::fixture::{Ask, ORIGIN, OTHER, SHOP, World};

const PATH: &str = "/v1/embed/bootstrap";

fn bootstrap(world: &World) -> Ask<'_> {
    world.post(PATH).key(SHOP.publishable()).header("origin", ORIGIN)
}

#[tokio::test]
async fn it_binds_a_token_to_the_session() {
    let world = World::start().await;
    let session = Journey { world: &world, partner: SHOP, flow: "on_ramp" }.session().await;
    let told = bootstrap(&world).json(json!({ "clientSecret": session["client_secret"] })).send().await;
    let answer = told.expect(201);
    for (name, value) in [
        ("partner_id", session["partner_id"].clone()),
        ("mode", json!("test")),
        ("session_id", session["id"].clone()),
        ("amount", json!("100.00")),
        ("currency", json!("EUR")),
        ("target_token", Value::Null),
        ("target_network", json!("ethereum")),
        ("return_url", session["return_url"].clone()),
        ("flow", json!("on_ramp")),
        (
            "branding",
            json!({ "logo_url": null, "primary_color": null, "secondary_color": null, "accent_color": null, "brand_name": null }),
        ),
    ] {
        assert_eq!(answer[name], value, "{name}");
    }
    let claims = world.embed_claims(answer["embed_token"].as_str().unwrap());
    assert_eq!((claims.account, claims.origin.as_str()), (SHOP.id(), ORIGIN));
    assert_eq!(claims.scopes, ["capabilities:read", "session:read", "session:confirm"]);
    assert_eq!(told.header("access-control-allow-origin"), Some(ORIGIN));
    assert_eq!(told.header("vary"), Some("Origin"));
    assert_eq!(told.header("access-control-allow-credentials"), None);
}

#[tokio::test]
async fn without_a_session_a_token_only_reads() {
    let world = World::start().await;
    let answer = bootstrap(&world).send().await.expect(201);
    for name in ["session_id", "amount", "currency", "target_token", "target_network", "return_url", "flow"] {
        assert_eq!(answer[name], Value::Null, "{name}");
    }
    let asked = json!({ "requested_scopes": ["session:confirm", "capabilities:read", "everything"] });
    let answer = bootstrap(&world).json(asked).send().await.expect(201);
    assert_eq!(world.embed_claims(answer["embed_token"].as_str().unwrap()).scopes, ["capabilities:read"]);
    let told = bootstrap(&world).json(json!({ "requested_scopes": "session:read" })).send().await;
    assert_eq!(told.refused(400, "invalid_request").as_deref(), Some("requested_scopes"));
}

#[tokio::test]
async fn key_and_origin_may_come_in_their_other_headers() {
    let world = World::start().await;
    let by_header = || world.post(PATH).header("x-publishable-key", &SHOP.publishable());
    by_header().header("origin", ORIGIN).send().await.expect(201);
    let told = by_header().header("referer", "https://shop.example/checkout?step=2").send().await;
    told.expect(201);
    assert_eq!(told.header("access-control-allow-origin"), Some(ORIGIN));
    by_header().send().await.refused(403, "origin_not_allowed");
    let told = by_header().key(SHOP.secret()).header("origin", ORIGIN).send().await;
    told.refused(401, "key_kind_not_allowed");
}

#[tokio::test]
async fn origins_are_compared_exactly_and_only_the_accounts_own_hears_the_answer() {
    let world = World::start().await;
    for origin in
        ["https://other.example", "https://shop.example:443", "http://shop.example", "https://shop.example/", "null"]
    {
        let told = bootstrap(&world).header("origin", origin).send().await;
        assert_eq!(told.refused(403, "origin_not_allowed").as_deref(), Some("Origin"));
        assert_eq!(told.header("access-control-allow-origin"), None, "{origin}");
        assert_eq!(told.header("vary"), Some("Origin"));
    }
    // The answer is for the account's own origins: without an account it is for none.
    let told = world.post(PATH).key("pk_test_nobody").header("origin", "https://other.example").send().await;
    told.refused(401, "invalid_key");
    assert_eq!(told.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn a_preflight_allows_registered_origins() {
    let world = World::start().await;
    for origin in [ORIGIN, "https://other.example"] {
        let told = world.ask(Method::OPTIONS, PATH).header("origin", origin).send().await;
        assert_eq!((told.0.status, told.0.body.len()), (204, 0));
        assert_eq!(told.header("access-control-allow-origin"), Some(origin));
        assert_eq!(told.header("access-control-allow-methods"), Some("POST"));
        assert!(told.header("access-control-allow-headers").unwrap().contains("content-type"));
        assert!(told.header("access-control-allow-headers").unwrap().contains("authorization"));
        assert_eq!((told.header("vary"), told.header("x-request-id").is_some()), (Some("Origin"), true));
    }
    let told = world.ask(Method::OPTIONS, PATH).header("origin", "https://evil.example").send().await;
    told.refused(403, "origin_not_allowed");
    assert_eq!(told.header("access-control-allow-origin"), None);
    let told = world.ask(Method::OPTIONS, "/v1/quotes").header("origin", ORIGIN).send().await;
    assert_eq!((told.0.status, told.header("allow")), (204, Some("POST, OPTIONS")), "no preflight: the methods alone");
    assert_eq!(told.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn a_client_secret_is_for_its_own_partner() {
    let world = World::start().await;
    let others = Journey { world: &world, partner: OTHER, flow: "on_ramp" }.session().await;
    let foreign = others["client_secret"].as_str().unwrap();
    for secret in [foreign, &foreign[..foreign.len() - 1], "gsec_", "", others["id"].as_str().unwrap()] {
        let told = bootstrap(&world).json(json!({ "clientSecret": secret })).send().await;
        assert_eq!(told.refused(404, "not_found").as_deref(), Some("clientSecret"));
    }
}
