//! All types of events: each is told at its transition of the contract, with the object as that leaves it, and nothing else is
//! told; and each has a golden example that fits its schema.

use std::collections::{BTreeMap, BTreeSet};

use causeway_tests::contract::contract;
use causeway_tests::http::Request;
use causeway_tests::operator::Rights;
use causeway_tests::partner::{Kind, Partner, customer_body, fresh_key, session_body, with};
use causeway_tests::poll::{SOON, poll};
use causeway_tests::program;
use causeway_tests::receiver::{Received, Receiver};
use causeway_tests::server::Server;
use serde_json::{Value, json};

use super::shared;

/// The types that the contract names, as the document has them.
fn types() -> BTreeSet<String> {
    contract().document()["webhooks"].as_object().unwrap().keys().cloned().collect()
}

#[test]
fn every_type_has_a_golden_example_that_fits_its_schema() {
    let folder = program::repository().join("tests/golden/events");
    let mut named = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read(&path).unwrap();
        contract().judge_event(&text).unwrap_or_else(|fault| panic!("{}: {fault}", path.display()));
        let event: Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(path.file_stem().unwrap().to_str(), event["type"].as_str());
        leaves_the_object(&event);
        named.insert(event["type"].as_str().unwrap().to_owned());
    }
    assert_eq!(named, types());
    assert_eq!(named.len(), 21);
}

#[test]
fn every_type_is_told_at_its_transition_and_nothing_else_is() {
    let teller = Teller::at(shared::server());
    let sessions = [teller.cancels(), teller.hands_over_a_package("approved"), teller.hands_over_a_package("rejected")];
    let movements = Kind::BOTH.map(|kind| teller.moves(kind));
    let told = [sessions.concat(), movements.concat(), teller.keeps_a_customer(), teller.tests()].concat();
    teller.has_nothing_more_to_tell();
    assert_eq!(teller.receiver.all().len(), told.len(), "each event came once, and no other");
    teller.shows_what_it_told_last(&told);
    let brisk = Teller::at(shared::brisk());
    let mut heard = BTreeSet::new();
    for (teller, told) in [(&teller, told), (&brisk, brisk.lets_a_session_expire())] {
        for received in &told {
            received.verify(&teller.secret).unwrap_or_else(|fault| panic!("{}: {fault}", received.event));
            leaves_the_object(&received.event);
            heard.insert(received.kind().to_owned());
        }
    }
    assert_eq!(heard, types());
}

/// What the contract says of the object after each transition.
fn leaves_the_object(event: &Value) {
    let (kind, data) = (event["type"].as_str().unwrap(), &event["data"]);
    let word = kind.rsplit_once('.').unwrap().1;
    let expected = match kind {
        "gate_session.completed" => json!({ "object": "session", "status": word }),
        "gate_session.cancelled" | "gate_session.expired" => {
            json!({ "object": "session", "status": word, "tx_refid": null })
        }
        _ if kind.starts_with("gate_session.") => json!({ "object": "session", "status": "open", "tx_refid": null }),
        "kyc.required" => json!({ "status": "processing" }),
        _ if kind.starts_with("rail.pay_in.") => json!({ "object": "rail_pay_in", "status": word }),
        _ if kind.starts_with("rail.pay_out.") => json!({ "object": "rail_pay_out", "status": word }),
        "quote.consumed" => json!({ "object": "signed_quote", "status": word }),
        "customer.deleted" => json!({ "object": "customer", "deleted": true }),
        "customer.created" | "customer.updated" => json!({ "object": "customer", "kyc_status": "unverified" }),
        "webhook.test" => json!({ "object": "webhook_test", "livemode": false }),
        _ => panic!("{kind} is no type of the contract"),
    };
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&data[name], value, "{name} in {event}");
    }
    assert_eq!(data["tx_refid"].is_string(), kind == "gate_session.completed", "{event}");
    assert_eq!(data["settled_at"].is_string(), kind.ends_with(".settled"), "{event}");
    assert_eq!(data["failure_code"].is_string(), kind.starts_with("rail.") && word == "failed", "{event}");
    assert_eq!(data["transaction_refid"].is_string(), kind.starts_with("rail.") || kind == "kyc.required", "{event}");
    assert!(kind != "kyc.required" || data["next_action"]["type"] == "verify", "{event}");
    assert_eq!(data["consumed_by"].is_string(), kind == "quote.consumed", "{event}");
}

/// A partner who does things and hears of them.
struct Teller {
    partner: Partner,
    receiver: Receiver,
    secret: String,
}

impl Teller {
    fn at(server: &Server) -> Teller {
        let (operator, receiver) = (server.operator(), Receiver::start());
        let partner = operator.partner("one who is told of everything", Rights::ALL);
        let secret = operator.set_webhook(&partner, "sandbox", &receiver.url());
        Teller { partner, receiver, secret }
    }

    fn told(&self, session: &Value, types: &[&str]) -> Vec<Received> {
        self.receiver.wait_for(session.as_str().unwrap(), types)
    }

