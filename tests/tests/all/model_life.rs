//! The life of a model: registered, shadow, canary, live, retired, and the way back, while payments run.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use causeway_tests::operator::Operator;
use causeway_tests::partner::{Kind, Partner};
use causeway_tests::poll::{SOON, poll};
use causeway_tests::program::{causeway, repository};
use causeway_tests::server::{DataDir, Server};
use serde_json::{Value, json};

/// A package with the model of the one that is shipped, under this version.
pub fn package(directory: &DataDir, version: u32) -> PathBuf {
    let folder = directory.file(&format!("package-{version}"));
    fs::create_dir_all(&folder).unwrap();
    for entry in fs::read_dir(repository().join("models/baseline/2")).unwrap().flatten() {
        fs::copy(entry.path(), folder.join(entry.file_name())).unwrap();
    }
    let manifest = fs::read_to_string(folder.join("manifest.toml")).unwrap();
    let lines = manifest
        .lines()
        .map(|line| if line.starts_with("version =") { format!("version = {version}") } else { line.to_owned() });
    fs::write(folder.join("manifest.toml"), lines.collect::<Vec<_>>().join("\n") + "\n").unwrap();
    folder
}

pub fn register(operator: &Operator, folder: &Path) -> Value {
    let body = json!({ "mode": "sandbox", "directory": folder, "reason": "a new one" });
    operator.done("POST", "/operator/models", &body)
}

pub fn step(operator: &Operator, version: u32, step: &str, more: Value) -> Value {
    operator.done("POST", &format!("/operator/models/baseline/{version}/{step}"), &with_reason(more))
}

fn rollback(operator: &Operator) -> Value {
    operator.done("POST", "/operator/models/rollback", &with_reason(json!({})))
}

fn with_reason(mut body: Value) -> Value {
    body["mode"] = "sandbox".into();
    body["reason"] = "as the test wants".into();
    body
}

fn models(operator: &Operator) -> Value {
    operator.done("GET", "/operator/models?mode=sandbox", &Value::Null)
}

fn model(operator: &Operator, version: u32) -> Value {
    operator.done("GET", &format!("/operator/models/baseline/{version}?mode=sandbox"), &Value::Null)
}

/// Starts a payment; as which arm and by which version it was decided.
fn decided(operator: &Operator, partner: &Partner) -> (String, String) {
    let payment = partner.start(Kind::PayIn, "60.00");
    let path = format!("/operator/payments/{}/decision", payment["id"].as_str().unwrap());
    let decision = operator.done("GET", &path, &Value::Null);
    assert_eq!(decision["features"]["is_card"].as_f64().map(|flag| flag <= 1.0), Some(true), "{decision}");
    let text = |value: &Value| value.as_str().unwrap_or("none").to_owned();
    (text(&decision["arm"]), text(&decision["model"]["version"]))
}

fn by(arm: &str, version: &str) -> (String, String) {
    (arm.to_owned(), version.to_owned())
}

#[test]
fn a_model_lives_from_registered_to_retired_and_a_rollback_takes_effect_on_the_next_payment() {
    let packages = DataDir::new();
    let server = Server::start(&[]);
    let (operator, partner) = (server.operator(), server.demo());
    assert_eq!(decided(operator, &partner), by("live", "2"), "what is shipped is live at the first start");
    let made = register(operator, &package(&packages, 7));
    assert_eq!((&made["stage"], &made["version"]), (&json!("registered"), &json!(7)));

    step(operator, 7, "shadow", json!({}));
    assert_eq!(decided(operator, &partner), by("live", "2"));
    let shadow = poll(SOON, "the shadow scores", || {
        let shadow = model(operator, 7)["shadow"].clone();
        if shadow["scored"].as_u64() == Some(0) {
            decided(operator, &partner);
        }
        (shadow["scored"].as_u64()? > 0).then_some(shadow)
    });
    // The live model's own word, whatever the sandbox made of it.
    assert!(shadow["agreement"][0]["live"].is_string() && shadow["agreement"][0]["shadow"].is_string(), "{shadow}");
    assert_eq!((&shadow["against"], &shadow["quarantine"]), (&json!("baseline 2"), &Value::Null), "{shadow}");

    step(operator, 7, "canary", json!({ "share": 100, "by": "persons" }));
    assert_eq!(decided(operator, &partner), by("canary", "7"));
    assert_eq!(rollback(operator)["canary"], Value::Null);
    assert_eq!(decided(operator, &partner), by("live", "2"));

    let plan = step(operator, 7, "promote", json!({}));
    assert_eq!((&plan["live"], &plan["before"]), (&json!("baseline 7"), &json!("baseline 2")));
    assert_eq!(decided(operator, &partner), by("live", "7"));
    // In the middle of its life the program dies; it goes on where it was.
    let directory = server.directory().clone();
    server.kill();
    fs::remove_dir_all(packages.path()).unwrap();
    let server = Server::start_in(&directory, &[]);
    let (operator, partner) = (server.operator(), partner.at(&server));
    assert_eq!(decided(operator, &partner), by("live", "7"));
    rollback(operator);
    assert_eq!(decided(operator, &partner), by("live", "2"));
    step(operator, 7, "retire", json!({}));
    assert_eq!(model(operator, 7)["stage"], "retired");
    assert_eq!(model(operator, 7)["shadow"], Value::Null, "what it said as a shadow is nothing of what it does now");
    let audit = fs::read_to_string(directory.file("operator-audit.jsonl")).unwrap();
    for said in [
        "baseline 7: new -> registered",
        "way back: the fallback rules -> baseline 2",
        "baseline 7: shadow -> canary 100 % of persons",
        "as the test wants",
    ] {
        assert!(audit.contains(said), "{said} in {audit}");
    }
}

