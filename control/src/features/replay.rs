//! A replay: every payment of a file with the features that it would have had.

use std::fmt;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use super::FeaturesError;
use super::input::{LeftOver, Payments};
use super::output::{Row, Table};
use super::past::Past;
use crate::config::Replay;

/// How often it says how far it is.
const TELLS: Duration = Duration::from_secs(2);

/// What was replayed.
#[derive(Debug, PartialEq, Eq)]
pub struct Summary {
    /// Payments.
    pub payments: u64,
    /// Of them, known as fraud at some time.
    pub frauds: u64,
    /// Payments of which nothing ever becomes known.
    pub unlabelled: u64,
    /// Entities that have a history in the end.
    pub entities: usize,
    /// Labels whose payments never came.
    pub left_over: LeftOver,
}

/// Reads the payments and writes the tables. Labels count from when they became known.
pub fn replay(wanted: &Replay) -> Result<Summary, FeaturesError> {
    let mut payments = Payments::open(&wanted.payments, wanted.labels.as_deref(), &wanted.usd_rate)?;
    let read = [Some(&wanted.payments), wanted.labels.as_ref()]
        .into_iter()
        .flatten()
        .filter_map(|path| path.canonicalize().ok());
    let read: Vec<_> = read.collect();
    if let Some(same) = wanted.out.iter().find(|out| out.canonicalize().is_ok_and(|out| read.contains(&out))) {
        return Err(FeaturesError(format!("{} is read: write the table to another file", same.display())));
    }
    let mut tables = wanted.out.iter().map(|path| Table::create(path)).collect::<Result<Vec<_>, _>>()?;
    let mut past = Past::new();
    let mut summary = Summary { payments: 0, frauds: 0, unlabelled: 0, entities: 0, left_over: LeftOver::default() };
    let (started, mut told) = (Instant::now(), Instant::now());
    while let Some(payment) = payments.next()? {
        let features = past.see(&payment);
        summary.payments += 1;
        match payment.label {
            Some(label) if label.is_fraud => summary.frauds += 1,
            Some(_) => {}
            None => summary.unlabelled += 1,
        }
        let row = Row::new(payment, features);
        let (last, others) = tables.split_last_mut().expect("at least one table is asked for");
        for table in others {
            table.add(row.clone())?;
        }
        last.add(row)?;
        if told.elapsed() >= TELLS && std::io::stderr().is_terminal() {
            told = Instant::now();
            let rate = summary.payments as f64 / started.elapsed().as_secs_f64();
            eprint!("\r{} payments, {rate:.0} a second ", summary.payments);
            std::io::stderr().flush().unwrap_or_default();
        }
    }
    summary.left_over = payments.left_over()?;
    tables.into_iter().try_for_each(Table::finish)?;
    summary.entities = past.entities();
    Ok(summary)
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Summary { payments, frauds, unlabelled, entities, left_over } = self;
        writeln!(
            f,
            "{payments} payments, of which {frauds} are frauds and {unlabelled} have no label; {entities} entities"
        )?;
        if left_over.count == 0 {
            return Ok(());
        }
        let LeftOver { count, first } = left_over;
        let more = if *count > first.len() as u64 { " and others" } else { "" };
        writeln!(
            f,
            "Warning: labels of payments that never came were left out, {count} of them: {}{more}. Is the file of payments \
             whole?",
            first.join(", ")
        )
    }
}
