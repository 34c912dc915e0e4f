//! Payments and labels as a CSV file has them.

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use causeway_core::money::Currency;
use causeway_core::risk::Country;
use causeway_core::terms::Side;
use causeway_core::time::{Millis, Timestamp};
use csv::{Reader, ReaderBuilder, StringRecord};
use rust_decimal::Decimal;

use super::FeaturesError;
use crate::wire::Time;

/// One payment.
pub struct Payment {
    pub id: String,
    pub at: Timestamp,
    pub partner: String,
    pub customer: String,
    pub amount_cents: u64,
    pub currency: Currency,
    pub side: Side,
    pub is_card: bool,
    pub wallet: Option<String>,
    pub device: Option<String>,
    pub network: Option<String>,
    pub country: Option<Country>,
    pub customer_country: Option<Country>,
    pub customer_since: Option<Timestamp>,
    pub partner_since: Option<Timestamp>,
    pub session_age: Millis,
    pub quote_age: Millis,
    pub is_hosted: bool,
    pub is_declined: bool,
    pub label: Option<Known>,
}

/// What a payment turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// Whether it was a fraud.
    pub is_fraud: bool,
    /// When that became known; `None`: never.
    pub at: Option<Timestamp>,
}

/// The rows of a file, one by one.
pub struct Payments {
    rows: Rows,
    labels: Option<Rows>,
    rates: HashMap<String, f64>,
    last: Timestamp,
}

/// A CSV file with the places of its columns.
struct Rows {
    path: PathBuf,
    reader: Reader<File>,
    record: StringRecord,
    columns: HashMap<String, usize>,
}

const REQUIRED: [&str; 4] = ["id", "time", "customer", "amount"];

impl Payments {
    /// Opens the files and reads their first lines.
    pub fn open(payments: &Path, labels: Option<&Path>, rates: &[(String, f64)]) -> Result<Payments, FeaturesError> {
        let rows = Rows::open(payments, &REQUIRED)?;
        let labels = labels.map(|path| Rows::open(path, &["id", "is_fraud", "label_time"])).transpose()?;
        let rates = [("USD".to_owned(), 1.0)].into_iter().chain(rates.iter().cloned()).collect();
        Ok(Payments { rows, labels, rates, last: Timestamp(0) })
    }

    /// The next payment.
    pub fn next(&mut self) -> Result<Option<Payment>, FeaturesError> {
        if !self.rows.advance()? {
            return Ok(None);
        }
        let label = match &mut self.labels {
            None => self.rows.label()?,
            Some(labels) => {
                let is_there = labels.advance()?;
                if !is_there || labels.text("id") != self.rows.text("id") {
                    let id = self.rows.text("id").unwrap_or_default();
                    return Err(
                        labels.fault(&format!("the label of {id:?} is not here: the files must have the same order"))
                    );
                }
                labels.label()?
            }
        };
        let payment = self.payment(label)?;
        if payment.at < self.last {
            return Err(self.rows.fault("it is earlier than the row before it: sort the file by time"));
        }
        self.last = payment.at;
        Ok(Some(payment))
    }

    fn payment(&self, label: Option<Known>) -> Result<Payment, FeaturesError> {
        let rows = &self.rows;
        let required = |name: &str| rows.text(name).ok_or_else(|| rows.fault(&format!("{name} is empty")));
        let currency = rows.text("currency").unwrap_or("USD");
        let device = rows.text("device").map(str::to_owned);
        let is_hosted = rows.read("hosted", "0 or 1", bit)?.unwrap_or(device.is_some());
        Ok(Payment {
            id: required("id")?.to_owned(),
            at: rows.time("time")?.ok_or_else(|| rows.fault("time is empty"))?,
            partner: rows.text("partner").unwrap_or_default().to_owned(),
            customer: required("customer")?.to_owned(),
            amount_cents: self.cents(required("amount")?, currency)?,
            currency: Currency::parse(currency).ok_or_else(|| rows.fault("currency must be a code of ISO 4217"))?,
            side: rows.read("side", "on_ramp or off_ramp", side)?.unwrap_or(Side::OnRamp),
            is_card: rows.text("method") == Some("card"),
            wallet: rows.text("wallet").map(str::to_owned),
            network: rows.text("network").map(str::to_owned),
            country: rows.read("country", "a code of ISO 3166 such as DE", Country::parse)?,
            customer_country: rows.read("customer_country", "a code of ISO 3166 such as DE", Country::parse)?,
            customer_since: rows.time("customer_since")?,
            partner_since: rows.time("partner_since")?,
            session_age: rows.read("session_seconds", SECONDS, seconds)?.unwrap_or(Millis(0)),
            quote_age: rows.read("quote_seconds", SECONDS, seconds)?.unwrap_or(Millis(0)),
            is_hosted,
            is_declined: rows.text("failure_code") == Some("risk_declined"),
            device,
            label,
        })
    }

