//! Payments and labels as a CSV file has them.

use std::collections::HashMap;
use std::path::Path;

use causeway_core::money::Currency;
use causeway_core::risk::Country;
use causeway_core::terms::Side;
use causeway_core::time::{Millis, Timestamp};
use rust_decimal::Decimal;

use super::FeaturesError;
use super::key::key;
use super::rows::Rows;
use crate::keys::network_block;
use crate::risk_policy::address;

/// One payment.
pub struct Payment {
    /// What it is called.
    pub id: String,
    /// When it was.
    pub at: Timestamp,
    /// Whose payment it was; empty when nothing is said.
    pub partner: String,
    /// Who paid.
    pub customer: String,
    /// US cents.
    pub amount_cents: u64,
    /// The fiat currency.
    pub currency: Currency,
    /// Which way value moved.
    pub side: Side,
    /// Whether fiat moved by card.
    pub is_card: bool,
    /// The wallet, if one is named.
    pub wallet: Option<String>,
    /// The device, if one is named.
    pub device: Option<String>,
    /// The block of network addresses, as the gateway cuts it.
    pub network: Option<String>,
    /// Where the address was.
    pub country: Option<Country>,
    /// The customer's country.
    pub customer_country: Option<Country>,
    /// When the customer was created.
    pub customer_since: Option<Timestamp>,
    /// When the partner was created.
    pub partner_since: Option<Timestamp>,
    /// From the session's creation to the payment.
    pub session_age: Millis,
    /// From the quote's lock to the payment.
    pub quote_age: Millis,
    /// Whether a user confirmed it in the widget.
    pub is_hosted: bool,
    /// When risk declined it: at once, or when a review did.
    pub declined_at: Option<Timestamp>,
    /// What became known of it.
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
    /// The line of each payment by a hash of its id, so that none is there twice: some fifty bytes a payment.
    seen: HashMap<[u8; 16], u64>,
}

/// Labels whose payments never came.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct LeftOver {
    /// How many.
    pub count: u64,
    /// The ids of the first few.
    pub first: Vec<String>,
}

const REQUIRED: [&str; 4] = ["id", "time", "customer", "amount"];
/// Ids of labels without payments that are told.
const TOLD: usize = 3;

impl Payments {
    /// Opens the files and reads their first lines.
    pub fn open(payments: &Path, labels: Option<&Path>, rates: &[(String, f64)]) -> Result<Payments, FeaturesError> {
        let rows = Rows::open(payments, &REQUIRED)?;
        let labels = labels.map(|path| Rows::open(path, &["id", "is_fraud", "label_time"])).transpose()?;
        let rates = [("USD".to_owned(), 1.0)].into_iter().chain(rates.iter().cloned()).collect();
        Ok(Payments { rows, labels, rates, last: Timestamp(0), seen: HashMap::new() })
    }

    /// The next payment.
    pub fn next(&mut self) -> Result<Option<Payment>, FeaturesError> {
        if !self.rows.advance()? {
            return Ok(None);
        }
        let payment = self.payment()?;
        if payment.at < self.last {
            let time = self.rows.text("time").unwrap_or_default();
            let reason = format!("time {time} is earlier than that of the row before it: sort the file by time");
            return Err(self.rows.fault(&reason));
        }
        self.last = payment.at;
        if let Some(line) = self.seen.insert(key(&[&payment.id]), self.rows.line()) {
            let reason =
                format!("the payment {:?} is there twice, first in line {line}: each needs its own id", payment.id);
            return Err(self.rows.fault(&reason));
        }
        let label = self.label(&payment)?;
        Ok(Some(Payment { label, ..payment }))
    }

    /// Once all payments were read: the labels that are still there.
    pub fn left_over(&mut self) -> Result<LeftOver, FeaturesError> {
        let mut left = LeftOver::default();
        let Some(labels) = &mut self.labels else { return Ok(left) };
        while labels.advance()? {
            let id = labels.text("id").unwrap_or_default();
            if self.seen.contains_key(&key(&[id])) {
                return Err(labels.fault(&format!("the payment {id:?} has a label already: keep one of the two")));
            }
            left.count += 1;
            if left.first.len() < TOLD {
                left.first.push(id.to_owned());
            }
        }
        Ok(left)
    }

