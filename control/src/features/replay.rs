//! A replay: every payment of a file with the features that it would have had.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::FeaturesError;
use super::input::{Payment, Payments};
use super::labels::{Known, LeftOver};
use super::output::{Row, Table, draft};
use super::past::Past;
use crate::config::Replay;

/// How often it says how far it is.
const TELLS: Duration = Duration::from_secs(2);

/// Methods that are told by name.
const METHODS: usize = 16;

/// What was replayed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Payments.
    pub payments: u64,
    /// Of them, known as fraud in the end.
    pub frauds: u64,
    /// Payments of which nothing is known in the end.
    pub unlabelled: u64,
    /// Payments with a label that no other payment learns of, since it has no time.
    pub timeless: u64,
    /// Payments of which something else became known later.
    pub corrected: u64,
    /// Payments that risk declined.
    pub declined: u64,
    /// Payments by the methods that were met first, and those by others.
    pub methods: BTreeMap<String, u64>,
    /// The latter.
    pub other_methods: u64,
    /// Entities that have a history in the end.
    pub entities: usize,
    /// Labels whose payments never came.
    pub left_over: LeftOver,
}

/// Reads the payments and writes the tables. Labels count from when they became known.
pub fn replay(wanted: &Replay) -> Result<Summary, FeaturesError> {
    check_names(wanted)?;
    let mut payments = Payments::open(&wanted.payments, wanted.labels.as_deref(), wanted.rates.as_deref())?;
    let mut tables = wanted.out.iter().map(|path| Table::create(path)).collect::<Result<Vec<_>, _>>()?;
    let mut past = Past::new();
    let mut summary = Summary::default();
    let (started, mut told) = (Instant::now(), Instant::now());
    while let Some(payment) = payments.next_payment()? {
        let features = past.see(&payment);
        summary.count(&payment);
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

/// No file is read and written, or written twice, under whichever name; a table has another name until it is whole.
fn check_names(wanted: &Replay) -> Result<(), FeaturesError> {
    let read = [Some(&wanted.payments), wanted.labels.as_ref(), wanted.rates.as_ref()].into_iter().flatten();
    let read: Vec<PathBuf> = read.filter_map(|path| path.canonicalize().ok()).collect();
    let mut written = Vec::new();
    for out in &wanted.out {
        for name in [out.clone(), draft(out)] {
            if name.canonicalize().is_ok_and(|name| read.contains(&name)) {
                return Err(FeaturesError(format!("{} is read: write the table to another file", name.display())));
            }
        }
        let place = place(out);
        if written.contains(&place) {
            return Err(FeaturesError(format!("{} is named twice: give each table its own file", out.display())));
        }
        written.push(place);
    }
    Ok(())
}

/// The file, which may not be there yet, in the folder as it is truly called.
fn place(path: &Path) -> PathBuf {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = folder.canonicalize().unwrap_or(folder.to_owned());
    folder.join(path.file_name().unwrap_or_default())
}

impl Summary {
    fn count(&mut self, payment: &Payment) {
        self.payments += 1;
        match payment.labels.last() {
            Some(Known { is_fraud: Some(is_fraud), at }) => {
                self.frauds += u64::from(*is_fraud);
                self.timeless += u64::from(at.is_none());
            }
            Some(Known { is_fraud: None, .. }) | None => self.unlabelled += 1,
        }
        self.corrected += u64::from(payment.labels.windows(2).any(|pair| pair[0].is_fraud != pair[1].is_fraud));
        self.declined += u64::from(payment.declined_at.is_some());
        if self.methods.len() < METHODS || self.methods.contains_key(&payment.method) {
            *self.methods.entry(payment.method.clone()).or_default() += 1;
        } else {
            self.other_methods += 1;
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Summary { payments, frauds, unlabelled, timeless, corrected, declined, entities, left_over, .. } = self;
        writeln!(
            f,
            "{payments} payments, of which {frauds} are frauds and {unlabelled} have no label; {entities} entities"
        )?;
        writeln!(f, "{declined} were declined by risk; of {corrected} something else became known later")?;
        let name = |method: &str| if method.is_empty() { "none named".to_owned() } else { method.to_owned() };
        let mut methods: Vec<String> =
            self.methods.iter().map(|(method, count)| format!("{} {count}", name(method))).collect();
        if self.other_methods > 0 {
            methods.push(format!("others {}", self.other_methods));
        }
        writeln!(f, "Methods, of which only `card` is a card: {}", methods.join(", "))?;
        if *timeless > 0 {
            writeln!(
                f,
                "Warning: {timeless} labels have no label_time: they stand in the table, but no payment learns of them, and \
                 they are not for learning."
            )?;
        }
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
