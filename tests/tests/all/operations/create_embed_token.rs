//! createEmbedToken: the one operation that browsers call.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use causeway_tests::http::Request;
use causeway_tests::operator::Rights;
use causeway_tests::partner::{Kind, fresh_key, session_body};
use serde_json::{Value, json};

use super::common::*;
use crate::all::shared::{Stage, brisk};

const PATH: &str = "/v1/embed/bootstrap";

pub const OPERATIONS: &[Operation] = &[Operation {
    id: "createEmbedToken",
    prepare: |partner| {
        let session = partner.session(&session_body(Kind::PayIn, "100.00"));
        bootstrap(&session)
    },
    works: Situation::Shown(works),
    wrong_credential: Situation::Shown(wrong_keys_and_origins),
    other_partners_object: Situation::Shown(anothers_secret),
    bad_body: Situation::Shown(bad_bodies),
    repeated_key: Situation::Shown(ignores_keys),
    refused_state: Situation::Shown(refused_unless_open),
}];

six_situations!();

fn bootstrap(session: &Value) -> Request {
    let body = json!({ "clientSecret": session["client_secret"] });
    Request::post(PATH).json(&body)
}

fn works(stage: &Stage, _: &Operation) {
    let alice = &stage.alice;
    let session = alice.session(&session_body(Kind::PayIn, "100.00"));
    let answer = alice.browse(bootstrap(&session));
    let origin = answer.header("Access-Control-Allow-Origin");
    assert_eq!(origin, Some(alice.origin.as_str()));
    assert!(answer.headers.all("Vary").any(|value| value.eq_ignore_ascii_case("Origin")));
    assert_eq!(answer.header("Access-Control-Allow-Credentials"), None);
    let token = answer.expect(201);
    for name in ["amount", "currency", "target_token", "target_network", "return_url", "flow"] {
        assert_eq!(token[name], session[name], "{name}");
    }
    assert_eq!(token["session_id"], session["id"]);
    assert_eq!(token["partner_id"], alice.account.as_str());
    assert_eq!(token["mode"], "test");
    is_a_token_for_an_hour(token["embed_token"].as_str().unwrap());
    without_a_session(stage);
}

fn is_a_token_for_an_hour(token: &str) {
    let parts: Vec<Vec<u8>> = token
        .split('.')
        .map(|part| BASE64_URL_SAFE_NO_PAD.decode(part).unwrap())
        .collect();
    assert_eq!(parts.len(), 3);
    let header: Value = serde_json::from_slice(&parts[0]).unwrap();
    assert_eq!(header["alg"], "HS256");
    assert!(header["kid"].is_string(), "{header}");
    let claims: Value = serde_json::from_slice(&parts[1]).unwrap();
    let time = |name: &str| claims[name].as_u64().unwrap();
    assert_eq!(time("exp") - time("iat"), 3_600);
    assert!(claims["aud"].is_string(), "{claims}");
    assert_eq!(parts[2].len(), 32);
}

fn without_a_session(stage: &Stage) {
    let alice = &stage.alice;
    for request in [
        Request::post(PATH),
        Request::post(PATH).json(&json!({})),
        Request::post(PATH).json(&json!({ "requested_scopes": ["capabilities:read", "something"] })),
        Request::post(PATH).header("X-Publishable-Key", &alice.publishable),
        Request::post(PATH).header("Referer", &format!("{}/checkout?x=1", alice.origin)),
    ] {
        let token = alice.browse(request).expect(201);
        assert!(token["session_id"].is_null() && token["amount"].is_null(), "{token}");
    }
}

fn wrong_keys_and_origins(stage: &Stage, operation: &Operation) {
    let alice = &stage.alice;
    let request = (operation.prepare)(alice);
    let from_here = request.clone().header("Origin", &alice.origin);
    alice.send_as_is(&from_here).expect_refusal(401, "missing_key");
    for (key, code) in [
        (alice.secret.clone(), "key_kind_not_allowed"),
        (format!("{}x", alice.publishable), "invalid_key"),
        ("pk_live_unknown".to_owned(), "invalid_key"),
    ] {
        alice.browse(request.clone().bearer(&key)).expect_refusal(401, code);
    }
    let elsewhere = [
        "https://evil.example".to_owned(),
        stage.bob.origin.clone(),
        "null".to_owned(),
        alice.origin.to_uppercase(),
        alice.origin.replace("https", "http"),
        format!("{}:8443", alice.origin),
        format!("{}.evil.example", alice.origin),
    ];
    for origin in elsewhere {
        let refused = alice.browse(request.clone().header("Origin", &origin));
        refused.expect_refusal(403, "origin_not_allowed");
        assert_eq!(refused.header("Access-Control-Allow-Origin"), None, "{origin}");
    }
    let nowhere = request.clone().bearer(&alice.publishable);
    alice.send_as_is(&nowhere).expect_refusal(403, "origin_not_allowed");
    alice.browse(request).expect(201);
}

