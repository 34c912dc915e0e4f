//! What a cell offers its partners now: a published catalogue with the tables that the capability operations read. They are
//! built once, when the catalogue is published, and never changed.
//!
//! What no corridor that is up carries, and what has no fresh rate, is not offered.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use causeway_core::command::{Confirm, LockQuote, Refusal};
use causeway_core::money::{Amount, Asset, Currency};
use causeway_core::routing::{AssetInfo, Catalogue, Corridor};
use causeway_core::session::SessionTerms;
use causeway_core::state::{confirming_lock, priced};
use causeway_core::terms::{Side, Terms};

use crate::iso::Country;

/// A published catalogue.
pub struct Offer {
    catalogue: Arc<Catalogue>,
    countries: Vec<(Country, bool)>,
    lines: Vec<Line>,
}

/// What is asked for; `None` leaves it open.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted {
    /// Which way value moves.
    pub side: Option<Side>,
    /// Where the user is.
    pub country: Option<Country>,
    /// The fiat currency.
    pub currency: Option<Currency>,
    /// The asset.
    pub asset: Option<Asset>,
}

/// Smallest and largest fiat amount that some corridor takes, at the currency's minor unit.
pub type Bounds = (Amount, Amount);

/// How fiat moves in one currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Method {
    /// As partners write it.
    pub id: String,
    /// As people know it.
    pub name: String,
    /// The currency.
    pub currency: Currency,
    /// The countries that it reaches.
    pub countries: BTreeSet<Country>,
    /// Smallest and largest amount.
    pub bounds: Bounds,
    /// Within how many seconds it usually settles, whichever corridor is chosen.
    pub settlement_seconds: u32,
}

/// What is asked for a preview: everything of a lock but the method.
#[derive(Clone, Copy, Debug)]
pub struct Preview {
    /// Which way value moves.
    pub side: Side,
    /// The fiat currency.
    pub currency: Currency,
    /// The asset.
    pub asset: Asset,
    /// Fiat when on_ramp, asset when off_ramp; scale as given.
    pub amount: Amount,
    /// Where the user is.
    pub country: Option<Country>,
}

/// One corridor that is up, in one of its currencies, with the assets that have a fresh rate in it; there is one at least.
struct Line {
    sides: Vec<Side>,
    countries: BTreeSet<Country>,
    currency: Currency,
    methods: Vec<String>,
    bounds: Bounds,
    settlement_seconds: u32,
    assets: BTreeSet<Asset>,
}

impl Offer {
    /// The offer of a catalogue.
    pub fn new(catalogue: Arc<Catalogue>) -> Offer {
        let up = catalogue.corridors.iter().filter(|corridor| corridor.is_up());
        let lines: Vec<Line> = up.flat_map(|corridor| lines(&catalogue, corridor)).collect();
        let reached: BTreeSet<Country> = lines.iter().flat_map(|line| line.countries.iter().copied()).collect();
        let countries = Country::all().map(|country| (country, reached.contains(&country))).collect();
        Offer { catalogue, countries, lines }
    }

    /// Every country by code, and whether something is offered there.
    pub fn countries(&self) -> &[(Country, bool)] {
        &self.countries
    }

    /// Whether anything fits what is wanted.
    pub fn holds(&self, wanted: &Wanted) -> bool {
        self.fitting(wanted).next().is_some()
    }

    /// The currencies that fit, by code.
    pub fn currencies(&self, wanted: &Wanted) -> BTreeMap<Currency, Bounds> {
        let mut currencies = BTreeMap::new();
        for line in self.fitting(wanted) {
            let bounds = currencies.entry(line.currency).or_insert(line.bounds);
            *bounds = widest(*bounds, line.bounds);
        }
        currencies
    }

    /// The assets that fit, by symbol.
    pub fn assets(&self, wanted: &Wanted) -> BTreeSet<Asset> {
        self.fitting(wanted).flat_map(|line| line.assets.iter().copied()).collect()
    }

    /// An asset that is known, whether or not it is offered now.
    pub fn asset(&self, asset: Asset) -> Option<&AssetInfo> {
        self.catalogue.assets.get(&asset)
    }

    /// Every method of its corridors, whether or not they are up.
    pub fn known_methods(&self) -> impl Iterator<Item = &String> {
        self.catalogue.corridors.iter().flat_map(|corridor| &corridor.methods)
    }

    /// Every currency of its corridors, whether or not they are up.
    pub fn known_currencies(&self) -> impl Iterator<Item = Currency> {
        self.catalogue.corridors.iter().flat_map(|corridor| corridor.currencies.iter().copied())
    }

    /// The methods that fit, by currency and id.
    pub fn methods(&self, wanted: &Wanted) -> Vec<Method> {
        let mut methods = BTreeMap::new();
        for line in self.fitting(wanted) {
            for id in &line.methods {
                let method = methods.entry((line.currency, id)).or_insert_with(|| self.method(line, id));
                method.countries.extend(&line.countries);
                method.bounds = widest(method.bounds, line.bounds);
                method.settlement_seconds = method.settlement_seconds.max(line.settlement_seconds);
            }
        }
        methods.into_values().collect()
    }

