//! What `causeway features` takes.

use std::path::PathBuf;

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
    /// customer and amount must be there; partner, currency (in upper case, else USD), side (on_ramp or off_ramp), method (card
    /// is a card, in either case), wallet, device, network (an address, or its block with /24 or /48: the gateway cuts addresses
    /// to these), country, customer_since with customer_country (of a customer on record), partner_since, session_seconds,
    /// quote_seconds, hosted (0 or 1; empty: 1 where a device is named), failure_code (risk_declined counts as a decline) and
    /// declined_at (when that was decided, if later, as by a review; empty: at once) may be; others are ignored. What is left
    /// empty is unknown.
    ///
    /// Labels stand in columns is_fraud (0 or 1) and label_time (when that became known, not before the payment), here or in a
    /// second file with an id, in any order. There a payment may have several, each with its time: the later supersedes, and an
    /// empty is_fraud takes back what was known. The table has the last word and its time. Labels and declines count for
    /// payments from their time on, and for none before; a label without a time counts for none.
    ///
    /// What cannot be true is refused with its line, and no table is written: an id or a column twice, a time that goes back, a
    /// label before its payment, an amount of nothing. Labels that are left when the payments end are counted, and told as a
    /// warning. The ids, labels and histories stand in memory: some fifty bytes a payment, 130 a label, and a few hundred an
    /// entity.
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
    /// The gateway's own file of rates, such as control/catalogue/rates.toml: what its dollar asset costs in each currency.
    /// Without it all amounts must be in US dollars.
    #[arg(long, value_name = "FILE")]
    pub rates: Option<PathBuf>,
}
