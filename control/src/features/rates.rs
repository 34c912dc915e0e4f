//! What a dollar costs in each currency, as the gateway's own file of rates says it.

use std::collections::HashMap;
use std::path::Path;

use causeway_core::money::{Amount, Currency, Rate};
use causeway_core::risk::keys::usd_cents;
use serde::Deserialize;

use super::FeaturesError;

/// Of each currency the price of a dollar.
#[derive(Debug)]
pub struct Rates(HashMap<Currency, Rate>);

/// The file, as far as amounts need it.
#[derive(Deserialize)]
struct File {
    dollar_asset: String,
    #[serde(default)]
    rate: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    currency: String,
    asset: String,
    mid: String,
}

impl Rates {
    /// Reads the file; without one there are only dollars.
    pub fn open(path: Option<&Path>) -> Result<Rates, FeaturesError> {
        let mut rates = HashMap::from_iter(dollar());
        let Some(path) = path else { return Ok(Rates(rates)) };
        let failed = |reason: String| FeaturesError(format!("cannot read the rates in {}: {reason}", path.display()));
        let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
        let file: File = toml::from_str(&text).map_err(|error| failed(error.to_string().trim_end().to_owned()))?;
        for row in file.rate.iter().filter(|row| row.asset == file.dollar_asset) {
            let (currency, rate) = row.read().map_err(failed)?;
            rates.insert(currency, rate);
        }
        Ok(Rates(rates))
    }

    /// US cents of an amount, as the cell computes them; `None` where there is no rate.
    pub fn cents(&self, amount: Amount, currency: Currency) -> Option<u64> {
        self.0.get(&currency).map(|rate| usd_cents(amount, *rate))
    }
}

/// A dollar costs a dollar, unless the file says otherwise.
fn dollar() -> Option<(Currency, Rate)> {
    Currency::parse("USD").zip(Rate::new(1.into()))
}

impl Row {
    fn read(&self) -> Result<(Currency, Rate), String> {
        let Row { currency, mid, .. } = self;
        let known = Currency::parse(currency).ok_or_else(|| format!("currency {currency:?} is no code of ISO 4217"))?;
        let rate = Amount::parse(mid).ok().and_then(|mid| Rate::new(mid.decimal()));
        Ok((known, rate.ok_or_else(|| format!("mid {mid:?} of {currency} must be a decimal such as \"0.92\""))?))
    }
}
