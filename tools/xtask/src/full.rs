//! `cargo xtask test --full`: the long parts. Each notes date, commit and result in `SPECIFICATION.md`, so that a run that
//! was interrupted goes on with the parts that this commit has not passed yet.

use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::build;
use crate::conformance;
use crate::failure::{During, Failure};
use crate::listing;
use crate::paths;
use crate::process;
use crate::setup::TestTools;

/// One long part: tests or a program with more work than an ordinary run gives them.
struct Part {
    name: &'static str,
    about: &'static str,
    program: Program,
    /// What the tests or the program are given: for tests first a part of their names.
    arguments: &'static [&'static str],
    /// What makes them long.
    environment: &'static [(&'static str, &'static str)],
}

/// What does the work.
enum Program {
    /// Cargo with `test` or `run`, and what it builds for that.
    Cargo(&'static [&'static str]),
    /// Generated requests.
    Conformance,
}

const PARTS: &[Part] = &[
    Part {
        name: "kill",
        about: "1,000 kills under load, nothing acknowledged lost",
        program: Program::Cargo(&["test", "-p", "causeway-tests"]),
        arguments: &["long_kills", "--nocapture"],
        environment: &[("CAUSEWAY_KILLS", "1000")],
    },
    Part {
        name: "stream",
        about: "100 kills within a stream of 10,000 events to flaky receivers, none lost, none out of order",
        program: Program::Cargo(&["test", "-p", "causeway-tests"]),
        arguments: &["stream_kills", "--nocapture"],
        environment: &[("CAUSEWAY_KILLS", "100"), ("CAUSEWAY_EVENTS", "10000")],
    },
    Part {
        name: "sim",
        about: "10,000 seeds of the simulation agree with its oracle",
        program: Program::Cargo(&[
            "run",
            "--release",
            "-p",
            "causeway-core",
            "--no-default-features",
            "--features=sim",
            "--bin=causeway-sim",
        ]),
        arguments: &["--seeds", "10000"],
        environment: &[],
    },
    Part {
        name: "api",
        about: "20,000 generated requests, a quarter to live, every operation done 200 times, no answer outside the contract",
        program: Program::Conformance,
        arguments: &["--requests=20000", "--examples=25", "--least=200", "--live=0.25"],
        environment: &[],
    },
];

/// The longest that a part may take, without its compilation. What takes longer becomes two parts.
const LIMIT: Duration = Duration::from_secs(40 * 60);

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
            let names: Vec<_> = PARTS.iter().map(|part| part.name).collect();
            Err(Failure::new(format!("there is no long part `{name}`; there are: {}", names.join(", "))))
        }
        Some(_) | None => Ok(()),
    }
}

/// Runs the named part, or every part that this commit has not passed yet.
pub fn run(name: Option<&str>, tools: &TestTools) -> Result<(), Failure> {
    run_parts(PARTS, name, &commit()?, &paths::root().join(RECORDS), |part| {
        compile(part, tools)?;
        let started = Instant::now();
        let result = process::run_within(LIMIT, &mut command(part, tools));
        if let Err(failure) = &result {
            eprintln!("xtask: {}: {failure}", part.name);
        }
        Ok(Ran { took: started.elapsed(), passed: result.is_ok() })
    })
}

/// How a part went.
struct Ran {
    took: Duration,
    passed: bool,
}

/// Each part is recorded as soon as it has ended. An error of `work` means that it could not begin.
fn run_parts(
    parts: &[Part],
    name: Option<&str>,
    commit: &str,
    records: &Path,
    mut work: impl FnMut(&Part) -> Result<Ran, Failure>,
) -> Result<(), Failure> {
    let mut failed = Vec::new();
    for part in parts.iter().filter(|part| name.is_none_or(|name| name == part.name)) {
        if name.is_none() && has_passed(&text_of(records)?, part.name, commit) {
            println!("{} has passed at {commit} already; name it to run it again", part.name);
            continue;
        }
        println!("-- {}: {}", part.name, part.about);
        let ran = work(part)?;
        let row = row(&today()?, commit, part.name, &ran);
        // Read again: another part may have been recorded by hand or by another run meanwhile.
        let text = with_row(&text_of(records)?, &row);
        fs::write(records, text).during(|| format!("write {}", records.display()))?;
        if !ran.passed {
            failed.push(part.name);
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(Failure::new(format!("long parts failed: {}", failed.join(", ")))) }
}

/// The records so far; before the first one there may be no file.
fn text_of(records: &Path) -> Result<String, Failure> {
    match fs::read_to_string(records) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        read => read.during(|| format!("read {}", records.display())),
    }
}

