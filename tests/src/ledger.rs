//! The books, read and checked in a data directory whose gateway is stopped.

use serde_json::Value;

use crate::program;
use crate::server::DataDir;

/// How many payments the books of `mode` hold. Fails when a posting set does not sum to zero, when a balance is not the sum
/// of its postings, or when a payment's postings are not those of its status.
pub fn checked(directory: &DataDir, mode: &str) -> usize {
    let mut command = program::causeway();
    command.arg("ledger").arg("--data-dir").arg(directory.path());
    let output = command.args(["--mode", mode]).output().unwrap();
    assert!(output.status.success(), "ledger: {}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().map(|line| check(&serde_json::from_str(line).unwrap())).count()
}

fn check(payment: &Value) {
    let sets = payment["sets"].as_array().unwrap();
    let phases: Vec<&str> = sets.iter().filter_map(|set| set["phase"].as_str()).collect();
    let was_routed = payment["attempts"].as_array().is_some_and(|attempts| !attempts.is_empty());
    let expected: &[&str] = match (was_routed, payment["status"].as_str()) {
        (false, _) => &[],
        (true, Some("processing")) => &["Started"],
        (true, Some("settled")) => &["Started", "Settled"],
        (true, _) => &["Started", "Reversed"],
    };
    assert_eq!(phases, expected, "{payment}");
}
