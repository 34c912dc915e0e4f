//! `rates.toml`: fiat per asset with its spread, and what each method costs the user.

use causeway_core::money::{Amount, Asset, Currency, Rate};
use causeway_core::quote::FeeSchedule;
use causeway_core::routing::{Catalogue, PairRate};
use serde::Deserialize;
use toml::Spanned;

use super::word::{BasisPoints, Name, Word};
use super::{Fault, Source};

/// The whole file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    pub dollar_asset: Spanned<Word<Asset>>,
    rate: Vec<Spanned<RateRow>>,
    fee: Vec<Spanned<FeeRow>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RateRow {
    currency: Word<Currency>,
    asset: Word<Asset>,
    mid: Word<Rate>,
    spread_basis_points: BasisPoints,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FeeRow {
    currency: Word<Currency>,
    method: Word<Name>,
    processing_basis_points: BasisPoints,
    processing_fixed: Word<Amount>,
    network_fixed: Word<Amount>,
    partner_basis_points: BasisPoints,
}

/// Adds the file's rates and fees. The assets are known already.
pub fn add(catalogue: &mut Catalogue, file: &File, source: &Source) -> Result<(), Fault> {
    catalogue.dollar_asset = Some(file.dollar_asset.get_ref().0);
    for row in &file.rate {
        let fault = |reason| source.fault(row.span().start, reason);
        add_rate(catalogue, row.get_ref()).map_err(fault)?;
    }
    for row in &file.fee {
        let fault = |reason| source.fault(row.span().start, reason);
        add_fee(catalogue, row.get_ref()).map_err(fault)?;
    }
    Ok(())
}

fn add_rate(catalogue: &mut Catalogue, row: &RateRow) -> Result<(), String> {
    let (currency, asset) = (row.currency.0, row.asset.0);
    if !catalogue.assets.contains_key(&asset) {
        return Err(format!("there is a rate for {asset:?}, which the corridors file does not list among its assets"));
    }
    if row.spread_basis_points.0 == 10_000 {
        return Err(format!("the spread of {asset:?} in {currency:?} is the whole price: use less than 10000"));
    }
    let rate = PairRate { mid: row.mid.0, spread_basis_points: row.spread_basis_points.0 };
    match catalogue.rates.insert((currency, asset), rate) {
        None => Ok(()),
        Some(_) => Err(format!("the rate of {asset:?} in {currency:?} stands here for the second time")),
    }
}

fn add_fee(catalogue: &mut Catalogue, row: &FeeRow) -> Result<(), String> {
    let (currency, method) = (row.currency.0, row.method.0.0.clone());
    for fixed in [row.processing_fixed.0, row.network_fixed.0] {
        if fixed.exact(currency.decimals()).is_err() {
            return Err(format!("the fixed fee {fixed} of {method} has more decimals than {currency:?} has"));
        }
    }
    let schedule = FeeSchedule {
        processing_basis_points: row.processing_basis_points.0,
        processing_fixed: row.processing_fixed.0,
        network_fixed: row.network_fixed.0,
        partner_basis_points: row.partner_basis_points.0,
    };
    match catalogue.fees.insert((currency, method.clone()), schedule) {
        None => Ok(()),
        Some(_) => Err(format!("the fees of {method} in {currency:?} stand here for the second time")),
    }
}
