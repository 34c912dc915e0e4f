//! The commands for a stopped gateway: they look and mend while nobody works, and refuse beside a gateway that runs.

use std::process::Output;

use causeway_tests::http::Request;
use causeway_tests::partner::Kind;
use causeway_tests::program;
use causeway_tests::server::{DataDir, Server};

const COMMANDS: [&str; 4] = ["rail-records", "ledger", "compact", "operator-token"];

fn run(command: &str, directory: &DataDir, words: &[&str]) -> Output {
    program::causeway().arg(command).arg("--data-dir").arg(directory.path()).args(words).output().unwrap()
}

/// One line on standard error that says all of `parts`, and nothing on standard output.
fn is_refused(output: &Output, parts: &[&str]) {
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(output.stdout.is_empty() && error.lines().count() == 1, "{error}");
    assert!(parts.iter().all(|part| error.contains(part)), "{parts:?}: {error}");
}

#[test]
fn they_refuse_beside_a_running_gateway() {
    let server = Server::start(&[]);
    let token = server.operator().token().to_owned();
    for command in COMMANDS {
        is_refused(&run(command, server.directory(), &[]), &["in use by another process"]);
    }
    let list = server.operator().send(&Request::get("/operator/accounts").bearer(&token));
    assert_eq!(list.status, 200, "{}", list.text());
    let directory = server.directory().clone();
    assert_eq!(server.stop().code, Some(0));
    for command in COMMANDS {
        let output = run(command, &directory, &[]);
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn they_say_what_is_not_there() {
    let directory = DataDir::new();
    for command in COMMANDS {
        is_refused(&run(command, &directory, &[]), &["no gateway's data", &directory.path().to_string_lossy()]);
    }
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0, "nothing is made");
    let server = Server::start(&[]);
    let directory = server.directory().clone();
    assert_eq!(server.stop().code, Some(0));
    is_refused(&run("rail-records", &directory, &["--mode=live"]), &["no simulated rail's record", "live has none"]);
    is_refused(&run("ledger", &directory, &["--mode=live"]), &["no live store"]);
    let empty = run("rail-records", &directory, &[]);
    assert!(empty.status.success() && empty.stdout.is_empty());
    assert!(String::from_utf8_lossy(&empty.stderr).contains("no attempts on record"));
}

#[test]
fn what_they_show_is_there() {
    let server = Server::start(&[]);
    let partner = server.demo();
    let payment = partner.start(Kind::PayIn, "100.00");
    partner.wait_for_payment(&payment, "settled");
    let directory = server.directory().clone();
    assert_eq!(server.stop().code, Some(0));
    for command in ["rail-records", "ledger"] {
        let output = run(command, &directory, &[]);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(text.contains(payment["id"].as_str().unwrap()), "{command}: {text}");
        assert!(output.stderr.is_empty());
    }
}

/// An operator who has lost the first token is told so, and makes another one; the lost one is worth nothing then.
#[test]
fn a_lost_operator_token_is_made_anew() {
    let server = Server::start(&[]);
    let (lost, directory) = (server.operator().token().to_owned(), server.directory().clone());
    assert!(server.log().out().contains("token in "), "{}", server.log().out());
    assert_eq!(server.stop().code, Some(0));
    std::fs::remove_file(directory.file("operator-token")).unwrap();
    let server = Server::start_in(&directory, &[]);
    let said = server.log().out();
    assert!(said.contains("operator-token is gone") && said.contains("causeway operator-token --data-dir"), "{said}");
    let list = Request::get("/operator/accounts");
    assert_eq!(server.operator().send(&list.clone().bearer(&lost)).status, 200, "the file is gone, not the token");
    assert_eq!(server.stop().code, Some(0));
    let made = run("operator-token", &directory, &[]);
    let said = String::from_utf8(made.stdout).unwrap();
    assert!(made.status.success() && said.contains("operator-token"), "{said}");
    let server = Server::start_in(&directory, &[]);
    let token = server.operator().token();
    assert!(token != lost && !said.contains(token));
    assert_eq!(server.operator().send(&list.clone().bearer(token)).status, 200);
    assert_eq!(server.operator().send(&list.bearer(&lost)).status, 401);
    let audit = std::fs::read_to_string(directory.file("operator-audit.jsonl")).unwrap();
    assert!(audit.contains("renew_first_token"), "{audit}");
}
