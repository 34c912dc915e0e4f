//! What documents say about the code is so: modules, tests and decisions that they name exist.

use std::collections::BTreeSet;

use super::order::modules;
use super::source::tests;
use super::{none, rust_files, texts};
use crate::setup::rocksdb::MINUTES;

/// Where the tests lie that documents may name.
const TESTED: [&str; 4] = ["core/", "control/", "tests/", "tools/lab/"];

#[test]
fn the_map_has_every_module_of_core_in_the_order_of_use() {
    let section = section("ARCHITECTURE.md", "### core");
    let rows: Vec<Vec<&str>> = rows(&section).map(|row| in_backticks(row[0])).collect();
    let (listed, order) = (rows.concat(), modules("core"));
    same_names("core", &listed, &order);
    let row_of = |module: &String| rows.iter().position(|row| row.contains(&module.as_str()));
    let against = order.windows(2).filter(|pair| row_of(&pair[0]) > row_of(&pair[1]));
    let told = against.map(|pair| format!("`{}` stands before `{}` in core/src/lib.rs", pair[0], pair[1]));
    none(told.collect(), "bring the rows of ARCHITECTURE.md and core/src/lib.rs into one order");
}

#[test]
fn the_map_has_every_module_of_control() {
    let section = section("ARCHITECTURE.md", "### control");
    let listed: Vec<&str> = in_backticks(&section).into_iter().filter(|word| is_identifier(word)).collect();
    same_names("control", &listed, &modules("control"));
}

#[test]
fn every_invariant_names_tests_that_exist() {
    let section = section("ARCHITECTURE.md", "## What must always hold");
    let untested = rows(&section).filter(|row| row.last().is_none_or(|cell| in_backticks(cell).is_empty()));
    none(untested.map(|row| row.join(" | ")).collect(), "name the test that shows it");
    let named: Vec<&str> = in_backticks(&section).into_iter().filter(|word| is_identifier(word)).collect();
    assert!(!named.is_empty(), "ARCHITECTURE.md names no test");
    exist(&named, "ARCHITECTURE.md");
}

#[test]
fn every_enforced_number_names_a_test_that_exists() {
    let text = document("SPECIFICATION.md");
    let enforced = text.lines().filter_map(|line| line.split_once("enforced:")).map(|(_, how)| how);
    let named: Vec<&str> = enforced.flat_map(in_backticks).filter(|word| is_identifier(word)).collect();
    exist(&named, "SPECIFICATION.md");
}

#[test]
fn the_readme_and_the_help_give_rocksdb_the_same_minutes() {
    let row = format!("| RocksDB, once per machine | {MINUTES} |");
    assert!(document("README.md").lines().any(|line| line == row), "README.md has no row {row}");
}

#[test]
fn decisions_are_numbered_without_a_gap() {
    let names: Vec<String> = texts(&[""])
        .filter_map(|(path, _)| path.strip_prefix("docs/decisions/").map(str::to_owned))
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let wrong = names.iter().enumerate().filter(|(index, name)| !is_decision(name, index + 1));
    let told = wrong.map(|(index, name)| format!("{name}: expected {:04}-title.md", index + 1));
    none(told.collect(), "name the decisions NNNN-title.md and number them one after another");
}

/// The module names of a document and of a package are the same.
fn same_names(package: &str, listed: &[&str], modules: &[String]) {
    let missing = modules.iter().filter(|module| !listed.contains(&module.as_str()));
    none(missing.cloned().collect(), &format!("ARCHITECTURE.md does not name these modules of {package}"));
    let gone = listed.iter().filter(|name| !modules.iter().any(|module| module == *name));
    none(
        gone.map(|name| (*name).to_owned()).collect(),
        &format!("ARCHITECTURE.md names modules that {package} has not"),
    );
}

fn exist(named: &[&str], document: &str) {
    let files = rust_files().filter(|(path, _)| TESTED.iter().any(|folder| path.starts_with(folder)));
    let existing: BTreeSet<String> = files.flat_map(|(_, text)| tests(&text)).collect();
    let missing = named.iter().filter(|name| !existing.contains(**name)).map(|name| (*name).to_owned());
    none(missing.collect(), &format!("{document} names tests that are not there"));
}

fn document(name: &str) -> String {
    texts(&[".md"]).find(|(path, _)| path == name).map(|(_, text)| text).unwrap_or_else(|| panic!("{name} is missing"))
}

/// What stands below the heading that starts like this, until the next heading.
fn section(name: &str, heading: &str) -> String {
    let text = document(name);
    let mut lines = text.lines().skip_while(|line| !line.starts_with(heading));
    assert!(lines.next().is_some(), "{name} has no heading {heading}");
    lines.take_while(|line| !line.starts_with('#')).map(|line| format!("{line}\n")).collect()
}

/// The cells of each row of the section's table, without its head.
fn rows(section: &str) -> impl Iterator<Item = Vec<&str>> {
    let lines = section.lines().filter(|line| line.starts_with('|'));
    lines.skip(2).map(|line| line.trim().trim_matches('|').split('|').map(str::trim).collect())
}

fn in_backticks(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

fn is_identifier(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

fn is_decision(name: &str, number: usize) -> bool {
    let title = name.strip_prefix(&format!("{number:04}-")).and_then(|rest| rest.strip_suffix(".md"));
    title.is_some_and(|title| {
        !title.is_empty() && title.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    })
}

#[test]
fn tables_are_read_by_row_and_cell() {
    let text = "Words.\n\n| a | b |\n|---|---|\n| `one` `two` | x |\n| `three` | y |\n";
    let found: Vec<Vec<&str>> = rows(text).collect();
    assert_eq!(found, [["`one` `two`", "x"], ["`three`", "y"]]);
    assert_eq!(in_backticks(found[0][0]), ["one", "two"]);
}

#[test]
fn decisions_have_a_number_and_a_title() {
    assert!(is_decision("0007-a-title.md", 7));
    for wrong in ["0008-a-title.md", "7-a-title.md", "0007-.md", "0007-a-title.txt", "0007 a title.md"] {
        assert!(!is_decision(wrong, 7), "{wrong}");
    }
}
