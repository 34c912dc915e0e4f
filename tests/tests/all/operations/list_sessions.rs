//! listSessions. What its pages hold is shown in `sessions`.

use causeway_tests::http::Request;
use causeway_tests::partner::{Kind, session_body};
use serde_json::Value;

use super::common::*;
use crate::all::shared::{Stage, partner};

pub const OPERATIONS: &[Operation] = &[Operation {
    id: "listSessions",
    prepare: |_| Request::get("/v1/gate_sessions"),
    works: Situation::Shown(works),
    wrong_credential: Situation::Shown(secret_key),
    other_partners_object: Situation::Shown(shows_own_sessions_only),
    bad_body: Situation::Shown(refuses_queries),
    repeated_key: REPEATABLE,
    refused_state: ANY_STATE,
}];

six_situations!();

fn works(_: &Stage, operation: &Operation) {
    let lister = partner("a lister");
    let empty = done(operation, &lister);
    assert_eq!(
        empty.to_string(),
        r#"{"data":[],"has_more":false,"object":"list","url":"/v1/gate_sessions"}"#
    );
    let session = lister.session(&session_body(Kind::PayIn, "100.00"));
    let list = done(operation, &lister);
    assert_eq!(list["data"], Value::from(vec![lister.read_session(&session["id"])]));
}

fn shows_own_sessions_only(_: &Stage, operation: &Operation) {
    let (one, other) = (partner("one"), partner("other"));
    let session = one.session(&session_body(Kind::PayIn, "100.00"));
    assert_eq!(done(operation, &other)["data"], Value::from(Vec::<Value>::new()));
    let cursor = format!("/v1/gate_sessions?starting_after={}", session["id"].as_str().unwrap());
    let page = other.get(&cursor).expect(200);
    assert_eq!(page["data"], Value::from(Vec::<Value>::new()), "a foreign cursor shows nothing");
}

fn refuses_queries(stage: &Stage, operation: &Operation) {
    let wrong = [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=-1", "limit"),
        ("limit=", "limit"),
        ("limit=1.5", "limit"),
        ("limit=ten", "limit"),
        ("limit=99999999999999999999", "limit"),
        ("limit=1&limit=2", "limit"),
        ("starting_after=x", "starting_after"),
        ("starting_after=", "starting_after"),
        ("starting_after=qt_test_00000000000000000000000000", "starting_after"),
        ("starting_after=gs_live_00000000000000000000000000", "starting_after"),
        ("starting_after=%ff", "starting_after"),
        ("status=done", "status"),
        ("status=", "status"),
        ("status=open&status=expired", "status"),
    ];
    refuses_each_query(&stage.alice, "/v1/gate_sessions", &wrong);
    done(operation, &stage.alice);
}
