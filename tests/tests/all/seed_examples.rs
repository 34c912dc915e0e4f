//! The examples of the published reference work unchanged except for host and key, in the programs that they are written
//! for.

use std::path::Path;
use std::process::{Command, Output};

use causeway_tests::partner::{Kind, Partner, session_body, without};
use causeway_tests::program;
use causeway_tests::program::fixture;
use serde_json::{Value, json};

use super::shared;

/// The host of the examples.
const HOST: &str = "https://gate-api-sandbox.0bit.app";
/// The key in the shell example; the scripts read theirs from the environment.
const KEY: &str = "sk_test_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";

#[test]
fn curl_creates_a_session() {
    let partner = shared::partner("a partner with curl");
    let example = placed("create_session.sh");
    assert!(example.contains(KEY));
    // The example's own `curl` is this program; what it prints beside the body is the status.
    let curl = r#"curl() { command "$CURL" --silent --show-error --write-out '\n%{http_code}' "$@"; }"#;
    let script = format!("{curl}\n{}", example.replace(KEY, &partner.secret));
    let run = || {
        let mut shell = Command::new("sh");
        let text = said(shell.args(["-c", &script]).env("CURL", program::curl()));
        let (body, status) = text.rsplit_once('\n').unwrap();
        assert_eq!(status, "201", "{body}");
        serde_json::from_str::<Value>(body).unwrap()
    };
    let session = run();
    is_the_session_asked_for(&partner, &session);
    assert_eq!(run(), session, "the example's key collapses a retry into one session");
}

#[test]
fn python_requests_create_a_session() {
    let partner = shared::partner("a partner with Python");
    let script =
        format!("{}\nimport json\nprint(json.dumps([response.status_code, session]))\n", placed("create_session.py"));
    let mut python = Command::new(program::python());
    python.args(["-c", &script]).env("OBIT_SECRET_KEY", &partner.secret);
    is_the_session_asked_for(&partner, &created(&said(&mut python)));
}

#[test]
fn javascript_fetch_creates_a_session() {
    let partner = shared::partner("a partner with JavaScript");
    let mut node = node("create_session.js", "session", "node18.cjs");
    node.env("OBIT_SECRET_KEY", &partner.secret);
    is_the_session_asked_for(&partner, &created(&said(&mut node)));
}

#[test]
fn a_browser_bootstraps_the_widget() {
    let partner = shared::partner("a partner with a web page");
    let session = partner.session(&session_body(Kind::PayIn, "100.00"));
    let mut node = browser(&partner, &partner.origin, &session);
    let token = created(&said(&mut node));
    assert_eq!(token["session_id"], session["id"]);
    assert!(token["embed_token"].is_string());
}

#[test]
fn a_browser_on_another_page_is_refused() {
    let (partner, other) = (shared::partner("a partner"), shared::partner("another"));
    let session = partner.session(&session_body(Kind::PayIn, "100.00"));
    for (origin, reason) in [
        ("https://evil.example", "the preflight answered 403"),
        // The preflight does not know whose key will follow; the answer does.
        (other.origin.as_str(), "the answer does not name the origin"),
    ] {
        let output = browser(&partner, origin, &session).output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && error.contains(reason), "{error}");
    }
}

fn browser(partner: &Partner, origin: &str, session: &Value) -> Command {
    let mut node = node("bootstrap.js", "bootstrap", "browser.cjs");
    node.env("PAGE_ORIGIN", origin)
        .env("PUBLISHABLE_KEY", &partner.publishable)
        .env("CLIENT_SECRET", session["client_secret"].as_str().unwrap());
    node
}

/// An example in Node.js, with `preload` run before it. It prints the status and what it calls `result`.
fn node(example: &str, result: &str, preload: &str) -> Command {
    let script = format!("{}\nconsole.log(JSON.stringify([response.status, {result}]));\n", placed(example));
    let preload = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/seed").join(preload);
    let mut node = Command::new(program::node());
    node.arg("--require").arg(preload).args(["--input-type=module", "--eval", &script]);
    node
}

fn placed(example: &str) -> String {
    let text = fixture(&format!("seed/{example}"));
    assert!(text.contains(HOST), "{text}");
    text.replace(HOST, &format!("http://{}", shared::server().api().address()))
}

fn said(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let error = String::from_utf8_lossy(&stderr);
    assert!(status.success(), "{command:?}: {error}");
    String::from_utf8(stdout).unwrap()
}

/// The object of `[201, object]`.
fn created(text: &str) -> Value {
    let mut pair: Value = serde_json::from_str(text).unwrap();
    assert_eq!(pair[0], 201, "{text}");
    pair[1].take()
}

fn is_the_session_asked_for(partner: &Partner, session: &Value) {
    for (name, value) in [
        ("status", "open"),
        ("amount", "100.00"),
        ("currency", "EUR"),
        ("return_url", "https://partner.example/complete"),
        ("cancel_url", "https://partner.example/cancel"),
        ("flow", "on_ramp"),
        ("target_token", "USDC"),
    ] {
        assert_eq!(session[name], value, "{name}");
    }
    assert_eq!(session["metadata"], json!({ "order_id": "order_test_123" }));
    let read = partner.read_session(&session["id"]);
    assert_eq!(read, without(session.clone(), "client_secret"));
}
