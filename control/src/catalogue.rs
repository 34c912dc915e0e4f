//! The files with assets and corridors, and with rates and fees: read, judged as a whole, and turned into the core's
//! catalogue. What is wrong is named with file and line.

mod check;
mod corridors;
mod rates;
pub(crate) mod word;

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
    let (corridors, rates) = read(corridors, rates)?;
    parse(&corridors, &rates, None).map_err(CatalogueError::Fault)
}

/// Reads the files of the sandbox, in which the simulated rail and these `rails` run; every corridor must name one of them.
pub fn load_sandbox(
    corridors: Option<&Path>,
    rates: Option<&Path>,
    rails: &[String],
) -> Result<Catalogue, CatalogueError> {
    let rails = [&[SIMULATED_RAIL.to_owned()], rails].concat();
    let (corridors, rates) = read(corridors, rates)?;
    parse(&corridors, &rates, Some(&rails)).map(|catalogue| connect(catalogue, &rails)).map_err(CatalogueError::Fault)
}

/// Reads the files of live, which must be named, for a cell in which these `rails` run. Without any nothing is connected,
/// whatever the corridors name; else every corridor must name one of them.
pub fn load_live(
    corridors: Option<&Path>,
    rates: Option<&Path>,
    rails: Option<&[String]>,
) -> Result<Catalogue, CatalogueError> {
    let corridors = corridors.ok_or(CatalogueError::NotNamed("corridors"))?;
    let rates = rates.ok_or(CatalogueError::NotNamed("rates"))?;
    let (corridors, rates) = read(Some(corridors), Some(rates))?;
    let catalogue = parse(&corridors, &rates, rails).map_err(CatalogueError::Fault)?;
    Ok(connect(catalogue, rails.unwrap_or_default()))
}

/// The catalogue of a cell without rails but the simulated one, which runs in the sandbox alone.
pub fn for_mode(catalogue: &Catalogue, mode: Mode) -> Catalogue {
    let simulated = [SIMULATED_RAIL.to_owned()];
    connect(catalogue.clone(), if mode == Mode::Sandbox { &simulated } else { &[] })
}

/// A corridor is connected where its rail runs.
fn connect(mut catalogue: Catalogue, rails: &[String]) -> Catalogue {
    for corridor in &mut catalogue.corridors {
        corridor.connected = rails.contains(&corridor.rail);
    }
    catalogue
}

fn read(corridors: Option<&Path>, rates: Option<&Path>) -> Result<(Source, Source), CatalogueError> {
    let corridors = Source::read(corridors, "corridors.toml", include_str!("../catalogue/corridors.toml"))?;
    let rates = Source::read(rates, "rates.toml", include_str!("../catalogue/rates.toml"))?;
    Ok((corridors, rates))
}

/// With `rails`, every corridor must name one of them.
fn parse(corridors: &Source, rates: &Source, rails: Option<&[String]>) -> Result<Catalogue, Fault> {
    let corridor_file: corridors::File = corridors.parse()?;
    let rate_file: rates::File = rates.parse()?;
    let mut catalogue = Catalogue::default();
    corridors::add(&mut catalogue, &corridor_file, corridors)?;
    rates::add(&mut catalogue, &rate_file, rates)?;
    check::corridors_have_prices(&catalogue, &corridor_file, corridors)?;
    check::dollar_asset_has_rates(&catalogue, &rate_file, rates)?;
    if let Some(rails) = rails {
        check::corridors_have_rails(rails, &corridor_file, corridors)?;
    }
    Ok(catalogue)
}

impl Source {
    fn read(named: Option<&Path>, shipped_name: &str, shipped: &str) -> Result<Source, CatalogueError> {
        let Some(path) = named else {
            return Ok(Source { name: format!("the sandbox's own {shipped_name}"), text: shipped.to_owned() });
        };
        Source::open(path).map_err(|error| CatalogueError::Unreadable(path.to_owned(), error))
    }

    /// Reads a file that an operator names.
    pub(crate) fn open(path: &Path) -> std::io::Result<Source> {
        Ok(Source { name: path.display().to_string(), text: fs::read_to_string(path)? })
    }

    /// All of it.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// What the file says; what cannot be read is named with its line.
    pub(crate) fn parse<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        toml::from_str(&self.text).map_err(|error| {
            let offset = error.span().map_or(0, |span| span.start);
            self.fault(offset, error.message().to_owned())
        })
    }

    /// A fault in the line of the byte at `offset`.
    pub(crate) fn fault(&self, offset: usize, reason: String) -> Fault {
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
