//! The house rules that a machine can check, as unit tests over the repository's files. A rule may be broken with a reason:
//! it then stands in a table beside the rule.

mod documents;
mod length;
mod order;
mod source;
mod words;

use std::fs;

use crate::paths;
use crate::process;

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
