//! Timed stages: each is announced, all are summed up in a table of minutes.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use crate::failure::Failure;

/// The stages of one run, in the order in which they ran.
#[derive(Default)]
pub struct Stages {
    rows: Vec<Row>,
}

struct Row {
    name: &'static str,
    took: Duration,
    passed: bool,
}

impl Stages {
    /// Runs one stage and notes its time. A failure is printed and noted, so that later stages can still run.
    pub fn run(&mut self, name: &'static str, work: impl FnOnce() -> Result<(), Failure>) {
        if let Err(failure) = self.require(name, work) {
            eprintln!("xtask: {name}: {failure}");
        }
    }

    /// Runs one stage without which nothing after it makes sense.
    pub fn require<T>(&mut self, name: &'static str, work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
        println!("== {name}");
        let started = Instant::now();
        let result = work();
        self.rows.push(Row { name, took: started.elapsed(), passed: result.is_ok() });
        result
    }

    /// Prints the table; an error when a stage failed.
    pub fn finish(self) -> Result<(), Failure> {
        print!("{}", self.table());
        let failed: Vec<_> = self.rows.iter().filter(|row| !row.passed).map(|row| row.name).collect();
        if failed.is_empty() { Ok(()) } else { Err(Failure::new(format!("failed: {}", failed.join(", ")))) }
    }

    fn table(&self) -> String {
        let mut text = format!("\n{:<24}{:>8}\n", "stage", "minutes");
        let mut line = |name: &str, took: Duration, note: &str| {
            let minutes = took.as_secs_f64() / 60.0;
            writeln!(text, "{name:<24}{minutes:>8.1}{note}").unwrap_or_default();
        };
        for row in &self.rows {
            line(row.name, row.took, if row.passed { "" } else { "  failed" });
        }
        line("total", self.rows.iter().map(|row| row.took).sum(), "");
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_stage_does_not_stop_the_next_and_is_named_at_the_end() {
        let mut stages = Stages::default();
        let mut ran = false;
        stages.run("first", || Err(Failure::new("it broke")));
        stages.run("second", || {
            ran = true;
            Ok(())
        });
        assert!(ran);
        assert_eq!(stages.finish().unwrap_err().to_string(), "failed: first");
    }

    #[test]
    fn the_table_shows_minutes_and_their_sum() {
        let row = |name, seconds, passed| Row { name, took: Duration::from_secs(seconds), passed };
        let stages = Stages { rows: vec![row("unit tests", 90, true), row("model tests", 30, false)] };
        let table = stages.table();
        let lines: Vec<_> = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        assert_eq!(lines[1..], ["stage minutes", "unit tests 1.5", "model tests 0.5 failed", "total 2.0"]);
    }
}