fn command(part: &Part, tools: &TestTools) -> Command {
    let mut command = match part.program {
        Program::Cargo(words) => {
            let mut command = process::cargo(words);
            command.arg("--").args(part.arguments).envs(build::environment(tools));
            command
        }
        Program::Conformance => conformance::command(tools, part.arguments),
    };
    command.envs(part.environment.iter().copied());
    command
}

/// Compiles the part. Tests are also looked for: a filter that matches none would pass without having shown anything.
fn compile(part: &Part, tools: &TestTools) -> Result<(), Failure> {
    match part.program {
        Program::Cargo(["run", built @ ..]) => return process::run(process::cargo(&["build"]).args(built)),
        Program::Cargo(_) => {}
        Program::Conformance => return Ok(()),
    }
    match listing::tests(command(part, tools))?.as_slice() {
        [] => Err(Failure::new(format!("{}: `{}` lists no test", part.name, process::shown(&command(part, tools))))),
        [_, ..] => Ok(()),
    }
}

/// The commit as it stands here, with a plus sign when there are changes beyond it. The records themselves do not count.
pub fn commit() -> Result<String, Failure> {
    let root = paths::root();
    let git = |arguments: &[&str]| {
        process::output("git", &[&["-C", &root.to_string_lossy()], arguments].concat()).ok_or_else(|| {
            Failure::missing(format!("`git {}` does not work here: install git and use a clone", arguments.join(" ")))
        })
    };
    let head = git(&["rev-parse", "--short=10", "HEAD"])?;
    let changes = git(&["status", "--porcelain", "--", ".", ":!SPECIFICATION.md", ":!benches/RESULTS.md"])?;
    Ok(format!("{}{}", head.trim(), if changes.is_empty() { "" } else { "+" }))
}

fn today() -> Result<String, Failure> {
    let date = process::output("date", &["-u", "+%Y-%m-%d"]).ok_or_else(|| Failure::missing("`date` does not work"))?;
    Ok(date.trim().to_owned())
}

fn row(date: &str, commit: &str, part: &str, ran: &Ran) -> String {
    let minutes = ran.took.as_secs_f64() / 60.0;
    let result = if ran.passed { PASSED } else { "failed" };
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

    fn part(name: &'static str) -> Part {
        Part { name, about: "", program: Program::Cargo(&[]), arguments: &[], environment: &[] }
    }

    fn ran(passed: bool) -> Ran {
        Ran { took: Duration::from_secs(90), passed }
    }

    #[test]
    fn a_run_goes_on_with_the_parts_that_its_commit_has_not_passed() {
        let records = crate::setup::scratch("long-parts").join(RECORDS);
        fs::write(&records, "# Numbers\n").unwrap();
        let parts = [part("one"), part("two"), part("three")];
        let run = |name: Option<&str>, commit: &str, failing: &str| {
            let mut began = Vec::new();
            let result = run_parts(&parts, name, commit, &records, |part| {
                began.push(part.name);
                if failing == "all of them" { Err(Failure::new("no test")) } else { Ok(ran(part.name != failing)) }
            });
            (began.join(" "), result.map_err(|failure| failure.to_string()))
        };
        let said = |began: &str, failed: &str| (began.to_owned(), Err(failed.to_owned()));
        assert_eq!(run(None, "abc", "two"), said("one two three", "long parts failed: two"));
        assert_eq!(run(None, "abc", "all of them"), said("two", "no test"));
        assert_eq!(run(None, "abc", ""), ("two".to_owned(), Ok(())));
        assert_eq!(run(None, "abc", ""), (String::new(), Ok(())));
        assert_eq!(run(Some("one"), "abc", ""), ("one".to_owned(), Ok(())), "named, it runs again");
        assert_eq!(run(None, "abd", ""), ("one two three".to_owned(), Ok(())));
        let text = fs::read_to_string(&records).unwrap();
        assert!(text.starts_with(&format!("# Numbers\n\n{HEADING}\n\n{TABLE}| 2")), "{text}");
        assert!(text.contains("| abc | two | 1.5 | failed |\n") && text.contains("| abc | two | 1.5 | passed |\n"));
        assert_eq!(text.lines().filter(|line| line.starts_with("| 2")).count(), 8);
    }

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
        let records = with_row("", &row("2026-11-21", "abc", "kill", &ran(true)));
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
