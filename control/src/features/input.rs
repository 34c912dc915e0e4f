//! Payments and labels as a CSV file has them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use causeway_core::money::{Amount, AmountError, Currency};
use causeway_core::risk::Country;
use causeway_core::terms::Side;
use causeway_core::time::{Millis, Timestamp};

use super::FeaturesError;
use super::key::key;

use super::labels::{Known, Labels, LeftOver, bit, first_fault};
use super::rates::Rates;
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
    /// How fiat moved, in lower case; empty when nothing is said.
    pub method: String,
    /// Whether that was by card.
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
    /// What became known of it, in the order of time: the later supersedes, and may take back.
    pub labels: Vec<Known>,
}

/// The rows of a file, one by one.
pub struct Payments {
    rows: Rows,
    labels: Option<(PathBuf, Labels)>,
    rates: Rates,
    last: Timestamp,
    /// The line of each payment by a hash of its id, so that none is there twice: some fifty bytes a payment.
    seen: HashMap<[u8; 16], u64>,
}

const REQUIRED: [&str; 4] = ["id", "time", "customer", "amount"];

impl Payments {
    /// Opens the file of payments and reads its first line; reads the labels and the rates, where these have files of their own.
    pub fn open(payments: &Path, labels: Option<&Path>, rates: Option<&Path>) -> Result<Payments, FeaturesError> {
        let rows = Rows::open(payments, &REQUIRED)?;
        let labels = labels.map(|path| Ok((path.to_owned(), Labels::open(path)?))).transpose()?;
        Ok(Payments { rows, labels, rates: Rates::open(rates)?, last: Timestamp(0), seen: HashMap::new() })
    }

    /// The next payment.
    pub fn next_payment(&mut self) -> Result<Option<Payment>, FeaturesError> {
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
        let labels = self.labels(&payment)?;
        Ok(Some(Payment { labels, ..payment }))
    }

    /// Once all payments were read: the labels that are still there.
    pub fn left_over(&self) -> Result<LeftOver, FeaturesError> {
        self.labels.as_ref().map_or(Ok(LeftOver::default()), |(path, labels)| labels.left_over(path))
    }

    /// What is known of the payment that was just read, here or in the file of labels.
    fn labels(&mut self, payment: &Payment) -> Result<Vec<Known>, FeaturesError> {
        if let Some((path, labels)) = &mut self.labels {
            return labels.take(path, &payment.id, payment.at);
        }
        let known =
            Known { is_fraud: self.rows.read("is_fraud", "0, 1 or empty", bit)?, at: self.rows.time("label_time")? };
        let labels = vec![known];
        match first_fault(&labels, &payment.id, payment.at) {
            None => Ok(labels),
            Some((_, reason)) => Err(self.rows.fault(&reason)),
        }
    }

    /// The row as a payment, without its label.
    fn payment(&self) -> Result<Payment, FeaturesError> {
        let rows = &self.rows;
        let required = |name: &str| rows.text(name).ok_or_else(|| rows.fault(&format!("{name} is empty")));
        let device = rows.text("device").map(str::to_owned);
        let is_hosted = rows.read("hosted", "0 or 1", bit)?.unwrap_or(device.is_some());
        let at = rows.time("time")?.ok_or_else(|| rows.fault("time is empty"))?;
        let customer_since = self.before("customer_since", at)?;
        let customer_country = rows.read("customer_country", "a code of ISO 3166 such as DE", Country::parse)?;
        if customer_country.is_some() && customer_since.is_none() {
            let reason =
                "customer_country needs customer_since: the gateway knows both of a customer on record, or neither";
            return Err(rows.fault(reason));
        }
        let currency = self.currency()?;
        let method = rows.text("method").unwrap_or_default().to_lowercase();
        Ok(Payment {
            id: required("id")?.to_owned(),
            at,
            partner: rows.text("partner").unwrap_or_default().to_owned(),
            customer: required("customer")?.to_owned(),
            amount_cents: self.cents(required("amount")?, currency)?,
            currency,
            side: rows.read("side", "on_ramp or off_ramp", side)?.unwrap_or(Side::OnRamp),
            is_card: method == "card",
            method,
            wallet: rows.text("wallet").map(str::to_owned),
            network: rows.read("network", NETWORK, |text| address(text).ok())?.map(network_block),
            country: rows.read("country", "a code of ISO 3166 such as DE", Country::parse)?,
            customer_country,
            customer_since,
            partner_since: self.before("partner_since", at)?,
            session_age: rows.read("session_seconds", SECONDS, seconds)?.unwrap_or(Millis(0)),
            quote_age: rows.read("quote_seconds", SECONDS, seconds)?.unwrap_or(Millis(0)),
            is_hosted,
            declined_at: self.declined_at(at)?,
            device,
            labels: Vec::new(),
        })
    }

    /// When risk declined the payment of `at`.
    fn declined_at(&self, at: Timestamp) -> Result<Option<Timestamp>, FeaturesError> {
        let is_declined = self.rows.text("failure_code").is_some_and(|code| code.eq_ignore_ascii_case("risk_declined"));
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

    /// A time that cannot be after the payment of `at`.
    fn before(&self, name: &str, at: Timestamp) -> Result<Option<Timestamp>, FeaturesError> {
        match self.rows.time(name)? {
            Some(since) if since > at => {
                let told = self.rows.text(name).unwrap_or_default();
                Err(self.rows.fault(&format!("{name} {told} is after the payment: whoever pays is there already")))
            }
            since => Ok(since),
        }
    }

    fn currency(&self) -> Result<Currency, FeaturesError> {
        let told = self.rows.text("currency").unwrap_or("USD");
        // Codes are read in either case, but rates and tables have them in upper case.
        let found = Currency::parse(told);
        found.filter(|currency| currency.code() == told).ok_or_else(|| {
            let hint = found.as_ref().map_or("EUR", Currency::code);
            self.rows.fault(&format!("currency must be a code of ISO 4217 in upper case such as {hint}, not {told:?}"))
        })
    }

    /// US cents, rounded down, as the cell computes them from its own rates.
    fn cents(&self, told: &str, currency: Currency) -> Result<u64, FeaturesError> {
        let amount = Amount::parse(told).map_err(|error| {
            self.rows.fault(&match error {
                AmountError::NotPositive => {
                    format!("amount is {told}, and a gateway moves nothing of that: leave the row out")
                }
                AmountError::TooLarge => format!("amount {told} is more than a gateway moves: is it in another unit?"),
                AmountError::Malformed | AmountError::TooManyDecimals => {
                    format!("amount must be above 0 and like 12.50, with at most eight decimals, not {told:?}")
                }
            })
        })?;
        self.rates.cents(amount, currency).ok_or_else(|| {
            let code = currency.code();
            self.rows.fault(&format!("there is no rate for {code}: name the gateway's file of rates with --rates FILE"))
        })
    }
}

const SECONDS: &str = "a number of seconds, not below 0";
const NETWORK: &str = "an address, or a block with /24 (IPv4) or /48 (IPv6)";

fn side(text: &str) -> Option<Side> {
    [Side::OnRamp, Side::OffRamp].into_iter().find(|side| side.word() == text)
}

fn seconds(text: &str) -> Option<Millis> {
    let seconds: f64 = text.parse().ok()?;
    (0.0..1e12).contains(&seconds).then(|| Millis((seconds * 1_000.0).round() as u64))
}
