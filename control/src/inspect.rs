//! What can be looked at and done while the gateway is stopped: the rail's record, the books, the size of the store, the
//! first operator token. Each takes the data directory's lock, so that no gateway starts meanwhile.

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
use crate::data_dir::{DataDir, DataDirError};
use crate::gate::system_time;
use crate::operator::{Audit, TokenError, Tokens};
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
    /// The data directory cannot be used, or a gateway runs in it.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// There is no record of a rail.
    #[error("there is no simulated rail's record in {0}: a sandbox makes it at its first start, live has none")]
    NoRecord(PathBuf),
    /// The operators' tokens cannot be used.
    #[error(transparent)]
    Tokens(#[from] TokenError),
    /// The audit file cannot be used.
    #[error("cannot write the audit file in {0}: {1}")]
    Audit(PathBuf, io::Error),
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

/// Prints the simulated rail's record; gives how many attempts are in it.
pub fn rail_records(stopped: &Stopped, out: &mut impl Write) -> Result<u64, InspectError> {
    let _data = DataDir::of_stopped(&stopped.data_dir)?;
    let directory = simulated::directory(&stopped.data_dir, stopped.mode());
    if !directory.is_dir() {
        return Err(InspectError::NoRecord(directory));
    }
    let mut count = 0;
    for line in simulated::export(&directory, stopped.mode())? {
        writeln!(out, "{}", line?)?;
        count += 1;
    }
    Ok(count)
}

/// Prints each payment with its postings, and checks every posting set and every balance.
pub fn ledger(stopped: &Stopped, out: &mut impl Write) -> Result<(), InspectError> {
    let data = DataDir::of_stopped(&stopped.data_dir)?;
    let reader = Reader::new(Arc::new(open(&data, stopped.mode())?));
    for account in reader.accounts()? {
        account_ledger(&reader, &account, stopped.mode(), out)?;
    }
    Ok(())
}

/// Compacts the store.
pub fn compact(stopped: &Stopped) -> Result<(), InspectError> {
    let data = DataDir::of_stopped(&stopped.data_dir)?;
    Ok(open(&data, stopped.mode())?.compact()?)
}

/// Makes the first operator token anew, writes it to its file, and gives that file.
pub fn operator_token(data_dir: &Path) -> Result<PathBuf, InspectError> {
    let data = DataDir::of_stopped(data_dir)?;
    let unwritable = |error| InspectError::Audit(data_dir.to_owned(), error);
    let audit = Audit::open(data_dir).map_err(unwritable)?;
    audit.record_command("renew_first_token", "first", system_time()).map_err(unwritable)?;
    Tokens::renew_first(data_dir)?;
    Ok(data.operator_token())
}

fn open(data: &DataDir, mode: Mode) -> Result<RocksStore, InspectError> {
    let path = data.store(mode);
    if !path.is_dir() {
        return Err(InspectError::Missing { path, mode: mode.name() });
    }
    Ok(RocksStore::open(&path, Identity { mode }, StoreMemory::default())?)
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
