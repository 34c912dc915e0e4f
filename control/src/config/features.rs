//! What `causeway features` takes.

use std::path::PathBuf;

use causeway_core::money::Currency;
use clap::{Args, Subcommand};

/// What can be asked of the features.
#[derive(Clone, Debug, Subcommand)]
pub enum FeaturesAction {
    /// Prints every feature with its unit, its window, what it says, and its value when there is nothing to compute it from.
    List {
        /// Prints JSON instead of a table.
        #[arg(long)]
        json: bool,
    },
    /// Computes the features of every payment of a CSV file, as they would have been at its time: the training table.
    ///
    /// The file has a header and one payment a row, in the order of time. Columns: id (each once), time (2026-06-30T12:00:00Z),
    /// customer and amount must be there; partner, currency (else USD), side (on_ramp or off_ramp), method, wallet, device,
    /// network (an address, or its block with /24 or /48: the gateway cuts addresses to these), country, customer_country,
    /// customer_since, partner_since, session_seconds, quote_seconds, hosted (0 or 1), failure_code (risk_declined counts as a
    /// decline) and declined_at (when that was decided, if later, as by a review; empty: at once) may be; others are ignored.
    /// What is left empty is unknown. Labels stand in columns is_fraud (0 or 1) and label_time (when that became known, not
    /// before the payment; empty: never), here or in a second file with the same ids in the same order. Labels and declines
    /// count for payments from their time on, and for none before.
    ///
    /// What cannot be true is refused with its line, and no table is written: an id or a column twice, a time that goes back, a
    /// label before its payment. Labels that are left when the payments end are counted, and told as a warning. The ids and the
    /// histories stand in memory: some fifty bytes a payment, and a few hundred an entity.
    Replay(Replay),
}

/// What a replay reads and writes.
#[derive(Args, Clone, Debug)]
pub struct Replay {
    /// The payments.
    pub payments: PathBuf,
    /// Their labels, when these stand in a file of their own.
    #[arg(long, value_name = "FILE")]
    pub labels: Option<PathBuf>,
    /// Where the table goes: a .csv or a .parquet file. May be given twice.
    #[arg(long, value_name = "FILE", required = true)]
    pub out: Vec<PathBuf>,
    /// What one unit of a currency is worth in US dollars, such as EUR=1.08. May be given several times.
    #[arg(long, value_name = "CODE=USD", value_parser = usd_rate)]
    pub usd_rate: Vec<(String, f64)>,
}

/// `EUR=1.08`.
fn usd_rate(text: &str) -> Result<(String, f64), String> {
    let (code, rate) = text.split_once('=').ok_or("must be like EUR=1.08")?;
    let currency = Currency::parse(code).ok_or("must begin with a code of ISO 4217")?;
    let rate: f64 = rate.parse().map_err(|_| "must end with a number")?;
    if rate.is_finite() && rate > 0.0 {
        Ok((currency.code().to_owned(), rate))
    } else {
        Err("must be above 0".to_owned())
    }
}
