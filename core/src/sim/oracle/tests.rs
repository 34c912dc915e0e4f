//! The oracle beside the cell, over a store that does not fail: random batches, every outcome and every row compared. Then
//! the oracle itself: what was taken from a store or changed in it is seen.

mod cell;
mod prices;
mod script;

use std::collections::BTreeSet;

use crate::change::Head;
use crate::store::{Batch, Column, MemoryStore, Scan, Store};

use cell::Cell;
use script::Script;

/// Scripts of the ordinary run; `ORACLE_SEEDS` asks for another number.
const SEEDS: u64 = 40;
/// Batches of a script.
const STEPS: usize = 100;

/// Runs the script of a seed. Gives the cell, and in short words what was seen.
fn run(seed: u64, steps: usize) -> (Cell, BTreeSet<String>) {
    let (mut script, mut cell, mut seen) = (Script::new(seed), Cell::new(seed), BTreeSet::new());
    for step in 0..steps {
        let batch = script.batch(&cell);
        let taken = if script.is_lost() { cell.lose(batch) } else { cell.run(batch) };
        let taken =
            taken.and_then(|outcomes| if step % 8 == 7 { cell.compare().map(|()| outcomes) } else { Ok(outcomes) });
        let outcomes = taken.unwrap_or_else(|fault| panic!("seed {seed}, step {step}: {fault}"));
        script.learn(&outcomes);
        seen.extend(outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).map(|refusal| format!("{refusal:?}")));
    }
    cell.compare().unwrap_or_else(|fault| panic!("seed {seed}, at the end: {fault}"));
    seen.extend(cell.oracle.told.iter().map(|event| format!("{:?}", event.kind)));
    seen.extend(cell.oracle.payments.values().map(|payment| format!("{} attempts", payment.attempts.len())));
    seen.extend(cell.oracle.receipts.iter().map(|receipt| format!("score {}", receipt.risk.score)));
    seen.extend(cell.oracle.receipts.iter().map(|receipt| format!("arm {:?}", receipt.arm)));
    (cell, seen)
}

#[test]
fn oracle_and_cell_agree() {
    let seeds = std::env::var("ORACLE_SEEDS").ok().and_then(|count| count.parse().ok()).unwrap_or(SEEDS);
    let seen: BTreeSet<String> = (0..seeds).flat_map(|seed| run(seed, STEPS).1).collect();
    let refusals = "UnknownAccount LimitReached NotEntitled IdempotencyKeyReused NotFound(Path) NotFound(Quote) \
        NotFound(Session) SessionNotOpen SessionBusy QuoteConsumed QuoteExpired QuoteMismatch(Quote) \
        QuoteMismatch(Session) SwapNotEnabled PaymentNotWaiting DeliveryNotDead NoEndpoint MethodUnavailable \
        AssetUnavailable RateUnavailable TooManyDecimals AmountOutOfRange CustomerAlreadyExists \
        VerificationRequired EndpointNotReady RedeliveryRunning ModelNotReady";
    let events = "SessionCreated SessionProcessing SessionCompleted SessionFailed SessionCancelled SessionExpired \
        KycRequired PayInProcessing PayInSettled PayInFailed PayInCancelled PayOutProcessing PayOutSettled PayOutFailed \
        PayOutCancelled QuoteConsumed KycPackageAccepted CustomerCreated CustomerUpdated CustomerDeleted WebhookTest";
    let wanted = refusals.split_whitespace().chain(events.split_whitespace());
    let wanted =
        wanted.chain(["1 attempts", "3 attempts", "score 0.05", "score 0.1", "score 0.6", "score 0.9", "score 0.7"]);
    let wanted = wanted.chain(["arm Live", "arm Canary", "arm CanaryLeft"]);
    let missing: Vec<&str> = wanted.filter(|word| !seen.contains(*word)).collect();
    assert!(missing.is_empty(), "in {seeds} seeds these never happened: {missing:?}");
}

#[test]
fn a_row_too_few_is_seen_in_every_column() {
    let cells: Vec<Cell> = (0..12).map(|seed| run(seed, STEPS).0).collect();
    let sees = |column: &Column| cells.iter().any(|cell| sees(cell, *column, |_, _| None));
    let blind: Vec<_> = Column::ALL.iter().filter(|column| !sees(column)).map(|column| column.name()).collect();
    assert!(blind.is_empty(), "the oracle does not miss a row of {blind:?}");
}

#[test]
fn a_row_too_many_is_seen_in_every_column() {
    let (cell, _) = run(0, STEPS);
    for column in Column::ALL {
        let (rows, mut batch) = (cell.rows(*column), Batch::new(Head::default()));
        let (key, value) = rows.last().cloned().unwrap_or_else(|| (vec![7; 16], Vec::new()));
        let mut stray = key;
        *stray.last_mut().unwrap() ^= 1;
        batch.put(*column, &stray, &value);
        let copy = cell.copy();
        copy.commit(&[batch]).unwrap();
        assert!(cell.oracle.compare(&copy).is_err(), "the oracle does not see a stray row of {}", column.name());
    }
}

/// Left out: the clock of ids in the head; in receipts the last digits of features and the words of a reason.
#[test]
fn a_changed_byte_is_seen_in_every_row() {
    let (cell, _) = run(5, STEPS / 2);
    for column in Column::ALL.iter().filter(|column| !matches!(column, Column::Meta | Column::Receipts)) {
        let length = cell.rows(*column).last().map_or(0, |(_, value)| value.len());
        let flipped = |at: usize| {
            move |_: &[u8], value: &[u8]| {
                let mut changed = value.to_vec();
                changed[at] ^= 1;
                Some(changed)
            }
        };
        let blind: Vec<usize> = (0..length).filter(|at| !sees(&cell, *column, flipped(*at))).collect();
        assert!(blind.len() <= 1, "the oracle does not see changes of bytes {blind:?} of {}", column.name());
    }
}

/// Whether the oracle sees that the newest row of a column was changed; `None` takes it away.
fn sees(cell: &Cell, column: Column, change: impl Fn(&[u8], &[u8]) -> Option<Vec<u8>>) -> bool {
    let Some((key, value)) = cell.rows(column).pop() else { return false };
    let (copy, mut batch) = (cell.copy(), Batch::new(Head::default()));
    match change(&key, &value) {
        Some(changed) => batch.put(column, &key, &changed),
        None => batch.delete(column, &key),
    }
    copy.commit(&[batch]).unwrap();
    cell.oracle.compare(&copy).is_err()
}

impl Cell {
    fn rows(&self, column: Column) -> Vec<(Vec<u8>, Vec<u8>)> {
        let everything = Scan { from: Vec::new(), until: None, newest_first: false };
        self.store.scan(column, &everything, usize::MAX).unwrap()
    }

    fn copy(&self) -> MemoryStore {
        let (copy, mut batch) = (MemoryStore::new(), Batch::new(Head::default()));
        for column in Column::ALL {
            self.rows(*column).iter().for_each(|(key, value)| batch.put(*column, key, value));
        }
        copy.commit(&[batch]).unwrap();
        copy
    }
}
