//! Bulk loading: rows that are final and come in the order of their keys go to sorted files, which the database takes over
//! as they are.
//!
//! An empty store is filled this way many times faster than by commits: nothing is logged, nothing waits in memory to be
//! sorted, and nothing is compacted, because files whose keys do not overlap go straight to the last level. It is for tools
//! that make a data directory; a served cell commits.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use rocksdb::{DB, IngestExternalFileOptions, Options, SstFileWriter};

use super::{RocksStore, failed, family, options, usable};
use crate::change::Head;
use crate::store::encode::HEAD;
use crate::store::{Batch, Column, Key, Operation, Store, StoreError};

/// Takes in final rows, in the order of their keys within each run. A run is a whole column, or what one account (in an
/// index by status: one account and label) has in it.
pub struct Bulk<'a> {
    options: &'a [Options],
    folder: PathBuf,
    runs: BTreeMap<(Column, RunName), Run<'a>>,
    files: Vec<SortedFile>,
    bytes: u64,
}

/// A file with the column that it belongs to.
type SortedFile = (Column, PathBuf);

/// The beginning of a run's keys, filled up with zeros.
type RunName = [u8; ACCOUNT + 1];

enum Run<'a> {
    /// The rows since its last file: those that fill no file are committed in the end.
    Short(Batch),
    /// A file that takes more rows.
    File(SstFileWriter<'a>),
}

/// Where the files are made, inside the store's directory.
const FOLDER: &str = "bulk";
/// Bytes of rows for which a file is made.
const RUN_BYTES: usize = 256 << 10;
/// A file of this size is closed, in bytes.
const FILE_BYTES: u64 = 64 << 20;
/// Length of an account's id in keys.
const ACCOUNT: usize = 16;

impl RocksStore {
    /// Fills an empty store: `work` adds rows and gives the batch that makes them count, whose head is the store's from then
    /// on. Durable when it returns. After an error the store is of no use and its directory can be removed.
    pub fn fill<E: From<StoreError>>(&self, work: impl FnOnce(&mut Bulk<'_>) -> Result<Batch, E>) -> Result<(), E> {
        self.require_empty()?;
        let folder = self.path.join(FOLDER);
        let in_folder = |error| StoreError::Failed(format!("{}: {error}", folder.display()));
        fs::create_dir_all(&folder).map_err(in_folder)?;
        let options = options::of_files(self.memory);
        let runs = BTreeMap::new();
        let mut bulk = Bulk { options: &options, folder: folder.clone(), runs, files: Vec::new(), bytes: 0 };
        let last = work(&mut bulk)?;
        let (files, mut batches) = bulk.close()?;
        self.take_over(&files)?;
        batches.push(last);
        self.commit(&batches)?;
        Ok(fs::remove_dir_all(&folder).map_err(in_folder)?)
    }

    fn require_empty(&self) -> Result<(), StoreError> {
        if self.get_many(&[(Column::Meta, Key::meta(HEAD))])?.iter().all(Option::is_none) {
            return Ok(());
        }
        let place = self.path.display();
        Err(StoreError::Unusable(format!("the store in {place} was used: only an empty one can be filled")))
    }

    /// The files become part of the database, and are no longer where they were made.
    fn take_over(&self, files: &[SortedFile]) -> Result<(), StoreError> {
        let guard = self.db.read();
        let db: &DB = usable(&guard)?;
        let mut moved = IngestExternalFileOptions::default();
        moved.set_move_files(true);
        for &column in Column::ALL {
            let own = files.iter().filter(|(of, _)| *of == column);
            let own: Vec<&Path> = own.map(|(_, path)| path.as_path()).collect();
            if !own.is_empty() {
                db.ingest_external_file_cf_opts(family(db, column), &moved, own).map_err(failed)?;
            }
        }
        Ok(())
    }
}

impl<'a> Bulk<'a> {
    /// Adds the rows of a batch, which removes none. Its head does not count: that of the last batch does.
    pub fn add(&mut self, batch: &Batch) -> Result<(), StoreError> {
        for operation in batch.operations() {
            match operation {
                Operation::Put { column: Column::Meta, .. } => {}
                Operation::Put { column, key, value } => self.put(column, key, value)?,
                Operation::Delete { column, .. } => {
                    let column = column.name();
                    return Err(StoreError::Failed(format!("a row of {column} is removed while the store is filled")));
                }
            }
        }
        Ok(())
    }

    /// Bytes of keys and values so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    fn put(&mut self, column: Column, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        self.bytes += (key.len() + value.len()) as u64;
        let run = self.runs.entry((column, run_of(column, key))).or_insert_with(Run::empty);
        match run {
            Run::Short(rows) => {
                rows.put(column, key, value);
                if rows.bytes() >= RUN_BYTES {
                    let path = self.folder.join(format!("{}.sst", self.files.len()));
                    *run = Run::File(file_of(rows, &self.options[column as usize], &path)?);
                    self.files.push((column, path));
                }
            }
            Run::File(file) => {
                file.put(key, value).map_err(failed)?;
                if file.file_size() >= FILE_BYTES {
                    file.finish().map_err(failed)?;
                    *run = Run::empty();
                }
            }
        }
        Ok(())
    }

    /// Closes all files; gives them and the rows that are in none.
    fn close(self) -> Result<(Vec<SortedFile>, Vec<Batch>), StoreError> {
        let mut short = Vec::new();
        for run in self.runs.into_values() {
            match run {
                Run::Short(rows) => short.push(rows),
                Run::File(mut file) => file.finish().map_err(failed)?,
            }
        }
        Ok((self.files, short))
    }
}

impl Run<'_> {
    fn empty() -> Self {
        Run::Short(Batch::new(Head::default()))
    }
}

/// A new file with these rows.
fn file_of<'a>(rows: &Batch, options: &'a Options, path: &Path) -> Result<SstFileWriter<'a>, StoreError> {
    let mut file = SstFileWriter::create(options);
    file.open(path).map_err(failed)?;
    for operation in rows.operations() {
        if let Operation::Put { key, value, .. } = operation {
            file.put(key, value).map_err(failed)?;
        }
    }
    Ok(file)
}

fn run_of(column: Column, key: &[u8]) -> RunName {
    let length = match column {
        Column::Sessions
        | Column::Quotes
        | Column::Payments
        | Column::Transactions
        | Column::Replays
        | Column::Postings
        | Column::Events
        | Column::Deliveries
        | Column::Customers
        | Column::CustomerVersions
        | Column::DeletedCustomers
        | Column::SessionTransactions => ACCOUNT,
        Column::SessionIndex | Column::TransactionIndex | Column::DeliveryIndex => ACCOUNT + 1,
        Column::Meta
        | Column::Accounts
        | Column::Persons
        | Column::Receipts
        | Column::Histories
        | Column::Labels
        | Column::Models
        | Column::Balances
        | Column::Lanes
        | Column::FailingEndpoints
        | Column::Redeliveries
        | Column::Outbox
        | Column::RailWork
        | Column::Bus
        | Column::Reviews
        | Column::RiskPolicies
        | Column::Timers
        | Column::CustomerNames => 0,
    };
    let mut name = RunName::default();
    let length = length.min(key.len());
    name[..length].copy_from_slice(&key[..length]);
    name
}

#[cfg(test)]
mod tests;
