//! What holds whatever the operation is.

use std::future::poll_fn;
use std::sync::atomic::Ordering;
use std::task::Poll;

use http::Method;

use crate::fixture::{PLAIN, SHOP, World};
use crate::http::{Protocol, Service};
use crate::pipeline::Options;

#[tokio::test]
async fn unknown_paths_and_methods_are_refused() {
    let world = World::start().await;
    for path in ["/", "/v1", "/v1/", "/v1/gate_sessions/", "/v2/gate_sessions", "/v1/quotes/preview/x"] {
        world.get(path).key(SHOP.secret()).send().await.refused(404, "not_found");
    }
    let told = world.ask(Method::DELETE, "/v1/gate_sessions").key(SHOP.secret()).send().await;
    told.refused(405, "method_not_allowed");
    assert_eq!(told.header("allow"), Some("GET, HEAD, POST, OPTIONS"));
}

#[tokio::test]
async fn versions_and_media_types_are_checked_after_keys() {
    let world = World::start().await;
    let wrong = || world.get("/v1/quotes/x").header("gate-version", "2020-01-01").header("accept", "text/html");
    wrong().send().await.refused(401, "missing_key");
    wrong().key("sk_test_unknown").send().await.refused(401, "invalid_key");
    wrong().key(PLAIN.secret()).send().await.refused(403, "not_entitled");
    let ask = || world.get("/v1/gate_sessions").key(SHOP.secret());
    let told = ask().header("gate-version", "2020-01-01").send().await;
    assert_eq!(told.refused(400, "invalid_request").as_deref(), Some("Gate-Version"));
    ask().header("accept", "text/html").send().await.refused(406, "not_acceptable");
    ask().header("gate-version", "2026-05-25").send().await.expect(200);
}

#[tokio::test]
async fn long_targets_are_refused_whatever_they_name() {
    let world = World::start().await;
    for path in [format!("/v1/gate_sessions?x={}", "a".repeat(8_200)), format!("/{}", "a".repeat(8_200))] {
        world.get(&path).key(SHOP.secret()).send().await.refused(414, "uri_too_long");
    }
    let longest = format!("/v1/gate_sessions/{}", "a".repeat(8_192 - "/v1/gate_sessions/".len()));
    world.get(&longest).key(SHOP.secret()).send().await.refused(404, "not_found");
}

#[tokio::test]
async fn beyond_the_bound_requests_are_refused_at_once() {
    let world = World::with(Options { in_flight: 0, ..Options::default() }).await;
    let told = world.get("/v1/gate_sessions").key(SHOP.secret()).send().await;
    told.refused(503, "overloaded");
    assert_eq!(told.header("retry-after"), Some("1"));
}

#[tokio::test]
async fn modes_share_nothing() {
    let world = World::start().await;
    let sandbox = super::samples::Journey { world: &world, partner: SHOP, flow: "on_ramp" }.session().await;
    let path = format!("/v1/gate_sessions/{}", sandbox["id"].as_str().unwrap());
    world.get(&path).key(SHOP.live_secret()).send().await.refused(404, "not_found");
    let list = world.get("/v1/gate_sessions").key(SHOP.live_secret()).send().await;
    assert_eq!(list.expect(200)["data"].as_array().unwrap().len(), 0);
    assert!(list.header("x-request-id").unwrap().starts_with("req_live_"));
}

#[tokio::test]
async fn a_host_can_be_for_one_mode() {
    let world = World::start().await;
    let ask = |key: String, host: &str| world.get("/v1/gate_sessions").key(key).header("host", host).send();
    for host in ["live.example", "LIVE.example:8443"] {
        ask(SHOP.secret(), host).await.refused(401, "invalid_key");
        ask(SHOP.live_secret(), host).await.expect(200);
    }
    ask(SHOP.secret(), "[::1]:8080").await.expect(200);
}

#[tokio::test]
async fn bytes_that_are_no_request_are_refused_in_the_same_form() {
    let world = World::start().await;
    for (status, code) in [(400, "malformed_http"), (414, "uri_too_long"), (431, "headers_too_large")] {
        crate::fixture::Told(world.pipeline.refuse(status, Protocol::Http11)).refused(status, code);
    }
}

#[tokio::test]
async fn a_client_that_goes_away_is_heard_of() {
    let world = World::start().await;
    let payment = super::samples::Journey { world: &world, partner: SHOP, flow: "on_ramp" }.payment().await;
    world.rail.is_stuck.store(true, Ordering::Relaxed);
    let path = format!("/v1/test_helpers/rails/pay_ins/{}/settle", payment["id"].as_str().unwrap());
    let mut asked = Box::pin(world.post(&path).key(SHOP.secret()).send());
    assert!(poll_fn(|context| Poll::Ready(asked.as_mut().poll(context).is_pending())).await);
    drop(asked);
    let line = world.heard.0.lock().pop().unwrap();
    assert!(line.contains("499") && line.contains("settle"), "{line}");
}
