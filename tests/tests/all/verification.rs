//! Verification: whose money moves in live, and what is kept of a package that a partner hands over.

use causeway_tests::http::Request;
use causeway_tests::operator::Rights;
use causeway_tests::partner::{Kind, Partner, customer_body, fresh_key, lock_body, session_body, with};
use causeway_tests::poll::{SOON, poll};
use causeway_tests::receiver::Receiver;
use causeway_tests::server::Server;
use serde_json::{Value, json};

use super::both::MasterKey;
use super::secrets::{contains, files};
use super::shared::{server, stage};

/// A live gateway whose operator does not vouch for the partner's users. Nothing carries its money, which nobody hears of
/// before the user is verified.
struct Live {
    server: Server,
    partner: Partner,
    _key: MasterKey,
}

fn live() -> Live {
    let key = MasterKey::new("5a");
    let server = Server::start(&key.flags(&["--mode=live", "--model-dir=/nowhere"]));
    let rights = Rights { mode: "live", verified_users: false, ..Rights::ALL };
    let partner = server.operator().partner("a bank", rights);
    Live { server, partner, _key: key }
}

impl Live {
    fn verifications(&self) -> String {
        format!("/operator/accounts/{}/verifications", self.partner.account)
    }

    fn say(&self, name: &str, text: &Value, status: &str) {
        let body = json!({ "mode": "live", name: text, "status": status, "reason": "seen in person" });
        let said = self.server.operator().done("PUT", &self.verifications(), &body);
        assert_eq!(said["status"], status, "{said}");
    }

    fn session(&self, more: Value) -> Value {
        self.partner.session(&with(session_body(Kind::PayIn, "100.00"), more))
    }

    /// Whether money of this session's user moves as far as it can here: to the end of all corridors.
    #[track_caller]
    fn assert_moves(&self, session: &Value, moves: bool) {
        let quote = self.partner.lock(&lock_body(Kind::PayIn, "100.00"));
        let redeem = json!({ "quote_id": quote["id"], "session_id": session["id"] });
        let told = self.partner.post(&Kind::PayIn.path(), &redeem);
        if moves {
            assert_eq!(told.expect(201)["failure_code"], "no_route");
        } else {
            told.expect_refusal(403, "verification_required");
            let path = format!("/v1/quotes/{}", quote["id"].as_str().unwrap());
            assert_eq!(self.partner.get(&path).expect(200)["status"], "active", "nothing is consumed");
        }
    }
}

#[test]
fn live_money_waits_for_a_verified_user() {
    let live = live();
    let ann = json!({ "user_reference": "ann" });
    let (first, other) = (live.session(ann.clone()), live.session(json!({ "user_reference": "bob" })));
    live.assert_moves(&first, false);
    live.say("user_reference", &json!("ann"), "verified");
    live.assert_moves(&first, true);
    live.assert_moves(&other, false);
    live.say("user_reference", &json!("ann"), "unverified");
    live.assert_moves(&live.session(ann), false);

    let nameless = [live.session(json!({})), live.session(json!({}))];
    live.say("session_id", &nameless[0]["id"], "verified");
    live.assert_moves(&nameless[0], true);
    live.assert_moves(&nameless[1], false);
    live.say("session_id", &nameless[0]["id"], "unverified");
    live.assert_moves(&nameless[0], false);

    live.say("session_id", &other["id"], "verified");
    live.assert_moves(&live.session(json!({ "user_reference": "bob" })), true);
    let look = format!("{}?mode=live&user_reference=bob", live.verifications());
    assert_eq!(live.server.operator().done("GET", &look, &Value::Null)["status"], "verified");
    let directory = live.server.directory().clone();
    assert_eq!(live.server.stop().code, Some(0));
    let audit = files(directory.path()).into_iter().find(|(path, _)| path.ends_with("operator-audit.jsonl"));
    let (_, audit) = audit.expect("the audit is there");
    assert!(contains(&audit, b"unverified: user_reference ann") && contains(&audit, b"seen in person"));
}

