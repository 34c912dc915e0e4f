//! The operator interface: what it does for partners, who may use it, and what it shows.

use causeway_tests::http::Request;
use causeway_tests::operator::Rights;
use causeway_tests::partner::{Kind, lock_body, session_body};
use causeway_tests::poll::{SOON, poll};
use causeway_tests::receiver::{Answer, Receiver};
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
        ("POST", "/operator/tokens".to_owned(), json!({ "name": "..", "role": "viewer" })),
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
    let tokens = send(Request::get("/operator/tokens"));
    assert_eq!(tokens.status, 200, "{}", tokens.text());
    assert!(tokens.text().contains("grafana") && !tokens.text().contains(&token), "{}", tokens.text());
    let origins = json!({ "mode": "sandbox", "origins": [], "reason": "closing time" });
    let write = Request::new("PUT", format!("{account}/origins")).json(&origins);
    assert_eq!(send(write.clone()).status, 403);
    let granted = operator.send(&write.bearer(operator.token()));
    assert_eq!(granted.status, 200, "{}", granted.text());
    operator.done("DELETE", "/operator/tokens/grafana", &json!(null));
    assert_eq!(send(Request::get(account.as_str())).status, 401);
    let audit = std::fs::read_to_string(server.directory().file("operator-audit.jsonl")).unwrap();
    let lines = audit.lines().map(|line| serde_json::from_str(line).unwrap());
    // What the gateway does itself at its first start is not an operator's.
    let is_asked = |line: &serde_json::Value| line["status"].is_null() && line["operator"] != "causeway";
    let entries: Vec<serde_json::Value> = lines.filter(is_asked).collect();
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

/// What an account has, in a list of many; and an endpoint that is taken away: what waits ends, what comes is not sent.
#[test]
fn accounts_are_listed_and_a_webhook_is_unset() {
    let server = Server::start(&["--delivery-gaps=300ms,300ms,300ms,300ms"]);
    let (operator, partner) = (server.operator(), server.demo());
    let newer = operator.partner("a newer one", Rights::NONE);
    let list = |query: &str| operator.done("GET", &format!("/operator/accounts{query}"), &json!(null));
    let first = list("?limit=1");
    assert_eq!((&first["data"][0]["id"], &first["has_more"]), (&json!(newer.account), &json!(true)));
    let record = &first["data"][0]["modes"][0];
    assert_eq!((&record["active_keys"], &record["has_webhook"]), (&json!(2), &json!(false)));
    let second = list(&format!("?limit=1&starting_after={}", newer.account));
    assert_eq!((&second["data"][0]["id"], &second["has_more"]), (&json!(partner.account), &json!(false)));
    let has_webhook = || list("")["data"][1]["modes"][0]["has_webhook"].clone();

    let receiver = Receiver::answering(|_, _| Answer::status(500));
    operator.set_webhook(&partner, "sandbox", &receiver.url());
    assert_eq!(has_webhook(), true);
    let session = partner.session(&session_body(Kind::PayIn, "100.00"));
    let id = session["id"].as_str().unwrap();
    partner.act(&format!("/v1/gate_sessions/{id}/cancel")).expect(201);
    poll(SOON, "the first attempt failed", || (!receiver.all().is_empty()).then_some(()));
    let path = format!("/operator/accounts/{}/webhook", partner.account);
    let unset = operator.done("DELETE", &path, &json!({ "mode": "sandbox", "reason": "moved out" }));
    assert_eq!(unset["deleted"], true);
    assert_eq!(has_webhook(), false);
    // Two attempts find no endpoint: the waiting delivery's and that of the one held behind it.
    poll(SOON, "what was on its way has ended", || {
        let metrics = operator.call("GET", "/metrics", &json!(null)).text();
        let failed =
            metrics.lines().find_map(|line| line.strip_prefix("causeway_webhooks_failed_total{mode=\"sandbox\"} "));
        (failed?.parse::<f64>().ok()? >= receiver.all().len() as f64 + 2.0).then_some(())
    });
    let before = receiver.all().len();
    let healthy = Receiver::start();
    operator.set_webhook(&partner, "sandbox", &healthy.url());
    let session = partner.session(&session_body(Kind::PayIn, "100.00"));
    healthy.wait_for(session["id"].as_str().unwrap(), &["gate_session.created"]);
    assert_eq!(receiver.all().len(), before);
    assert_eq!(healthy.all().len(), 1, "what had ended stays so");
}

#[test]
fn who_decides_is_counted_and_a_missing_model_is_told_once() {
    for (flags, decider) in [
        (&[][..], "{mode=\"sandbox\",decider=\"model\",reason=\"none\"}"),
        (&["--model-dir=/nowhere"][..], "{mode=\"sandbox\",decider=\"fallback\",reason=\"no_model\"}"),
    ] {
        let server = Server::start(flags);
        let partner = server.demo();
        for _ in 0..3 {
            partner.start(Kind::PayIn, "100.00");
        }
        let metrics = server.operator().call("GET", "/metrics", &json!(null)).text();
        let expected = format!("causeway_cell_decisions_total{decider} 3.0");
        assert!(metrics.contains(&expected), "{expected} in\n{metrics}");
        let log = server.log().clone();
        assert_eq!(server.stop().code, Some(0));
        let missing: Vec<String> =
            log.error().lines().filter(|line| line.contains("event=model_missing")).map(str::to_owned).collect();
        assert_eq!(missing.len(), flags.len(), "{missing:?}");
        assert!(missing.iter().all(|line| line.contains("level=warn") && line.contains("/nowhere")), "{missing:?}");
        assert!(!log.error().contains("event=decider_changed"));
    }
}
