//! What a check has found, for people and for programs.

use std::fmt;
use std::path::Path;

use causeway_core::risk::package::Finding;
use serde::{Deserialize, Serialize};

/// All that was looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The folder.
    pub folder: String,
    /// Whether the package may be loaded.
    pub verified: bool,
    /// Which package it is, where nothing is wrong with what it says of itself.
    pub package: Option<Identity>,
    /// One thing each, in the order in which they were looked at.
    pub lines: Vec<Line>,
    /// How long the model takes.
    pub timing: Option<Timing>,
}

/// A package among others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: u32,
    /// The version of its form.
    pub format: u32,
    /// The SHA-256 of its model.
    pub sha256: String,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// What.
    pub topic: String,
    /// Whether it is as it must be.
    pub passed: bool,
    /// What was seen, or what is wrong and what to do.
    pub says: String,
}

/// Processor time of calls, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Timing {
    /// Of one row, the median.
    pub single_median: f64,
    /// Of one row, the 99th percentile.
    pub single_p99: f64,
    /// Of 64 rows, the median.
    pub batch_median: f64,
    /// Of 64 rows, the 99th percentile.
    pub batch_p99: f64,
}

impl Report {
    /// What was found without running the model.
    pub fn new(folder: &Path, findings: Vec<Finding>) -> Report {
        let line = |finding: Finding| {
            let (passed, says) = match finding.result {
                Ok(says) => (true, says),
                Err(error) => (false, error.reason),
            };
            Line { topic: finding.topic.to_owned(), passed, says }
        };
        let lines = findings.into_iter().map(line).collect();
        Report { folder: folder.display().to_string(), verified: false, package: None, lines, timing: None }
    }

    /// Adds something that is wrong.
    pub fn fault(&mut self, topic: &str, says: String) {
        self.lines.push(Line { topic: topic.to_owned(), passed: false, says });
    }

    /// All of it as JSON.
    pub fn json(&self) -> String {
        // Plain data with text for keys has a text.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// What is wrong, in one line.
    pub fn faults(&self) -> String {
        let faults = self.lines.iter().filter(|line| !line.passed);
        let faults: Vec<String> = faults.map(|line| format!("{}: {}", line.topic, line.says)).collect();
        faults.join("; ")
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.lines {
            let mark = if line.passed { "ok   " } else { "WRONG" };
            writeln!(f, "{mark}  {:<18}{}", line.topic, line.says)?;
        }
        let faults = self.lines.iter().filter(|line| !line.passed).count();
        match &self.package {
            Some(package) if self.verified => writeln!(f, "{} {} can be loaded", package.name, package.version),
            Some(_) | None => {
                writeln!(f, "the package cannot be loaded: {faults} of {} checks failed", self.lines.len())
            }
        }
    }
}
