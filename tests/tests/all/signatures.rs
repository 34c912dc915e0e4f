//! Signatures of webhooks, verified by what shares nothing with the gateway: the examples of `docs/webhooks.md` as they stand,
//! on the libraries of Standard Webhooks, Python's `cryptography` and Node's `crypto`.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use causeway_tests::http::Request;
use causeway_tests::operator::Rights;
use causeway_tests::partner::Partner;
use causeway_tests::poll::{SOON, poll};
use causeway_tests::program::{self, fixture};
use causeway_tests::receiver::{Received, Receiver};
use causeway_tests::server::Server;
use serde_json::{Value, json};

use super::both::both;
use super::shared;

/// What `Gate-Signature`, `v1` and `v1a` shall say.
type Verdicts = [bool; 3];

/// What a receiver has in its hands, and what it shall find.
struct Case {
    name: String,
    given: Value,
    expected: Verdicts,
}

/// Every stage of a rotation, with the old secret and the new one in the receiver's hands.
#[test]
fn independent_verifiers_agree_with_every_signature_while_a_secret_is_rotated() {
    let stage = Stage::new();
    let old = stage.operate("PUT", "", json!({ "url": stage.receiver.url() }));
    let [alone, other] = [stage.deliver(), stage.someone_elses()];
    let new = stage.operate("POST", "/secret", json!({}));
    let [old, new] = [&old, &new].map(|shown| shown["secret"].as_str().unwrap());
    let added = stage.deliver();
    stage.operate("POST", "/secret/activate", json!({ "overlap": 600 }));
    let activated = stage.deliver();
    stage.operate("DELETE", "/secret", json!({}));
    let dropped = stage.deliver();
    let key = stage.public_key();
    let mut cases = Vec::new();
    for (name, told, with_old, with_new) in [
        ("alone", &alone, [true, true, true], [false, false, true]),
        ("added", &added, [true, true, true], [false, true, true]),
        ("activated", &activated, [false, true, true], [true, true, true]),
        ("dropped", &dropped, [false, false, true], [true, true, true]),
    ] {
        cases.push(Case::new(format!("{name}, the old secret"), told, old, &key, with_old));
        cases.push(Case::new(format!("{name}, the new secret"), told, new, &key, with_new));
    }
    cases.push(Case::new("another account's event".to_owned(), &other, old, &key, [false; 3]));
    let told = |name: &str| Case::new(name.to_owned(), &dropped, new, &key, [true; 3]);
    cases.extend(refused(told));
    let documented = std::fs::read_to_string(program::repository().join("docs/webhooks.md")).unwrap();
    let mut python = Command::new(program::python());
    let script = [&examples(&documented, "python"), fixture("webhooks/judge.py").as_str()].concat();
    judge("Python", python.args(["-c", &script]), &cases);
    let mut node = Command::new(program::node());
    let script = [&examples(&documented, "js"), fixture("webhooks/judge.mjs").as_str()].concat();
    // What is imported is looked for from where it runs.
    node.args(["--input-type=module", "--eval", &script]).current_dir(program::node_packages());
    judge("Node.js", &mut node, &cases);
}

/// What nobody may take: another body, another time, none of the signatures. The libraries look at the time by themselves.
fn refused(told: impl Fn(&str) -> Case) -> Vec<Case> {
    let changed = |name: &str, header: &str, value: &str, expected: Verdicts| {
        let mut case = told(name);
        case.given["headers"][header] = json!(value);
        Case { expected, ..case }
    };
    let moved = |name: &str, seconds: i64, expected: Verdicts| {
        let mut case = told(name);
        case.given["now"] = json!(signed_at(&case) + seconds);
        Case { expected, ..case }
    };
    let mut body = told("another body");
    body.given["body"] = json!(body.given["body"].as_str().unwrap().replace("false", "true"));
    let signatures = told("").given["headers"]["webhook-signature"].as_str().unwrap().to_owned();
    let (shared, own) = signatures.split_once(' ').unwrap();
    let stale = (signed_at(&told("")) - 301).to_string();
    vec![
        Case { expected: [false; 3], ..body },
        changed("another id", "webhook-id", "evt_test_00000000000000000000000000", [true, false, false]),
        changed("a stale time in its header", "webhook-timestamp", &stale, [true, false, false]),
        changed("without the account's signature", "webhook-signature", shared, [true, true, false]),
        changed("with the account's signature alone", "webhook-signature", own, [true, false, true]),
        moved("just in time", 300, [true; 3]),
        moved("too late", 301, [false, true, false]),
        moved("too early", -301, [false, true, false]),
    ]
}

fn signed_at(case: &Case) -> i64 {
    case.given["headers"]["webhook-timestamp"].as_str().unwrap().parse().unwrap()
}

