//! What a run took, for the terminal and for the record in `benches/RESULTS.md`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::calendar::{Day, Moment};
use crate::failure::Failure;
use crate::machine::Machine;
use crate::record::{self, Document, Promise};
use crate::shown::{grouped, size, time};

/// What a run took.
#[derive(Clone, Debug)]
pub struct Summary {
    /// Payments written.
    pub payments: u64,
    /// What scored them, if they were performed.
    pub scored_by: Option<String>,
    /// How long it took.
    pub took: Duration,
    /// Where it was written, and how many bytes lie there.
    pub places: Vec<(PathBuf, u64)>,
    /// The most memory that was in use, in bytes.
    pub memory: u64,
    /// What was asked to be planted, and had no place in so few payments.
    pub not_planted: Vec<&'static str>,
}

/// The section of the results, without its rows.
const SECTION: &str = "\
## Filler

Written by `cargo xtask fill --record`, the newest run last. Sizes are those of all files, as they lie there afterwards.

| date | commit | payments | scored by | time | per second | size | bytes each | memory | machine |
|---|---|---|---|---|---|---|---|---|---|
";

impl Summary {
    /// What was written, a line for each place, and what was not planted.
    pub fn lines(&self) -> String {
        let (payments, took, rate) = (grouped(self.payments), time(self.took), grouped(self.rate()));
        let mut lines = format!("{payments} payments in {took}, {rate}/s, with {} of memory\n", size(self.memory));
        for (place, bytes) in &self.places {
            lines.push_str(&format!("{}: {}, {} bytes each\n", place.display(), size(*bytes), bytes / self.payments));
        }
        if !self.not_planted.is_empty() {
            let names = self.not_planted.join(", ");
            lines.push_str(&format!(
                "planted is no {names}: so small a history has none at these rates; raise --plant or "
            ));
            lines.push_str("--payments (for outages: --days)\n");
        }
        lines
    }

    /// Adds a row to the results and, for a data directory, the figures to the specification.
    pub fn record(&self) -> Result<(), Failure> {
        let place = self.places.first().map_or(Path::new("."), |(place, _)| place);
        let (day, machine) = (Moment::now().day(), Machine::look(place));
        Document::Results.change(|known| record::with_row(known, SECTION, &self.row(day, &machine)))?;
        match self.scored_by {
            Some(_) => record::promise(&self.promises(day, &machine)),
            None => Ok(()),
        }
    }

    fn promises(&self, day: Day, machine: &Machine) -> [Promise; 2] {
        let payments = grouped(self.payments);
        let promise = |what: String, aim, measured: String| Promise {
            what,
            aim,
            measured,
            share: "–".to_owned(),
            shown_by: format!("cargo xtask fill --payments {}", self.payments),
            date: day.to_string(),
            commit: machine.commit.clone(),
        };
        let scored_by = self.scored_by.as_deref().unwrap_or("nothing");
        let bytes = self.places.first().map_or(0, |(_, bytes)| *bytes);
        let (took, each) = (time(self.took), grouped(bytes / self.payments));
        [
            promise(format!("a history of {payments} payments is filled in, scored by {scored_by}"), "minutes", took),
            promise(format!("bytes on disk a finished journey, of {payments}"), "at most 3,072", each),
        ]
    }

    fn row(&self, day: Day, machine: &Machine) -> String {
        let bytes = self.bytes();
        let cells = [
            day.to_string(),
            machine.commit.clone(),
            grouped(self.payments),
            self.scored_by.clone().unwrap_or_else(|| "– (CSV only)".to_owned()),
            time(self.took),
            grouped(self.rate()),
            size(bytes),
            grouped(bytes / self.payments),
            size(self.memory),
            machine.line(),
        ];
        format!("| {} |\n", cells.join(" | "))
    }

    fn bytes(&self) -> u64 {
        self.places.iter().map(|(_, bytes)| bytes).sum()
    }

    fn rate(&self) -> u64 {
        (self.payments as f64 / self.took.as_secs_f64().max(1e-3)) as u64
    }
}

/// Bytes of all files in a directory and below.
pub fn bytes_in(directory: &Path) -> Result<u64, Failure> {
    let failed = |error: io::Error| Failure::wrong(format!("cannot read {}: {error}", directory.display()));
    let mut bytes = 0;
    for entry in fs::read_dir(directory).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let about = entry.metadata().map_err(failed)?;
        bytes += if about.is_dir() { bytes_in(&entry.path())? } else { about.len() };
    }
    Ok(bytes)
}

/// The most memory that this process has had in use, in bytes; 0 where the system does not say.
pub fn peak_memory() -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).map_or(0, |kib| kib * 1_024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_summed_up() {
        let places = vec![(PathBuf::from("data"), 2_000_000)];
        let took = Duration::from_millis(500);
        let summary =
            Summary { payments: 1_000, scored_by: None, took, places, memory: 5_000_000, not_planted: vec![] };
        let expected = "1,000 payments in 0 s, 2,000/s, with 5.0 MB of memory\ndata: 2.0 MB, 2000 bytes each\n";
        assert_eq!(summary.lines(), expected);
        let summary = Summary { not_planted: vec!["ring", "burst"], ..summary };
        assert!(summary.lines().contains("planted is no ring, burst: so small a history"), "{}", summary.lines());
        assert!(peak_memory() > 0);
    }
}
