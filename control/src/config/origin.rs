//! Where a setting's value came from, for errors that are about several settings at once.

use std::path::PathBuf;

use clap::ArgMatches;
use clap::parser::ValueSource;

use super::file::Lines;

/// Where the values of one invocation came from.
pub struct Origins<'a> {
    given: &'a ArgMatches,
    file: Option<PathBuf>,
    lines: Lines,
}

impl<'a> Origins<'a> {
    /// The origins of what was `given`, with the file that gave the rest.
    pub fn new(given: &'a ArgMatches, file: Option<PathBuf>, lines: Lines) -> Origins<'a> {
        Origins { given, file, lines }
    }

    /// Whether somebody has given the setting, be it as it would be without.
    pub fn is_given(&self, name: &str) -> bool {
        let source = self.given.value_source(&name.replace('-', "_"));
        self.lines.contains_key(name) || source.is_some_and(|source| source != ValueSource::DefaultValue)
    }

    /// The setting with its origin: `--listen`, `CAUSEWAY_LISTEN` or `listen (causeway.toml:3)`.
    pub fn of(&self, name: &str) -> String {
        let id = name.replace('-', "_");
        match (self.given.value_source(&id), &self.file, self.lines.get(name)) {
            (Some(ValueSource::EnvVariable), _, _) => format!("CAUSEWAY_{}", id.to_uppercase()),
            (Some(ValueSource::DefaultValue), Some(file), Some(line)) => format!("{name} ({}:{line})", file.display()),
            _ => format!("--{name}"),
        }
    }
}
