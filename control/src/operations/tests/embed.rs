//! What a hosted widget calls: the whole journey of a partner without the rails entitlement, and who may call what.

use causeway_core::account::KeyKind;
use causeway_core::command::Command;
use http::Method;
use serde_json::{Value, json};

use super::samples::Journey;
use crate::fixture::{Ask, ORIGIN, OTHER, PLAIN, Partner, SHOP, World};

const SESSION: &str = "/v1/embed/session";
const METHODS: &str = "/v1/embed/payment_methods";
const PREVIEWS: &str = "/v1/embed/previews";
const CONFIRM: &str = "/v1/embed/confirm";

impl World {
    async fn set_origins(&self, partner: Partner, origins: &[&str]) {
        let origins = origins.iter().map(|origin| (*origin).to_owned()).collect();
        self.operate(Command::SetOrigins(partner.id(), origins)).await;
    }

    async fn revoke_publishable(&self, partner: Partner) {
        let account = self.sandbox().directory().account(partner.id()).unwrap().clone();
        let key = account.keys.iter().find(|key| key.kind == KeyKind::Publishable).unwrap();
        self.operate(Command::RevokeKey(partner.id(), key.id)).await;
    }
}

async fn open(world: &World, partner: Partner, body: Value) -> (Value, String) {
    let once = format!("open-{body}");
    let session = world.post("/v1/gate_sessions").key(partner.secret()).once(&once).json(body).send().await.expect(201);
    let token = Journey { world, partner, flow: "on_ramp" }.token(&session).await;
    (session, token)
}

fn body() -> Value {
    json!({ "amount": "100.00", "currency": "EUR", "return_url": "https://shop.example/done", "metadata": { "secret": "x" } })
}

fn from_page<'w>(ask: Ask<'w>, token: &str) -> Ask<'w> {
    ask.header("x-embed-token", token).header("origin", ORIGIN)
}

async fn confirm(world: &World, token: &str, choice: Value) -> crate::fixture::Told {
    from_page(world.post(CONFIRM), token).json(choice).send().await
}

#[tokio::test]
async fn a_partner_without_rails_completes_its_hosted_flow() {
    let world = World::start().await;
    let (session, token) = open(&world, PLAIN, body()).await;
    let ask = |path: &str| world.get(path).header("x-embed-token", &token).header("origin", "https://plain.example");
    let shown = ask(SESSION).send().await.expect(200);
    assert_eq!((&shown["status"], &shown["movement"]), (&json!("open"), &Value::Null));
    assert_eq!(shown["return_url"], session["return_url"]);
    assert!(shown.get("metadata").is_none() && shown.get("user_reference").is_none(), "the partner's own stays hidden");
    let methods = ask(METHODS).send().await.expect(200);
    assert_eq!(methods["data"][0]["id"], "sepa_instant");
    let preview = ask(PREVIEWS).send().await.expect(200)["data"][0].clone();
    assert_eq!((&preview["payment_method"], &preview["fiat_amount"]), (&json!("sepa_instant"), &json!("100.00")));
    let choice = json!({ "payment_method": preview["payment_method"] });
    let told = world.post(CONFIRM).header("x-embed-token", &token).json(choice).send().await;
    let movement = told.expect(201);
    assert_eq!((&movement["status"], &movement["session_id"]), (&json!("processing"), &session["id"]));
    for name in ["crypto_amount", "exchange_rate", "fees"] {
        assert_eq!(movement[name], preview[name], "{name}");
    }
    assert_eq!(ask(SESSION).send().await.expect(200)["movement"]["status"], "processing");
    let complete = format!("/v1/test_helpers/gate_sessions/{}/complete", session["id"].as_str().unwrap());
    world
        .post(&complete)
        .key(PLAIN.secret())
        .json(json!({ "outcome": "completed" }))
        .send()
        .await
        .refused(409, "session_busy");
}

