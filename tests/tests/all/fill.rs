//! A history that the lab has filled in: served like any other data, balanced, and the same as its CSV.

use std::path::Path;
use std::process::{Child, Output, Stdio};

use causeway_tests::partner::{Kind, Partner};
use causeway_tests::poll::{SOON, poll};
use causeway_tests::server::{DataDir, Server, spawn};
use causeway_tests::{ledger, program};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

const PAYMENTS: usize = 400;

/// A row of payments.csv by the names of its columns.
struct Table {
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    fn read(path: &Path) -> Table {
        let text = std::fs::read_to_string(path).unwrap();
        let mut lines = text.lines().map(|line| line.split(',').map(str::to_owned).collect());
        Table { columns: lines.next().unwrap(), rows: lines.collect() }
    }

    fn field<'a>(&self, row: &'a [String], column: &str) -> &'a str {
        &row[self.columns.iter().position(|name| name == column).unwrap()]
    }

    /// These columns of the rows in which `column` is `value`.
    fn rows_of(&self, column: &str, value: &str, columns: &[&str]) -> Vec<Vec<String>> {
        let own = self.rows.iter().filter(|row| self.field(row, column) == value);
        own.map(|row| columns.iter().map(|column| self.field(row, column).to_owned()).collect()).collect()
    }
}

fn fill(directory: &DataDir, words: &[&str]) -> Output {
    let mut lab = program::lab();
    lab.arg("fill").arg("--data-dir").arg(directory.path());
    lab.args(["--payments", &PAYMENTS.to_string(), "--seed", "5", "--days", "20"]).args(words).output().unwrap()
}

/// The filler with another number of payments.
fn lab(words: &[&str], payments: usize) -> Output {
    let mut lab = program::lab();
    lab.args(["fill", "--payments", &payments.to_string(), "--seed", "5"]).args(words).output().unwrap()
}

fn error(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// All sessions of a partner, page by page.
fn sessions(partner: &Partner) -> Vec<Value> {
    let mut found: Vec<Value> = Vec::new();
    loop {
        let after = found.last().map(|last| format!("&starting_after={}", last["id"].as_str().unwrap()));
        let page = partner.get(&format!("/v1/gate_sessions?limit=100{}", after.unwrap_or_default())).expect(200);
        found.extend(page["data"].as_array().unwrap().iter().cloned());
        if page["has_more"] == false {
            return found;
        }
    }
}

#[test]
fn a_filled_history_is_served_and_balances_and_is_what_its_csv_says() {
    let (directory, tables) = (DataDir::new(), DataDir::new());
    let output = fill(&directory, &["--csv", &tables.path().to_string_lossy()]);
    assert!(output.status.success(), "{}", error(&output));
    assert!(String::from_utf8_lossy(&output.stdout).contains("400 payments"));
    assert_eq!(ledger::checked(&directory, "sandbox"), PAYMENTS);
    let table = Table::read(&tables.file("payments.csv"));
    assert_eq!(table.rows.len(), PAYMENTS);

    let server = Server::start_in(&directory, &[]);
    let demo = server.demo();
    let found = sessions(&demo);
    compare_sessions(&found, &table, &demo.account);
    compare_transactions(&demo, &found, &table);
    let payment = demo.start(Kind::PayIn, "30.00");
    demo.wait_for_payment(&payment, "settled");
    assert_eq!(server.stop().code, Some(0));
    assert_eq!(ledger::checked(&directory, "sandbox"), PAYMENTS + 1);
}

/// A session completed when its payment settled, and expired otherwise.
fn compare_sessions(found: &[Value], table: &Table, account: &str) {
    let mut expected = table.rows_of("partner", account, &["customer", "amount", "currency", "wallet", "outcome"]);
    for row in &mut expected {
        row[4] = if row[4] == "settled" { "completed" } else { "expired" }.to_owned();
    }
    let names = ["user_reference", "amount", "currency", "wallet_address", "status"];
    let row = |session: &Value| names.map(|name| session[name].as_str().unwrap().to_owned()).to_vec();
    let mut found: Vec<Vec<String>> = found.iter().map(row).collect();
    expected.sort_unstable();
    found.sort_unstable();
    assert!(found.len() > 50, "{} sessions of the demo partner", found.len());
    assert_eq!(found, expected);
}

fn compare_transactions(partner: &Partner, sessions: &[Value], table: &Table) {
    let columns = ["amount", "asset", "asset_amount", "method", "side"];
    let settled = table.rows_of("outcome", "settled", &columns);
    let completed: Vec<&Value> = sessions.iter().filter(|session| session["status"] == "completed").collect();
    for session in completed.iter().take(20) {
        let path = format!("/v1/transactions/{}", session["tx_refid"].as_str().unwrap());
        let transaction = partner.get(&path).expect(200);
        assert_eq!((&transaction["status"], &transaction["session_id"]), (&"completed".into(), &session["id"]));
        let names = ["fiat_amount", "token", "token_amount", "payment_method", "action"];
        let row = names.map(|name| transaction[name].as_str().unwrap().to_owned());
        assert!(settled.iter().any(|settled| settled[..] == row), "{transaction}");
    }
}

#[test]
fn a_directory_with_something_in_it_is_not_filled() {
    let directory = DataDir::new();
    std::fs::write(directory.file("thesis.tex"), "x").unwrap();
    let output = fill(&directory, &["--no-model"]);
    let said = error(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("is not empty") && said.lines().count() == 1, "{said}");
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
}

/// Rings last for days: in a short period they are shorter, and nothing is cut off.
#[test]
fn a_short_period_holds_all_payments() {
    let tables = DataDir::new();
    let folder = tables.path().to_string_lossy().into_owned();
    let words = ["--days=2", "--plant=none,ring=0.1,burst=0.000001", "--csv", &folder];
    let output = lab(&words, 20_000);
    assert!(output.status.success(), "{}", error(&output));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("20,000 payments in") && said.contains("planted is no burst"), "{said}");
    assert_eq!(Table::read(&tables.file("payments.csv")).rows.len(), 20_000);
    let labels = Table::read(&tables.file("labels.csv"));
    assert_eq!(labels.rows_of("pattern", "ring", &["id"]).len(), 2_000);
}