#[test]
fn a_bad_package_is_refused_while_payments_run_and_the_model_goes_on() {
    let packages = DataDir::new();
    let server = Server::start(&[]);
    let (operator, partner) = (server.operator(), server.demo());
    let bad = package(&packages, 8);
    let mut bytes = fs::read(bad.join("model.onnx")).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(bad.join("model.onnx"), bytes).unwrap();
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let paying = scope.spawn(|| {
            let mut arms = Vec::new();
            while !is_over.load(Ordering::Relaxed) {
                arms.push(decided(operator, &partner));
            }
            arms
        });
        let body = json!({ "mode": "sandbox", "directory": bad, "reason": "by mistake" });
        let refused = operator.call("POST", "/operator/models", &body);
        is_over.store(true, Ordering::Relaxed);
        assert_eq!(refused.status, 400, "{}", refused.text());
        assert!(refused.text().contains("SHA-256"), "{}", refused.text());
        let arms = paying.join().unwrap();
        assert!(arms.iter().all(|arm| *arm == by("live", "2")), "{arms:?}");
    });
    assert_eq!(models(operator)["models"].as_array().unwrap().len(), 1);
    // The same version with other bytes.
    let good = package(&packages, 9);
    register(operator, &good);
    register(operator, &good);
    let manifest = fs::read_to_string(good.join("manifest.toml")).unwrap();
    fs::write(good.join("manifest.toml"), format!("{manifest}# another\n")).unwrap();
    let body = json!({ "mode": "sandbox", "directory": good, "reason": "once more" });
    let other = operator.call("POST", "/operator/models", &body);
    assert!(other.status == 400 && other.text().contains("other bytes"), "{}", other.text());
    for (path, body) in [
        ("/operator/models/baseline/9/canary", with_reason(json!({ "share": 0.01 }))),
        ("/operator/models/baseline/9/shadow", json!({ "mode": "sandbox", "reason": " " })),
        ("/operator/models/baseline/x/shadow", with_reason(json!({}))),
        ("/operator/models/baseline/2/retire", with_reason(json!({}))),
        ("/operator/models", json!({ "mode": "sandbox", "directory": "relative", "reason": "x" })),
    ] {
        let status = operator.call("POST", path, &body).status;
        assert!([400, 404, 409].contains(&status), "{path}: {status}");
    }
}

#[test]
fn a_canary_that_is_cut_off_is_rolled_back_by_itself() {
    let packages = DataDir::new();
    // No model is as quick as that: whatever runs is cut off.
    let server = Server::start(&["--model-budget=1us"]);
    let (operator, partner) = (server.operator(), server.demo());
    register(operator, &package(&packages, 7));
    step(operator, 7, "canary", json!({ "share": 100 }));
    poll(SOON, "the canary is rolled back", || {
        decided(operator, &partner);
        models(operator)["canary"].is_null().then_some(())
    });
    // The plan is told as soon as it is durable, what is counted and written down a moment later.
    let expected = "causeway_model_rollbacks_total{mode=\"sandbox\",reason=\"quarantined\"} 1";
    poll(SOON, "it is counted and told", || {
        let is_counted = operator.call("GET", "/metrics", &Value::Null).text().contains(expected);
        (is_counted && server.log().error().contains("event=model_rolled_back")).then_some(())
    });
    let audit = fs::read_to_string(server.directory().file("operator-audit.jsonl")).unwrap();
    let own = audit.lines().find(|line| line.contains("rollback_model")).unwrap();
    assert!(own.contains("\"operator\":\"causeway\"") && own.contains("baseline 7: canary"), "{own}");
}

/// The gateway has nothing to go back to: an operator lets the model begin anew, and the log tells of each time.
#[test]
fn a_live_model_that_is_cut_off_begins_anew_with_a_promotion() {
    let server = Server::start(&["--model-budget=1us"]);
    let (operator, partner) = (server.operator(), server.demo());
    let cut_off = |other: &Value| {
        poll(SOON, "the model is cut off", || {
            decided(operator, &partner);
            let since = model(operator, 2)["health"]["quarantine"]["since"].clone();
            (since.is_string() && since != *other).then_some(since)
        })
    };
    let told = |times: usize| {
        poll(SOON, "the log says so", || {
            (server.log().error().matches("event=model_quarantined").count() == times).then_some(())
        });
    };
    let first = cut_off(&Value::Null);
    told(1);
    step(operator, 2, "promote", json!({}));
    cut_off(&first);
    told(2);
    let audit = fs::read_to_string(server.directory().file("operator-audit.jsonl")).unwrap();
    assert!(audit.contains("\"baseline 2: loaded anew\""), "{audit}");
}

