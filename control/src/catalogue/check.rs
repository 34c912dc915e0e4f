//! What must hold between the two files.

use causeway_core::money::Currency;
use causeway_core::routing::Catalogue;

use super::corridors::{self, CorridorRow};
use super::{Fault, Source, rates};

/// Every corridor's currencies have a rate, and its methods have fees.
pub fn corridors_have_prices(catalogue: &Catalogue, file: &corridors::File, source: &Source) -> Result<(), Fault> {
    for row in &file.corridor {
        prices_of(catalogue, row.get_ref()).map_err(|reason| source.fault(row.span().start, reason))?;
    }
    Ok(())
}

/// The asset by which amounts are counted in dollars has a rate in every currency that some corridor carries.
pub fn dollar_asset_has_rates(catalogue: &Catalogue, file: &rates::File, source: &Source) -> Result<(), Fault> {
    let asset = file.dollar_asset.get_ref().0;
    let carried = catalogue.corridors.iter().flat_map(|corridor| &corridor.currencies);
    for currency in carried {
        if !catalogue.rates.contains_key(&(*currency, asset)) {
            let reason = format!(
                "dollar_asset {asset:?} has no rate in {currency:?}, in which a corridor carries money: add one"
            );
            return Err(source.fault(file.dollar_asset.span().start, reason));
        }
    }
    Ok(())
}

/// Every corridor is carried by a rail that runs in its mode.
pub fn corridors_have_rails(rails: &[String], file: &corridors::File, source: &Source) -> Result<(), Fault> {
    for row in &file.corridor {
        let (id, rail) = (&row.get_ref().id.0.0, row.get_ref().rail_name());
        if !rails.iter().any(|known| known == rail) {
            let known = if rails.is_empty() { "none".to_owned() } else { rails.join(", ") };
            let reason = format!(
                "corridor {id} is carried by the rail {rail}, which does not exist in this mode (there is {known}): add it \
                 to the rails file, or name another"
            );
            return Err(source.fault(row.span().start, reason));
        }
    }
    Ok(())
}

fn prices_of(catalogue: &Catalogue, row: &CorridorRow) -> Result<(), String> {
    let id = &row.id.0.0;
    for currency in row.currencies.iter().map(|currency| currency.0) {
        if !has_rate(catalogue, currency) {
            return Err(format!("corridor {id} carries {currency:?}, for which the rates file has no rate: add one"));
        }
        let without_fee = |method: &&str| !catalogue.fees.contains_key(&(currency, (*method).to_owned()));
        let mut methods = row.methods.iter().map(|method| method.0.0.as_str());
        if let Some(method) = methods.find(without_fee) {
            return Err(format!(
                "corridor {id} carries {method} in {currency:?}, for which the rates file has no fees: add them"
            ));
        }
    }
    Ok(())
}

fn has_rate(catalogue: &Catalogue, currency: Currency) -> bool {
    catalogue.rates.keys().any(|(priced, _)| *priced == currency)
}