    /// US cents, rounded down, as the cell computes them from its own rates.
    fn cents(&self, amount: &str, currency: &str) -> Result<u64, FeaturesError> {
        let parsed: Option<Decimal> = amount.parse().ok().filter(|amount: &Decimal| !amount.is_sign_negative());
        let parsed = parsed.ok_or_else(|| self.rows.fault(&format!("amount must be like 12.50, not {amount:?}")))?;
        let rate = self.rates.get(currency).copied().ok_or_else(|| {
            self.rows.fault(&format!("there is no rate for {currency}: give one with --usd-rate {currency}=…"))
        })?;
        let cents = parsed.mantissa() as f64 / 10f64.powi(parsed.scale() as i32) * 100.0 * rate;
        // An amount of two decimals at a rate of one is exact: what is lost by the division comes back.
        Ok((cents + 1e-6).floor().max(0.0) as u64)
    }
}

const SECONDS: &str = "a number of seconds, not below 0";

impl Rows {
    fn open(path: &Path, required: &[&str]) -> Result<Rows, FeaturesError> {
        let failed = |error: csv::Error| FeaturesError(format!("cannot read {}: {error}", path.display()));
        let mut reader = ReaderBuilder::new().trim(csv::Trim::All).from_path(path).map_err(failed)?;
        let header = reader.headers().map_err(failed)?.clone();
        let columns: HashMap<String, usize> = header.iter().map(str::to_owned).zip(0..).collect();
        if let Some(missing) = required.iter().find(|name| !columns.contains_key(**name)) {
            let found = header.iter().collect::<Vec<_>>().join(", ");
            return Err(FeaturesError(format!("{}:1: there is no column {missing}, only {found}", path.display())));
        }
        Ok(Rows { path: path.to_owned(), reader, record: StringRecord::new(), columns })
    }

    fn advance(&mut self) -> Result<bool, FeaturesError> {
        let read = self.reader.read_record(&mut self.record);
        read.map_err(|error| FeaturesError(format!("{}: {error}", self.path.display())))
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.columns.get(name).and_then(|place| self.record.get(*place)).filter(|text| !text.is_empty())
    }

    fn read<T>(&self, name: &str, form: &str, read: impl Fn(&str) -> Option<T>) -> Result<Option<T>, FeaturesError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        read(text).map(Some).ok_or_else(|| self.fault(&format!("{name} must be {form}, not {text:?}")))
    }

    fn time(&self, name: &str) -> Result<Option<Timestamp>, FeaturesError> {
        self.read(name, "a time such as 2026-06-30T12:00:00Z", |text| Time::parse(text).map(|time| time.0))
    }

    fn label(&self) -> Result<Option<Known>, FeaturesError> {
        let Some(is_fraud) = self.read("is_fraud", "0 or 1", bit)? else { return Ok(None) };
        Ok(Some(Known { is_fraud, at: self.time("label_time")? }))
    }

    /// What is wrong with the row, with its line.
    fn fault(&self, reason: &str) -> FeaturesError {
        let line = self.record.position().map_or(0, csv::Position::line);
        FeaturesError(format!("{}:{line}: {reason}", self.path.display()))
    }
}

fn bit(text: &str) -> Option<bool> {
    match text {
        "0" => Some(false),
        "1" => Some(true),
        _ => None,
    }
}

fn side(text: &str) -> Option<Side> {
    [Side::OnRamp, Side::OffRamp].into_iter().find(|side| side.word() == text)
}

fn seconds(text: &str) -> Option<Millis> {
    let seconds: f64 = text.parse().ok()?;
    (0.0..1e12).contains(&seconds).then(|| Millis((seconds * 1_000.0).round() as u64))
}