#[test]
fn the_tables_can_be_loaded_as_their_description_says() {
    let tables = DataDir::new();
    let output = lab(&["--days=20", "--plant=ring=0.02", "--csv", &tables.path().to_string_lossy()], 500);
    assert!(output.status.success(), "{}", error(&output));
    let readme = std::fs::read_to_string(tables.file("README.md")).unwrap();
    let code = readme.split("```python\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let shown = format!("{code}\nprint(len(X), sum(y), {{len(features) for features in X}})\n");
    let mut python = std::process::Command::new(program::python());
    let output = python.arg("-c").arg(shown).current_dir(tables.path()).output().unwrap();
    assert!(output.status.success(), "{}", error(&output));
    let labels = Table::read(&tables.file("labels.csv"));
    let known = labels.rows.iter().filter(|row| !labels.field(row, "label_time").is_empty());
    let frauds = known.clone().filter(|row| labels.field(row, "is_fraud") == "1").count();
    let expected = format!("{} {frauds} {{7}}\n", known.count());
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
}

/// What is half there is never served as if it were all.
#[test]
fn an_interrupted_fill_is_refused_by_every_command() {
    let directory = DataDir::new();
    let mut filling = Filling::start(&directory);
    let marker = directory.file("UNFINISHED-FILL");
    let store = directory.file("sandbox").join("store/bulk");
    poll(SOON, "rows are written", || std::fs::read_dir(&store).ok()?.next()?.ok());
    assert!(marker.is_file());
    filling.terminate();
    assert!(std::fs::read_to_string(&marker).unwrap().contains("cut short"));

    let exit = spawn(&directory, &[]).wait(SOON);
    assert!(exit.code == Some(1) && exit.error.contains("UNFINISHED-FILL"), "{exit}");
    for command in ["ledger", "compact", "rail-records", "operator-token"] {
        let output = program::causeway().arg(command).arg("--data-dir").arg(directory.path()).output().unwrap();
        let said = error(&output);
        assert_eq!(output.status.code(), Some(1), "{command}: {said}");
        assert!(said.contains("fill again into a new one") && said.lines().count() == 1, "{command}: {said}");
    }
    let again = fill(&directory, &["--no-model"]);
    assert!(again.status.code() == Some(2) && error(&again).contains("is not empty"), "{}", error(&again));
}

/// A fill that would take long. Dropped, it is stopped.
struct Filling(Child);

impl Filling {
    fn start(directory: &DataDir) -> Filling {
        let mut lab = program::lab();
        lab.args(["fill", "--no-model", "--payments=20000000", "--data-dir"]).arg(directory.path());
        Filling(lab.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }

    fn terminate(&mut self) {
        kill_process(Pid::from_child(&self.0), Signal::TERM).unwrap();
        assert!(!self.0.wait().unwrap().success());
    }
}

impl Drop for Filling {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn tables_and_data_directory_are_apart() {
    let directory = DataDir::new();
    let inside = directory.file("tables");
    for csv in [directory.path(), &inside] {
        let output = fill(&directory, &["--no-model", "--csv", &csv.to_string_lossy()]);
        let said = error(&output);
        assert!(output.status.code() == Some(2) && said.contains("one lies in the other"), "{said}");
    }
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}
