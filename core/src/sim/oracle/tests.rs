//! The oracle beside the cell, without crashes of the store's own: random batches, every outcome and every row compared.

mod cell;
mod script;

use crate::store::{Batch, Column, MemoryStore, Scan, Store};

use cell::Cell;
use script::Script;

/// Batches of a script.
const STEPS: usize = 100;

/// How many scripts a test runs: more when the environment says so.
fn seeds() -> std::ops::Range<u64> {
    let count = std::env::var("ORACLE_SEEDS").ok().and_then(|count| count.parse().ok());
    let from = std::env::var("ORACLE_FROM").ok().and_then(|count| count.parse().ok()).unwrap_or(0);
    from..from + count.unwrap_or(40)
}

fn run(seed: u64) -> Cell {
    let mut script = Script::new(seed);
    let mut cell = Cell::new(seed);
    for step in 0..STEPS {
        let batch = script.batch(&cell);
        let took = if script.is_lost() { cell.lose(batch) } else { cell.run(batch) };
        let compared = took.and_then(|outcomes| {
            script.learn(&outcomes);
            if step % 8 == 7 { cell.compare() } else { Ok(()) }
        });
        if let Err(fault) = compared {
            panic!("seed {seed}, step {step}: {fault}");
        }
    }
    cell
}

#[test]
fn oracle_and_cell_agree() {
    for seed in seeds() {
        let cell = run(seed);
        cell.compare().unwrap_or_else(|fault| panic!("seed {seed}: {fault}"));
    }
}

#[test]
fn a_row_too_few_is_seen_in_every_column() {
    let mut seen = [false; Column::COUNT];
    for seed in 0..12 {
        let cell = run(seed);
        for column in Column::ALL {
            seen[*column as usize] |= sees_loss(&cell, *column);
        }
    }
    let blind: Vec<_> =
        Column::ALL.iter().filter(|column| !seen[**column as usize]).map(|column| column.name()).collect();
    assert!(blind.is_empty(), "the oracle does not miss a row of {blind:?}");
}

/// Whether the oracle misses the newest row of a column. A timer may have gone with its object, and an answer that was
/// forgotten need not be there: then it does not.
fn sees_loss(cell: &Cell, lossy: Column) -> bool {
    let everything = Scan { from: Vec::new(), until: None, newest_first: true };
    let mut batch = Batch::new(Default::default());
    let mut lost = 0;
    for column in Column::ALL {
        for (place, (key, value)) in cell.store.scan(*column, &everything, usize::MAX).unwrap().iter().enumerate() {
            if *column == lossy && place == 0 {
                lost += 1;
            } else {
                batch.put(*column, key, value);
            }
        }
    }
    let copy = MemoryStore::new();
    copy.commit(&[batch]).unwrap();
    lost == 1 && cell.oracle.compare(&copy).is_err()
}

#[test]
fn tally() {
    use std::collections::BTreeMap;
    let mut kinds: BTreeMap<String, u64> = BTreeMap::new();
    for seed in seeds() {
        let cell = run(seed);
        for event in &cell.oracle.told {
            *kinds.entry(format!("event {:?}", event.kind)).or_default() += 1;
        }
        for one in cell.oracle.payments.values() {
            *kinds
                .entry(format!(
                    "payment {:?} {} {:?}",
                    one.kind,
                    one.status.word(),
                    if let crate::payment::PaymentStatus::Failed { code } = &one.status { Some(*code) } else { None }
                ))
                .or_default() += 1;
            *kinds.entry(format!("attempts {}", one.attempts.len())).or_default() += 1;
        }
        for one in &cell.oracle.letters {
            *kinds.entry(format!("letter {}", format!("{:?}", one.stand).split(' ').next().unwrap())).or_default() += 1;
            *kinds.entry(format!("letter attempts {}", one.attempts)).or_default() += 1;
        }
        for one in &cell.oracle.receipts {
            *kinds
                .entry(format!("receipt {:?} {:?} applied {:?}", one.risk.verdict, one.risk.score, one.applied))
                .or_default() += 1;
        }
        *kinds.entry("rail work".into()).or_default() += cell.oracle.errands.len() as u64;
        for column in Column::ALL {
            *kinds.entry(format!("rows {}", column.name())).or_default() += cell.store.len(*column) as u64;
        }
    }
    println!("{kinds:#?}");
}
