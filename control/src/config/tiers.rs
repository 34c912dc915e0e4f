//! The sections `[tiers.<name>]` of the configuration file.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use crate::lines;
use crate::quota::{Class, MOST, Rate, Tiers};

/// The key under which they stand.
pub const SECTION: &str = "tiers";

/// What is wrong, and in which line.
#[derive(Debug, PartialEq, Eq)]
pub struct Fault {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there.
    pub reason: String,
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    tiers: BTreeMap<String, Spanned<Row>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    reads: RateRow,
    writes: RateRow,
    rails: RateRow,
    embed: RateRow,
    in_progress: Spanned<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RateRow {
    per_second: Spanned<u32>,
    burst: Spanned<u32>,
}

/// The tiers of the program with those of a file's text.
pub fn read(text: &str) -> Result<Tiers, Fault> {
    let file: File = toml::from_str(text).map_err(|error| Fault::new(text, &error))?;
    let mut tiers = Tiers::default();
    for (name, row) in &file.tiers {
        let (rates, in_progress) = row.get_ref().numbers(text)?;
        let fault = |error| Fault::at(text, row.span().start, format!("[tiers.{name}]: {error}"));
        tiers.add(name, rates, in_progress).map_err(fault)?;
    }
    Ok(tiers)
}

impl Row {
    fn numbers(&self, text: &str) -> Result<([Rate; Class::ALL.len()], u32), Fault> {
        let rate = |class| match class {
            Class::Reads => self.reads.rate(text),
            Class::Writes => self.writes.rate(text),
            Class::Rails => self.rails.rate(text),
            Class::Embed => self.embed.rate(text),
        };
        let [reads, writes, rails, embed] = Class::ALL.map(rate);
        Ok(([reads?, writes?, rails?, embed?], number("in_progress", &self.in_progress, text)?))
    }
}

impl RateRow {
    fn rate(&self, text: &str) -> Result<Rate, Fault> {
        let per_second = number("per_second", &self.per_second, text)?;
        Ok(Rate { per_second, burst: number("burst", &self.burst, text)? })
    }
}

fn number(name: &str, number: &Spanned<u32>, text: &str) -> Result<u32, Fault> {
    if (1..=MOST).contains(number.get_ref()) {
        return Ok(*number.get_ref());
    }
    Err(Fault::at(text, number.span().start, format!("`{name}` must be between 1 and {MOST}")))
}

impl Fault {
    /// What the parser says about `text`.
    pub fn new(text: &str, error: &toml::de::Error) -> Fault {
        Fault::at(text, error.span().map_or(0, |span| span.start), error.message().to_owned())
    }

    fn at(text: &str, offset: usize, reason: String) -> Fault {
        Fault { line: lines::at(text, offset), reason }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOLD: &str = "\
# What the bank sold.
[tiers.gold]
reads = { per_second = 20, burst = 40 }
writes = { per_second = 10, burst = 20 }
rails = { per_second = 5, burst = 10 }
embed = { per_second = 5, burst = 10 }
in_progress = 8
";

    #[test]
    fn a_file_adds_to_what_there_is() {
        let tiers = read(&format!("mode = \"sandbox\"\n{GOLD}")).unwrap();
        assert_eq!(tiers.names(), "standard, unlimited, gold");
        assert_eq!(read("").unwrap().names(), "standard, unlimited");
        assert_eq!(read(&GOLD.replace("gold", "standard")).unwrap().names(), "standard, unlimited");
    }

    #[test]
    fn the_line_at_fault_is_named() {
        for (from, to, line, reason) in [
            ("burst = 40", "burst = 0", 3, "`burst` must be between 1 and 1000000"),
            ("per_second = 10", "per_second = 1000001", 4, "`per_second` must be"),
            ("in_progress = 8", "in_progress = 0", 7, "`in_progress` must be"),
            ("in_progress = 8", "in_progress = -1", 7, "invalid value"),
            ("burst = 40", "burst = 40, bust = 1", 3, "unknown field `bust`"),
            ("reads", "reeds", 3, "unknown field `reeds`"),
            ("in_progress = 8\n", "", 2, "missing field `in_progress`"),
            ("tiers.gold", "tiers.unlimited", 2, "another name"),
            ("tiers.gold", "tiers.Gold", 2, "a–z"),
        ] {
            let fault = read(&GOLD.replacen(from, to, 1)).unwrap_err();
            assert!(fault.line == line && fault.reason.contains(reason), "{to}: {fault:?}");
        }
    }
}
