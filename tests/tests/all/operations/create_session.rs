//! createSession.

use causeway_tests::http::Request;
use causeway_tests::partner::{Kind, Partner, session_body, with};
use serde_json::{Value, json};

use super::common::*;
use crate::all::shared::Stage;

pub const OPERATIONS: &[Operation] = &[Operation {
    id: "createSession",
    prepare: |_| request(session_body(Kind::PayIn, "100.00")),
    works: Situation::Shown(works),
    wrong_credential: Situation::Shown(secret_key),
    other_partners_object: Situation::NotApplicable("it names no object"),
    bad_body: Situation::Shown(|stage, operation| {
        refuses_bodies(&stage.alice, operation, bodies());
    }),
    repeated_key: Situation::Shown(|stage, operation| {
        replays(&stage.alice, operation, Some(json!({ "amount": "100.01" })));
        requires_a_key(&stage.alice, operation);
    }),
    refused_state: Situation::Shown(refused_without_entitlement),
}];

six_situations!();

fn request(body: Value) -> Request {
    let key = causeway_tests::partner::fresh_key();
    Request::post("/v1/gate_sessions").json(&body).key(&key)
}

fn works(stage: &Stage, _: &Operation) {
    let given = json!({
        "amount": "100",
        "currency": "eur",
        "flow": "on_ramp",
        "target_token": "usdc",
        "target_network": "polygon",
        "wallet_address": "0x0000000000000000000000000000000000000001",
        "user_reference": "user 17",
        "quote_preview_id": "preview 1",
        "return_url": "http://localhost:3000/complete?order=1",
        "cancel_url": "https://partner.example/cancel",
        "metadata": { "order_id": "order_test_123", "note": "Žofie \"quoted\" \\ 🙂" },
    });
    let session = stage.alice.send(request(given.clone())).expect(201);
    let expected = with(
        given,
        json!({
            "object": "session",
            "partner_id": stage.alice.account,
            "mode": "test",
            "status": "open",
            "amount": "100.00",
            "currency": "EUR",
            "target_token": "USDC",
            "tx_refid": null,
        }),
    );
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&session[name], value, "{name}");
    }
    let secret = session["client_secret"].as_str().unwrap();
    assert!(secret.starts_with(&format!("gsec_{}_", session["id"].as_str().unwrap())));
    let read = stage.alice.read_session(&session["id"]);
    assert_eq!(read, causeway_tests::partner::without(session, "client_secret"));
    optional_fields_may_be_absent(&stage.alice);
}

fn optional_fields_may_be_absent(alice: &Partner) {
    let body = json!({ "amount": "5.5", "currency": "KWD", "return_url": "https://partner.example" });
    let session = alice.send(request(body)).expect(201);
    assert_eq!(session["amount"], "5.500");
    for name in ["flow", "target_token", "wallet_address", "user_reference", "cancel_url"] {
        assert!(session[name].is_null(), "{name}: {session}");
    }
    assert_eq!(session["metadata"], json!({}));
}

fn bodies() -> Vec<Bad> {
    let long = "x".repeat(256);
    let many: Value = (0..51).map(|at| (format!("k{at}"), json!("v"))).collect::<serde_json::Map<_, _>>().into();
    vec![
        missing("amount"),
        missing("currency"),
        missing("return_url"),
        wrong("amount", json!(100)),
        wrong("amount", json!(100.0)),
        wrong("amount", json!(null)),
        wrong("amount", json!("")),
        wrong("amount", json!("0")),
        wrong("amount", json!("0.00")),
        wrong("amount", json!("-5.00")),
        wrong("amount", json!("+5.00")),
        wrong("amount", json!("1e3")),
        wrong("amount", json!("1,00")),
        wrong("amount", json!(" 1.00")),
        wrong("amount", json!("0x10")),
        wrong("amount", json!("NaN")),
        wrong("amount", json!("100.001")),
        wrong("amount", json!("0.000000001")),
        refused("amount", json!("9999999999999.00"), "amount_out_of_range"),
        wrong("currency", json!("EURO")),
        wrong("currency", json!("QQQ")),
        wrong("currency", json!(978)),
        wrong("return_url", json!("http://partner.example/complete")),
        wrong("return_url", json!("javascript:alert(1)")),
        wrong("return_url", json!("/complete")),
        wrong("return_url", json!(format!("https://partner.example/{}", "a".repeat(2_048)))),
        wrong("cancel_url", json!("https://user:secret@partner.example/")),
        wrong("flow", json!("sideways")),
        wrong("flow", json!(1)),
        wrong("target_token", json!("U$D")),
        wrong("user_reference", json!(long)),
        wrong("wallet_address", json!("")),
        wrong("metadata", json!([])),
        wrong("metadata", many),
        wrong("metadata", json!({ "k".repeat(41): "v" })),
        wrong("metadata", json!({ "": "v" })),
        Bad {
            change: Change::Set("metadata", json!({ "order": 1 })),
            code: "invalid_request",
            param: Some("metadata.order"),
        },
        wrong("kyc_package", json!("x")),
        unknown("ammount"),
        unknown("Amount"),
    ]
}

fn refused_without_entitlement(stage: &Stage, _: &Operation) {
    let body = session_body(Kind::PayIn, "100.00");
    for (name, value) in [("flow", json!("swap")), ("kyc_package", json!({ "level": "full" }))] {
        let refused = stage.carol.send(request(with(body.clone(), json!({ name: value }))));
        assert_eq!(refused.expect_refusal(403, "not_entitled")["param"], name);
    }
    let verified = with(body.clone(), json!({ "kyc_package": { "level": "full" } }));
    assert_eq!(stage.alice.send(request(verified)).expect(201)["status"], "open");
    let swap = with(body, json!({ "flow": "swap" }));
    assert_eq!(stage.alice.send(request(swap)).expect(201)["flow"], "swap");
}