    /// What is known of the payment that was just read, here or in the file of labels.
    fn label(&mut self, payment: &Payment) -> Result<Option<Known>, FeaturesError> {
        let id = &payment.id;
        let rows = match &mut self.labels {
            None => &self.rows,
            Some(labels) => {
                let found = if labels.advance()? { labels.text("id") } else { None };
                if found != Some(id) {
                    let found = found.map_or("nothing".to_owned(), |other| format!("that of {other:?}"));
                    let reason =
                        format!("the label of {id:?} must stand here, not {found}: both files need the same order");
                    return Err(labels.fault(&reason));
                }
                labels
            }
        };
        let Some(is_fraud) = rows.read("is_fraud", "0 or 1", bit)? else { return Ok(None) };
        let at = rows.time("label_time")?;
        if at.is_some_and(|at| at < payment.at) {
            let known = rows.text("label_time").unwrap_or_default();
            let reason = format!("label_time {known} is before the payment {id:?} itself: give when it became known");
            return Err(rows.fault(&reason));
        }
        Ok(Some(Known { is_fraud, at }))
    }

    /// The row as a payment, without its label.
    fn payment(&self) -> Result<Payment, FeaturesError> {
        let rows = &self.rows;
        let required = |name: &str| rows.text(name).ok_or_else(|| rows.fault(&format!("{name} is empty")));
        let currency = rows.text("currency").unwrap_or("USD");
        let device = rows.text("device").map(str::to_owned);
        let is_hosted = rows.read("hosted", "0 or 1", bit)?.unwrap_or(device.is_some());
        let at = rows.time("time")?.ok_or_else(|| rows.fault("time is empty"))?;
        Ok(Payment {
            id: required("id")?.to_owned(),
            at,
            partner: rows.text("partner").unwrap_or_default().to_owned(),
            customer: required("customer")?.to_owned(),
            amount_cents: self.cents(required("amount")?, currency)?,
            currency: Currency::parse(currency).ok_or_else(|| rows.fault("currency must be a code of ISO 4217"))?,
            side: rows.read("side", "on_ramp or off_ramp", side)?.unwrap_or(Side::OnRamp),
            is_card: rows.text("method") == Some("card"),
            wallet: rows.text("wallet").map(str::to_owned),
            network: rows.read("network", NETWORK, |text| address(text).ok())?.map(network_block),
            country: rows.read("country", "a code of ISO 3166 such as DE", Country::parse)?,
            customer_country: rows.read("customer_country", "a code of ISO 3166 such as DE", Country::parse)?,
            customer_since: rows.time("customer_since")?,
            partner_since: rows.time("partner_since")?,
            session_age: rows.read("session_seconds", SECONDS, seconds)?.unwrap_or(Millis(0)),
            quote_age: rows.read("quote_seconds", SECONDS, seconds)?.unwrap_or(Millis(0)),
            is_hosted,
            declined_at: self.declined_at(at)?,
            device,
            label: None,
        })
    }

    /// When risk declined the payment of `at`.
    fn declined_at(&self, at: Timestamp) -> Result<Option<Timestamp>, FeaturesError> {
        let is_declined = self.rows.text("failure_code") == Some("risk_declined");
        let told = self.rows.text("declined_at").unwrap_or_default();
        match self.rows.time("declined_at")? {
            None => Ok(is_declined.then_some(at)),
            Some(_) if !is_declined => {
                let reason = format!("declined_at {told} needs failure_code risk_declined: leave it empty otherwise");
                Err(self.rows.fault(&reason))
            }
            Some(declined) if declined < at => {
                Err(self.rows.fault(&format!("declined_at {told} is before time: it is when the decline was decided")))
            }
            Some(declined) => Ok(Some(declined)),
        }
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
const NETWORK: &str = "an address, or a block with /24 (IPv4) or /48 (IPv6)";

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
