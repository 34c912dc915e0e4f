//! `cargo xtask test --full`: the long parts. Each notes date, commit and result in `SPECIFICATION.md`, so that a run that
//! was interrupted goes on with the parts that this commit has not passed yet.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::failure::{During, Failure};
use crate::paths;
use crate::process;
use crate::setup::TestTools;
use crate::test;

/// One long part: black-box tests with more work than an ordinary run gives them.
struct Part {
    name: &'static str,
    about: &'static str,
    /// The tests whose names contain this.
    filter: &'static str,
    /// What makes them long.
    environment: &'static [(&'static str, &'static str)],
}

const PARTS: [Part; 1] = [Part {
    name: "kill",
    about: "1,000 kills under load, nothing acknowledged lost",
    filter: "long_kills",
    environment: &[("CAUSEWAY_KILLS", "1000")],
}];

const RECORDS: &str = "SPECIFICATION.md";
const HEADING: &str = "## Long runs";
const TABLE: &str = "| date | commit | part | minutes | result |\n|---|---|---|---|---|\n";
const PASSED: &str = "passed";

/// The parts and what they do, a line each.
pub fn list() -> String {
    PARTS.iter().map(|part| format!("      {:<10}{}\n", part.name, part.about)).collect()
}

/// Refuses a name that no part has, before any work is done.
pub fn check_name(name: Option<&str>) -> Result<(), Failure> {
    match name {
        Some(name) if PARTS.iter().all(|part| part.name != name) => {
            let names = PARTS.map(|part| part.name).join(", ");
            Err(Failure::new(format!("there is no long part `{name}`; there are: {names}")))
        }
        Some(_) | None => Ok(()),
    }
}

/// Runs the named part, or every part that this commit has not passed yet.
pub fn run(name: Option<&str>, tools: &TestTools) -> Result<(), Failure> {
    let commit = commit()?;
    let records = paths::root().join(RECORDS);
    let mut failed = Vec::new();
    for part in PARTS.iter().filter(|part| name.is_none_or(|name| name == part.name)) {
        let text = fs::read_to_string(&records).unwrap_or_default();
        if name.is_none() && has_passed(&text, part.name, &commit) {
            println!("{} has passed at {commit} already; name it to run it again", part.name);
            continue;
        }
        if !run_and_record(part, tools, &commit, &records)? {
            failed.push(part.name);
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(Failure::new(format!("long parts failed: {}", failed.join(", ")))) }
}

fn run_and_record(part: &Part, tools: &TestTools, commit: &str, records: &Path) -> Result<bool, Failure> {
    require_tests(part, tools)?;
    println!("-- {}: {}", part.name, part.about);
    let started = Instant::now();
    let mut command = test::black_box(tools);
    command.args(["--", part.filter, "--nocapture"]).envs(part.environment.iter().copied());
    let passed = match process::run(&mut command) {
        Ok(()) => true,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            false
        }
    };
    let row = row(&today()?, commit, part.name, started.elapsed(), passed);
    // Read again: another part may have been recorded by hand or by another run meanwhile.
    let text = fs::read_to_string(records).unwrap_or_default();
    fs::write(records, with_row(&text, &row)).during(|| format!("write {}", records.display()))?;
    Ok(passed)
}

/// A filter that matches no test would pass without having shown anything.
fn require_tests(part: &Part, tools: &TestTools) -> Result<(), Failure> {
    let mut command = test::black_box(tools);
    command.args(["--", "--list", part.filter]);
    let output = command.output().during(|| "list the black-box tests".to_owned())?;
    let listing = String::from_utf8_lossy(&output.stdout);
    if output.status.success() && listing.lines().any(|line| line.ends_with(": test")) {
        return Ok(());
    }
    let detail = String::from_utf8_lossy(&output.stderr);
    Err(Failure::new(format!("{}: no black-box test has `{}` in its name\n{detail}", part.name, part.filter)))
}

