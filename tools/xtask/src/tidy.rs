//! The house rules that a machine can check, as unit tests over the repository's files. A rule may be broken with a reason:
//! it then stands in the rule's table here.

use std::fs;

use crate::paths;
use crate::process;

/// The longest that a Rust file may be, in lines.
const FILE_LINES: usize = 400;
/// The longest that a function may be, in lines from `fn` to its closing brace.
const FUNCTION_LINES: usize = 60;

/// Longer files: path and reason.
const LONG_FILES: [(&str, &str); 0] = [];
/// Longer functions: path, name and reason.
const LONG_FUNCTIONS: [(&str, &str, &str); 0] = [];

/// What is open goes into a decision note or an issue, not into a comment. Written in halves, or this file would not pass.
const OPEN_ENDS: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];
/// A path of somebody's machine.
const MACHINE_PATHS: [&str; 2] = [concat!("/ro", "ot/"), concat!("/ho", "me/")];

#[test]
fn files_are_short() {
    let long = rust_files().filter_map(|(path, text)| {
        let lines = text.lines().count();
        (lines > FILE_LINES && LONG_FILES.iter().all(|(allowed, _)| *allowed != path))
            .then(|| format!("{path}: {lines} lines"))
    });
    none(long.collect(), "split these files, or give a reason in LONG_FILES");
}

#[test]
fn functions_are_short() {
    let mut long = Vec::new();
    for (path, text) in rust_files() {
        for (name, lines) in functions(&text) {
            let allowed = LONG_FUNCTIONS.iter().any(|(file, function, _)| *file == path && *function == name);
            if lines > FUNCTION_LINES && !allowed {
                long.push(format!("{path}: {name} has {lines} lines"));
            }
        }
    }
    none(long, "split these functions, or give a reason in LONG_FUNCTIONS");
}

#[test]
fn exceptions_are_needed() {
    let files: Vec<(String, String)> = rust_files().collect();
    let text_of = |path: &str| files.iter().find(|(present, _)| present == path).map(|(_, text)| text.as_str());
    let short =
        LONG_FILES.iter().filter(|(path, _)| text_of(path).is_none_or(|text| text.lines().count() <= FILE_LINES));
    none(short.map(|(path, _)| path.to_string()).collect(), "take these out of LONG_FILES");
    let is_long = |path: &str, name: &str| {
        text_of(path)
            .is_some_and(|text| functions(text).iter().any(|(found, lines)| found == name && *lines > FUNCTION_LINES))
    };
    let short = LONG_FUNCTIONS.iter().filter(|(path, name, _)| !is_long(path, name));
    none(short.map(|(path, name, _)| format!("{path}: {name}")).collect(), "take these out of LONG_FUNCTIONS");
}

#[test]
fn no_open_ends() {
    let mut found = Vec::new();
    for (path, text) in texts(&[".rs", ".py", ".toml"]) {
        for (number, line) in text.lines().enumerate().filter(|(_, line)| has_open_end(line)) {
            found.push(format!("{path}:{}: {}", number + 1, line.trim()));
        }
    }
    none(found, "finish this, or write it into a decision note or an issue");
}

#[test]
fn no_paths_of_a_machine() {
    let found = texts(&[""]).filter_map(|(path, text)| {
        let line = text.lines().position(|line| MACHINE_PATHS.iter().any(|machine| line.contains(machine)))?;
        Some(format!("{path}:{}", line + 1))
    });
    none(found.collect(), "these files name a path of somebody's machine");
}

fn none(found: Vec<String>, advice: &str) {
    assert!(found.is_empty(), "{advice}:\n{}", found.join("\n"));
}

fn rust_files() -> impl Iterator<Item = (String, String)> {
    texts(&[".rs"])
}

/// Path and text of the repository's files with one of these endings: what is committed, and what would be by `git add`.
fn texts(endings: &[&str]) -> impl Iterator<Item = (String, String)> {
    let root = paths::root();
    let arguments = ["-C", &root.to_string_lossy(), "ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let listing = process::output("git", &arguments).expect("the tidy tests need git and a clone of the repository");
    let wanted = |path: &&str| !path.is_empty() && endings.iter().any(|ending| path.ends_with(ending));
    let paths: Vec<String> = listing.split('\0').filter(wanted).map(str::to_owned).collect();
    // A file that was deleted and not yet committed is still listed.
    paths.into_iter().filter_map(move |path| {
        let bytes = fs::read(root.join(&path)).ok()?;
        Some((path, String::from_utf8_lossy(&bytes).into_owned()))
    })
}

/// Whether one of the marks stands in the line as a word of its own. A string that is nothing but the mark is not meant:
/// one of them is also the ISO 4217 code of "no currency".
fn has_open_end(line: &str) -> bool {
    let without_strings = OPEN_ENDS.iter().fold(line.to_owned(), |line, mark| line.replace(&format!("\"{mark}\""), ""));
    without_strings.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| OPEN_ENDS.contains(&word))
}

/// Name and number of lines of each function with a body. It relies on rustfmt: a function that is not on one line ends with
/// the first closing brace as far in as its beginning.
fn functions(text: &str) -> Vec<(String, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let starts = lines.iter().enumerate().filter_map(|(index, line)| Some((index, function_name(line)?)));
    starts.filter_map(|(index, name)| Some((name, body_lines(&lines[index..])?))).collect()
}

fn function_name(line: &str) -> Option<String> {
    let (before, after) = line.split_once("fn ")?;
    let modifiers = ["pub", "const", "async", "unsafe", "extern"];
    let is_modifier = |word: &str| modifiers.contains(&word) || word.starts_with("pub(") || word.starts_with('"');
    if !before.split_whitespace().all(is_modifier) {
        return None;
    }
    let name: String = after.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    (!name.is_empty()).then_some(name)
}

fn body_lines(lines: &[&str]) -> Option<usize> {
    let first = lines.first()?;
    let indent = &first[..first.len() - first.trim_start().len()];
    let opening = lines.iter().position(|line| line.ends_with(['{', ';', '}']))?;
    if !lines[opening].ends_with('{') {
        return None;
    }
    let closing = lines.iter().position(|line| line.strip_prefix(indent) == Some("}"))?;
    Some(closing + 1)
}

#[test]
fn functions_are_measured() {
    let text = "trait T {\n    fn declared(&self);\n    fn short(&self) {}\n\n    pub(crate) async fn long(\n        a: u8,\n    ) -> u8\n    \
                where\n        A: B,\n    {\n        if a {\n        }\n    }\n}\n\nfn outer() {\n    let s = \"fn no\";\n}\n";
    assert_eq!(functions(text), [("long".to_owned(), 9), ("outer".to_owned(), 3)]);
}

#[test]
fn open_ends_are_words_of_their_own() {
    let [first, _, third] = OPEN_ENDS;
    assert!(has_open_end(&format!("// {first}: later")));
    assert!(!has_open_end(&format!("mktemp {third}{third}")));
    assert!(!has_open_end(&format!("for code in [\"EU\", \"{third}\"]")));
    assert!(!has_open_end("nothing left to do"));
}
