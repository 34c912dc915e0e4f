//! The history as CSV, for those who work with data: payments, what was later known of them, and the corridors' outages.

mod readme;
#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use causeway_core::payment::FailureCode;

use super::generate::History;
use super::generate::draft::{Ending, Story};
use crate::calendar::Moment;
use crate::failure::Failure;

/// The tables while they are written.
pub struct Tables {
    folder: PathBuf,
    payments: BufWriter<File>,
    labels: BufWriter<File>,
    /// What stands for partners and corridors.
    names: Names,
    /// The description, which is written when the tables are complete.
    readme: String,
    rows: u64,
    bytes: u64,
    line: Vec<u8>,
}

/// What the numbers in stories stand for.
#[derive(Clone, Debug)]
pub struct Names {
    partners: Vec<String>,
    corridors: Vec<String>,
    methods: Vec<(String, &'static str)>,
}

/// The columns of `payments.csv`, with what stands in them.
const PAYMENTS: [(&str, &str); 21] = [
    ("id", "the partner's name for the order, ascending in time; in a database `metadata.order_id` of the payment"),
    ("time", "when the quote was redeemed, UTC, to the second"),
    ("partner", "the partner's account"),
    ("customer", "the partner's name for its customer; in a database `user_reference` of the session"),
    ("device", "the device in use, which others may use too; not in a database"),
    ("country", "ISO 3166 code of the country where the device is; not in a database"),
    ("side", "on_ramp: the customer buys an asset; off_ramp: sells it"),
    ("currency", "ISO 4217 code of the fiat currency"),
    (
        "amount",
        "fiat that the customer pays (on_ramp) or receives (off_ramp), in the currency's major unit, exact decimal",
    ),
    ("asset", "symbol of the asset"),
    ("asset_amount", "asset that the customer receives (on_ramp) or pays (off_ramp), in whole tokens, exact decimal"),
    ("method", "how fiat moves"),
    ("wallet", "where the asset goes (on_ramp) or comes from (off_ramp)"),
    ("session_seconds", "seconds from the session's creation to the redemption"),
    ("quote_seconds", "seconds from the quote's lock to the redemption"),
    ("attempts", "corridors that were asked; 0 when the payment was declined"),
    ("corridor", "the corridor asked last; empty without attempts"),
    ("corridors_tried", "all corridors asked, in their order, with `;` between them"),
    ("outcome", "settled, failed or cancelled"),
    ("failure_code", "why it failed: risk_declined, rail_rejected or no_route; empty otherwise"),
    ("seconds_to_settle", "seconds from the redemption until the money had moved; empty unless settled"),
];

/// The columns of `labels.csv`.
const LABELS: [(&str, &str); 4] = [
    ("id", "as in payments.csv, in the same order"),
    ("is_fraud", "1 or 0: the truth, whether or not anybody learns of it"),
    ("pattern", "ring, stolen-device or burst; empty when honest"),
    (
        "label_time",
        "when the truth is known, UTC: a fraud 3 to 60 days after the money moved, sooner rather than later; an honest \
         payment 60 days after, when nothing was reported. Empty when no money moved: nobody learns. A model trained at \
         some moment may use the labels of that moment and before, and no others",
    ),
];

/// The columns of `outages.csv`.
const OUTAGES: [(&str, &str); 3] = [
    ("corridor", "the corridor, as in payments.csv"),
    ("from", "the first second of the outage, UTC"),
    ("until", "the first second after it, UTC"),
];

impl Names {
    /// Those of a history.
    pub fn of(history: &History) -> Names {
        let market = history.market();
        Names {
            partners: history.people().partners().iter().map(|partner| partner.account.text()).collect(),
            corridors: market.catalogue.corridors.iter().map(|corridor| corridor.id.clone()).collect(),
            methods: market.offers().map(|offer| (offer.currency.code().to_owned(), offer.method)).collect(),
        }
    }
}

impl Tables {
    /// Empty tables, in a folder that is made if it is missing.
    pub fn create(folder: &Path, history: &History) -> Result<Tables, Failure> {
        let failed = |error| in_folder(folder, error);
        fs::create_dir_all(folder).map_err(failed)?;
        let table = |name: &str, columns: &[(&str, &str)]| -> io::Result<BufWriter<File>> {
            let mut file = BufWriter::with_capacity(1 << 20, File::create(folder.join(name))?);
            writeln!(file, "{}", columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(","))?;
            Ok(file)
        };
        let names = Names::of(history);
        let outages = table("outages.csv", &OUTAGES).map_err(failed)?;
        write_outages(outages, &names, history).map_err(failed)?;
        let payments = table("payments.csv", &PAYMENTS).map_err(failed)?;
        let labels = table("labels.csv", &LABELS).map_err(failed)?;
        let (folder, readme) = (folder.to_owned(), readme::text(history));
        Ok(Tables { folder, payments, labels, names, readme, rows: 0, bytes: 0, line: Vec::new() })
    }

