//! What the first start in an empty directory leaves behind, and what later starts make of it.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use causeway_tests::http::Request;
use causeway_tests::partner::{Kind, fresh_key};
use causeway_tests::program;
use causeway_tests::server::Server;
use serde_json::Value;

#[test]
fn a_demo_partner_with_everything_stands_in_a_private_file() {
    let server = Server::start(&[]);
    let directory = server.directory();
    for name in ["sandbox.json", "operator-token"] {
        assert_eq!(mode(&directory.file(name)), 0o600, "{name}");
    }
    let file = directory.sandbox();
    let mut names: Vec<&str> = file.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["account_id", "allowed_origins", "base_url", "publishable_key", "secret_key"]);
    let text = |name: &str| file[name].as_str().unwrap().to_owned();
    assert!(text("account_id").starts_with("acct_"));
    assert!(text("secret_key").starts_with("sk_test_"));
    assert!(text("publishable_key").starts_with("pk_test_"));
    assert_eq!(text("base_url"), format!("http://{}/v1", server.api().address()));
    let demo = server.demo();
    let token = demo.browse(Request::post("/v1/embed/bootstrap"));
    assert_eq!(token.expect(201)["partner_id"], text("account_id").as_str());
    for kind in Kind::BOTH {
        let payment = demo.start(kind, "30.00");
        demo.wait_for_payment(&payment, "settled");
    }
    let swap = causeway_tests::partner::with(
        causeway_tests::partner::session_body(Kind::PayIn, "1.00"),
        serde_json::json!({ "flow": "swap" }),
    );
    demo.session(&swap);
    assert_eq!(server.stop().code, Some(0));
}

#[test]
fn it_says_what_to_try_next_and_tells_no_secret() {
    let server = Server::start(&[]);
    let file = server.directory().sandbox();
    let out = server.log().out();
    assert!(out.contains("sandbox.json"), "it names the file: {out}");
    let said = out + &server.log().error();
    for name in ["secret_key", "publishable_key"] {
        assert!(!said.contains(file[name].as_str().unwrap()), "{name} is printed");
    }
    assert!(!said.contains(server.operator().token()), "the token is printed");
}

#[test]
fn a_later_start_keeps_the_demo_partner() {
    let server = Server::start(&[]);
    let (partner, directory) = (server.demo(), server.directory().clone());
    let session = partner.session(&causeway_tests::partner::session_body(Kind::PayIn, "30.00"));
    let token = server.operator().token().to_owned();
    server.stop();
    let server = Server::start_in(&directory, &[]);
    let again = server.demo();
    assert_eq!((&again.account, &again.secret), (&partner.account, &partner.secret));
    assert_eq!(server.operator().token(), token);
    assert_eq!(again.read_session(&session["id"])["status"], "open");
    // The file may be deleted: it is for people, and the gateway does not depend on it.
    std::fs::remove_file(directory.file("sandbox.json")).unwrap();
    server.stop();
    let server = Server::start_in(&directory, &[]);
    partner.at(&server).read_session(&session["id"]);
}

#[test]
fn help_and_version_need_no_data() {
    for (words, expected) in [
        (vec!["--help"], "serve"),
        (vec!["serve", "--help"], "--data-dir"),
        (vec!["version"], env!("CARGO_PKG_VERSION")),
    ] {
        let output = program::causeway().args(&words).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && said.contains(expected), "{words:?}: {said}");
    }
}

#[test]
fn it_prints_the_committed_openapi_document() {
    let output = program::causeway().arg("openapi").output().unwrap();
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
    let committed = std::fs::read(program::repository().join("openapi.json")).unwrap();
    let committed: Value = serde_json::from_slice(&committed).unwrap();
    assert_eq!(printed, committed);
}

/// Every setting can also come from a file and from the environment; a flag wins over both.
#[test]
fn settings_come_from_a_file_too() {
    let directory = causeway_tests::server::DataDir::new();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "quote-life = \"123s\"\nsession-life = \"2h\"\n").unwrap();
    let config = format!("--config={}", file.path().display());
    let server = Server::start_in(&directory, &[&config, "--session-life=1h"]);
    let partner = server.demo();
    let body = partner.prepare(Kind::PayIn, "30.00");
    let life = |object: &Value| seconds(&object["expires_at"]) - seconds(&object["created_at"]);
    let (quote, session) = (partner.read_quote(&body["quote_id"]), partner.read_session(&body["session_id"]));
    assert_eq!(life(&quote).rem_euclid(86_400), 123);
    assert_eq!(life(&session).rem_euclid(86_400), 3_600);
    let request = Request::post("/v1/rails/pay_ins").json(&body).key(&fresh_key());
    partner.send(request).expect(201);
}

/// Seconds within the day of an RFC 3339 time; the differences here are shorter than a day.
fn seconds(time: &Value) -> i64 {
    let clock = time.as_str().unwrap().split(['T', '.']).nth(1).unwrap();
    clock.split(':').fold(0, |sum, part| sum * 60 + part.parse::<i64>().unwrap())
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}
