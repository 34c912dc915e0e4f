//! What no file may say: marks of unfinished work, paths of somebody's machine.

use super::{none, texts};

/// What is open goes into a decision note or an issue, not into a comment. Written in halves, or this file would not pass.
const OPEN_ENDS: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];
/// A path of somebody's machine.
const MACHINE_PATHS: [&str; 2] = [concat!("/ro", "ot/"), concat!("/ho", "me/")];

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

/// Whether one of the marks stands in the line as a word of its own. A string that is nothing but the mark is not meant:
/// one of them is also the ISO 4217 code of "no currency".
fn has_open_end(line: &str) -> bool {
    let without_strings = OPEN_ENDS.iter().fold(line.to_owned(), |line, mark| line.replace(&format!("\"{mark}\""), ""));
    without_strings.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| OPEN_ENDS.contains(&word))
}

#[test]
fn open_ends_are_words_of_their_own() {
    let [first, _, third] = OPEN_ENDS;
    assert!(has_open_end(&format!("// {first}: later")));
    assert!(!has_open_end(&format!("mktemp {third}{third}")));
    assert!(!has_open_end(&format!("for code in [\"EU\", \"{third}\"]")));
    assert!(!has_open_end("nothing left to do"));
}