#[test]
fn money_of_a_refused_user_does_not_move_in_the_sandbox_either() {
    let partner = server().operator().partner("a strict one", Rights::ALL);
    let operator = server().operator();
    let path = format!("/operator/accounts/{}/verifications", partner.account);
    let say = |status: &str| {
        let body = json!({ "mode": "sandbox", "user_reference": "eve", "status": status });
        operator.done("PUT", &path, &body);
    };
    for kind in Kind::BOTH {
        let eves = with(session_body(kind, kind.session_amount("100.05")), json!({ "user_reference": "eve" }));
        let redeem = |session: &Value| {
            let quote = partner.lock(&lock_body(kind, "100.05"));
            partner.post(&kind.path(), &json!({ "quote_id": quote["id"], "session_id": session["id"] }))
        };
        say("unverified");
        let waiting = redeem(&partner.session(&eves)).expect(201);
        assert!(waiting["next_action"].is_object(), "{waiting}");
        let (next, hosted) = (partner.session(&eves), partner.session(&eves));
        say("refused");
        redeem(&next).expect_refusal(403, "verification_required");
        let verify = kind.helper(waiting["id"].as_str().unwrap(), "verify");
        partner.act(&verify).expect_refusal(403, "verification_required");
        let by_operator =
            format!("/operator/accounts/{}/payments/{}/verify", partner.account, waiting["id"].as_str().unwrap());
        assert_eq!(operator.call("POST", &by_operator, &Value::Null).status, 403);
        let complete = format!("/v1/test_helpers/gate_sessions/{}/complete", hosted["id"].as_str().unwrap());
        partner.post(&complete, &json!({ "outcome": "completed" })).expect_refusal(403, "verification_required");
        say("unverified");
        partner.act(&verify).expect(200);
    }
}

#[test]
fn a_package_verifies_the_user_of_its_session() {
    let live = live();
    let with_package = |package: Value| live.session(json!({ "user_reference": "ann", "kyc_package": package }));
    live.assert_moves(&with_package(json!({ "status": "rejected" })), false);
    live.assert_moves(&with_package(json!({ "status": "approved", "expires_at": "2020-01-01T00:00:00Z" })), false);
    live.assert_moves(&live.session(json!({ "user_reference": "ann" })), false);
    live.say("user_reference", &json!("ann"), "refused");
    live.assert_moves(&with_package(json!({ "status": "approved", "level": 2 })), false);
    live.say("user_reference", &json!("ann"), "unverified");
    live.assert_moves(&with_package(json!({ "status": "approved", "level": 2 })), true);
}

#[test]
fn a_customer_is_the_person_of_its_external_id() {
    let live = live();
    let customer = live.partner.post("/v1/customers", &with(customer_body(), json!({ "external_id": "ann" })));
    let customer = customer.expect(201);
    let path = format!("/v1/customers/{}", customer["id"].as_str().unwrap());
    let status = || live.partner.get(&path).expect(200)["kyc_status"].clone();
    assert_eq!(customer["kyc_status"], "unverified");
    let session = || live.session(json!({ "user_reference": "ann" }));
    live.assert_moves(&session(), false);
    live.say("customer_id", &customer["id"], "verified");
    assert_eq!(status(), "verified");
    live.assert_moves(&session(), true);
    live.say("user_reference", &json!("ann"), "unverified");
    assert_eq!(status(), "unverified");
    live.assert_moves(&session(), false);

    live.say("user_reference", &json!("eve"), "verified");
    let eve = live.partner.post("/v1/customers", &with(customer_body(), json!({ "external_id": "eve" }))).expect(201);
    assert_eq!(eve["kyc_status"], "verified", "she was verified before");
    let delete = Request::new("DELETE", format!("/v1/customers/{}", eve["id"].as_str().unwrap()));
    live.partner.send(delete).expect(200);
    live.assert_moves(&live.session(json!({ "user_reference": "eve" })), false);
}

