//! The rails file: the rails that are reached over HTTP, read and judged as a whole before anything starts. What is wrong is
//! named with file and line. `docs/rails.md` says what stands in it.

mod files;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use causeway_core::id::Mode;
use serde::Deserialize;
use tokio_rustls::TlsConnector;
use toml::Spanned;

use super::dispatcher::Schedule;
use super::simulated;
use crate::catalogue::word::{FromWord, Name, Word};
use crate::catalogue::{Fault, Source};
use crate::config::duration;
use crate::keys::SecretText;
use crate::webhooks::guard::Target;

/// Rails that one file may name.
const RAILS: usize = 64;
/// Requests to one rail that may be in flight at once.
const AT_ONCE: std::ops::RangeInclusive<u32> = 1..=1_024;

/// A rail that is reached over HTTP.
#[derive(Clone)]
pub struct RailConfig {
    /// The name that corridors give it.
    pub name: String,
    /// The world that it moves money in.
    pub mode: Mode,
    /// Its base URL.
    pub target: Target,
    /// What requests and reports are signed with.
    pub secret: SecretText,
    /// How long one request may take, connecting included.
    pub timeout: Duration,
    /// Requests in flight at once.
    pub at_once: u32,
    /// When open attempts are enquired about.
    pub enquiries: Schedule,
    /// Whom TLS trusts, and who we are there.
    pub tls: TlsConnector,
}

/// Why there are no rails.
#[derive(Debug, thiserror::Error)]
pub enum RailsError {
    /// The file cannot be read.
    #[error("cannot read the rails file {0}: {1}")]
    Unreadable(PathBuf, std::io::Error),
    /// The file cannot be used.
    #[error("{0}")]
    Fault(Fault),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    rail: BTreeMap<String, Spanned<RailRow>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RailRow {
    mode: Word<RailMode>,
    url: Spanned<String>,
    secret_file: Spanned<PathBuf>,
    #[serde(default = "ten_seconds")]
    timeout: Word<Span>,
    at_once: Option<Spanned<u32>>,
    enquire_after: Option<Spanned<Word<Span>>>,
    enquire_every: Option<Spanned<Word<Span>>>,
    ca_file: Option<Spanned<PathBuf>>,
    client_certificate_file: Option<Spanned<PathBuf>>,
    client_key_file: Option<Spanned<PathBuf>>,
}

struct RailMode(Mode);

/// A time longer than zero.
struct Span(Duration);

/// What is wrong, and at which byte of the file.
type Wrong = (usize, String);

/// Reads the file and everything that it names. Paths in it are relative to its own directory.
pub fn load(path: &Path) -> Result<Vec<RailConfig>, RailsError> {
    let source = Source::open(path).map_err(|error| RailsError::Unreadable(path.to_owned(), error))?;
    let directory = path.parent().unwrap_or(Path::new(""));
    read(&source, directory).map_err(RailsError::Fault)
}

impl FromWord for RailMode {
    fn from_word(text: &str) -> Result<RailMode, String> {
        let known = [Mode::Sandbox, Mode::Live].into_iter().find(|mode| mode.name() == text);
        known.map(RailMode).ok_or_else(|| "is no mode: use sandbox or live".to_owned())
    }
}

impl FromWord for Span {
    fn from_word(text: &str) -> Result<Span, String> {
        duration::positive(text).map(Span)
    }
}

fn ten_seconds() -> Word<Span> {
    Word(Span(Duration::from_secs(10)))
}

fn read(source: &Source, directory: &Path) -> Result<Vec<RailConfig>, Fault> {
    let file: File = source.parse()?;
    let mut rails: Vec<RailConfig> = Vec::new();
    for (name, row) in file.rail {
        let at = row.span().start;
        let fault = |(at, reason): Wrong| source.fault(at, format!("rail {name}: {reason}"));
        let rail = rail(&name, at, row.into_inner(), directory).map_err(fault)?;
        if let Some(other) = rails.iter().find(|other| other.secret == rail.secret) {
            let reason = format!("it has the secret of rail {}: each needs its own", other.name);
            return Err(fault((at, reason)));
        }
        if rails.len() == RAILS {
            return Err(fault((at, format!("there are more than {RAILS} rails"))));
        }
        rails.push(rail);
    }
    Ok(rails)
}

fn rail(name: &str, at: usize, row: RailRow, directory: &Path) -> Result<RailConfig, Wrong> {
    Name::from_word(name).map_err(|reason| (at, format!("the name {reason}")))?;
    if name == simulated::NAME {
        return Err((at, "this is the name of the sandbox's own rail: take another".to_owned()));
    }
    let target = target(&row.url)?;
    let tls = files::connector(&row, at, target.secure, directory)?;
    Ok(RailConfig {
        name: name.to_owned(),
        mode: row.mode.0.0,
        secret: files::secret(&row.secret_file, directory)?,
        timeout: row.timeout.0.0,
        at_once: at_once(row.at_once)?,
        enquiries: enquiries(row.enquire_after, row.enquire_every)?,
        tls,
        target,
    })
}

/// The base URL, without the slash at its end: https, or http on loopback.
fn target(url: &Spanned<String>) -> Result<Target, Wrong> {
    let wrong = |reason: String| (url.span().start, format!("the url `{}` cannot be used: {reason}", url.get_ref()));
    let mut target = Target::read(url.get_ref()).map_err(|refused| wrong(refused.to_string()))?;
    if !target.secure && !target.is_on_loopback() {
        return Err(wrong("it must be https; http is for loopback alone".to_owned()));
    }
    if target.path.contains('?') {
        return Err(wrong("it must not hold a query".to_owned()));
    }
    target.path.truncate(target.path.trim_end_matches('/').len());
    Ok(target)
}

fn at_once(given: Option<Spanned<u32>>) -> Result<u32, Wrong> {
    let Some(given) = given else { return Ok(32) };
    let number = *given.get_ref();
    if AT_ONCE.contains(&number) {
        return Ok(number);
    }
    Err((given.span().start, format!("at_once must be {} to {}", AT_ONCE.start(), AT_ONCE.end())))
}

fn enquiries(first: Option<Spanned<Word<Span>>>, longest: Option<Spanned<Word<Span>>>) -> Result<Schedule, Wrong> {
    let at = first.as_ref().or(longest.as_ref()).map_or(0, |given| given.span().start);
    let first = first.map_or(Duration::from_secs(30), |given| given.into_inner().0.0);
    let longest = longest.map_or(first.max(Duration::from_secs(3_600)), |given| given.into_inner().0.0);
    Schedule::new(first, longest).ok_or_else(|| (at, "enquire_every must not be shorter than enquire_after".to_owned()))
}

#[cfg(test)]
mod tests;
