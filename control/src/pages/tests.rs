//! Pages as the pipeline serves them.

use causeway_core::id::{AccountId, Mode};
use http::Method;
use serde_json::{Value, json};

use crate::fixture::{OTHER, SHOP, Told, World};
use crate::problem::Code;

const ID: &str = "0123456789abcdefghjkmnpqrs";

fn text(told: &Told) -> String {
    assert_eq!(told.0.status, 200, "{}", String::from_utf8_lossy(&told.0.body));
    String::from_utf8(told.0.body.to_vec()).unwrap()
}

#[tokio::test]
async fn pages_need_no_key_and_can_do_nothing() {
    let world = World::start().await;
    let verify = format!("/verify/pi_test_{ID}");
    let kept = "public, max-age=300";
    for (path, kept) in [("/docs/errors", kept), ("/docs/errors/quote_expired", kept), (verify.as_str(), "no-store")] {
        for key in [None, Some("Bearer wrong")] {
            let ask = world.get(path).header("accept", "text/html").header("gate-version", "tomorrow");
            let told = if let Some(key) = key { ask.header("authorization", key) } else { ask }.send().await;
            let page = text(&told);
            for forbidden in
                ["<script", "<link", "<img", "<iframe", "<form", "http://", "https://", " style=", " onclick"]
            {
                assert!(!page.contains(forbidden), "{forbidden} in {path}");
            }
            for (name, value) in [
                ("content-type", "text/html; charset=utf-8"),
                ("cache-control", kept),
                ("referrer-policy", "no-referrer"),
                ("x-content-type-options", "nosniff"),
            ] {
                assert_eq!(told.header(name), Some(value), "{path}");
            }
            let policy = told.header("content-security-policy").unwrap();
            assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
            assert_eq!(told.header("set-cookie"), None);
        }
    }
}

#[tokio::test]
async fn every_doc_url_has_its_page() {
    let world = World::start().await;
    let all = text(&world.get("/docs/errors?of=any").send().await);
    for &code in Code::ALL {
        assert!(all.contains(&format!("id=\"{}\"", code.word())), "{code:?}");
        let one = text(&world.get(&format!("/docs/errors/{}", code.word())).send().await);
        assert!(one.contains(&format!("HTTP {} ·", code.status())), "{code:?}");
    }
}

#[tokio::test]
async fn a_verification_is_explained_in_each_world() {
    let world = World::start().await;
    for (prefix, group) in [("pi", "pay_ins"), ("po", "pay_outs")] {
        let page = text(&world.get(&format!("/verify/{prefix}_test_{ID}")).send().await);
        let call = format!("POST /v1/test_helpers/rails/{group}/{prefix}_test_{ID}/verify\n");
        assert!(page.contains(&call), "{page}");
        let live = text(&world.get(&format!("/verify/{prefix}_live_{ID}")).send().await);
        assert!(!live.contains("test_helpers") && !live.contains(ID), "{live}");
    }
}

#[tokio::test]
async fn only_ids_have_a_page() {
    let world = World::start().await;
    for id in [
        "",
        "pi_test_",
        "pi_prod_0123456789abcdefghjkmnpqrs",
        "gs_test_0123456789abcdefghjkmnpqrs",
        "PI_TEST_0123456789abcdefghjkmnpqrs",
        "pi_test_0123456789ABCDEFGHJKMNPQRS",
        "pi_test_0123456789abcdefghjkmnpqrs/",
        "pi_test_0123456789abcdefghjkmnpqrs%20",
        "pi%5Ftest_0123456789abcdefghjkmnpqrs",
        "pi_test_<script>alert(1)</script>",
    ] {
        world.get(&format!("/verify/{id}")).send().await.refused(404, "not_found");
    }
    for path in ["/verify", "/docs/", "/docs/errors/", "/docs/errors/no_such_code", "/openapi", "/openapi/gate-v2.json"]
    {
        world.get(path).send().await.refused(404, "not_found");
    }
}

#[tokio::test]
async fn pages_are_only_read() {
    let world = World::start().await;
    for path in ["/docs/errors".to_owned(), format!("/verify/pi_test_{ID}")] {
        assert_eq!(world.ask(Method::HEAD, &path).send().await.0.status, 200);
        for method in [Method::POST, Method::DELETE, Method::TRACE] {
            let told = world.ask(method, &path).key(SHOP.secret()).send().await;
            told.refused(405, "method_not_allowed");
            assert_eq!(told.header("allow"), Some("GET, HEAD, OPTIONS"));
        }
    }
}

#[tokio::test]
async fn the_reference_runs_its_own_script_and_asks_nobody_else() {
    let world = World::start().await;
    let told = world.get("/docs").header("accept", "text/html").send().await;
    let policy = told.header("content-security-policy").unwrap().to_owned();
    assert!(policy.contains("script-src 'sha256-") && policy.contains("connect-src 'self'"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    let page = text(&told);
    assert_eq!(page.matches("<script>").count(), 1);
    for forbidden in ["<link", "<img", "<iframe", " src=", " style=", " onclick", "href=\"http"] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
}

#[tokio::test]
async fn the_document_is_served_in_both_forms() {
    let world = World::start().await;
    for (path, kind) in [("/openapi/gate-v1.json", "application/json"), ("/openapi/gate-v1.yaml", "application/yaml")] {
        let told = world.get(path).send().await;
        assert_eq!(told.header("content-type"), Some(kind));
        assert!(text(&told).contains("openapi"));
    }
}

#[tokio::test]
async fn the_keys_of_an_account_are_for_everybody_and_its_own() {
    let world = World::start().await;
    let path = |account: AccountId| format!("/.well-known/webhook-keys/{}.json", account.text());
    let told = world.get(&path(SHOP.id())).send().await;
    assert_eq!(told.header("content-type"), Some("application/json"));
    assert_eq!(told.header("cache-control"), Some("public, max-age=300"));
    let shown: Value = serde_json::from_str(&text(&told)).unwrap();
    let key = |mode| world.gate.cell(mode).unwrap().keys().event_key(SHOP.id()).public_text();
    let keys = json!([
        { "mode": "test", "public_key": key(Mode::Sandbox) },
        { "mode": "live", "public_key": key(Mode::Live) },
    ]);
    assert_eq!(shown, json!({ "account_id": SHOP.id().text(), "keys": keys }));
    assert_ne!(text(&world.get(&path(OTHER.id())).send().await), text(&told));
    let unknown = path(AccountId(4_711));
    for path in [unknown.as_str(), path(SHOP.id()).trim_end_matches(".json"), "/.well-known/webhook-keys/.json"] {
        world.get(path).send().await.refused(404, "not_found");
    }
    world.ask(Method::POST, &path(SHOP.id())).send().await.refused(405, "method_not_allowed");
}
