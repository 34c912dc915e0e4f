//! The sandbox's magic amounts: the last two digits of the quote's amount provoke every path, on both sides.

use causeway_tests::operator::Rights;
use causeway_tests::partner::{Kind, Partner, lock_body};
use causeway_tests::rail;
use causeway_tests::receiver::Receiver;
use causeway_tests::server::Server;
use serde_json::{Value, json};

use super::shared;

/// A script: the amount, the payment's end with its failure code, the session's status after it, and what the partner is
/// told from the redemption on. `*` stands for `rail.pay_in` or `rail.pay_out`.
struct Script {
    amount: &'static str,
    ends: (&'static str, Option<&'static str>),
    session: &'static str,
    told: &'static [&'static str],
}

const SETTLED: &[&str] = &["*.processing", "gate_session.processing", "*.settled", "gate_session.completed"];
const FAILED: &[&str] = &["*.processing", "gate_session.processing", "*.failed", "gate_session.failed"];

const SCRIPTS: &[Script] = &[
    Script { amount: "40.00", ends: ("settled", None), session: "completed", told: SETTLED },
    Script { amount: "40.08", ends: ("settled", None), session: "completed", told: SETTLED },
    Script { amount: "40.01", ends: ("settled", None), session: "completed", told: SETTLED },
    Script { amount: "40.02", ends: ("failed", Some("no_route")), session: "open", told: FAILED },
    Script {
        amount: "40.03",
        ends: ("cancelled", None),
        session: "open",
        told: &["*.processing", "gate_session.processing", "*.cancelled", "gate_session.failed"],
    },
    Script {
        amount: "40.04",
        ends: ("failed", Some("risk_declined")),
        session: "open",
        told: &["*.failed", "gate_session.failed"],
    },
    Script { amount: "40.07", ends: ("settled", None), session: "completed", told: SETTLED },
];

#[test]
fn every_script_ends_as_documented_and_its_partner_is_told() {
    let partner = shared::partner("a provoker");
    let receiver = Receiver::start();
    let operator = shared::server().operator();
    let secret = operator.set_webhook(&partner, "sandbox", &receiver.url());
    for kind in Kind::BOTH {
        let started: Vec<Value> = SCRIPTS.iter().map(|script| partner.start(kind, script.amount)).collect();
        for (script, payment) in SCRIPTS.iter().zip(&started) {
            ends_as_documented(&partner, script, payment);
            let rail = format!("rail.{}", kind.word());
            let told = script.told.iter().map(|word| word.replace('*', &rail));
            let told: Vec<String> =
                ["gate_session.created", "quote.consumed"].map(str::to_owned).into_iter().chain(told).collect();
            let told: Vec<&str> = told.iter().map(String::as_str).collect();
            let events = receiver.wait_for(payment["session_id"].as_str().unwrap(), &told);
            events.iter().for_each(|event| event.verify(&secret).unwrap());
        }
    }
}

fn ends_as_documented(partner: &Partner, script: &Script, payment: &Value) {
    let (status, code) = script.ends;
    let ended = partner.wait_for_payment(payment, status);
    assert_eq!(ended["failure_code"].as_str(), code, "{}", script.amount);
    assert_eq!(ended["failure_message"].is_string(), code.is_some(), "{ended}");
    assert_eq!(ended["settled_at"].is_string(), status == "settled", "{ended}");
    let session = partner.read_session(&payment["session_id"]);
    assert_eq!(session["status"], script.session, "{}", script.amount);
    assert_eq!(session["tx_refid"].is_string(), status == "settled");
}

#[test]
fn a_step_up_waits_for_its_user_and_then_settles() {
    let partner = shared::partner("a careful one");
    let receiver = Receiver::start();
    let operator = shared::server().operator();
    operator.set_webhook(&partner, "sandbox", &receiver.url());
    for kind in Kind::BOTH {
        let payment = partner.start(kind, "40.05");
        assert_eq!(payment["next_action"]["type"], "verify");
        partner.act(&kind.helper(payment["id"].as_str().unwrap(), "verify")).expect(200);
        partner.wait_for_payment(&payment, "settled");
        let rail = |status: &str| format!("rail.{}.{status}", kind.word());
        let events = receiver.wait_for(
            payment["session_id"].as_str().unwrap(),
            &[
                "gate_session.created",
                "quote.consumed",
                &rail("processing"),
                "kyc.required",
                "gate_session.processing",
                &rail("settled"),
                "gate_session.completed",
            ],
        );
        assert_eq!(events[3].event["data"]["next_action"], payment["next_action"]);
    }
}

