//! Files and functions are short.

use super::{none, rust_files};

/// The longest that a Rust file may be, in lines.
const FILE_LINES: usize = 400;
/// The longest that a function may be, in lines from `fn` to its closing brace.
const FUNCTION_LINES: usize = 60;

/// Longer files: path and reason.
const LONG_FILES: [(&str, &str); 0] = [];
/// Longer functions: path, name and reason.
const LONG_FUNCTIONS: [(&str, &str, &str); 0] = [];

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