    /// For each method that fits, the terms that a lock would fix now, and within how many seconds they usually settle.
    /// Refused like a lock when no method has terms for a reason that all of them share.
    pub fn previews(&self, preview: &Preview) -> Result<Vec<(Terms, u32)>, Refusal> {
        let mut shown = Vec::new();
        let mut refused = None;
        for method in self.methods_of(preview) {
            match priced(&self.catalogue, &preview.lock(method)) {
                Ok(terms) => shown.extend(self.settles(preview, &terms).map(|seconds| (terms, seconds))),
                Err(refusal) => refused = refused.or(Some(refusal)),
            }
        }
        match refused {
            Some(refusal) if shown.is_empty() => Err(refusal),
            Some(_) | None => Ok(shown),
        }
    }

    /// For each method that fits, the terms that confirming a session with these choices would fix now. Refused like that.
    pub fn confirmations(
        &self,
        session: &SessionTerms,
        confirm: &Confirm,
        country: Option<Country>,
    ) -> Result<Vec<(Terms, u32)>, Refusal> {
        let LockQuote { side, currency, asset, amount, .. } = confirming_lock(&self.catalogue, session, confirm)?;
        self.previews(&Preview { side, currency, asset, amount, country })
    }

    fn fitting(&self, wanted: &Wanted) -> impl Iterator<Item = &Line> {
        let wanted = *wanted;
        self.lines.iter().filter(move |line| {
            wanted.side.is_none_or(|side| line.sides.contains(&side))
                && wanted.country.is_none_or(|country| line.countries.contains(&country))
                && wanted.currency.is_none_or(|currency| line.currency == currency)
                && wanted.asset.is_none_or(|asset| line.assets.contains(&asset))
        })
    }

    fn method(&self, line: &Line, id: &str) -> Method {
        Method {
            id: id.to_owned(),
            name: self.catalogue.methods.get(id).map_or(id, String::as_str).to_owned(),
            currency: line.currency,
            countries: line.countries.clone(),
            bounds: line.bounds,
            settlement_seconds: line.settlement_seconds,
        }
    }

    /// The methods that a lock could name, in the order of the corridors. A lock names methods whose rails cannot be reached
    /// at the moment, too; a preview says what a lock would.
    fn methods_of(&self, preview: &Preview) -> Vec<&str> {
        let mut methods: Vec<&str> = Vec::new();
        let corridors = self.catalogue.corridors.iter().filter(|corridor| preview.reaches(corridor));
        for method in corridors.flat_map(|corridor| &corridor.methods) {
            if !methods.contains(&method.as_str()) && self.catalogue.carries(preview.side, preview.currency, method) {
                methods.push(method);
            }
        }
        methods
    }

    /// The slowest of the corridors that may carry the terms; `None` when none of them reaches the user's country.
    fn settles(&self, preview: &Preview, terms: &Terms) -> Option<u32> {
        let carrying = self.catalogue.corridors.iter().filter(|corridor| {
            corridor.serves(terms.side, terms.currency, &terms.payment_method)
                && corridor.takes(terms.fiat_amount)
                && preview.reaches(corridor)
        });
        carrying.map(|corridor| corridor.settlement_seconds).max()
    }
}

impl Preview {
    fn lock(&self, method: &str) -> LockQuote {
        LockQuote {
            side: self.side,
            currency: self.currency,
            asset: self.asset,
            amount: self.amount,
            payment_method: method.to_owned(),
        }
    }

    fn reaches(&self, corridor: &Corridor) -> bool {
        self.country.is_none_or(|country| corridor.countries.iter().any(|code| code == country.code()))
    }
}

/// A corridor in each of its currencies.
fn lines(catalogue: &Catalogue, corridor: &Corridor) -> Vec<Line> {
    let line = |currency: &Currency| {
        let fresh = |asset: &Asset| catalogue.fresh_rate(*currency, *asset).is_some();
        let at_minor_unit = |amount: Amount| amount.exact(currency.decimals()).unwrap_or(amount);
        Line {
            sides: corridor.sides.clone(),
            countries: corridor.countries.iter().filter_map(|code| Country::parse(code)).collect(),
            currency: *currency,
            methods: corridor.methods.clone(),
            bounds: (at_minor_unit(corridor.amounts.0), at_minor_unit(corridor.amounts.1)),
            settlement_seconds: corridor.settlement_seconds,
            assets: catalogue.assets.keys().copied().filter(fresh).collect(),
        }
    };
    corridor.currencies.iter().map(line).filter(|line| !line.assets.is_empty()).collect()
}

fn widest(one: Bounds, other: Bounds) -> Bounds {
    (one.0.min(other.0), one.1.max(other.1))
}

#[cfg(test)]
mod tests;