fn anothers_secret(stage: &Stage, operation: &Operation) {
    let request = (operation.prepare)(&stage.alice);
    let said = stage.bob.browse(request.clone()).expect_refusal(404, "not_found");
    assert_eq!(said["param"], "clientSecret");
    let body = request.body_json();
    let secret = body["clientSecret"].as_str().unwrap();
    let last = if secret.ends_with('0') { "1" } else { "0" };
    let forged = format!("{}{last}", &secret[..secret.len() - 1]);
    for wrong in [forged.as_str(), "gsec_", "nonsense", ""] {
        let request = Request::post(PATH).json(&json!({ "clientSecret": wrong }));
        stage.alice.browse(request).expect_refusal(404, "not_found");
    }
    stage.alice.browse(request).expect(201);
}

fn bad_bodies(stage: &Stage, operation: &Operation) {
    let bodies = vec![
        wrong("clientSecret", json!(1)),
        wrong("requested_scopes", json!("capabilities:read")),
        wrong("requested_scopes", json!(vec!["x"; 33])),
        unknown("client_secret"),
        unknown("session_id"),
    ];
    refuses_bodies_sent_by(&stage.alice, operation, bodies, &|request| stage.alice.browse(request));
}

fn ignores_keys(stage: &Stage, operation: &Operation) {
    let key = fresh_key();
    for _ in 0..2 {
        let answer = stage.alice.browse((operation.prepare)(&stage.alice).key(&key));
        answer.expect(201);
        assert_eq!(answer.header("Idempotent-Replayed"), None);
    }
}

fn refused_unless_open(stage: &Stage, _: &Operation) {
    let alice = &stage.alice;
    let session = alice.session(&session_body(Kind::PayIn, "100.00"));
    let path = format!("/v1/gate_sessions/{}/cancel", session["id"].as_str().unwrap());
    alice.act(&path).expect(201);
    alice.browse(bootstrap(&session)).expect_refusal(409, "session_not_open");
    let partner = brisk().operator().partner("a slow one", Rights::ALL);
    let session = partner.session(&session_body(Kind::PayIn, "100.00"));
    partner.wait_for_session(&session["id"], "expired");
    partner.browse(bootstrap(&session)).expect_refusal(409, "session_not_open");
}

#[test]
fn a_preflight_allows_every_registered_origin_and_no_other() {
    let stage = crate::all::shared::stage();
    let ask = |origin: &str| {
        let request = Request::new("OPTIONS", PATH)
            .header("Origin", origin)
            .header("Access-Control-Request-Method", "POST")
            .header("Access-Control-Request-Headers", "authorization,content-type");
        stage.alice.send_as_is(&request)
    };
    for origin in [&stage.alice.origin, &stage.bob.origin] {
        let allowed = ask(origin);
        assert_eq!(allowed.status, 204, "{}", allowed.text());
        assert_eq!(allowed.header("Access-Control-Allow-Origin"), Some(origin.as_str()));
        let methods = allowed.header("Access-Control-Allow-Methods").unwrap();
        assert!(methods.contains("POST"), "{methods}");
        let headers = allowed.header("Access-Control-Allow-Headers").unwrap().to_lowercase();
        assert!(headers.contains("authorization") && headers.contains("content-type"), "{headers}");
        assert_eq!(allowed.header("Access-Control-Allow-Credentials"), None);
    }
    for origin in ["https://evil.example", "null", ""] {
        let refused = ask(origin);
        refused.expect_refusal(403, "origin_not_allowed");
        assert_eq!(refused.header("Access-Control-Allow-Origin"), None);
    }
    // Operations for servers know nothing of browsers.
    let request = Request::new("OPTIONS", "/v1/quotes").header("Origin", &stage.alice.origin);
    let told = stage.alice.send_as_is(&request);
    assert_eq!((told.status, told.header("Allow")), (204, Some("POST, OPTIONS")), "the methods, and no preflight");
    assert_eq!(told.header("Access-Control-Allow-Origin"), None);
}
