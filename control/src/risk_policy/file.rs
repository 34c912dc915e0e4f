//! The policy as a file, which is applied when the program starts: once for each content.

use std::path::{Path, PathBuf};

use causeway_core::risk::NewPolicy;
use causeway_core::risk::policy::FileHash;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use toml::Spanned;

use super::{Builder, Keyed, Known, ListRow, RuleRow};
use crate::catalogue::{Fault, Source};
use crate::keys::KeyRing;

/// A file that was read and can be applied.
pub struct PolicyFile {
    /// Where it lies.
    pub path: PathBuf,
    /// The first half of SHA-256 over its text: by it a cell knows that it was applied.
    pub hash: FileHash,
    source: Source,
    rows: Rows,
}

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PolicyFileError {
    /// It cannot be read.
    #[error("cannot read {0}: {1}")]
    Unreadable(PathBuf, std::io::Error),
    /// Something in it is wrong.
    #[error("{0}")]
    Fault(Fault),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rows {
    #[serde(default)]
    rule: Vec<Spanned<RuleRow>>,
    #[serde(default)]
    list: Vec<Spanned<ListRow>>,
}

impl PolicyFile {
    /// Reads a file and sees whether everything in it could be applied.
    pub fn load(path: &Path) -> Result<PolicyFile, PolicyFileError> {
        let source = Source::open(path).map_err(|error| PolicyFileError::Unreadable(path.to_owned(), error))?;
        PolicyFile::read(path, source).map_err(PolicyFileError::Fault)
    }

    fn read(path: &Path, source: Source) -> Result<PolicyFile, Fault> {
        let mut hash = FileHash::default();
        hash.copy_from_slice(&Sha256::digest(source.text())[..16]);
        let file = PolicyFile { path: path.to_owned(), hash, rows: source.parse()?, source };
        file.built(Builder::new(Keyed::trial()))?;
        Ok(file)
    }

    /// What it says, for the cell with these keys, in a gateway that knows these; and what may be a mistake in it.
    pub fn policy(&self, keys: &KeyRing, known: Known<'_>) -> Result<(NewPolicy, Vec<String>), PolicyFileError> {
        let builder = Builder::new(Keyed::by(keys)).knowing(known);
        let (new, warnings) = self.built(builder).map_err(PolicyFileError::Fault)?;
        Ok((NewPolicy { file: Some(self.hash), ..new }, warnings))
    }

    fn built(&self, mut builder: Builder<'_>) -> Result<(NewPolicy, Vec<String>), Fault> {
        for row in &self.rows.rule {
            let fault = |reason| self.source.fault(row.span().start, format!("this rule {reason}"));
            builder.rule(row.get_ref()).map_err(fault)?;
        }
        for row in &self.rows.list {
            let fault = |reason| self.source.fault(row.span().start, format!("this list {reason}"));
            builder.list(row.get_ref()).map_err(fault)?;
        }
        Ok(builder.finish())
    }
}
