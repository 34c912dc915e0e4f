//! What the harness itself promises: a judge that lets everything pass proves nothing.

use causeway_tests::contract::contract;
use causeway_tests::http::{Headers, Request, Response};
use causeway_tests::random::Random;
use causeway_tests::signature::{hexadecimal, hmac, verify_gate, verify_standard};
use serde_json::{Value, json};

/// RFC 4231, test cases 2 and 6.
#[test]
fn its_hmac_is_the_published_one() {
    let check = |key: &[u8], message: &[u8], expected: &str| {
        assert_eq!(hexadecimal(&hmac(key, message)), expected);
    };
    check(b"Jefe", b"what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    check(
        &[0xaa; 131],
        b"Test Using Larger Than Block-Size Key - Hash Key First",
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    );
}

#[test]
fn it_refuses_forged_and_stale_signatures() {
    let secret = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let body = b"{\"id\":\"evt_1\"}";
    let signature = hexadecimal(&hmac(secret.as_bytes(), &[b"1000.", &body[..]].concat()));
    let mut headers = Headers::default();
    headers.add("Gate-Signature", &format!("t=1000,v1={signature}"));
    assert_eq!(verify_gate(secret, &headers, body, 1_299), Ok(()));
    assert!(verify_gate(secret, &headers, body, 1_301).is_err());
    assert!(verify_gate(secret, &headers, b"{\"id\":\"evt_2\"}", 1_000).is_err());
    assert!(verify_gate("whsec_other", &headers, body, 1_000).is_err());
    assert!(verify_standard(secret, &headers, body, 1_000).is_err(), "its headers are missing");
}

fn answer(status: u16, body: &Value) -> Response {
    let mut headers = Headers::default();
    headers.add("X-Request-Id", &format!("req_test_{}", "0".repeat(26)));
    headers.add("Gate-Version", "2026-05-25");
    Response { status, headers, body: body.to_string().into_bytes() }
}

#[test]
fn it_judges_status_body_and_headers() {
    let list = Request::get("/v1/gate_sessions?limit=1");
    let empty = json!({ "object": "list", "data": [], "has_more": false, "url": "/v1/gate_sessions" });
    let judge = |status, body: &Value| contract().judge(&list, &answer(status, body));
    assert_eq!(judge(200, &empty), Ok(()));
    assert!(judge(201, &empty).is_err(), "a status that is not stated");
    for (name, value) in [
        ("has_more", json!("no")),
        ("data", json!([{ "object": "session" }])),
        ("undocumented", json!(1)),
        ("object", json!("page")),
    ] {
        let mut body = empty.clone();
        body[name] = value;
        assert!(judge(200, &body).is_err(), "{name}");
    }
    let mut nameless = answer(200, &empty);
    nameless.headers.remove("X-Request-Id");
    assert!(contract().judge(&list, &nameless).is_err());
    let elsewhere = Request::get("/v1/nowhere");
    assert!(contract().judge(&elsewhere, &answer(200, &empty)).is_err());
}

#[test]
fn its_numbers_are_the_same_for_the_same_seed() {
    let draw = |seed| {
        (0..20)
            .map({
                let mut random = Random::seeded(seed);
                move |_| random.below(1_000)
            })
            .collect::<Vec<u64>>()
    };
    assert_eq!(draw(1), draw(1));
    assert_ne!(draw(1), draw(2));
    assert_ne!(Random::seeded(1).branch(1).number(), Random::seeded(1).branch(2).number());
}
