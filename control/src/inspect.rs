//! What can be looked at and done while the gateway is stopped: the rail's record, the books, the size of the store.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use causeway_core::account::Account;
use causeway_core::id::Mode;
use causeway_core::ledger::{BalanceKey, Posting, is_balanced};
use causeway_core::payment::Payment;
use causeway_core::store::{Identity, Reader, RocksStore, StoreError, StoreMemory};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::config::Stopped;
use crate::rails::simulated;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// There is no such store.
    #[error("there is no {mode} store in {path}: name the data directory of a gateway with --data-dir")]
    Missing {
        /// The directory looked for.
        path: PathBuf,
        /// The mode asked for.
        mode: &'static str,
    },
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The rail's record cannot be read.
    #[error(transparent)]
    Record(#[from] simulated::LogError),
    /// The answer cannot be written.
    #[error("cannot print: {0}")]
    Print(#[from] io::Error),
    /// The books are wrong.
    #[error("the books are wrong: {0}")]
    Books(String),
}

/// Prints the simulated rail's record.
pub fn rail_records(stopped: &Stopped, out: &mut impl Write) -> Result<(), InspectError> {
    let directory = simulated::directory(&stopped.data_dir, stopped.mode());
    must_exist(&directory, stopped.mode())?;
    for line in simulated::export(&directory, stopped.mode())? {
        writeln!(out, "{}", line?)?;
    }
    Ok(())
}

/// Prints each payment with its postings, and checks every posting set and every balance.
pub fn ledger(stopped: &Stopped, out: &mut impl Write) -> Result<(), InspectError> {
    let reader = Reader::new(Arc::new(open(stopped)?));
    for account in reader.accounts()? {
        account_ledger(&reader, &account, stopped.mode(), out)?;
    }
    Ok(())
}

/// Compacts the store.
pub fn compact(stopped: &Stopped) -> Result<(), InspectError> {
    Ok(open(stopped)?.compact()?)
}

/// Where the store of `mode` lies in a data directory.
pub fn store_directory(data_dir: &Path, mode: Mode) -> PathBuf {
    data_dir.join(mode.name()).join("store")
}

fn open(stopped: &Stopped) -> Result<RocksStore, InspectError> {
    let directory = store_directory(&stopped.data_dir, stopped.mode());
    must_exist(&directory, stopped.mode())?;
    Ok(RocksStore::open(&directory, Identity { mode: stopped.mode() }, StoreMemory::default())?)
}

fn must_exist(path: &Path, mode: Mode) -> Result<(), InspectError> {
    let missing = || InspectError::Missing { path: path.to_owned(), mode: mode.name() };
    if path.is_dir() { Ok(()) } else { Err(missing()) }
}

fn account_ledger(reader: &Reader, account: &Account, mode: Mode, out: &mut impl Write) -> Result<(), InspectError> {
    let mut sums: BTreeMap<BalanceKey, Decimal> = BTreeMap::new();
    for payment in reader.payments(account.id)? {
        let postings = reader.postings(account.id, payment.id)?;
        for (phase, set) in &postings {
            if !is_balanced(set) {
                let id = payment.id.text(payment.kind.prefix(), mode);
                return Err(InspectError::Books(format!("the postings {phase:?} of {id} do not sum to zero")));
            }
            for posting in set {
                let key = BalanceKey { owner: account.id, account: posting.account, unit: posting.unit };
                *sums.entry(key).or_default() += posting.amount;
            }
        }
        let sets = postings.iter().map(|(phase, set)| json!({"phase": format!("{phase:?}"), "postings": lines(set)}));
        writeln!(out, "{}", line(&payment, mode, sets.collect()))?;
    }
    check_balances(reader, account, sums)
}

fn check_balances(reader: &Reader, account: &Account, sums: BTreeMap<BalanceKey, Decimal>) -> Result<(), InspectError> {
    let balances: BTreeMap<BalanceKey, Decimal> = reader.balances(account.id)?.into_iter().collect();
    for key in sums.keys().chain(balances.keys()) {
        let (sum, balance) = (sums.get(key).copied(), balances.get(key).copied());
        if sum.unwrap_or_default() != balance.unwrap_or_default() {
            let text = format!("{key:?} stands at {balance:?}, its postings sum to {sum:?}");
            return Err(InspectError::Books(text));
        }
    }
    Ok(())
}

fn line(payment: &Payment, mode: Mode, sets: Vec<Value>) -> Value {
    json!({
        "payment": payment.id.text(payment.kind.prefix(), mode),
        "account": payment.account.text(),
        "status": payment.status.word(),
        "attempts": payment.attempts.iter().map(|attempt| attempt.id.text(mode)).collect::<Vec<_>>(),
        "sets": sets,
    })
}

fn lines(set: &[Posting]) -> Vec<Value> {
    let line = |posting: &Posting| {
        json!({
            "account": format!("{:?}", posting.account),
            "unit": posting.unit.symbol(),
            "amount": posting.amount.to_string(),
        })
    };
    set.iter().map(line).collect()
}
