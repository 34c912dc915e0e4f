//! The same options write the same bytes, and the tables hold what the history tells.

use std::collections::BTreeMap;

use super::*;
use crate::fill::generate::VERSION;
use crate::fill::generate::tests::history;

fn written(payments: u64, seed: u64) -> BTreeMap<String, String> {
    let folder = tempfile::tempdir().unwrap();
    let history = history(payments, seed, "ring=0.02,stolen-device=0.02,burst=0.02,outage=0.01");
    let mut tables = Tables::create(folder.path(), &history).unwrap();
    history.for_each(|story| tables.add(&story).unwrap());
    tables.finish().unwrap();
    let file = |entry: io::Result<fs::DirEntry>| {
        let entry = entry.unwrap();
        (entry.file_name().into_string().unwrap(), fs::read_to_string(entry.path()).unwrap())
    };
    fs::read_dir(folder.path()).unwrap().map(file).collect()
}

/// FNV-1a: what is written down here must not depend on a library.
fn fingerprint(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// When this fails, a seed no longer means what it meant: give the generator a new version and write down the new numbers.
/// The shipped catalogue is part of it.
#[test]
fn the_same_seed_writes_the_same_bytes_for_ever() {
    let first = written(2_000, 7);
    assert_eq!(first, written(2_000, 7));
    let names: Vec<&str> = first.keys().map(String::as_str).collect();
    assert_eq!(names, ["README.md", "labels.csv", "outages.csv", "payments.csv"]);
    let fingerprints = ["payments.csv", "labels.csv", "outages.csv"].map(|name| fingerprint(&first[name]));
    assert_eq!(
        (VERSION, fingerprints),
        (2, [14_793_475_636_221_681_544, 6_884_540_012_094_922_870, 13_893_519_270_792_694_259])
    );
    assert_ne!(first["payments.csv"], written(2_000, 8)["payments.csv"]);
}

/// The description comes last, so that tables that were cut short have none, and it tells what is planted.
#[test]
fn complete_tables_are_described() {
    let folder = tempfile::tempdir().unwrap();
    let history = history(1_500, 3, "none,ring=0.02,burst=0.0001");
    assert_eq!(history.not_planted(), ["burst"]);
    let mut tables = Tables::create(folder.path(), &history).unwrap();
    let readme = folder.path().join("README.md");
    history.for_each(|story| tables.add(&story).unwrap());
    assert!(!readme.exists());
    assert_eq!(tables.rows(), 1_500);
    tables.finish().unwrap();
    let text = fs::read_to_string(readme).unwrap();
    for part in
        ["| ring | 30 |", "| burst | 0 |", "about 3.6 % from abroad", "1.4 % of the honest", "0.8 % of the payments"]
    {
        assert!(text.contains(part), "{part} is not in {text}");
    }
}

#[test]
fn every_row_has_every_column_and_a_label() {
    let files = written(500, 3);
    for (name, columns) in
        [("payments.csv", PAYMENTS.len()), ("labels.csv", LABELS.len()), ("outages.csv", OUTAGES.len())]
    {
        assert!(files[name].lines().all(|line| line.split(',').count() == columns), "{name}");
        let header = files[name].lines().next().unwrap();
        assert!(header.split(',').all(|column| files["README.md"].contains(&format!("| `{column}` |"))), "{name}");
    }
    let ids = |name: &str| files[name].lines().skip(1).map(|line| line.split(',').next().unwrap().to_owned());
    assert_eq!(files["payments.csv"].lines().count(), 501);
    assert!(ids("payments.csv").eq(ids("labels.csv")) && ids("payments.csv").is_sorted());
}

#[test]
fn money_is_written_with_every_digit_of_its_unit() {
    let files = written(500, 3);
    let column = |name: &str| PAYMENTS.iter().position(|(column, _)| *column == name).unwrap();
    for line in files["payments.csv"].lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let decimals = |name: &str| fields[column(name)].split_once('.').map(|(_, decimals)| decimals.len());
        let of_asset = if matches!(fields[column("asset")], "BTC" | "ETH") { 8 } else { 6 };
        assert_eq!((decimals("amount"), decimals("asset_amount")), (Some(2), Some(of_asset)), "{line}");
    }
}
