//! The files with assets and corridors, and with rates and fees: read, judged as a whole, and turned into the core's
//! catalogue. What is wrong is named with file and line.

mod check;
mod corridors;
mod rates;
mod word;

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use causeway_core::id::Mode;
use causeway_core::routing::Catalogue;
use serde::de::DeserializeOwned;

use crate::lines;

/// The rail of the sandbox; live has no part in it.
pub const SIMULATED_RAIL: &str = "simulated";

/// Why there is no catalogue.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// A file cannot be read.
    #[error("cannot read {0}: {1}")]
    Unreadable(PathBuf, std::io::Error),
    /// A file of live is not named; the sandbox's own ones are not for real money.
    #[error("live has no {0} of its own: name a file with --live-{0}")]
    NotNamed(&'static str),
    /// A file cannot be used.
    #[error("{0}")]
    Fault(Fault),
}

/// What is wrong, and where.
#[derive(Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file's name.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there and what to do.
    pub reason: String,
}

/// A file's text with its name.
#[derive(Clone, Debug)]
pub struct Source {
    name: String,
    text: String,
}

/// Reads both files; without a name the sandbox's own ones, which are part of the program.
pub fn load(corridors: Option<&Path>, rates: Option<&Path>) -> Result<Catalogue, CatalogueError> {
    let corridors = Source::read(corridors, "corridors.toml", include_str!("../catalogue/corridors.toml"))?;
    let rates = Source::read(rates, "rates.toml", include_str!("../catalogue/rates.toml"))?;
    parse(&corridors, &rates).map_err(CatalogueError::Fault)
}

/// Reads both files of live, which must be named.
pub fn load_live(corridors: Option<&Path>, rates: Option<&Path>) -> Result<Catalogue, CatalogueError> {
    let corridors = corridors.ok_or(CatalogueError::NotNamed("corridors"))?;
    let rates = rates.ok_or(CatalogueError::NotNamed("rates"))?;
    load(Some(corridors), Some(rates))
}

/// The catalogue of one cell: a corridor is connected where its rail runs. The simulated rail of the sandbox is the only
/// one so far, so that nothing is connected in live, whatever its file names.
pub fn for_mode(catalogue: &Catalogue, mode: Mode) -> Catalogue {
    let mut own = catalogue.clone();
    for corridor in &mut own.corridors {
        corridor.connected = mode == Mode::Sandbox && corridor.rail == SIMULATED_RAIL;
    }
    own
}

fn parse(corridors: &Source, rates: &Source) -> Result<Catalogue, Fault> {
    let corridor_file: corridors::File = corridors.parse()?;
    let rate_file: rates::File = rates.parse()?;
    let mut catalogue = Catalogue::default();
    corridors::add(&mut catalogue, &corridor_file, corridors)?;
    rates::add(&mut catalogue, &rate_file, rates)?;
    check::corridors_have_prices(&catalogue, &corridor_file, corridors)?;
    check::dollar_asset_has_rates(&catalogue, &rate_file, rates)?;
    Ok(catalogue)
}

impl Source {
    fn read(named: Option<&Path>, shipped_name: &str, shipped: &str) -> Result<Source, CatalogueError> {
        let Some(path) = named else {
            return Ok(Source { name: format!("the sandbox's own {shipped_name}"), text: shipped.to_owned() });
        };
        let text = fs::read_to_string(path).map_err(|error| CatalogueError::Unreadable(path.to_owned(), error))?;
        Ok(Source { name: path.display().to_string(), text })
    }

    fn parse<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        toml::from_str(&self.text).map_err(|error| {
            let offset = error.span().map_or(0, |span| span.start);
            self.fault(offset, error.message().to_owned())
        })
    }

    fn fault(&self, offset: usize, reason: String) -> Fault {
        Fault { file: self.name.clone(), line: lines::at(&self.text, offset), reason }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.reason)
    }
}

#[cfg(test)]
mod tests;