#[test]
fn each_mode_has_a_key_of_its_own_and_the_operator_sees_them() {
    let both = both();
    let account = &both.sandbox.account;
    let published = keys(&both.server, account);
    assert_eq!(published["account_id"], json!(account));
    let shown = both.server.operator().done("GET", &format!("/operator/accounts/{account}"), &Value::Null);
    let keys = published["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 2);
    for (key, shown) in keys.iter().zip(shown["modes"].as_array().unwrap()) {
        assert_eq!((&key["mode"], &key["public_key"]), (&shown["mode"], &shown["webhook_public_key"]));
        assert!(key["public_key"].as_str().unwrap().starts_with("whpk_"));
    }
    assert_ne!(keys[0]["public_key"], keys[1]["public_key"]);
    // Receivers keep what they read once: it is the same after a restart.
    let directory = both.server.directory().clone();
    assert_eq!(both.server.stop().code, Some(0));
    let server = Server::start_in(&directory, &both.key.flags(&["--mode=both", "--model-dir=/nowhere"]));
    assert_eq!(self::keys(&server, account), published);
}

/// The document of an account's keys, as anybody may read it.
fn keys(server: &Server, account: &str) -> Value {
    let path = format!("/.well-known/webhook-keys/{account}.json");
    server.api().send(&Request::get(path)).unwrap_or_else(|failure| panic!("{}", failure.error)).expect(200)
}

/// A partner whose endpoint changes.
struct Stage {
    partner: Partner,
    receiver: Receiver,
}

impl Stage {
    fn new() -> Stage {
        Stage { partner: shared::partner("a partner who rotates"), receiver: Receiver::start() }
    }

    fn operate(&self, method: &str, path: &str, mut body: Value) -> Value {
        body["mode"] = json!("sandbox");
        let path = format!("/operator/accounts/{}/webhook{path}", self.partner.account);
        shared::server().operator().done(method, &path, &body)
    }

    /// One event, with what signs at the moment.
    fn deliver(&self) -> Received {
        deliver(&self.partner, &self.receiver)
    }

    fn someone_elses(&self) -> Received {
        let operator = shared::server().operator();
        let (other, receiver) = (operator.partner("somebody else", Rights::ALL), Receiver::start());
        operator.set_webhook(&other, "sandbox", &receiver.url());
        deliver(&other, &receiver)
    }

    fn public_key(&self) -> String {
        let keys = keys(shared::server(), &self.partner.account);
        keys["keys"][0]["public_key"].as_str().unwrap().to_owned()
    }
}

fn deliver(partner: &Partner, receiver: &Receiver) -> Received {
    let before = receiver.all().len();
    partner.act("/v1/webhooks/test").expect(201);
    poll(SOON, "the test comes", || receiver.all().into_iter().nth(before))
}

impl Case {
    fn new(name: String, told: &Received, secret: &str, public_key: &str, expected: Verdicts) -> Case {
        let headers = told.headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), json!(value)));
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let given = json!({
            "headers": headers.collect::<serde_json::Map<_, _>>(),
            "body": str::from_utf8(&told.body).unwrap(),
            "secret": secret,
            "public_key": public_key,
            "now": now,
        });
        Case { name, given, expected }
    }
}

/// Everything that stands in blocks of one language.
fn examples(text: &str, language: &str) -> String {
    let opening = format!("```{language}\n");
    let blocks = text.split(&opening).skip(1).map(|rest| rest.split("```").next().unwrap());
    let all: String = blocks.collect();
    assert!(!all.is_empty(), "no example in {language}");
    all
}

/// Hands all cases to a program and compares what it finds.
fn judge(language: &str, command: &mut Command, cases: &[Case]) {
    let given: Value = cases.iter().map(|case| case.given.clone()).collect();
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(given.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{language}: {error}");
    let found: Vec<Verdicts> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(found.len(), cases.len());
    for (case, found) in cases.iter().zip(found) {
        assert_eq!(found, case.expected, "{language}, {}: Gate-Signature, v1, v1a\n{error}", case.name);
    }
}

/// The receiver that a partner might have written takes an event when its `v1a` is of the account's key, and only then.
#[test]
fn a_receiver_that_holds_the_public_key_tells_whose_an_event_is() {
    let [own, other] = [Stage::new(), Stage::new()];
    for (key, status) in [(own.public_key(), "succeeded"), (other.public_key(), "dead_lettered")] {
        let port = free_port();
        let set = own.operate("PUT", "", json!({ "url": format!("http://127.0.0.1:{port}/hooks") }));
        let _program = PythonReceiver::start(port, set["secret"].as_str().unwrap(), &key);
        let sent = own.partner.act("/v1/webhooks/test").expect(201);
        poll(SOON, status, || {
            let all = own.partner.get("/v1/webhooks/deliveries").expect(200);
            let found = all["data"].as_array()?.iter().find(|delivery| delivery["id"] == sent["id"])?.clone();
            (found["status"] == status).then_some(())
        });
    }
}

/// The secret comes with the URL, so that the port is known before the receiver starts.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// `tools/receiver/receiver.py`, until this value goes.
struct PythonReceiver(Child);

impl PythonReceiver {
    fn start(port: u16, secret: &str, key: &str) -> PythonReceiver {
        let mut command = Command::new(program::python());
        command.arg(program::repository().join("tools/receiver/receiver.py"));
        command.args(["--port", &port.to_string(), "--secret", secret, "--public-key", key]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line.trim(), port.to_string(), "the receiver listens");
        PythonReceiver(child)
    }
}

impl Drop for PythonReceiver {
    fn drop(&mut self) {
        // It runs for as long as it is there.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
