//! The operator interface: what it does for partners, who may use it, and what it shows.

use causeway_tests::http::Request;
use causeway_tests::operator::Rights;
use causeway_tests::partner::{Kind, lock_body, session_body};
use causeway_tests::poll::{SOON, poll};
use causeway_tests::server::Server;
use serde_json::json;

use super::shared;

#[test]
fn a_revoked_key_is_refused_at_once_and_for_good() {
    let server = Server::start(&[]);
    let operator = server.operator();
    let partner = operator.partner("a leaver", Rights::ALL);
    let (spare, id) = operator.key(&partner.account, "sandbox", "secret");
    let list = || Request::get("/v1/gate_sessions").bearer(&spare);
    partner.send(list()).expect(200);
    let path = format!("/operator/accounts/{}/keys/{id}", partner.account);
    operator.done("DELETE", &path, &json!(null));
    partner.send(list()).expect_refusal(401, "invalid_key");
    partner.get("/v1/gate_sessions").expect(200);
    let directory = server.directory().clone();
    server.kill();
    let server = Server::start_in(&directory, &[]);
    partner.at(&server).send(list()).expect_refusal(401, "invalid_key");
}

#[test]
fn entitlements_and_origins_count_at_once() {
    let operator = shared::server().operator();
    let partner = operator.partner("a climber", Rights::NONE);
    let lock = lock_body(Kind::PayIn, "100.00");
    partner.post("/v1/quotes", &lock).expect_refusal(403, "not_entitled");
    let path = format!("/operator/accounts/{}/entitlements", partner.account);
    let rights = |rails: bool| json!({ "mode": "sandbox", "rails": rails, "customers": false, "kyc_package": false, "swap": false });
    operator.done("PUT", &path, &rights(true));
    partner.post("/v1/quotes", &lock).expect(201);
    operator.done("PUT", &path, &rights(false));
    partner.post("/v1/quotes", &lock).expect_refusal(403, "not_entitled");
    let bootstrap = || partner.browse(Request::post("/v1/embed/bootstrap"));
    bootstrap().expect(201);
    let path = format!("/operator/accounts/{}/origins", partner.account);
    operator.done("PUT", &path, &json!({ "mode": "sandbox", "origins": ["https://new.example"] }));
    bootstrap().expect_refusal(403, "origin_not_allowed");
}

#[test]
fn nobody_gets_in_without_a_token() {
    let operator = shared::server().operator();
    let create = Request::post("/operator/accounts").json(&json!({ "name": "an intruder" }));
    let refused = [
        create.clone(),
        create.clone().bearer("nonsense"),
        create.clone().bearer(&format!("{}x", operator.token())),
        create.clone().bearer(&shared::stage().alice.secret),
        create.clone().header("Authorization", operator.token()),
    ];
    for request in refused {
        assert_eq!(operator.send(&request).status, 401);
    }
    // A page that a name server leads here by another name gets nothing, with the token too.
    let rebound = create.bearer(operator.token()).header("Host", "evil.example");
    let status = operator.send(&rebound).status;
    assert!([400, 403, 421].contains(&status), "{status}");
}

#[test]
fn what_is_wrong_is_refused() {
    let operator = shared::server().operator();
    let account = format!("/operator/accounts/{}", shared::stage().bob.account);
    for (method, path, body) in [
        ("POST", "/operator/accounts".to_owned(), json!({})),
        ("POST", "/operator/accounts".to_owned(), json!({ "name": 1 })),
        ("POST", "/operator/accounts".to_owned(), json!({ "name": "x", "unknown": 1 })),
        ("POST", format!("{account}/keys"), json!({ "mode": "sandbox", "kind": "golden" })),
        ("POST", format!("{account}/keys"), json!({ "mode": "nowhere", "kind": "secret" })),
        ("PUT", format!("{account}/origins"), json!({ "mode": "sandbox", "origins": ["not an origin"] })),
        ("PUT", format!("{account}/entitlements"), json!({ "mode": "sandbox", "rails": "yes" })),
        ("PUT", format!("{account}/webhook"), json!({ "mode": "sandbox" })),
    ] {
        let refused = operator.call(method, &path, &body);
        assert_eq!(refused.status, 400, "{path} {body}: {}", refused.text());
    }
    let unknown =
        operator.call("POST", "/operator/accounts/acct_x/keys", &json!({ "mode": "sandbox", "kind": "secret" }));
    assert_eq!(unknown.status, 404, "{}", unknown.text());
}

#[test]
fn a_viewer_reads_and_every_write_is_recorded_with_who_and_why() {
    let server = Server::start(&[]);
    let (operator, account) = (server.operator(), format!("/operator/accounts/{}", server.demo().account));
    let asked = json!({ "name": "grafana", "role": "viewer", "reason": "dashboards" });
    let token = operator.done("POST", "/operator/tokens", &asked)["token"].as_str().unwrap().to_owned();
    let send = |request: Request| operator.send(&request.bearer(&token));
    let read = send(Request::get(account.as_str()));
    assert_eq!(read.status, 200, "{}", read.text());
    assert!(!read.text().contains(&server.demo().secret));
    let origins = json!({ "mode": "sandbox", "origins": [], "reason": "closing time" });
    let write = Request::new("PUT", format!("{account}/origins")).json(&origins);
    assert_eq!(send(write.clone()).status, 403);
    let granted = operator.send(&write.bearer(operator.token()));
    assert_eq!(granted.status, 200, "{}", granted.text());
    operator.done("DELETE", "/operator/tokens/grafana", &json!(null));
    assert_eq!(send(Request::get(account.as_str())).status, 401);
    let audit = std::fs::read_to_string(server.directory().file("operator-audit.jsonl")).unwrap();
    let entries: Vec<serde_json::Value> = audit.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told: Vec<_> = entries.iter().map(|entry| ["operator", "action", "reason"].map(|name| &entry[name])).collect();
    let expected = json!([
        ["first", "create_token", "dashboards"],
        ["first", "set_origins", "closing time"],
        ["first", "delete_token", null],
    ]);
    assert_eq!(json!(told), expected);
    assert_eq!(entries[1]["request_id"].as_str(), granted.header("X-Request-Id"));
}

#[test]
fn health_readiness_and_metrics_are_shown() {
    let server = Server::start(&[]);
    let operator = server.operator();
    for path in ["/healthz", "/readyz"] {
        assert_eq!(operator.send(&Request::get(path)).status, 200, "{path}");
    }
    let partner = server.demo();
    let payment = partner.start(Kind::PayIn, "100.00");
    partner.wait_for_payment(&payment, "settled");
    partner.session(&session_body(Kind::PayIn, "100.00"));
    partner.get("/v1/gate_sessions/x").expect_refusal(404, "not_found");
    poll(SOON, "the metrics tell of it", || {
        let metrics = operator.call("GET", "/metrics", &json!(null));
        assert_eq!(metrics.status, 200, "{}", metrics.text());
        let text = metrics.text();
        let lines = || text.lines().filter(|line| !line.starts_with('#'));
        let has = |word: &str| lines().any(|line| line.contains(word));
        (has("create_pay_in") && has("create_session") && has("retrieve_session")).then_some(())
    });
    assert_eq!(server.stop().code, Some(0));
}

#[test]
fn the_partner_api_knows_nothing_of_it() {
    let server = shared::server();
    let alice = &shared::stage().alice;
    for path in ["/operator/accounts", "/metrics", "/healthz", "/readyz"] {
        let request = Request::get(path).bearer(server.operator().token());
        alice.send_as_is(&request).expect_refusal(404, "not_found");
    }
}
