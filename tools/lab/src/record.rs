//! The record: figures that the tools write into documents of the repository that they were built in. Nobody types a figure.

use std::fs;
use std::path::PathBuf;

use crate::failure::Failure;

/// A document that tools write into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Document {
    /// Every recorded run.
    Results,
    /// What Causeway holds itself to, with the newest figures.
    Specification,
}

/// The newest figures in the specification, a row for each promise.
const FIGURES: &str = "\
## Speed and size

Written by `cargo xtask load`, `fill` and `lists` with `--record`: the newest figure of each, the whole run in
`benches/RESULTS.md`. Medians, with the range of the rounds. Machines differ, so that nothing fails when an aim is missed.

| what | aim | measured | of its ceiling | shown by | date | commit |
|---|---|---|---|---|---|---|
";

impl Document {
    /// Changes it as a whole.
    pub fn change(self, change: impl FnOnce(&str) -> String) -> Result<(), Failure> {
        let path = self.path()?;
        let failed = |doing, error| Failure::wrong(format!("cannot {doing} {}: {error}", path.display()));
        let known = fs::read_to_string(&path).map_err(|error| failed("read", error))?;
        fs::write(&path, change(&known)).map_err(|error| failed("write", error))?;
        eprintln!("recorded: {}", self.file());
        Ok(())
    }

    fn path(self) -> Result<PathBuf, Failure> {
        let program = std::env::current_exe().unwrap_or_default();
        let started = std::env::current_dir().unwrap_or_default();
        let root = program.ancestors().chain(started.ancestors()).find(|above| above.join("Cargo.lock").is_file());
        let file = self.file();
        let missing = || {
            Failure::missing(format!(
                "{file} is not found: neither this program nor where it was started lies in its repository"
            ))
        };
        root.map(|root| root.join(file)).ok_or_else(missing)
    }

    fn file(self) -> &'static str {
        match self {
            Document::Results => "benches/RESULTS.md",
            Document::Specification => "SPECIFICATION.md",
        }
    }
}

/// The commit that the programs were built from, as who built them says; see [`require_commit`].
pub fn commit() -> Option<String> {
    std::env::var("CAUSEWAY_COMMIT").ok().filter(|commit| !commit.is_empty())
}

/// Refuses to write figures down that nobody could measure again.
pub fn require_commit() -> Result<(), Failure> {
    match commit() {
        Some(commit) if !commit.ends_with('+') => Ok(()),
        Some(_) => Err(Failure::missing("--record needs a commit to name: the files here differ from the last one")),
        None => Err(Failure::missing("--record needs programs of a known commit: begin with `cargo xtask`")),
    }
}

/// What the specification says of something measured.
#[derive(Clone, Debug)]
pub struct Promise {
    /// What was measured; the same words replace the older figure.
    pub what: String,
    /// What is wanted.
    pub aim: &'static str,
    /// What was found.
    pub measured: String,
    /// Its share of what this machine can do.
    pub share: String,
    /// The command that measures it.
    pub shown_by: String,
    /// When.
    pub date: String,
    /// Of which commit.
    pub commit: String,
}

/// Writes these into the specification.
pub fn promise(promises: &[Promise]) -> Result<(), Failure> {
    Document::Specification
        .change(|known| promises.iter().fold(known.to_owned(), |known, new| with_promise(&known, new)))
}

fn with_promise(known: &str, new: &Promise) -> String {
    let Promise { what, aim, measured, share, shown_by, date, commit } = new;
    let (begin, row) = (
        format!("| {what} |"),
        format!("| {what} | {aim} | {measured} | {share} | `{shown_by}` | {date} | {commit} |"),
    );
    if known.lines().any(|line| line.starts_with(&begin)) {
        let lines = known.lines().map(|line| if line.starts_with(&begin) { row.as_str() } else { line });
        return lines.collect::<Vec<_>>().join("\n") + "\n";
    }
    with_row(known, FIGURES, &format!("{row}\n"))
}