/// Every byte of the package that is not also said elsewhere: none of it is kept.
#[test]
fn nothing_of_a_package_is_stored_or_logged() {
    let server = Server::start(&[]);
    let operator = server.operator();
    let partner = operator.partner("a discreet one", Rights::ALL);
    let receiver = Receiver::start();
    operator.set_webhook(&partner, "sandbox", &receiver.url());
    let package = json!({
        "status": "approved",
        "expires_at": "2099-12-31T23:59:59Z",
        "document": { "kind": "passport_of_nowhere", "number": "X4711-0815-XQ" },
        "holder": ["Marguerite Xylander", { "born": "1971-02-28" }],
    });
    let create = |package: &Value| {
        let body = with(session_body(Kind::PayIn, "100.00"), json!({ "kyc_package": package }));
        Request::post("/v1/gate_sessions").json(&body).key(&fresh_key())
    };
    let request = create(&package);
    let session = partner.send(request.clone()).expect(201);
    assert_eq!(partner.send(request).header("Idempotent-Replayed"), Some("true"));
    let id = session["id"].as_str().unwrap().to_owned();
    receiver.wait_for(&id, &["gate_session.created", "gate_session.kyc_package_accepted"]);
    // What is refused is not kept either.
    let nested = (0..20).fold(json!("Marguerite Xylander"), |inner, _| json!({ "inner": inner }));
    for wrong in [json!("Marguerite Xylander"), json!(["X4711-0815-XQ"]), nested, json!({})] {
        let refused = partner.send(create(&wrong)).expect_refusal(400, "invalid_request");
        assert_eq!(refused["param"], "kyc_package");
        assert!(!refused.to_string().contains("Marguerite"), "{refused}");
    }
    let plain = operator.partner("a plain one", Rights::NONE);
    plain.send(create(&package)).expect_refusal(403, "not_entitled");
    let (log, directory) = (server.log().clone(), server.directory().clone());
    assert_eq!(server.stop().code, Some(0));
    let files = files(directory.path());
    let is_kept = |text: &str| files.iter().any(|(_, bytes)| contains(bytes, text.as_bytes()));
    assert!(is_kept("https://partner.example/complete"), "what is no secret is found");
    let said = log.out() + &log.error();
    let told: String = receiver.all().iter().map(|one| one.event.to_string()).collect();
    let secrets = ["passport_of_nowhere", "X4711", "Marguerite", "Xylander", "1971-02-28", "2099-12-31"];
    for secret in secrets {
        assert!(!is_kept(secret), "{secret} is stored");
        assert!(!said.contains(secret) && !told.contains(secret), "{secret} is told");
    }
    assert!(!told.contains("kyc_package\""), "the session's fields are closed: {told}");
}

/// Quotes of the account live as long as the operator says, and of others as the deployment says.
#[test]
fn an_account_has_rules_of_its_own() {
    let server = Server::start(&[]);
    let operator = server.operator();
    let [first, second] = ["first", "second"].map(|name| operator.partner(name, Rights::ALL));
    let path = format!("/operator/accounts/{}/settings", first.account);
    let shown = operator.done("PUT", &path, &json!({ "mode": "sandbox", "quote_life": 299, "risk": "real" }));
    assert_eq!(shown["modes"][0]["settings"], json!({ "quote_life": 299, "risk": "real" }));
    let life = |partner: &Partner| {
        let quote = partner.lock(&lock_body(Kind::PayIn, "100.00"));
        let millis = |name: &str| {
            let text = quote[name].as_str().unwrap();
            let number = |at: std::ops::Range<usize>| text[at].parse::<i64>().unwrap();
            ((number(11..13) * 60 + number(14..16)) * 60 + number(17..19)) * 1_000 + number(20..23)
        };
        (millis("expires_at") - millis("created_at")).rem_euclid(86_400_000)
    };
    poll(SOON, "the rules are published", || (life(&first) == 299_000).then_some(()));
    assert_eq!(life(&second), 30_000);
    operator.done("PUT", &path, &json!({ "mode": "sandbox", "quote_life": null }));
    assert_eq!(life(&first), 30_000);
}

/// A payment that waits for its user goes on when an operator says that it may, for this account and once.
#[test]
fn an_operator_ends_a_step_up() {
    let (alice, operator) = (&stage().alice, server().operator());
    for kind in Kind::BOTH {
        let waiting = alice.start(kind, "100.05");
        assert_eq!(waiting["next_action"]["type"], "verify");
        let id = waiting["id"].as_str().unwrap();
        let path = |account: &str, id: &str| format!("/operator/accounts/{account}/payments/{id}/verify");
        let ask = |path: &str| operator.call("POST", path, &json!({ "reason": "seen in person" }));
        let other_kind = id.replacen(&id[..2], if kind == Kind::PayIn { "po" } else { "pi" }, 1);
        for unknown in [path(&stage().bob.account, id), path(&alice.account, &other_kind), path(&alice.account, "pi_x")]
        {
            ask(&unknown).expect_refusal(404, "not_found");
        }
        let gone_on = ask(&path(&alice.account, id)).expect(200);
        assert_eq!((&gone_on["status"], &gone_on["next_action"]), (&json!("processing"), &Value::Null));
        ask(&path(&alice.account, id)).expect_refusal(409, "payment_not_waiting");
        alice.wait_for_payment(&waiting, "settled");
    }
}
