//! Reviews, rules and lists: what operators decide beside the model, and what partners hear of it.

use std::fs;

use causeway_tests::operator::Rights;
use causeway_tests::partner::{Kind, Partner, lock_body, session_body, with};
use causeway_tests::poll::{SOON, poll};
use causeway_tests::receiver::Receiver;
use causeway_tests::server::{DataDir, Server, refused};
use serde_json::{Value, json};

/// Without a model the fallback decides, which approves what these tests pay.
const NO_MODEL: &str = "--model-dir=/nowhere";

const PATH: &str = "/operator/risk-policy";

/// A partner of the sandbox whose payments are judged in earnest.
fn judged(server: &Server) -> Partner {
    let partner = server.operator().partner("a judged one", Rights::ALL);
    let path = format!("/operator/accounts/{}/settings", partner.account);
    server.operator().done("PUT", &path, &json!({ "mode": "sandbox", "risk": "real" }));
    partner
}

fn set(server: &Server, rules: Value, lists: Value) -> Value {
    let body = json!({ "mode": "sandbox", "reason": "a drill", "rules": rules, "lists": lists });
    server.operator().done("PUT", PATH, &body)
}

/// From about 200 dollars on somebody decides.
fn large(partner: &Partner) -> Value {
    json!([{ "name": "large", "accounts": [partner.account], "verdict": "review",
             "when": [{ "feature": "amount_usd_log10", "at_least": 2.3 }] }])
}

fn queue(server: &Server) -> Vec<Value> {
    let list = server.operator().done("GET", "/operator/reviews?mode=sandbox", &Value::Null);
    list["data"].as_array().unwrap().clone()
}

fn decide(server: &Server, payment: &Value, word: &str) -> Value {
    let path = format!("/operator/reviews/{}/{word}", payment["id"].as_str().unwrap());
    server.operator().done("POST", &path, &json!({ "reason": "ticket 31" }))
}

/// A payment of the partner's user.
fn pay(partner: &Partner, user: &str, amount: &str) -> Value {
    pay_to(partner, "0xhouse", user, amount)
}

fn pay_to(partner: &Partner, wallet: &str, user: &str, amount: &str) -> Value {
    let body = with(session_body(Kind::PayIn, amount), json!({ "user_reference": user, "wallet_address": wallet }));
    let (session, quote) = (partner.session(&body), partner.lock(&lock_body(Kind::PayIn, amount)));
    let redeem = json!({ "quote_id": quote["id"], "session_id": session["id"] });
    partner.post(&Kind::PayIn.path(), &redeem).expect(201)
}

#[test]
fn a_review_is_decided_by_an_operator_and_partners_never_learn_of_it() {
    let server = Server::start(&[NO_MODEL]);
    let (partner, receiver) = (judged(&server), Receiver::start());
    server.operator().set_webhook(&partner, "sandbox", &receiver.url());
    set(&server, large(&partner), json!([]));
    let small = partner.start(Kind::PayIn, "100.00");
    partner.wait_for_payment(&small, "settled");
    let (good, bad) = (partner.start(Kind::PayIn, "600.00"), partner.start(Kind::PayOut, "600.00"));
    for payment in [&good, &bad] {
        assert_eq!((&payment["status"], &payment["next_action"]), (&json!("processing"), &Value::Null), "{payment}");
        assert!(!payment.to_string().contains("review"), "{payment}");
    }
    let waiting = queue(&server);
    let ids: Vec<&Value> = waiting.iter().map(|one| &one["payment_id"]).collect();
    assert_eq!(ids, [&good["id"], &bad["id"]], "oldest first");
    assert_eq!((&waiting[0]["fired"], &waiting[0]["policy_version"]), (&json!(["large"]), &json!(1)));
    assert_eq!((&waiting[0]["fiat_amount"], &waiting[0]["account_id"]), (&json!("600.00"), &json!(partner.account)));
    assert_eq!(waiting[0]["score_verdict"], "approve", "the rule brought it here: {}", waiting[0]);
    let look = format!("/operator/reviews/{}", good["id"].as_str().unwrap());
    let whole = server.operator().done("GET", &look, &Value::Null);
    assert!(whole["features"].as_array().unwrap().iter().any(|one| one["name"] == "amount_usd_log10"), "{whole}");
    assert_eq!((&whole["expires_at"], &whole["payment_id"]), (&waiting[0]["expires_at"], &good["id"]));
    assert_eq!(decide(&server, &good, "approve")["status"], "processing");
    assert_eq!(decide(&server, &bad, "decline")["failure_code"], "risk_declined");
    partner.wait_for_payment(&good, "settled");
    partner.wait_for_payment(&bad, "failed");
    let again = server.operator().call("POST", &format!("{look}/approve"), &json!({ "reason": "again" }));
    assert_eq!(again.status, 404, "{}", again.text());
    let told = ["gate_session.created", "quote.consumed", "rail.pay_in.processing", "gate_session.processing"];
    let told = [&told[..], &["rail.pay_in.settled", "gate_session.completed"]].concat();
    receiver.wait_for(good["session_id"].as_str().unwrap(), &told);
    let audit = fs::read_to_string(server.directory().file("operator-audit.jsonl")).unwrap();
    for part in ["approve_review", "decline_review", "ticket 31", "set_risk_policy", good["id"].as_str().unwrap()] {
        assert!(audit.contains(part), "{part}");
    }
}

