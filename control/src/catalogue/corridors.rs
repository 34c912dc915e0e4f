//! `corridors.toml`: the assets, the methods, and the corridors in the order in which ties are broken.

use causeway_core::money::{Amount, Asset, Currency};
use causeway_core::routing::{AssetInfo, Catalogue, Corridor, Network};
use causeway_core::terms::Side;
use serde::Deserialize;
use toml::Spanned;

use super::word::{BasisPoints, Label, Name, Share, Word};
use super::{Fault, Source};
use crate::iso::Country;

/// Corridors that one file may name.
const CORRIDORS: usize = 1_000;
/// Assets that one file may name.
const ASSETS: usize = 1_000;
/// Methods that one file may name.
const METHODS: usize = 1_000;

/// The whole file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    asset: Vec<Spanned<AssetRow>>,
    method: Vec<Spanned<MethodRow>>,
    pub corridor: Vec<Spanned<CorridorRow>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AssetRow {
    symbol: Word<Asset>,
    name: Word<Label>,
    decimals: u32,
    #[serde(default)]
    network: Vec<Spanned<NetworkRow>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NetworkRow {
    chain: Word<Name>,
    contract_address: Option<Word<Label>>,
    min_amount: Word<Amount>,
    max_amount: Word<Amount>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MethodRow {
    id: Word<Name>,
    name: Word<Label>,
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

/// Adds the file's assets, methods and corridors.
pub fn add(catalogue: &mut Catalogue, file: &File, source: &Source) -> Result<(), Fault> {
    for row in &file.asset {
        let fault = |reason| source.fault(row.span().start, reason);
        let networks = networks(row.get_ref(), source)?;
        add_asset(catalogue, row.get_ref(), networks).map_err(fault)?;
    }
    for row in &file.method {
        let fault = |reason| source.fault(row.span().start, reason);
        add_method(catalogue, row.get_ref()).map_err(fault)?;
    }
    for row in &file.corridor {
        let fault = |reason| source.fault(row.span().start, reason);
        add_corridor(catalogue, row.get_ref()).map_err(fault)?;
    }
    Ok(())
}

/// The networks of an asset; what is wrong with one is told by its own line.
fn networks(asset: &AssetRow, source: &Source) -> Result<Vec<Network>, Fault> {
    let mut networks: Vec<Network> = Vec::new();
    for row in &asset.network {
        let network = network(row.get_ref());
        let symbol = asset.symbol.0.symbol();
        let named = format!("{symbol} on {}", network.chain);
        let (least, most) = network.amounts;
        let reason = if networks.iter().any(|other| other.chain == network.chain) {
            format!("{named} stands here for the second time")
        } else if least > most {
            format!("{named} has a min_amount above its max_amount")
        } else if least.exact(asset.decimals).is_err() || most.exact(asset.decimals).is_err() {
            format!("{named} has bounds with more decimals than {symbol} has")
        } else {
            networks.push(network);
            continue;
        };
        return Err(source.fault(row.span().start, reason));
    }
    Ok(networks)
}

fn network(row: &NetworkRow) -> Network {
    Network {
        chain: row.chain.0.0.clone(),
        contract_address: row.contract_address.as_ref().map(|address| address.0.0.clone()),
        amounts: (row.min_amount.0, row.max_amount.0),
    }
}

fn add_method(catalogue: &mut Catalogue, row: &MethodRow) -> Result<(), String> {
    let id = &row.id.0.0;
    if catalogue.methods.len() == METHODS {
        return Err(format!("there are more than {METHODS} methods"));
    }
    match catalogue.methods.insert(id.clone(), row.name.0.0.clone()) {
        None => Ok(()),
        Some(_) => Err(format!("method {id} stands here for the second time")),
    }
}

fn add_asset(catalogue: &mut Catalogue, row: &AssetRow, networks: Vec<Network>) -> Result<(), String> {
    let symbol = row.symbol.0.symbol().to_owned();
    if row.decimals > causeway_core::limits::WIRE_DECIMALS {
        return Err(format!("asset {symbol} has {} decimals: at most 8 are carried on the wire", row.decimals));
    }
    if networks.is_empty() {
        return Err(format!("asset {symbol} moves on no network: add an [[asset.network]]"));
    }
    if catalogue.assets.len() == ASSETS {
        return Err(format!("there are more than {ASSETS} assets"));
    }
    let info = AssetInfo { name: row.name.0.0.clone(), decimals: row.decimals, networks };
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
    if let Some(method) = corridor.methods.iter().find(|method| !catalogue.methods.contains_key(*method)) {
        return Err(format!("corridor {id} carries {method}, which no [[method]] names: add one"));
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
            countries: self.countries.iter().map(|country| country.0.code().to_owned()).collect(),
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
