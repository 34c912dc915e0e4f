//! createPayOut. It resembles createPayIn; what differs is which amount binds.

use causeway_tests::partner::{Kind, Partner, lock_body, session_body, with};
use serde_json::json;

use super::common::*;
use super::create_pay_in::{bodies, others_objects, redemption, repeated, states, works};

pub const OPERATIONS: &[Operation] = &[Operation {
    id: "createPayOut",
    prepare: |partner| redemption(partner, Kind::PayOut),
    works: Situation::Shown(|stage, _| {
        works(stage, Kind::PayOut);
        less_than_the_sessions_amount_may_be_paid_out(&stage.alice);
    }),
    wrong_credential: Situation::Shown(secret_key_with_rails),
    other_partners_object: Situation::Shown(|stage, _| others_objects(stage, Kind::PayOut)),
    bad_body: Situation::Shown(|stage, operation| {
        refuses_bodies(&stage.alice, operation, bodies());
    }),
    repeated_key: Situation::Shown(repeated),
    refused_state: Situation::Shown(|stage, _| states(stage, Kind::PayOut)),
}];

six_situations!();

fn less_than_the_sessions_amount_may_be_paid_out(alice: &Partner) {
    let quote = alice.lock(&lock_body(Kind::PayOut, "100.00"));
    let fiat = quote["fiat_amount"].as_str().unwrap();
    let body = session_body(Kind::PayOut, fiat);
    let exact = alice.session(&body);
    let chooser = alice.session(&with(body, json!({ "flow": null, "target_token": null })));
    let redeem = |session| json!({ "quote_id": quote["id"], "session_id": session });
    alice.post("/v1/rails/pay_outs", &redeem(&exact["id"])).expect(201);
    let another = alice.lock(&lock_body(Kind::PayOut, "99.00"));
    let body = with(redeem(&chooser["id"]), json!({ "quote_id": another["id"] }));
    alice.post("/v1/rails/pay_outs", &body).expect(201);
}