    /// Adds a payment and its label.
    pub fn add(&mut self, story: &Story) -> Result<(), Failure> {
        self.line.clear();
        let written = payment(story, &self.names, &mut self.line);
        let written = written.and_then(|()| self.payments.write_all(&self.line));
        self.bytes += self.line.len() as u64;
        self.line.clear();
        let written = written.and_then(|()| label(story, &mut self.line));
        let written = written.and_then(|()| self.labels.write_all(&self.line));
        self.bytes += self.line.len() as u64;
        self.rows += 1;
        written.map_err(|error| in_folder(&self.folder, error))
    }

    /// Bytes of payments and labels so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Payments so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Writes what is still in memory, and then the description: tables without one are not complete.
    pub fn finish(mut self) -> Result<(), Failure> {
        let flushed = self.payments.flush().and_then(|()| self.labels.flush());
        let described = || fs::write(self.folder.join("README.md"), &self.readme);
        flushed.and_then(|()| described()).map_err(|error| in_folder(&self.folder, error))
    }
}

/// The name of a payment's order.
pub fn order_id(number: u64) -> String {
    format!("p{number:010}")
}

/// The partner's name for a customer.
pub fn customer_name(customer: u64) -> String {
    format!("u{:012x}", customer >> 16)
}

/// The name of a wallet.
pub fn wallet_name(wallet: u64) -> String {
    format!("w{wallet:016x}")
}

/// Outcome, failure code and seconds until the money moved.
pub fn outcome(ending: Ending) -> (&'static str, &'static str, Option<u64>) {
    match ending {
        Ending::Settled(seconds) => ("settled", "", Some(seconds)),
        Ending::Declined => ("failed", FailureCode::RiskDeclined.word(), None),
        Ending::Rejected => ("failed", FailureCode::RailRejected.word(), None),
        Ending::NoRoute => ("failed", FailureCode::NoRoute.word(), None),
        Ending::Cancelled => ("cancelled", "", None),
    }
}

fn payment(story: &Story, names: &Names, out: &mut Vec<u8>) -> io::Result<()> {
    let (draft, terms) = (&story.draft, &story.terms);
    let (currency, method) = &names.methods[draft.offer];
    let corridors: Vec<&str> =
        story.attempts.iter().map(|attempt| names.corridors[attempt.corridor].as_str()).collect();
    let (outcome, failure_code, settled) = outcome(story.ending());
    write!(out, "{},{},{}", order_id(story.number), Moment(draft.at), names.partners[draft.partner])?;
    write!(out, ",{},d{:012x},{}", customer_name(draft.customer), draft.device >> 16, draft.country)?;
    write!(out, ",{},{currency},{}", draft.side.word(), terms.fiat_amount)?;
    write!(out, ",{},{},{method}", draft.asset.symbol(), terms.crypto_amount)?;
    write!(out, ",{},{},{}", wallet_name(draft.wallet), draft.session_seconds, draft.quote_seconds)?;
    write!(out, ",{},{}", corridors.len(), corridors.last().unwrap_or(&""))?;
    write!(out, ",{},{outcome},{failure_code},", corridors.join(";"))?;
    if let Some(seconds) = settled {
        write!(out, "{seconds}")?;
    }
    writeln!(out)
}

fn label(story: &Story, out: &mut Vec<u8>) -> io::Result<()> {
    let pattern = story.draft.pattern.map_or("", |pattern| pattern.name());
    write!(out, "{},{},{pattern},", order_id(story.number), u8::from(story.is_fraud()))?;
    if let Some(at) = story.label_at {
        write!(out, "{}", Moment(at))?;
    }
    writeln!(out)
}

fn write_outages(mut file: BufWriter<File>, names: &Names, history: &History) -> io::Result<()> {
    for (corridor, outages) in names.corridors.iter().zip(history.rails().outages()) {
        for outage in outages {
            writeln!(file, "{corridor},{},{}", Moment(outage.from), Moment(outage.until))?;
        }
    }
    file.flush()
}

fn in_folder(folder: &Path, error: io::Error) -> Failure {
    Failure::wrong(format!("cannot write to {}: {error}", folder.display()))
}
