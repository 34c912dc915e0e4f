//! What a run took, for the terminal and for the record in `benches/RESULTS.md`.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::calendar::{DAY, Day};
use super::progress::{grouped, size, time};
use crate::failure::Failure;
use crate::load::machine::Machine;

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
}

/// The file, below the repository's root, and the section in it.
const FILE: &str = "benches/RESULTS.md";
const SECTION: &str = "## Filler";
/// What the section begins with.
const HEAD: &str = "\
## Filler

Written by `cargo xtask fill --record`, the newest run last. Sizes are those of all files, as they lie there afterwards.

| date | commit | payments | scored by | time | per second | size | bytes each | memory | machine |
|---|---|---|---|---|---|---|---|---|---|
";

impl Summary {
    /// One line for each place.
    pub fn lines(&self) -> String {
        let (payments, took, rate) = (grouped(self.payments), time(self.took), grouped(self.rate()));
        let mut lines = format!("{payments} payments in {took}, {rate}/s, with {} of memory\n", size(self.memory));
        for (place, bytes) in &self.places {
            lines.push_str(&format!("{}: {}, {} bytes each\n", place.display(), size(*bytes), bytes / self.payments));
        }
        lines
    }

    /// Adds a row to the record.
    pub fn record(&self) -> Result<(), Failure> {
        let place = self.places.first().map_or(Path::new("."), |(place, _)| place);
        let row = self.row(today(), &Machine::look(place));
        let path = file()?;
        let failed = |error: io::Error| Failure::wrong(format!("cannot write {}: {error}", path.display()));
        let known = match fs::read_to_string(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => "# Results\n".to_owned(),
            known => known.map_err(failed)?,
        };
        fs::write(&path, with_row(&known, &row)).map_err(failed)
    }

    fn row(&self, day: Day, machine: &Machine) -> String {
        let bytes: u64 = self.places.iter().map(|(_, bytes)| bytes).sum();
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

fn today() -> Day {
    Day(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() / DAY)
}

/// The file with a row at the end of the section, which is made at the end of the file if it is not there.
fn with_row(known: &str, row: &str) -> String {
    let Some(start) = known.find(&format!("\n{SECTION}\n")) else {
        return format!("{}\n\n{HEAD}{row}", known.trim_end());
    };
    let rest = &known[start + 1..];
    let end = rest.find("\n## ").map_or(known.len(), |length| start + 1 + length);
    let (before, after) = known.split_at(end);
    format!("{}\n{row}{after}", before.trim_end())
}

/// The file of the repository that this program was built in.
fn file() -> Result<PathBuf, Failure> {
    let program = std::env::current_exe().unwrap_or_default();
    let root = program.ancestors().find(|above| above.join("Cargo.lock").is_file());
    let missing = || Failure::missing(format!("{FILE} is not found: this program does not lie in its repository"));
    root.map(|root| root.join(FILE)).ok_or_else(missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_one_after_another_in_their_section() {
        let once = with_row("# Results\n", "| one |\n");
        assert_eq!(once, format!("# Results\n\n{HEAD}| one |\n"));
        assert_eq!(with_row(&once, "| two |\n"), format!("# Results\n\n{HEAD}| one |\n| two |\n"));
        let between = format!("# Results\n\n## Load\n\ntext\n\n{HEAD}| one |\n\n## Older\n\ntext\n");
        let expected = format!("# Results\n\n## Load\n\ntext\n\n{HEAD}| one |\n| two |\n\n## Older\n\ntext\n");
        assert_eq!(with_row(&between, "| two |\n"), expected);
    }

    #[test]
    fn a_run_is_summed_up() {
        let places = vec![(PathBuf::from("data"), 2_000_000)];
        let took = Duration::from_millis(500);
        let summary = Summary { payments: 1_000, scored_by: None, took, places, memory: 5_000_000 };
        let expected = "1,000 payments in 0 s, 2,000/s, with 5.0 MB of memory\ndata: 2.0 MB, 2000 bytes each\n";
        assert_eq!(summary.lines(), expected);
        assert!(peak_memory() > 0);
    }
}
