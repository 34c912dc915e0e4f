//! retrieveSession.

use causeway_tests::http::Request;
use causeway_tests::partner::{Kind, session_body};

use super::common::*;
use crate::all::shared::Stage;

pub const OPERATIONS: &[Operation] = &[Operation::reading(
    "retrieveSession",
    |partner| {
        let session = partner.session(&session_body(Kind::PayIn, "100.00"));
        Request::get(format!("/v1/gate_sessions/{}", session["id"].as_str().unwrap()))
    },
    works,
    secret_key,
)];

six_situations!();

fn works(stage: &Stage, operation: &Operation) {
    let session = done(operation, &stage.alice);
    assert_eq!(session["status"], "open");
    assert!(session.get("client_secret").is_none(), "only createSession tells it");
    let id = session["id"].as_str().unwrap().replace('_', "%5F");
    let encoded = stage.alice.get(&format!("/v1/gate_sessions/{id}")).expect(200);
    assert_eq!(encoded, session, "path parameters arrive percent-encoded");
    for wrong in
        ["x", "gs_test_", "gs_live_00000000000000000000000000", "%ff", "%00", "..", "qt_test_0", "gs_test_%C3%A9"]
    {
        let path = format!("/v1/gate_sessions/{wrong}");
        stage.alice.get(&path).expect_refusal(404, "not_found");
    }
}