#[tokio::test]
async fn the_user_chooses_what_the_session_leaves_open_and_nothing_else() {
    let world = World::start().await;
    let (_, token) = open(&world, SHOP, body()).await;
    let sells =
        confirm(&world, &token, json!({ "payment_method": "sepa_instant", "side": "off_ramp", "asset": "usdc" })).await;
    let movement = sells.expect(201);
    assert_eq!((&movement["kind"], &movement["asset"]), (&json!("pay_out"), &json!("USDC")));
    let mut fixed = body();
    fixed["flow"] = json!("on_ramp");
    fixed["target_token"] = json!("USDC");
    let (_, token) = open(&world, SHOP, fixed).await;
    for choice in [json!({ "side": "off_ramp" }), json!({ "asset": "BTC" })] {
        let mut choice = choice;
        choice["payment_method"] = json!("sepa_instant");
        confirm(&world, &token, choice).await.refused(409, "quote_mismatch");
    }
    for query in ["side=off_ramp", "asset=BTC"] {
        let told = from_page(world.get(&format!("{PREVIEWS}?{query}")), &token).send().await;
        told.refused(409, "quote_mismatch");
    }
    let told = confirm(&world, &token, json!({ "payment_method": "cash" })).await;
    assert_eq!(told.refused(400, "method_unavailable").as_deref(), Some("payment_method"));
    let agreeing = json!({ "payment_method": "sepa_instant", "side": "on_ramp", "asset": "USDC" });
    confirm(&world, &token, agreeing).await.expect(201);
}

#[tokio::test]
async fn a_key_of_one_users_widget_is_not_anothers() {
    let world = World::start().await;
    let (first, token) = open(&world, SHOP, body()).await;
    let mut others = body();
    others["user_reference"] = json!("another");
    let (second, other_token) = open(&world, SHOP, others).await;
    let send = |token: &str| {
        from_page(world.post(CONFIRM), token).once("1").json(json!({ "payment_method": "sepa_instant" })).send()
    };
    let (one, other, again) = (send(&token).await, send(&other_token).await, send(&token).await);
    assert_eq!((&one.expect(201)["session_id"], &other.expect(201)["session_id"]), (&first["id"], &second["id"]));
    assert_eq!((one.0.body, again.header("idempotent-replayed")), (again.0.body.clone(), Some("true")));
}

#[tokio::test]
async fn the_device_is_kept_with_the_decision_and_its_fingerprint_only_as_a_hash() {
    let world = World::start().await;
    let (session, token) = open(&world, SHOP, body()).await;
    let device =
        json!({ "fingerprint": "a1b2c3", "time_zone": "Europe/Berlin", "language": "de-DE", "screen": "1920x1080" });
    confirm(&world, &token, json!({ "payment_method": "sepa_instant", "device": device })).await.expect(201);
    let filter = causeway_core::store::TransactionFilter {
        session: causeway_core::id::SessionId::parse(session["id"].as_str().unwrap(), causeway_core::id::Mode::Sandbox),
        label: None,
    };
    let (payment, _) = world.reader().transactions(SHOP.id(), filter, None, 1).unwrap().pop().unwrap();
    let kept = world.reader().receipt(SHOP.id(), payment.id).unwrap().unwrap().device.unwrap();
    assert_eq!(kept.time_zone.as_deref(), Some("Europe/Berlin"));
    assert_eq!((kept.language.as_deref(), kept.screen.as_deref()), (Some("de-DE"), Some("1920x1080")));
    assert!(kept.fingerprint.is_some_and(|hash| !hash.starts_with(b"a1b2c3")));
    for (part, wrong) in [
        ("fingerprint", json!("")),
        ("fingerprint", json!("x".repeat(129))),
        ("time_zone", json!("Europe Berlin")),
        ("language", json!("de_DE")),
        ("screen", json!("1920 x 1080")),
        ("screen", json!("0x1")),
    ] {
        let (_, token) = open(&world, SHOP, body()).await;
        let told =
            confirm(&world, &token, json!({ "payment_method": "sepa_instant", "device": { part: wrong } })).await;
        assert_eq!(told.refused(400, "invalid_request"), Some(format!("device.{part}")));
    }
}

#[tokio::test]
async fn a_token_without_a_session_only_reads_what_is_offered() {
    let world = World::start().await;
    let bootstrap = world.post("/v1/embed/bootstrap").key(SHOP.publishable()).header("origin", ORIGIN);
    let token = bootstrap.send().await.expect(201)["embed_token"].as_str().unwrap().to_owned();
    let methods =
        from_page(world.get(&format!("{METHODS}?currency=eur&side=off_ramp")), &token).send().await.expect(200);
    assert_eq!(methods["data"][0]["id"], "sepa_instant");
    for path in [SESSION, PREVIEWS] {
        from_page(world.get(path), &token).send().await.refused(403, "insufficient_scope");
    }
    confirm(&world, &token, json!({ "payment_method": "sepa_instant" })).await.refused(403, "insufficient_scope");
}