    /// Waits until every delivery has ended.
    fn has_nothing_more_to_tell(&self) {
        poll(SOON, "every delivery has ended", || {
            let of = |status: &str| self.partner.get(&format!("/v1/webhooks/deliveries?status={status}")).expect(200);
            ["pending", "in_flight"].iter().all(|status| of(status)["data"] == json!([])).then_some(())
        });
    }

    /// An event carries the whole object: what was told of it last is what the API answers.
    fn shows_what_it_told_last(&self, told: &[Received]) {
        let mut last = BTreeMap::new();
        for received in told {
            let data = &received.event["data"];
            let path = match data["object"].as_str().unwrap() {
                "session" => "/v1/gate_sessions",
                "rail_pay_in" => "/v1/rails/pay_ins",
                "rail_pay_out" => "/v1/rails/pay_outs",
                "signed_quote" => "/v1/quotes",
                "customer" | "webhook_test" => continue,
                other => panic!("{other} is no object of an event"),
            };
            last.insert(format!("{path}/{}", received.object_id()), data);
        }
        assert!(last.len() > 20, "{}", last.len());
        for (path, data) in last {
            assert_eq!(&self.partner.get(&path).expect(200), data, "{path}");
        }
    }

    /// What is asked again and what is refused is not told of.
    fn cancels(&self) -> Vec<Received> {
        let create = Request::post("/v1/gate_sessions").json(&session_body(Kind::PayIn, "100.00")).key(&fresh_key());
        let session = self.partner.send(create.clone()).expect(201);
        assert_eq!(self.partner.send(create).expect(201), session);
        let cancel = format!("/v1/gate_sessions/{}/cancel", session["id"].as_str().unwrap());
        self.partner.act(&cancel).expect(201);
        self.partner.act(&cancel).expect_refusal(409, "session_not_open");
        self.told(&session["id"], &["gate_session.created", "gate_session.cancelled"])
    }

    fn hands_over_a_package(&self, status: &str) -> Vec<Received> {
        let body = with(session_body(Kind::PayIn, "100.00"), json!({ "kyc_package": { "status": status } }));
        let session = self.partner.session(&body);
        let told = ["gate_session.created", "gate_session.kyc_package_accepted"];
        self.told(&session["id"], if status == "approved" { &told } else { &told[..1] })
    }

    fn lets_a_session_expire(&self) -> Vec<Received> {
        let session = self.partner.session(&session_body(Kind::PayIn, "100.00"));
        self.told(&session["id"], &["gate_session.created", "gate_session.expired"])
    }

    /// A movement to each of its ends, by the sandbox's magic amounts, one of them by way of a verification.
    fn moves(&self, kind: Kind) -> Vec<Received> {
        const PROCESSING: [&str; 2] = ["*.processing", "gate_session.processing"];
        let (settled, failed) = (["*.settled", "gate_session.completed"], ["*.failed", "gate_session.failed"]);
        let mut all = Vec::new();
        for (amount, then) in [
            ("40.00", [PROCESSING, settled].concat()),
            ("40.02", [PROCESSING, failed].concat()),
            ("40.03", [PROCESSING, ["*.cancelled", "gate_session.failed"]].concat()),
            ("40.04", failed.to_vec()),
            ("40.05", [&["*.processing", "kyc.required", "gate_session.processing"][..], &settled[..]].concat()),
        ] {
            let payment = self.partner.start(kind, amount);
            if then.contains(&"kyc.required") {
                self.partner.act(&kind.helper(payment["id"].as_str().unwrap(), "verify")).expect(200);
            }
            let rail = format!("rail.{}", kind.word());
            let then: Vec<String> = then.iter().map(|word| word.replace('*', &rail)).collect();
            let then = ["gate_session.created", "quote.consumed"].into_iter().chain(then.iter().map(String::as_str));
            all.extend(self.told(&payment["session_id"], &then.collect::<Vec<_>>()));
        }
        all
    }

    /// A change that changes nothing and a second deletion are not told of.
    fn keeps_a_customer(&self) -> Vec<Received> {
        let created = self.partner.post("/v1/customers", &customer_body()).expect(201);
        let path = format!("/v1/customers/{}", created["id"].as_str().unwrap());
        for _ in 0..2 {
            self.partner.send(Request::new("PATCH", &path).json(&json!({ "last_name": "Li" }))).expect(200);
        }
        for _ in 0..2 {
            self.partner.send(Request::new("DELETE", &path)).expect(200);
        }
        self.without_a_session("customer.", &["customer.created", "customer.deleted", "customer.updated"])
    }

    fn tests(&self) -> Vec<Received> {
        self.partner.act("/v1/webhooks/test").expect(201);
        self.without_a_session("webhook.", &["webhook.test"])
    }

    /// Events without a session come in any order.
    fn without_a_session(&self, group: &str, types: &[&str]) -> Vec<Received> {
        let mut found = poll(SOON, "the events come", || {
            let all = self.receiver.all().into_iter();
            let found: Vec<Received> = all.filter(|received| received.kind().starts_with(group)).collect();
            (found.len() >= types.len()).then_some(found)
        });
        found.sort_by(|one, other| one.kind().cmp(other.kind()));
        assert_eq!(found.iter().map(Received::kind).collect::<Vec<_>>(), types);
        found
    }
}