/// The list names the wallet in small letters; the partner gave it with the checksum of its capitals.
#[test]
fn an_approval_of_what_was_blocked_meanwhile_declines_and_its_decision_names_the_list() {
    let server = Server::start(&[NO_MODEL]);
    let partner = judged(&server);
    set(&server, large(&partner), json!([]));
    let wallet = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
    let payment = pay_to(&partner, wallet, "ann", "600.00");
    let stolen =
        json!({ "name": "stolen", "action": "block", "entity": "destination", "values": [wallet.to_lowercase()] });
    set(&server, json!([]), json!([stolen]));
    let ended = decide(&server, &payment, "approve");
    assert_eq!((&ended["status"], &ended["failure_code"]), (&json!("failed"), &json!("risk_declined")), "{ended}");
    partner.wait_for_payment(&payment, "failed");
    assert!(queue(&server).is_empty());
    let path = format!("/operator/payments/{}/decision", payment["id"].as_str().unwrap());
    let decision = server.operator().done("GET", &path, &Value::Null);
    assert_eq!((&decision["applied"], &decision["fired"]), (&json!("review"), &json!(["large"])), "{decision}");
    assert_eq!(decision["blocked_later"], json!({ "policy_version": 2, "lists": ["stolen"] }));
}

#[test]
fn what_waits_survives_a_kill_and_is_counted() {
    let server = Server::start(&[NO_MODEL]);
    let partner = judged(&server);
    set(&server, large(&partner), json!([]));
    let payments: Vec<Value> = (0..3).map(|_| partner.start(Kind::PayIn, "600.00")).collect();
    let directory = server.directory().clone();
    server.kill();
    let server = Server::start_in(&directory, &[NO_MODEL]);
    let partner = partner.at(&server);
    let first = server.operator().done("GET", "/operator/reviews?mode=sandbox&limit=2", &Value::Null);
    assert_eq!((first["data"].as_array().unwrap().len(), &first["has_more"]), (2, &json!(true)));
    let after = first["data"][1]["payment_id"].as_str().unwrap();
    let rest = format!("/operator/reviews?mode=sandbox&starting_after={after}");
    let rest = server.operator().done("GET", &rest, &Value::Null);
    assert_eq!((&rest["data"][0]["payment_id"], &rest["has_more"]), (&payments[2]["id"], &json!(false)));
    waiting_are(&server, "3");
    let late = partner.start(Kind::PayIn, "600.00");
    for payment in payments.iter().chain([&late]) {
        decide(&server, payment, "approve");
        partner.wait_for_payment(payment, "settled");
    }
    waiting_are(&server, "0");
}

