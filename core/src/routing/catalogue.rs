//! The catalogue: corridors, assets, rates and fees of one cell, as one immutable value that is swapped as a whole.

use std::collections::HashMap;

use crate::money::{Amount, Asset, Currency, Rate};
use crate::payment::CorridorId;
use crate::quote::FeeSchedule;
use crate::terms::Side;

/// Everything that pricing and routing look up.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    /// The corridors, in the order of their file.
    pub corridors: Vec<Corridor>,
    /// The assets.
    pub assets: HashMap<Asset, AssetInfo>,
    /// Fiat per one asset.
    pub rates: HashMap<(Currency, Asset), PairRate>,
    /// What each method costs the user, per currency.
    pub fees: HashMap<(Currency, String), FeeSchedule>,
    /// What people call each method.
    pub methods: HashMap<String, String>,
    /// The dollar-pegged asset by which features count amounts.
    pub dollar_asset: Option<Asset>,
}

/// A way for money: one rail, for some methods, currencies and assets.
#[derive(Clone, Debug, PartialEq)]
pub struct Corridor {
    /// Its name.
    pub id: CorridorId,
    /// The rail that carries it.
    pub rail: String,
    /// Sides that it serves.
    pub sides: Vec<Side>,
    /// ISO 3166 codes of the countries that it reaches.
    pub countries: Vec<String>,
    /// Currencies that it carries.
    pub currencies: Vec<Currency>,
    /// Methods that it carries.
    pub methods: Vec<String>,
    /// Smallest and largest fiat amount.
    pub amounts: (Amount, Amount),
    /// What it costs us, in basis points of the fiat amount.
    pub cost_basis_points: u32,
    /// How long it takes to settle, typically.
    pub settlement_seconds: u32,
    /// The share of payments that succeed, 0..=1.
    pub success: f32,
    /// Whether it is taken into account.
    pub enabled: bool,
    /// Whether its rail can be reached from this cell. One that cannot be reached is offered but never chosen.
    pub connected: bool,
}

/// An asset as partners see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssetInfo {
    /// Its name.
    pub name: String,
    /// Its decimals, at most eight.
    pub decimals: u32,
    /// The networks on which it moves.
    pub networks: Vec<Network>,
}

/// A network on which an asset moves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// Its name: `ethereum`, `bitcoin`, …
    pub chain: String,
    /// The asset's contract there; `None` for the network's own coin, and where nobody is certain.
    pub contract_address: Option<String>,
    /// Smallest and largest amount of the asset that is moved at once.
    pub amounts: (Amount, Amount),
}

/// The price of an asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PairRate {
    /// Fiat per one asset, in the middle.
    pub mid: Rate,
    /// What is added when the user buys and taken off when the user sells.
    pub spread_basis_points: u32,
}

impl Catalogue {
    /// Whether some enabled corridor carries `method` for `currency` and `side`.
    pub fn carries(&self, side: Side, currency: Currency, method: &str) -> bool {
        self.corridors.iter().any(|corridor| corridor.serves(side, currency, method))
    }

    /// The rate that prices are made from; `None` when there is no fresh one.
    pub fn fresh_rate(&self, currency: Currency, asset: Asset) -> Option<PairRate> {
        self.rates.get(&(currency, asset)).copied()
    }

    /// The first method, in the order of the corridors, that serves `side` and `currency`.
    pub fn first_method(&self, side: Side, currency: Currency) -> Option<String> {
        let fits = |corridor: &&Corridor| {
            corridor.enabled && corridor.sides.contains(&side) && corridor.currencies.contains(&currency)
        };
        self.corridors.iter().find(fits).and_then(|corridor| corridor.methods.first().cloned())
    }
}

impl Corridor {
    /// Whether it is enabled and carries `method` for `currency` and `side`.
    pub fn serves(&self, side: Side, currency: Currency, method: &str) -> bool {
        self.enabled
            && self.sides.contains(&side)
            && self.currencies.contains(&currency)
            && self.methods.iter().any(|known| known == method)
    }

    /// Whether it could carry something now: it is taken into account and its rail can be reached.
    pub fn is_up(&self) -> bool {
        self.enabled && self.connected
    }

    /// Whether its bounds hold `fiat`.
    pub fn takes(&self, fiat: Amount) -> bool {
        self.amounts.0 <= fiat && fiat <= self.amounts.1
    }
}