#[test]
fn a_step_up_that_is_not_verified_in_time_fails() {
    let server = shared::brisk();
    let partner = server.operator().partner("a forgetful one", Rights::ALL);
    for kind in Kind::BOTH {
        let payment = partner.start(kind, "40.05");
        let failed = partner.wait_for_payment(&payment, "failed");
        assert_eq!(failed["failure_code"], "verification_expired");
        assert!(failed["next_action"].is_null());
        let late = partner.act(&kind.helper(payment["id"].as_str().unwrap(), "verify"));
        late.expect_refusal(409, "payment_not_waiting");
    }
}

#[test]
fn a_late_rail_settles_late() {
    let server = shared::brisk();
    let partner = server.operator().partner("a patient one", Rights::ALL);
    for kind in Kind::BOTH {
        let payment = partner.start(kind, "40.06");
        assert_eq!(partner.read_payment(&payment)["status"], "processing");
        let settled = partner.wait_for_payment(&payment, "settled");
        assert_ne!(settled["settled_at"], settled["created_at"]);
    }
}

#[test]
fn a_session_takes_another_try_after_a_failed_one() {
    let partner = shared::partner("a persistent one");
    let failed = partner.start(Kind::PayIn, "40.04");
    assert_eq!(failed["status"], "failed");
    let quote = partner.lock(&lock_body(Kind::PayIn, "40.04"));
    let again = json!({ "quote_id": quote["id"], "session_id": failed["session_id"] });
    let second = partner.post("/v1/rails/pay_ins", &again).expect(201);
    assert_ne!(second["id"], failed["id"]);
    assert_ne!(second["transaction_refid"], failed["transaction_refid"]);
    assert_eq!(partner.read_quote(&failed["quote_id"])["status"], "consumed", "every redemption consumes");
}

/// It is the last two decimals that count, as they are given: an amount without decimals is like any other.
#[test]
fn the_digits_are_those_of_the_amount_as_given() {
    let partner = shared::partner("a counter of digits");
    for (kind, amount, status) in [
        (Kind::PayOut, "40.0004", "failed"),
        (Kind::PayOut, "40.0400", "processing"),
        (Kind::PayOut, "40.4", "processing"),
        (Kind::PayOut, "104", "processing"),
        (Kind::PayIn, "104", "processing"),
    ] {
        let payment = partner.start(kind, amount);
        assert_eq!(payment["status"], status, "{kind:?} {amount}: {payment}");
    }
}

/// Failover is real: the rail's own record shows an attempt on each corridor.
#[test]
fn a_soft_failure_goes_to_the_next_corridor() {
    let server = Server::start(&[]);
    let partner = server.demo();
    let one = partner.start(Kind::PayIn, "40.01");
    let none = partner.start(Kind::PayIn, "40.02");
    partner.wait_for_payment(&one, "settled");
    partner.wait_for_payment(&none, "failed");
    let directory = server.directory().clone();
    assert_eq!(server.stop().code, Some(0));
    let records = rail::records(&directory, "sandbox");
    let of = |payment: &Value| -> Vec<_> { records.iter().filter(|record| record.payment == payment["id"]).collect() };
    let states = |payment: &Value| of(payment).iter().map(|record| record.state.clone()).collect::<Vec<_>>();
    assert_eq!(states(&one), ["soft_failed", "settled"]);
    assert_eq!(states(&none), ["soft_failed", "soft_failed"]);
    let corridors: Vec<&str> = of(&one).iter().map(|record| record.corridor.as_str()).collect();
    assert_eq!(corridors, ["eur-sepa-instant-a", "eur-sepa-instant-b"]);
}
