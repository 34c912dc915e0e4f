//! cancelSession.

use causeway_tests::http::Request;
use causeway_tests::partner::{Kind, Partner, fresh_key, session_body};
use serde_json::{Value, json};

use super::common::*;
use crate::all::shared::Stage;

pub const OPERATIONS: &[Operation] = &[Operation {
    id: "cancelSession",
    prepare: |partner| {
        let session = partner.session(&session_body(Kind::PayIn, "100.00"));
        cancel(&session)
    },
    works: Situation::Shown(works),
    wrong_credential: Situation::Shown(secret_key),
    other_partners_object: Situation::Shown(not_found_by_another),
    bad_body: Situation::Shown(ignores_any_body),
    repeated_key: Situation::Shown(repeats_within_its_path),
    refused_state: Situation::Shown(refused_unless_open),
}];

six_situations!();

fn cancel(session: &Value) -> Request {
    Request::post(format!("/v1/gate_sessions/{}/cancel", session["id"].as_str().unwrap()))
}

fn works(stage: &Stage, operation: &Operation) {
    let cancelled = done(operation, &stage.alice);
    assert_eq!(cancelled["status"], "cancelled");
    assert!(cancelled.get("client_secret").is_none());
    assert_eq!(stage.alice.read_session(&cancelled["id"]), cancelled);
}

fn ignores_any_body(stage: &Stage, operation: &Operation) {
    for body in ["", "{", "{\"unknown\":1}", "nonsense", "\u{e9}"] {
        let request = (operation.prepare)(&stage.alice).bytes(body);
        stage.alice.send(request).expect(201);
    }
}

fn repeats_within_its_path(stage: &Stage, operation: &Operation) {
    let alice = &stage.alice;
    replays(alice, operation, None);
    refuses_odd_keys(alice, &(operation.prepare)(alice));
    let key = fresh_key();
    for _ in 0..2 {
        let another = alice.send((operation.prepare)(alice).key(&key));
        another.expect(201);
        assert_eq!(another.header("Idempotent-Replayed"), None, "another session is another scope");
    }
}

fn refused_unless_open(stage: &Stage, _: &Operation) {
    let alice = &stage.alice;
    let session = alice.session(&session_body(Kind::PayIn, "100.00"));
    alice.send(cancel(&session)).expect(201);
    alice.send(cancel(&session)).expect_refusal(409, "session_not_open");
    refused_while_a_movement_runs(alice);
    let path = alice.start(Kind::PayIn, "100.00");
    alice.wait_for_session(&path["session_id"], "completed");
    let completed = json!({ "id": path["session_id"] });
    alice.send(cancel(&completed)).expect_refusal(409, "session_not_open");
}

fn refused_while_a_movement_runs(alice: &Partner) {
    let waiting = alice.start(Kind::PayIn, "100.05");
    let session = json!({ "id": waiting["session_id"] });
    alice.send(cancel(&session)).expect_refusal(409, "session_busy");
    assert_eq!(alice.read_session(&session["id"])["status"], "open");
}
