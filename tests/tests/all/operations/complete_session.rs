//! completeSession, a test helper.

use causeway_tests::http::Request;
use causeway_tests::partner::{Kind, fresh_key, session_body, with};
use serde_json::{Value, json};

use super::common::*;
use crate::all::shared::Stage;

pub const OPERATIONS: &[Operation] = &[Operation {
    id: "completeSession",
    prepare: |partner| {
        let session = partner.session(&session_body(Kind::PayIn, "100.00"));
        complete(&session["id"], "completed")
    },
    works: Situation::Shown(works),
    wrong_credential: Situation::Shown(secret_key),
    other_partners_object: Situation::Shown(not_found_by_another),
    bad_body: Situation::Shown(|stage, operation| {
        let bodies = vec![
            missing("outcome"),
            wrong("outcome", json!("perhaps")),
            wrong("outcome", json!(true)),
            unknown("reason"),
        ];
        refuses_bodies(&stage.alice, operation, bodies);
    }),
    repeated_key: Situation::Shown(repeats_what_it_did),
    refused_state: Situation::Shown(refused_unless_open),
}];

six_situations!();

fn complete(session: &Value, outcome: &str) -> Request {
    let path = format!("/v1/test_helpers/gate_sessions/{}/complete", session.as_str().unwrap());
    Request::post(path).json(&json!({ "outcome": outcome }))
}

fn works(stage: &Stage, _: &Operation) {
    for kind in Kind::BOTH {
        for changes in [json!({}), json!({ "flow": null, "target_token": null }), json!({ "target_token": "BTC" })] {
            let body = with(session_body(kind, "300.00"), changes);
            // An ordinary partner, without the rails entitlement, tests its hosted flow with it.
            let session = stage.carol.session(&body);
            let failed = stage.carol.send(complete(&session["id"], "failed")).expect(200);
            assert_eq!((&failed["status"], &failed["tx_refid"]), (&json!("open"), &Value::Null));
            let completed = stage.carol.send(complete(&session["id"], "completed")).expect(200);
            assert_eq!(completed["status"], "completed");
            let path = format!("/v1/transactions/{}", completed["tx_refid"].as_str().unwrap());
            let transaction = stage.carol.get(&path).expect(200);
            assert_eq!(transaction["status"], "completed");
            assert_eq!(transaction["session_id"], session["id"]);
        }
    }
}

fn repeats_what_it_did(stage: &Stage, operation: &Operation) {
    let alice = &stage.alice;
    replays(alice, operation, Some(json!({ "outcome": "failed" })));
    let session = alice.session(&session_body(Kind::PayIn, "100.00"));
    let fail = complete(&session["id"], "failed").key(&fresh_key());
    let first = alice.send(fail.clone());
    assert_eq!(first.expect(200)["status"], "open");
    alice.send(complete(&session["id"], "completed")).expect(200);
    let again = alice.send(fail);
    assert_eq!((again.status, again.text()), (200, first.text()), "the first answer, not the session of today");
}

fn refused_unless_open(stage: &Stage, _: &Operation) {
    let alice = &stage.alice;
    let session = alice.session(&session_body(Kind::PayIn, "100.00"));
    alice.send(complete(&session["id"], "completed")).expect(200);
    let again = alice.send(complete(&session["id"], "completed"));
    again.expect_refusal(409, "session_not_open");
    let running = alice.start(Kind::PayIn, "100.05");
    let busy = alice.send(complete(&running["session_id"], "completed"));
    busy.expect_refusal(409, "session_busy");
    let yen = alice.session(&with(session_body(Kind::PayIn, "10000"), json!({ "currency": "JPY" })));
    let unavailable = alice.send(complete(&yen["id"], "completed"));
    assert!(unavailable.expect_refusal(400, "method_unavailable")["param"].is_null());
    let swap = alice.session(&with(session_body(Kind::PayIn, "100.00"), json!({ "flow": "swap" })));
    alice.send(complete(&swap["id"], "completed")).expect_refusal(501, "not_enabled");
}