/// What was lost is put back while payments run.
#[test]
fn a_live_model_that_is_gone_says_so_and_comes_back_with_a_promotion() {
    let server = Server::start(&[]);
    let directory = server.directory().clone();
    server.kill();
    let (package, aside) = (directory.file("sandbox/models/baseline/2"), directory.file("aside"));
    fs::rename(&package, &aside).unwrap();
    let server = Server::start_in(&directory, &[]);
    let (operator, partner) = (server.operator(), server.demo());
    let shown = model(operator, 2);
    assert!(shown["not_loaded"].is_string() && shown["health"].is_null(), "{shown}");
    let refused = operator.call("POST", "/operator/models/baseline/2/promote", &with_reason(json!({})));
    assert_eq!(refused.status, 409, "{}", refused.text());
    fs::rename(&aside, &package).unwrap();
    step(operator, 2, "promote", json!({}));
    assert_eq!(model(operator, 2)["not_loaded"], Value::Null);
    assert_eq!(decided(operator, &partner), by("live", "2"));
}

/// Whoever watches a shadow learns why it is silent, and can let it begin anew.
#[test]
fn a_shadow_that_is_cut_off_says_why() {
    let packages = DataDir::new();
    let server = Server::start(&["--model-budget=1us"]);
    let (operator, partner) = (server.operator(), server.demo());
    register(operator, &package(&packages, 7));
    step(operator, 7, "shadow", json!({}));
    let reason = poll(SOON, "the shadow is cut off", || {
        decided(operator, &partner);
        Some(model(operator, 7)["shadow"]["quarantine"]["reason"].as_str()?.to_owned())
    });
    assert!(reason.contains("1µs"), "{reason}");
    assert!(model(operator, 7)["shadow"]["last_error"].as_str().is_some_and(|error| error.contains("1µs")));
    let told = format!("the shadow baseline 7 is cut off and scores nothing more: {reason}");
    poll(SOON, "the log says so", || server.log().error().contains(&told).then_some(()));
    let report = operator.call("GET", "/operator/models/baseline/7/report?mode=sandbox", &Value::Null).text();
    assert!(report.contains("It is cut off and not run any more"), "{report}");
    let since = model(operator, 7)["shadow"]["quarantine"]["since"].clone();
    ["retire", "shadow"].iter().for_each(|name| drop(step(operator, 7, name, json!({}))));
    poll(SOON, "it begins anew, and is soon cut off once more", || {
        decided(operator, &partner);
        let shadow = model(operator, 7)["shadow"].clone();
        (shadow.is_object() && shadow["quarantine"]["since"] != since).then_some(())
    });
}

#[test]
fn the_command_line_does_the_same() {
    let packages = DataDir::new();
    let server = Server::start(&[]);
    let (operator, partner) = (server.operator(), server.demo());
    let url = format!("http://{}", server.operator_address());
    let token = server.directory().file("operator-token");
    let run = |words: &[&str]| {
        let mut command = causeway();
        command
            .arg("model")
            .args(words)
            .args(["--operator-url", &url, "--mode", "sandbox", "--token-file"])
            .arg(&token);
        let done = command.output().unwrap();
        (done.status.success(), String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned())
    };
    let done = |words: &[&str]| {
        let (is_done, said) = run(words);
        assert!(is_done, "{words:?}: {said}");
        said
    };
    let folder = package(&packages, 7);
    let because = ["--reason", "a trial"];
    done(&[&["register", folder.to_str().unwrap()][..], &because].concat());
    let said = done(&[&["canary", "baseline", "7", "--share", "100", "--by", "accounts"][..], &because].concat());
    assert!(said.contains("canary 100 % of accounts"), "{said}");
    assert_eq!(decided(operator, &partner), by("canary", "7"));
    done(&[&["promote", "baseline", "7"][..], &because].concat());
    assert_eq!(decided(operator, &partner), by("live", "7"));
    done(&[&["rollback"][..], &because].concat());
    assert_eq!(decided(operator, &partner), by("live", "2"));
    let list = done(&["list"]);
    assert!(list.contains("baseline") && list.contains("retired") && list.contains("live"), "{list}");
    assert!(done(&["show", "baseline", "7"]).contains("sha256"));
    let (is_done, said) = run(&[&["promote", "baseline", "99"][..], &because].concat());
    assert!(!is_done && said.contains("no such model"), "{said}");
    let (is_done, said) = run(&["promote", "baseline", "7"]);
    assert!(!is_done && said.contains("--reason"), "{said}");
}
