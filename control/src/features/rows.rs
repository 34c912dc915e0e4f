//! A CSV file, row by row, with columns by their names. What is wrong is told with file, line and value.

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use causeway_core::time::Timestamp;
use csv::{ErrorKind, Reader, ReaderBuilder, StringRecord};

use super::FeaturesError;
use crate::wire::Time;

/// A CSV file with the places of its columns.
pub struct Rows {
    path: PathBuf,
    reader: Reader<File>,
    record: StringRecord,
    columns: HashMap<String, usize>,
}

impl Rows {
    /// Opens the file and reads its first line, in which the required columns must be.
    pub fn open(path: &Path, required: &[&str]) -> Result<Rows, FeaturesError> {
        let failed = |error: csv::Error| broken(path, &error);
        let mut reader = ReaderBuilder::new().trim(csv::Trim::All).from_path(path).map_err(failed)?;
        let header = reader.headers().map_err(failed)?.clone();
        let mut columns = HashMap::new();
        for (place, name) in header.iter().enumerate() {
            if let Some(first) = columns.insert(name.to_owned(), place) {
                let (path, first, second) = (path.display(), first + 1, place + 1);
                return Err(FeaturesError(format!(
                    "{path}:1: the column {name:?} is there twice, as number {first} and {second}: remove or rename one"
                )));
            }
        }
        if let Some(missing) = required.iter().find(|name| !columns.contains_key(**name)) {
            let found = header.iter().collect::<Vec<_>>().join(", ");
            let hint = if header.len() == 1 && found.contains([';', '\t']) {
                ". The fields must have commas between them: save the file so"
            } else {
                ""
            };
            let reason = format!("there is no column {missing}, only {found}{hint}");
            return Err(FeaturesError(format!("{}:1: {reason}", path.display())));
        }
        Ok(Rows { path: path.to_owned(), reader, record: StringRecord::new(), columns })
    }

    /// Goes to the next row; whether there is one.
    pub fn advance(&mut self) -> Result<bool, FeaturesError> {
        let read = self.reader.read_record(&mut self.record);
        read.map_err(|error| broken(&self.path, &error))
    }

    /// What stands in a column; nothing where it is empty or not there.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.columns.get(name).and_then(|place| self.record.get(*place)).filter(|text| !text.is_empty())
    }

    /// The same in the form that it must have.
    pub fn read<T>(
        &self,
        name: &str,
        form: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, FeaturesError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        read(text).map(Some).ok_or_else(|| self.fault(&format!("{name} must be {form}, not {text:?}")))
    }

    /// The same as a time. None is before 1970, which the gateway's own clock begins with.
    pub fn time(&self, name: &str) -> Result<Option<Timestamp>, FeaturesError> {
        let later = |text: &str| Time::parse(text).map(|time| time.0).filter(|at| *at > Timestamp(0));
        self.read(name, "a time such as 2026-06-30T12:00:00Z, later than 1970", later)
    }

    /// The line of the row.
    pub fn line(&self) -> u64 {
        self.record.position().map_or(0, csv::Position::line)
    }

    /// What is wrong with the row, with its line.
    pub fn fault(&self, reason: &str) -> FeaturesError {
        FeaturesError(format!("{}:{}: {reason}", self.path.display(), self.line()))
    }
}

/// What is wrong with the file, in plain words.
fn broken(path: &Path, error: &csv::Error) -> FeaturesError {
    let path = path.display();
    let line = error.position().map_or(1, csv::Position::line);
    FeaturesError(match error.kind() {
        ErrorKind::UnequalLengths { expected_len, len, .. } => format!(
            "{path}:{line}: line {line} has {len} fields, the header {expected_len}: text with commas needs quotes around it"
        ),
        ErrorKind::Utf8 { .. } => format!("{path}:{line}: this is not UTF-8: save the file as UTF-8"),
        ErrorKind::Io(_) | ErrorKind::Seek | ErrorKind::Serialize(_) | ErrorKind::Deserialize { .. } | _ => {
            format!("cannot read {path}: {error}")
        }
    })
}