#[tokio::test]
async fn a_token_does_what_it_was_asked_for_and_no_more() {
    let world = World::start().await;
    let session = Journey { world: &world, partner: SHOP, flow: "on_ramp" }.session().await;
    let asked = json!({ "clientSecret": session["client_secret"], "requested_scopes": ["session:read"] });
    let bootstrap = world.post("/v1/embed/bootstrap").key(SHOP.publishable()).header("origin", ORIGIN);
    let token = bootstrap.json(asked).send().await.expect(201)["embed_token"].as_str().unwrap().to_owned();
    from_page(world.get(SESSION), &token).send().await.expect(200);
    from_page(world.get(METHODS), &token).send().await.refused(403, "insufficient_scope");
    confirm(&world, &token, json!({ "payment_method": "sepa_instant" })).await.refused(403, "insufficient_scope");
}

#[tokio::test]
async fn origins_and_keys_are_looked_at_on_every_call() {
    let world = World::start().await;
    let (_, token) = open(&world, SHOP, body()).await;
    let from = |origin: &str| world.get(SESSION).header("x-embed-token", &token).header("origin", origin);
    let told = from(ORIGIN).send().await;
    told.expect(200);
    assert_eq!((told.header("access-control-allow-origin"), told.header("vary")), (Some(ORIGIN), Some("Origin")));
    // A page that we serve ourselves, and a client that is no browser.
    from("http://localhost").send().await.expect(200);
    world.get(SESSION).header("x-embed-token", &token).send().await.expect(200);
    for origin in ["https://other.example", "https://evil.example", "null", "https://localhost.evil.example"] {
        let told = from(origin).send().await;
        assert_eq!(told.refused(403, "origin_not_allowed").as_deref(), Some("Origin"));
        assert_eq!(told.header("access-control-allow-origin"), None, "{origin}");
    }
    let preflight = world.ask(Method::OPTIONS, CONFIRM).header("origin", ORIGIN).send().await;
    assert_eq!((preflight.0.status, preflight.header("access-control-allow-methods")), (204, Some("POST")));
    assert!(preflight.header("access-control-allow-headers").unwrap().contains("x-embed-token"));
    world.set_origins(SHOP, &[]).await;
    from(ORIGIN).send().await.refused(403, "origin_not_allowed");
    world.set_origins(SHOP, &[ORIGIN]).await;
    world.revoke_publishable(SHOP).await;
    from(ORIGIN).send().await.refused(401, "invalid_key");
}

#[tokio::test]
async fn a_token_is_for_its_own_mode_and_partner() {
    let world = World::start().await;
    let (_, token) = open(&world, SHOP, body()).await;
    let told = from_page(world.get(SESSION), &token).header("host", "live.example").send().await;
    told.refused(401, "invalid_key");
    let (theirs, others) = open(&world, OTHER, body()).await;
    let told =
        world.get(SESSION).header("x-embed-token", &others).header("origin", "https://other.example").send().await;
    assert_eq!(told.expect(200)["id"], theirs["id"]);
    from_page(world.get(SESSION), &others).send().await.refused(403, "origin_not_allowed");
    let twice = world.get(SESSION).header("x-embed-token", &token).again("x-embed-token", &token);
    twice.send().await.refused(401, "invalid_key");
}

#[tokio::test]
async fn the_end_of_a_session_is_shown_and_nothing_else_is_done() {
    let world = World::start().await;
    let (session, token) = open(&world, SHOP, body()).await;
    let cancel = format!("/v1/gate_sessions/{}/cancel", session["id"].as_str().unwrap());
    world.post(&cancel).key(SHOP.secret()).send().await.expect(201);
    let shown = from_page(world.get(SESSION), &token).send().await.expect(200);
    assert_eq!(shown["status"], "cancelled");
    for path in [METHODS, PREVIEWS] {
        from_page(world.get(path), &token).send().await.refused(409, "session_not_open");
    }
    confirm(&world, &token, json!({ "payment_method": "sepa_instant" })).await.refused(409, "session_not_open");
}