#[track_caller]
fn waiting_are(server: &Server, count: &str) {
    poll(SOON, "the number of reviews that wait", || {
        let metrics = server.operator().call("GET", "/metrics", &Value::Null).text();
        let line = metrics.lines().find(|line| line.starts_with("causeway_reviews_waiting{"))?;
        line.ends_with(&format!(" {count}.0")).then_some(())
    });
}

#[test]
fn what_nobody_reviews_in_time_is_declined() {
    let server = Server::start(&[NO_MODEL, "--review-life=1s"]);
    let partner = judged(&server);
    set(&server, large(&partner), json!([]));
    let payment = partner.start(Kind::PayIn, "600.00");
    assert_eq!(partner.wait_for_payment(&payment, "failed")["failure_code"], "risk_declined");
    assert!(queue(&server).is_empty());
}

#[test]
fn a_block_list_beats_an_allow_list_and_that_beats_rules() {
    let server = Server::start(&[NO_MODEL]);
    let partner = judged(&server);
    let person = |name: &str| json!({ "account": partner.account, "reference": name });
    let list = |name: &str, action: &str, entity: &str, values: Value| json!({ "name": name, "action": action, "entity": entity, "values": values });
    let rules = json!([{ "name": "all cards", "methods": ["sepa_instant", "card"], "verdict": "decline" }]);
    let staff = list("staff", "allow", "person", json!([person("ann"), person("eve")]));
    let thieves = list("thieves", "block", "person", json!([person("eve")]));
    set(&server, rules.clone(), json!([staff, thieves]));
    let ends = |user: &str, status: &str| {
        let payment = pay(&partner, user, "60.00");
        let ended = partner.wait_for_payment(&payment, status);
        assert_eq!(ended["failure_code"], if status == "failed" { json!("risk_declined") } else { Value::Null });
    };
    ends("bob", "failed");
    ends("ann", "settled");
    ends("eve", "failed");
    set(&server, rules, json!([list("house", "allow", "destination", json!(["0xhouse"]))]));
    ends("bob", "settled");
    set(&server, json!([]), json!([]));
    ends("eve", "settled");
}

#[test]
fn a_policy_file_is_applied_once_for_each_content() {
    let (directory, files) = (DataDir::new(), DataDir::new());
    let (file, rule) = (files.file("policy.toml"), |name: &str| {
        format!("[[rule]]\nname = \"{name}\"\nmethods = [\"wire\"]\nverdict = \"review\"\n")
    });
    let flag = format!("--risk-policy={}", file.display());
    let names = |server: &Server| {
        let shown = server.operator().done("GET", &format!("{PATH}?mode=sandbox"), &Value::Null);
        (shown["version"].as_u64().unwrap(), shown["rules"][0]["name"].as_str().unwrap_or_default().to_owned())
    };
    fs::write(&file, rule("first")).unwrap();
    let server = Server::start_in(&directory, &[NO_MODEL, &flag]);
    assert_eq!(names(&server), (1, "first".to_owned()));
    set(&server, json!([{ "name": "by hand", "methods": ["wire"], "verdict": "decline" }]), json!([]));
    server.kill();
    let server = Server::start_in(&directory, &[NO_MODEL, &flag]);
    assert_eq!(names(&server), (2, "by hand".to_owned()), "the same content is not applied again");
    server.kill();
    fs::write(&file, rule("second")).unwrap();
    let server = Server::start_in(&directory, &[NO_MODEL, &flag]);
    assert_eq!(names(&server), (3, "second".to_owned()));
    let audit = fs::read_to_string(directory.file("operator-audit.jsonl")).unwrap();
    assert_eq!(audit.matches("policy.toml replaces version").count(), 2, "{audit}");
    server.stop();
    fs::write(&file, "# fine\n\n[[rule]]\nname = \"a\"\nverdict = \"decline\"\n").unwrap();
    let path = directory.path().to_string_lossy().into_owned();
    let exit = refused(&["serve", "--data-dir", &path, "--listen=127.0.0.1:0", &flag], &directory);
    assert_eq!(exit.code, Some(2), "{exit}");
    assert!(exit.error.contains(&format!("{}:3: this rule \"a\" would fire for everything", file.display())), "{exit}");
}
