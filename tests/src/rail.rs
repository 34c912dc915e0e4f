//! The simulated rail's own record, read from a data directory whose gateway is stopped.

use serde_json::Value;

use crate::program;
use crate::server::DataDir;

/// One attempt as the rail has it.
#[derive(Clone, Debug)]
pub struct Record {
    /// The payment.
    pub payment: String,
    /// Whose it is.
    pub account: String,
    /// Which try of its payment it is, from 1.
    pub number: u64,
    /// The corridor.
    pub corridor: String,
    /// `accepted`, `settled`, `soft_failed`, `rejected` or `cancelled`.
    pub state: String,
    /// How much fiat.
    pub fiat_amount: String,
    /// How much of the asset.
    pub crypto_amount: String,
}

/// All attempts that the rail of `mode` knows, in the order of their numbers within a payment.
pub fn records(directory: &DataDir, mode: &str) -> Vec<Record> {
    let mut command = program::causeway();
    command.arg("rail-records").arg("--data-dir").arg(directory.path());
    let output = command.args(["--mode", mode]).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "rail-records: {error}");
    let lines = String::from_utf8(output.stdout).unwrap();
    let mut records: Vec<Record> = lines.lines().map(record).collect();
    records.sort_by(|a, b| (&a.payment, a.number).cmp(&(&b.payment, b.number)));
    records
}

fn record(line: &str) -> Record {
    let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    let text = |name: &str| line[name].as_str().unwrap_or_else(|| panic!("no {name} in {line}")).to_owned();
    Record {
        payment: text("payment"),
        account: text("account"),
        number: line["number"].as_u64().unwrap_or_default(),
        corridor: text("corridor"),
        state: text("state"),
        fiat_amount: text("fiat_amount"),
        crypto_amount: text("crypto_amount"),
    }
}
