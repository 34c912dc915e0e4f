//! `corridors.toml`: the assets, and the corridors in the order in which ties are broken.

use causeway_core::money::{Amount, Asset, Currency};
use causeway_core::routing::{AssetInfo, Catalogue, Corridor};
use causeway_core::terms::Side;
use serde::Deserialize;
use toml::Spanned;

use super::word::{BasisPoints, Country, Name, Share, Word};
use super::{Fault, Source};

/// Corridors that one file may name.
const CORRIDORS: usize = 1_000;
/// Assets that one file may name.
const ASSETS: usize = 1_000;

/// The whole file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    asset: Vec<Spanned<AssetRow>>,
    pub corridor: Vec<Spanned<CorridorRow>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AssetRow {
    symbol: Word<Asset>,
    name: String,
    decimals: u32,
    networks: Vec<Word<Name>>,
}

/// One corridor as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorridorRow {
    pub id: Word<Name>,
    rail: Word<Name>,
    sides: Vec<Word<Side>>,
    countries: Vec<Word<Country>>,
    pub currencies: Vec<Word<Currency>>,
    pub methods: Vec<Word<Name>>,
    min_amount: Word<Amount>,
    max_amount: Word<Amount>,
    cost_basis_points: BasisPoints,
    settlement_seconds: u32,
    success: Share,
    #[serde(default = "yes")]
    enabled: bool,
}

fn yes() -> bool {
    true
}

/// Adds the file's assets and corridors.
pub fn add(catalogue: &mut Catalogue, file: &File, source: &Source) -> Result<(), Fault> {
    for row in &file.asset {
        let fault = |reason| source.fault(row.span().start, reason);
        add_asset(catalogue, row.get_ref()).map_err(fault)?;
    }
    for row in &file.corridor {
        let fault = |reason| source.fault(row.span().start, reason);
        add_corridor(catalogue, row.get_ref()).map_err(fault)?;
    }
    Ok(())
}

fn add_asset(catalogue: &mut Catalogue, row: &AssetRow) -> Result<(), String> {
    let symbol = row.symbol.0.symbol().to_owned();
    if row.decimals > causeway_core::limits::WIRE_DECIMALS {
        return Err(format!("asset {symbol} has {} decimals: at most 8 are carried on the wire", row.decimals));
    }
    if row.networks.is_empty() {
        return Err(format!("asset {symbol} moves on no network: name at least one"));
    }
    if catalogue.assets.len() == ASSETS {
        return Err(format!("there are more than {ASSETS} assets"));
    }
    let networks = row.networks.iter().map(|network| network.0.0.clone()).collect();
    let info = AssetInfo { name: row.name.clone(), decimals: row.decimals, networks };
    match catalogue.assets.insert(row.symbol.0, info) {
        None => Ok(()),
        Some(_) => Err(format!("asset {symbol} stands here for the second time")),
    }
}

fn add_corridor(catalogue: &mut Catalogue, row: &CorridorRow) -> Result<(), String> {
    let corridor = row.corridor();
    let id = &corridor.id;
    let lists = [corridor.sides.len(), corridor.countries.len(), corridor.currencies.len(), corridor.methods.len()];
    if lists.contains(&0) {
        return Err(format!(
            "corridor {id} serves nothing: sides, countries, currencies and methods name one thing at least"
        ));
    }
    if corridor.amounts.0 > corridor.amounts.1 {
        return Err(format!("corridor {id} has a min_amount above its max_amount"));
    }
    let fits = |currency: &Currency, amount: Amount| amount.exact(currency.decimals()).is_ok();
    if let Some(currency) = corridor
        .currencies
        .iter()
        .find(|currency| !fits(currency, corridor.amounts.0) || !fits(currency, corridor.amounts.1))
    {
        return Err(format!("corridor {id} has bounds with more decimals than {currency:?} has"));
    }
    if catalogue.corridors.iter().any(|other| &other.id == id) {
        return Err(format!("corridor {id} stands here for the second time"));
    }
    if catalogue.corridors.len() == CORRIDORS {
        return Err(format!("there are more than {CORRIDORS} corridors"));
    }
    catalogue.corridors.push(corridor);
    Ok(())
}

impl CorridorRow {
    /// What carries it.
    pub fn rail_name(&self) -> &str {
        &self.rail.0.0
    }

    fn corridor(&self) -> Corridor {
        let names = |words: &[Word<Name>]| words.iter().map(|word| word.0.0.clone()).collect();
        Corridor {
            id: self.id.0.0.clone(),
            rail: self.rail.0.0.clone(),
            sides: self.sides.iter().map(|side| side.0).collect(),
            countries: self.countries.iter().map(|country| country.0.0.clone()).collect(),
            currencies: self.currencies.iter().map(|currency| currency.0).collect(),
            methods: names(&self.methods),
            amounts: (self.min_amount.0, self.max_amount.0),
            cost_basis_points: self.cost_basis_points.0,
            settlement_seconds: self.settlement_seconds,
            success: self.success.0,
            enabled: self.enabled,
            connected: true,
        }
    }
}
