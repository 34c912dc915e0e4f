//! What came of it: a row for each kind of request, two columns for each history.

use std::path::Path;
use std::time::Duration;

use super::Taken;
use super::requests::LISTS;
use crate::calendar::Moment;
use crate::failure::Failure;
use crate::machine::Machine;
use crate::record::{self, Document, Promise};
use crate::shown::number;

/// The section of the results, without its entries.
const SECTION: &str = "\
## Lists

Written by `cargo xtask lists --record`, the newest run first. One request at a time over HTTP/1.1: its median and p99, in
microseconds, for each history; in brackets the median as a multiple of the shortest history's, where that has pages as full.
";

/// The figures of all histories.
#[derive(Default)]
pub struct Table {
    histories: Vec<History>,
}

struct History {
    name: String,
    figures: Vec<Figure>,
}

/// One kind of request.
struct Figure {
    /// In microseconds.
    median: f64,
    /// In microseconds.
    p99: f64,
    /// Of all pages.
    rows: usize,
}

impl Table {
    /// Adds a history.
    pub fn add(&mut self, directory: &Path, taken: &[Taken]) {
        let name =
            directory.file_name().map_or_else(|| directory.display().to_string(), |name| name.to_string_lossy().into());
        let figures = taken.iter().map(Figure::of).collect();
        self.histories.push(History { name, figures });
    }

    /// The table, as Markdown.
    pub fn lines(&self) -> String {
        let names = self.histories.iter().map(|history| format!(" {}: p50 | p99 |", history.name));
        let rule = self.histories.iter().map(|_| "---|---|");
        let mut lines = format!("| page |{}\n|---|{}\n", names.collect::<String>(), rule.collect::<String>());
        for (place, list) in LISTS.iter().enumerate() {
            let cells = self.histories.iter().map(|history| self.cells(history, place));
            lines.push_str(&format!("| {} |{}\n", list.name, cells.collect::<String>()));
        }
        lines
    }

    fn cells(&self, history: &History, place: usize) -> String {
        let figure = &history.figures[place];
        let ratio = self.ratio(history, place).map(|ratio| format!(" ({})", number(ratio, 2)));
        format!(" {}{} | {} |", number(figure.median, 0), ratio.unwrap_or_default(), number(figure.p99, 0))
    }

    /// How much longer a page takes than over the first history, whose pages must be as full.
    fn ratio(&self, history: &History, place: usize) -> Option<f64> {
        let (figure, first) = (&history.figures[place], &self.histories.first()?.figures[place]);
        (figure.rows == first.rows).then_some(figure.median / first.median)
    }

    /// Adds an entry to the results, and the worst ratio to the specification.
    pub fn record(&self, place: &Path) -> Result<(), Failure> {
        let (day, machine) = (Moment::now().day(), Machine::look(place));
        let entry = format!("### {day}, commit {}\n\n{}\n\n{}", machine.commit, machine.line(), self.lines());
        Document::Results.change(|known| record::with_entry(known, SECTION, &entry))?;
        let (Some(first), Some(last)) = (self.histories.first(), self.histories.last()) else { return Ok(()) };
        let worst = (1..LISTS.len()).filter_map(|place| self.ratio(last, place)).fold(0.0, f64::max);
        record::promise(&[Promise {
            what: format!(
                "the slowest kind of list page over {}, as a multiple of the same page over {}",
                last.name, first.name
            ),
            aim: "1",
            measured: number(worst, 2),
            share: "–".to_owned(),
            shown_by: "cargo xtask lists SHORT LONG".to_owned(),
            date: day.to_string(),
            commit: machine.commit.clone(),
        }])
    }
}

impl Figure {
    fn of(taken: &Taken) -> Figure {
        Figure { median: quantile(&taken.times, 0.5), p99: quantile(&taken.times, 0.99), rows: taken.rows }
    }
}

/// The time below which this share lies, in microseconds.
fn quantile(times: &[Duration], share: f64) -> f64 {
    let mut times = times.to_vec();
    times.sort_unstable();
    let place = ((times.len() as f64 * share) as usize).min(times.len().saturating_sub(1));
    times.get(place).map_or(0.0, |time| time.as_secs_f64() * 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_history_is_compared_with_the_first() {
        let of = |micros: u64| vec![Taken { times: vec![Duration::from_micros(micros); 10], rows: 100 }; LISTS.len()];
        let mut table = Table::default();
        table.add(Path::new("data/short"), &of(100));
        table.add(Path::new("data/long"), &of(150));
        let lines = table.lines();
        assert!(lines.starts_with("| page | short: p50 | p99 | long: p50 | p99 |\n"), "{lines}");
        assert!(lines.contains("| sessions, newest | 100 (1.00) | 100 | 150 (1.50) | 150 |"), "{lines}");
    }
}