/// The commit under test, with a plus sign when there are changes beyond it. The records themselves do not count.
fn commit() -> Result<String, Failure> {
    let root = paths::root();
    let git = |arguments: &[&str]| {
        process::output("git", &[&["-C", &root.to_string_lossy()], arguments].concat()).ok_or_else(|| {
            Failure::missing(format!("`git {}` does not work here: install git and use a clone", arguments.join(" ")))
        })
    };
    let head = git(&["rev-parse", "--short=10", "HEAD"])?;
    let changes = git(&["status", "--porcelain", "--", ".", ":!SPECIFICATION.md"])?;
    Ok(format!("{}{}", head.trim(), if changes.is_empty() { "" } else { "+" }))
}

fn today() -> Result<String, Failure> {
    let date = process::output("date", &["-u", "+%Y-%m-%d"]).ok_or_else(|| Failure::missing("`date` does not work"))?;
    Ok(date.trim().to_owned())
}

fn row(date: &str, commit: &str, part: &str, took: Duration, passed: bool) -> String {
    let minutes = took.as_secs_f64() / 60.0;
    let result = if passed { PASSED } else { "failed" };
    format!("| {date} | {commit} | {part} | {minutes:.1} | {result} |")
}

/// Whether the part has passed at exactly this commit; with changes beyond it nothing is known.
fn has_passed(records: &str, part: &str, commit: &str) -> bool {
    !commit.ends_with('+')
        && records.lines().any(|line| {
            let cells: Vec<_> = line.split('|').map(str::trim).collect();
            matches!(cells[..], ["", _, of, what, _, result, ""] if of == commit && what == part && result == PASSED)
        })
}

/// The records with one more row at the end of the table below the heading; both are made when they are missing.
fn with_row(records: &str, row: &str) -> String {
    let lines: Vec<&str> = records.lines().collect();
    let Some(heading) = lines.iter().position(|line| *line == HEADING) else {
        let gap = if records.is_empty() { "" } else { "\n" };
        return format!("{records}{gap}{HEADING}\n\n{TABLE}{row}\n");
    };
    let section = lines[heading + 1..].iter().take_while(|line| !line.starts_with("## "));
    let last = section.enumerate().filter(|(_, line)| line.starts_with('|')).last().map(|(index, _)| index);
    let Some(last) = last else {
        let (before, after) = lines.split_at(heading + 1);
        return format!("{}\n\n{TABLE}{row}\n{}\n", before.join("\n"), after.join("\n"));
    };
    let (before, after) = lines.split_at(heading + 1 + last + 1);
    let rest: String = after.iter().map(|line| format!("{line}\n")).collect();
    format!("{}\n{row}\n{rest}", before.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: &str = "| 2026-11-21 | abc | kill | 31.5 | passed |";

    #[test]
    fn records_are_made_and_grow_at_the_end_of_their_table() {
        let first = with_row("", ROW);
        assert_eq!(first, format!("{HEADING}\n\n{TABLE}{ROW}\n"));
        assert_eq!(with_row(&first, "| second |"), format!("{first}| second |\n"));
    }

    #[test]
    fn what_stands_around_the_table_stays() {
        let around = format!("# Numbers\n\n{HEADING}\n\nWhat they are.\n\n{TABLE}{ROW}\n\n## After\n\n| a |\n");
        let grown = with_row(&around, "| second |");
        assert_eq!(grown, around.replace(ROW, &format!("{ROW}\n| second |")));
        let bare = with_row("# Numbers\n", ROW);
        assert_eq!(bare, format!("# Numbers\n\n{HEADING}\n\n{TABLE}{ROW}\n"));
    }

    #[test]
    fn only_a_pass_of_the_same_part_at_the_same_clean_commit_counts() {
        let records = with_row("", &row("2026-11-21", "abc", "kill", Duration::from_secs(90), true));
        assert!(records.contains("| 1.5 | passed |"));
        assert!(has_passed(&records, "kill", "abc"));
        assert!(!has_passed(&records, "other", "abc"));
        assert!(!has_passed(&records, "kill", "abd"));
        assert!(!has_passed(&records.replace("abc", "abc+"), "kill", "abc+"));
        assert!(!has_passed(&records.replace("passed", "failed"), "kill", "abc"));
    }

    #[test]
    fn an_unknown_part_is_refused_with_the_list() {
        assert!(check_name(Some("kill")).is_ok() && check_name(None).is_ok());
        assert!(check_name(Some("thrill")).unwrap_err().to_string().contains("kill"));
    }
}
