//! What a hosted widget calls: the whole journey of a partner without the rails entitlement, and who may call what.

use causeway_core::account::KeyKind;
use causeway_core::command::Command;
use causeway_core::id::{Mode, SessionId};
use causeway_core::risk::Device;
use causeway_core::store::TransactionFilter;
use causeway_core::time::{Millis, Timestamp};
use http::Method;
use serde_json::{Value, json};

use super::samples::Journey;
use crate::fixture::{Ask, ORIGIN, OTHER, OWN_ORIGIN, PLAIN, Partner, SHOP, Told, World};

const SESSION: &str = "/v1/embed/session";
const METHODS: &str = "/v1/embed/payment-methods";
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

/// What the receipt of the session's newest movement says of the device.
fn device_of(world: &World, session: &Value) -> Option<Device> {
    let session = SessionId::parse(session["id"].as_str().unwrap(), Mode::Sandbox);
    let filter = TransactionFilter { session, label: None };
    let (payment, _) = world.reader().transactions(SHOP.id(), filter, None, 1).unwrap().pop().unwrap();
    world.reader().receipt(SHOP.id(), payment.id).unwrap().unwrap().device
}

async fn confirm(world: &World, token: &str, choice: Value) -> Told {
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
    let kept = device_of(&world, &session).unwrap();
    assert_eq!(kept.time_zone.as_deref(), Some("Europe/Berlin"));
    assert_eq!((kept.language.as_deref(), kept.screen.as_deref()), (Some("de-DE"), Some("1920x1080")));
    assert!(kept.fingerprint.is_some_and(|hash| !hash.starts_with(b"a1b2c3")));
}

#[tokio::test]
async fn what_a_browser_says_oddly_of_its_device_refuses_nothing() {
    let world = World::start().await;
    let (session, token) = open(&world, SHOP, body()).await;
    let device = json!({ "fingerprint": "", "time_zone": "Europe Berlin", "language": "de_DE", "screen": "393.6x852" });
    let choice = json!({ "payment_method": "sepa_instant", "device": device });
    from_page(world.post(CONFIRM), &token).once("1").json(choice).send().await.expect(201);
    assert_eq!(device_of(&world, &session), None);
    let turned = json!({ "payment_method": "sepa_instant", "device": { "screen": "852x393" } });
    let again = from_page(world.post(CONFIRM), &token).once("1").json(turned).send().await;
    assert_eq!((again.0.status, again.header("idempotent-replayed")), (201, Some("true")), "the device is no choice");
    for (device, code, param) in [
        (json!("phone"), "invalid_request", "device"),
        (json!({ "screen": 1 }), "invalid_request", "device.screen"),
        (json!({ "ip": "x" }), "unknown_field", "device.ip"),
    ] {
        let told = confirm(&world, &token, json!({ "payment_method": "sepa_instant", "device": device })).await;
        assert_eq!(told.refused(400, code).as_deref(), Some(param));
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
    from(OWN_ORIGIN).send().await.expect(200);
    world.get(SESSION).header("x-embed-token", &token).send().await.expect(200);
    for origin in
        ["https://other.example", "https://evil.example", "null", "http://localhost", "https://gate.example.evil"]
    {
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

#[tokio::test]
async fn a_page_hears_that_its_token_is_over() {
    let world = World::start().await;
    let (_, token) = open(&world, SHOP, body()).await;
    let mut claims = world.embed_claims(&token);
    claims.expires_at = crate::gate::system_time();
    claims.issued_at = Timestamp(claims.expires_at.0 - Millis::seconds(3_600).0);
    let told = from_page(world.get(SESSION), &world.embed_token(&claims)).send().await;
    told.refused(401, "token_expired");
    assert_eq!(told.header("access-control-allow-origin"), Some(ORIGIN), "a page of its own partner may read it");
    let line = world.heard.0.lock().pop().unwrap();
    assert!(line.contains("acct_00"), "an operator sees whose it was: {line}");
    world.revoke_publishable(SHOP).await;
    for told in [
        from_page(world.get(SESSION), &token).send().await,
        world.post("/v1/embed/bootstrap").key(SHOP.publishable()).header("origin", ORIGIN).send().await,
    ] {
        told.refused(401, "invalid_key");
        assert_eq!(told.header("access-control-allow-origin"), Some(ORIGIN));
    }
    let told = from_page(world.get(SESSION), "a.b.c").send().await;
    told.refused(401, "invalid_key");
    assert_eq!(told.header("access-control-allow-origin"), None, "nobody knows whose token this is");
}

#[tokio::test]
async fn a_key_that_is_revoked_while_a_body_comes_does_nothing() {
    let world = World::start().await;
    let (_, token) = open(&world, SHOP, body()).await;
    let asked = from_page(world.post(CONFIRM), &token).json(json!({ "payment_method": "sepa_instant" }));
    let told = asked.send_after(world.revoke_publishable(SHOP)).await;
    told.refused(401, "invalid_key");
    assert_eq!(
        world.post("/v1/quotes").key(SHOP.secret()).json(super::samples::lock("on_ramp", "1")).send().await.0.status,
        201
    );
}

#[tokio::test]
async fn browsers_hold_no_place_before_their_body_is_there() {
    let world = World::start().await;
    let held: Vec<_> = (0..1_000)
        .map(|_| from_page(world.post("/v1/embed/bootstrap").key(SHOP.publishable()), "").admitted())
        .collect();
    let (_, token) = open(&world, SHOP, body()).await;
    from_page(world.get(SESSION), &token).send().await.expect(200);
    drop(held);
}

#[tokio::test]
async fn nothing_that_a_user_sees_is_kept_by_caches() {
    let world = World::start().await;
    let (_, token) = open(&world, SHOP, body()).await;
    for path in [SESSION, METHODS, PREVIEWS] {
        let told = from_page(world.get(path), &token).send().await;
        assert_eq!(told.header("cache-control"), Some("no-store"), "{path}");
    }
}

#[tokio::test]
async fn only_what_the_session_leaves_open_can_be_asked_about() {
    let world = World::start().await;
    let with = |name: &str, value: &str| {
        let mut body = body();
        body[name] = json!(value);
        body
    };
    let (_, token) = open(&world, SHOP, with("flow", "on_ramp")).await;
    for query in ["side=off_ramp", "currency=USD"] {
        let told = from_page(world.get(&format!("{METHODS}?{query}")), &token).send().await;
        told.refused(409, "quote_mismatch");
    }
    from_page(world.get(&format!("{METHODS}?side=on_ramp&currency=eur")), &token).send().await.expect(200);
    let (_, token) = open(&world, SHOP, with("flow", "swap")).await;
    for path in [METHODS, PREVIEWS] {
        from_page(world.get(path), &token).send().await.refused(501, "not_enabled");
    }
}
