//! getBranding and updateBranding.

use causeway_tests::http::Request;
use causeway_tests::operator::Rights;
use causeway_tests::partner::{Partner, fresh_key};
use causeway_tests::server::{DataDir, Server};
use serde_json::{Value, json};

use super::common::*;
use crate::all::shared::partner;

const PATH: &str = "/v1/branding";

pub const OPERATIONS: &[Operation] = &[
    Operation {
        id: "getBranding",
        prepare: |_| Request::get(PATH),
        works: Situation::Shown(|_, _| starts_with_nothing()),
        wrong_credential: Situation::Shown(secret_key),
        other_partners_object: Situation::Shown(|_, _| shows_ones_own_only()),
        bad_body: NO_BODY,
        repeated_key: REPEATABLE,
        refused_state: ANY_STATE,
    },
    Operation {
        id: "updateBranding",
        prepare: |_| Request::new("PATCH", PATH).json(&json!({ "brand_name": "Shop", "accent_color": "#00ff7F" })),
        works: Situation::Shown(|_, _| merges_and_clears()),
        wrong_credential: Situation::Shown(secret_key),
        other_partners_object: Situation::Shown(|_, _| shows_ones_own_only()),
        bad_body: Situation::Shown(|stage, operation| refuses_bodies(&stage.carol, operation, bodies())),
        repeated_key: Situation::Shown(|stage, operation| {
            replays(&stage.carol, operation, Some(json!({ "brand_name": null })));
            refuses_odd_keys(&stage.carol, &(operation.prepare)(&stage.carol));
        }),
        refused_state: Situation::NotApplicable("a look can be changed at any time"),
    },
];

six_situations!();

fn nothing() -> Value {
    json!({ "logo_url": null, "primary_color": null, "secondary_color": null, "accent_color": null, "brand_name": null })
}

fn change(partner: &Partner, body: &Value) -> Value {
    partner.send(Request::new("PATCH", PATH).json(body).key(&fresh_key())).expect(200)
}

fn read(partner: &Partner) -> Value {
    partner.get(PATH).expect(200)
}

fn starts_with_nothing() {
    assert_eq!(read(&partner("a new look")), nothing());
}

fn shows_ones_own_only() {
    let (one, other) = (partner("one look"), partner("another look"));
    let set = change(&one, &json!({ "brand_name": "One" }));
    assert_eq!((read(&one), read(&other)), (set, nothing()));
}

fn merges_and_clears() {
    let partner = partner("a look");
    let set = change(&partner, &json!({ "logo_url": "https://cdn.example/logo.svg?v=2", "primary_color": "#1a2B3c" }));
    assert_eq!(read(&partner), set, "a partner reads its own write");
    let merged = change(&partner, &json!({ "primary_color": null, "brand_name": "Café 7" }));
    let expected = json!({
        "logo_url": "https://cdn.example/logo.svg?v=2", "primary_color": null, "secondary_color": null,
        "accent_color": null, "brand_name": "Café 7"
    });
    assert_eq!(merged, expected);
    assert_eq!(change(&partner, &json!({})), expected);
    assert_eq!(partner.browse(Request::post("/v1/embed/bootstrap")).expect(201)["branding"], expected);
}

fn bodies() -> Vec<Bad> {
    vec![
        wrong("logo_url", json!("http://cdn.example/logo.svg")),
        wrong("logo_url", json!("http://127.0.0.1/logo.svg")),
        wrong("logo_url", json!("javascript:alert(1)")),
        wrong("logo_url", json!("/logo.svg")),
        wrong("logo_url", json!(["https://cdn.example/logo.svg"])),
        wrong("primary_color", json!("#12345")),
        wrong("primary_color", json!("red")),
        wrong("secondary_color", json!("#12345g")),
        wrong("accent_color", json!("#12345678")),
        wrong("brand_name", json!("")),
        wrong("brand_name", json!("n".repeat(65))),
        wrong("brand_name", json!("a\nb")),
        unknown("font"),
        unknown("object"),
    ]
}

#[test]
fn a_look_outlives_the_program() {
    let directory = DataDir::new();
    let server = Server::start_in(&directory, &[]);
    let partner = server.operator().partner("a lasting look", Rights::NONE);
    let set = change(&partner, &json!({ "brand_name": "Lasting", "accent_color": "#ABCDEF" }));
    assert_eq!(server.stop().code, Some(0));
    let server = Server::start_in(&directory, &[]);
    assert_eq!(read(&partner.at(&server)), set);
}