/// The document with a row at the end of a section that ends with a table. `head` is the section without rows; it is made at
/// the end of the document if it is not there.
pub fn with_row(known: &str, head: &str, row: &str) -> String {
    let Some((before, section, after)) = split(known, head) else {
        return format!("{}\n\n{head}{row}", known.trim_end());
    };
    format!("{before}{}\n{row}{after}", section.trim_end())
}

/// The document with an entry at the beginning of a section, behind what introduces it. `head` is the section without
/// entries, and each of them begins with a heading of the third level.
pub fn with_entry(known: &str, head: &str, entry: &str) -> String {
    let Some((before, section, after)) = split(known, head) else {
        return format!("{}\n\n{head}\n{entry}", known.trim_end());
    };
    let older = section.find("\n### ").map_or("", |place| &section[place..]);
    format!("{before}{head}\n{entry}{older}{after}")
}

/// What stands before a section, the section, and what stands behind it.
fn split<'a>(known: &'a str, head: &str) -> Option<(&'a str, &'a str, &'a str)> {
    let title = head.lines().next()?;
    let start = known.find(&format!("\n{title}\n"))? + 1;
    let end = known[start..].find("\n## ").map_or(known.len(), |length| start + length);
    Some((&known[..start], &known[start..end], &known[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "## Filler\n\n| date |\n|---|\n";
    const ENTRIES: &str = "## Load\n\nNewest first.\n";

    #[test]
    fn rows_come_one_after_another_in_their_section() {
        let once = with_row("# Results\n", TABLE, "| one |\n");
        assert_eq!(once, format!("# Results\n\n{TABLE}| one |\n"));
        assert_eq!(with_row(&once, TABLE, "| two |\n"), format!("# Results\n\n{TABLE}| one |\n| two |\n"));
        let between = format!("# Results\n\n{TABLE}| one |\n\n## Other\n\ntext\n");
        assert_eq!(
            with_row(&between, TABLE, "| two |\n"),
            format!("# Results\n\n{TABLE}| one |\n| two |\n\n## Other\n\ntext\n")
        );
    }

    #[test]
    fn the_newest_entry_comes_first_in_its_section() {
        let start = format!("# Results\n\n{TABLE}| one |\n");
        let one = with_entry(&start, ENTRIES, "### one\n\ntext\n");
        assert_eq!(one, format!("{start}\n{ENTRIES}\n### one\n\ntext\n"));
        let other = with_row(&one, TABLE, "| two |\n");
        let two = with_entry(&other, ENTRIES, "### two\n\ntext\n");
        assert_eq!(two, format!("{start}| two |\n\n{ENTRIES}\n### two\n\ntext\n\n### one\n\ntext\n"));
        let behind = with_row(&format!("# Results\n\n{ENTRIES}\n### one\n\ntext\n"), TABLE, "| one |\n");
        let two = with_entry(&behind, ENTRIES, "### two\n\ntext\n");
        assert_eq!(
            two,
            format!("# Results\n\n{ENTRIES}\n### two\n\ntext\n\n### one\n\ntext\n\n{TABLE}| one |\n"),
            "another section stands behind it"
        );
    }

    #[test]
    fn a_newer_figure_replaces_the_older() {
        let promise = |what: &str, measured: &str| Promise {
            what: what.to_owned(),
            aim: "much",
            measured: measured.to_owned(),
            share: "0.5".to_owned(),
            shown_by: "cargo".to_owned(),
            date: "2026-05-25".to_owned(),
            commit: "abc".to_owned(),
        };
        let known = "# Specification\n\n## Long runs\n\ntext\n";
        let known = with_promise(&with_promise(known, &promise("burst", "1/s")), &promise("trade", "2/s"));
        let known = with_promise(&known, &promise("burst", "3/s"));
        let rows = "| burst | much | 3/s | 0.5 | `cargo` | 2026-05-25 | abc |\n\
                    | trade | much | 2/s | 0.5 | `cargo` | 2026-05-25 | abc |\n";
        assert_eq!(known, format!("# Specification\n\n## Long runs\n\ntext\n\n{FIGURES}{rows}"));
    }
}
