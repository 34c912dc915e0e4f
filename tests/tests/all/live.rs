//! Sandbox and live side by side: they share nothing, and live has no simulated money.

use std::os::unix::fs::PermissionsExt;

use causeway_tests::http::Request;
use causeway_tests::operator::Rights;
use causeway_tests::partner::{Kind, Partner, lock_body, session_body};
use causeway_tests::program::live_catalogue;
use causeway_tests::server::{DataDir, Server};
use serde_json::{Value, json};

/// A master key in a directory of its own, and the flags that live cannot do without.
pub struct MasterKey {
    _directory: DataDir,
    needed: Vec<String>,
}

impl MasterKey {
    pub fn new(byte: &str) -> MasterKey {
        let directory = DataDir::new();
        let path = directory.file("master-key");
        std::fs::write(&path, byte.repeat(32)).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        let key = format!("--master-key-file={}", path.display());
        MasterKey { _directory: directory, needed: [vec![key], live_catalogue().to_vec()].concat() }
    }

    /// These flags, and behind them what live needs.
    pub fn flags<'a>(&'a self, flags: &[&'a str]) -> Vec<&'a str> {
        flags.iter().copied().chain(self.needed.iter().map(String::as_str)).collect()
    }
}

/// One account in both modes.
struct Both {
    server: Server,
    sandbox: Partner,
    live: Partner,
    key: MasterKey,
}

/// Without a model, so that what a script's haste looks like to one does not matter here: the fallback rules know
/// nothing against a small first payment.
fn both() -> Both {
    let key = MasterKey::new("5a");
    let server = Server::start(&key.flags(&["--mode=both", "--model-dir=/nowhere"]));
    let operator = server.operator();
    let sandbox = operator.partner("a bank", Rights::ALL);
    let live = operator.partner_of(&sandbox.account, Rights { mode: "live", ..Rights::ALL });
    Both { server, sandbox, live, key }
}

#[test]
fn sandbox_and_live_share_nothing() {
    let both = both();
    let body = session_body(Kind::PayIn, "100.00");
    let session = both.live.session(&body);
    let id = session["id"].as_str().unwrap();
    assert!(id.starts_with("gs_live_") && session["mode"] == "live", "{session}");
    assert!(both.live.secret.starts_with("sk_live_") && both.live.publishable.starts_with("pk_live_"));
    let path = format!("/v1/gate_sessions/{id}");
    both.live.get(&path).expect(200);
    both.sandbox.get(&path).expect_refusal(404, "not_found");
    both.sandbox.act(&format!("{path}/cancel")).expect_refusal(404, "not_found");
    assert_eq!(both.sandbox.get("/v1/gate_sessions").expect(200)["data"], json!([]));
    let key = Request::post("/v1/gate_sessions").json(&body).key("one key, two worlds");
    let ids = [&both.sandbox, &both.live].map(|partner| partner.send(key.clone()).expect(201)["id"].clone());
    assert_ne!(ids[0], ids[1]);
    let request_id = both.live.get("/v1/gate_sessions").header("X-Request-Id").unwrap().to_owned();
    assert!(request_id.starts_with("req_live_"), "{request_id}");
    crossing_is_refused(&both, &session);
    survives_a_restart(both, &path);
}

/// Secrets, tokens and cursors of one world are nothing in the other.
fn crossing_is_refused(both: &Both, session: &Value) {
    let bootstrap = Request::post("/v1/embed/bootstrap").json(&json!({ "clientSecret": session["client_secret"] }));
    both.sandbox.browse(bootstrap.clone()).expect_refusal(404, "not_found");
    assert_eq!(both.live.browse(bootstrap).expect(201)["mode"], "live");
    let cursor = format!("/v1/gate_sessions?starting_after={}", session["id"].as_str().unwrap());
    both.sandbox.get(&cursor).expect_refusal(400, "invalid_request");
    let forged = both.live.secret.replace("sk_live_", "sk_test_");
    let list = Request::get("/v1/gate_sessions");
    both.sandbox.send(list.bearer(&forged)).expect_refusal(401, "invalid_key");
}

fn survives_a_restart(both: Both, path: &str) {
    let directory = both.server.directory().clone();
    assert_eq!(both.server.stop().code, Some(0));
    let server = Server::start_in(&directory, &both.key.flags(&["--mode=live"]));
    let live = both.live.at(&server);
    live.get(path).expect(200);
    let list = Request::get("/v1/gate_sessions").bearer(&both.sandbox.secret);
    live.send(list).expect_refusal(401, "invalid_key");
    drop(server);
    let another = MasterKey::new("6b");
    let refused = Server::try_start_in(&directory, &another.flags(&["--mode=live"]));
    let exit = refused.err().expect("another master key cannot open what the first one sealed");
    assert_ne!(exit.code, Some(0));
    assert!(exit.error.contains("master key"), "{exit}");
}

/// A host name may be bound to one mode; a key of the other mode there is no key.
#[test]
fn a_host_name_can_be_bound_to_a_mode() {
    let key = MasterKey::new("5a");
    let flags = ["--mode=both", "--sandbox-hosts=sandbox.gate.example", "--live-hosts=gate.example"];
    let server = Server::start(&key.flags(&flags));
    let sandbox = server.demo();
    let live = server.operator().partner_of(&sandbox.account, Rights { mode: "live", ..Rights::ALL });
    let ask = |partner: &Partner, host: &str| {
        let request = Request::get("/v1/gate_sessions").header("Host", host);
        partner.send(request).status
    };
    for (host, of_sandbox, of_live) in [
        ("sandbox.gate.example", 200, 401),
        ("Sandbox.Gate.Example:8443", 200, 401),
        ("gate.example", 401, 200),
        ("gate.example:443", 401, 200),
        ("elsewhere.example", 200, 200),
    ] {
        assert_eq!((ask(&sandbox, host), ask(&live, host)), (of_sandbox, of_live), "{host}");
    }
}

#[test]
fn live_has_no_test_helpers() {
    let both = both();
    let session = both.live.session(&session_body(Kind::PayIn, "100.00"));
    let id = session["id"].as_str().unwrap();
    let complete = format!("/v1/test_helpers/gate_sessions/{id}/complete");
    both.live.post(&complete, &json!({ "outcome": "completed" })).expect_refusal(404, "not_found");
    for kind in Kind::BOTH {
        for action in ["settle", "fail", "cancel", "verify"] {
            both.live.act(&kind.helper("x", action)).expect_refusal(404, "not_found");
        }
    }
    assert_eq!(both.live.read_session(&session["id"])["status"], "open");
}

/// Without a rails file nothing carries live money: a redemption leaves a failed record, and the session open.
#[test]
fn a_live_redemption_ends_without_a_route() {
    let both = both();
    for kind in Kind::BOTH {
        for amount in ["100.00", "100.05"] {
            let body = session_body(kind, kind.session_amount(amount));
            let session = both.live.session(&body);
            let quote = both.live.lock(&lock_body(kind, amount));
            let redeem = json!({ "quote_id": quote["id"], "session_id": session["id"] });
            let payment = both.live.post(&kind.path(), &redeem).expect(201);
            assert_eq!(payment["status"], "failed", "no magic in live: {payment}");
            assert_eq!(payment["failure_code"], "no_route");
            assert_eq!(both.live.read_session(&session["id"])["status"], "open");
            assert_eq!(both.live.read_transaction(&payment)["status"], "failed");
        }
    }
    assert_eq!(both.sandbox.get("/v1/gate_sessions").expect(200)["data"], json!([]));
}

#[test]
fn live_alone_has_no_demo_partner() {
    let key = MasterKey::new("5a");
    let server = Server::start(&key.flags(&["--mode=live"]));
    assert!(!server.directory().file("sandbox.json").exists());
    assert!(!server.directory().file("sandbox").exists(), "nothing of the other mode is made");
    assert_eq!(server.stop().code, Some(0));
}
