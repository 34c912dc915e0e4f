//! What can be paid where: countries with their currencies and methods, and the shipped catalogue's prices and corridors.

use std::collections::HashMap;

use causeway_core::money::{Amount, Asset, Currency, Rate, Rounding};
use causeway_core::quote::{FeeSchedule, Pair, price};
use causeway_core::routing::Catalogue;
use causeway_core::terms::{Side, Terms};

use super::random::Random;
use crate::failure::Failure;

/// Where customers live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// ISO 3166 code.
    pub country: &'static str,
    /// ISO 4217 code of the currency that is paid in.
    pub currency: &'static str,
    /// Customers of a hundred.
    pub share: u32,
    /// Hours that clocks are ahead of UTC.
    pub zone: i64,
}

/// Where customers live.
pub const PLACES: [Place; 9] = [
    Place { country: "DE", currency: "EUR", share: 20, zone: 1 },
    Place { country: "FR", currency: "EUR", share: 14, zone: 1 },
    Place { country: "ES", currency: "EUR", share: 10, zone: 1 },
    Place { country: "IT", currency: "EUR", share: 9, zone: 1 },
    Place { country: "NL", currency: "EUR", share: 7, zone: 1 },
    Place { country: "GB", currency: "GBP", share: 14, zone: 0 },
    Place { country: "US", currency: "USD", share: 14, zone: -6 },
    Place { country: "BR", currency: "BRL", share: 7, zone: -3 },
    Place { country: "IN", currency: "INR", share: 5, zone: 5 },
];

/// Where nobody lives, but people travel and stolen devices are used.
pub const ELSEWHERE: [&str; 6] = ["NG", "RO", "TR", "UA", "VN", "ZA"];

/// Methods with how often they are somebody's favourite among those of their currency.
const METHODS: [(&str, &str, u32); 10] = [
    ("EUR", "sepa_instant", 45),
    ("EUR", "sepa_credit", 10),
    ("EUR", "card", 45),
    ("GBP", "faster_payments", 55),
    ("GBP", "card", 45),
    ("USD", "ach", 30),
    ("USD", "wire", 4),
    ("USD", "card", 66),
    ("BRL", "pix", 100),
    ("INR", "upi", 100),
];

/// Assets with how often they are somebody's favourite.
const ASSETS: [(&str, u32); 4] = [("USDC", 55), ("USDT", 20), ("BTC", 15), ("ETH", 10)];

/// The smallest payment, in US dollars: below it fees eat most of what is paid.
const SMALLEST_USD: f64 = 4.0;

/// Prices and ways.
pub struct Market {
    /// The shipped catalogue, with its corridors connected.
    pub catalogue: Catalogue,
    offers: Vec<Offer>,
    assets: Vec<(Asset, u32)>,
    rates: HashMap<(Currency, Asset, Side), Rate>,
}

/// One method in one currency.
pub struct Offer {
    /// The currency.
    pub currency: Currency,
    /// The method.
    pub method: &'static str,
    weight: u32,
    fees: FeeSchedule,
    per_dollar: f64,
    /// Smallest and largest fiat amount that somebody pays with it, in minor units.
    bounds: (u64, u64),
}

impl Market {
    /// The market of a catalogue, whose corridors carry all methods and whose rates price all assets named here.
    pub fn new(catalogue: Catalogue) -> Result<Market, Failure> {
        let offers = METHODS.iter().map(|&(currency, method, weight)| Offer::new(&catalogue, currency, method, weight));
        let offers = offers.collect::<Option<Vec<Offer>>>();
        let assets = ASSETS.iter().map(|&(symbol, weight)| Asset::parse(symbol).map(|asset| (asset, weight)));
        let assets = assets.collect::<Option<Vec<_>>>();
        let lacks = || Failure::wrong("the catalogue lacks a currency, method or asset of the generated payments");
        let (offers, assets) = (offers.ok_or_else(lacks)?, assets.ok_or_else(lacks)?);
        let rates = spread_rates(&catalogue, &offers, &assets).ok_or_else(lacks)?;
        Ok(Market { catalogue, offers, assets, rates })
    }

    /// One of the methods of a currency.
    pub fn favourite(&self, random: &mut Random, currency: &str) -> usize {
        let weight = |offer: &Offer| if offer.currency.code() == currency { offer.weight } else { 0 };
        random.weighted(self.offers.iter().map(weight))
    }

    /// Card in this currency, where it is offered.
    pub fn card(&self, currency: &str) -> Option<usize> {
        self.offers.iter().position(|offer| offer.currency.code() == currency && offer.method == "card")
    }

    /// One of the assets.
    pub fn asset(&self, random: &mut Random) -> Asset {
        self.assets[random.weighted(self.assets.iter().map(|(_, weight)| *weight))].0
    }

    /// All methods in their currencies.
    pub fn offers(&self) -> impl Iterator<Item = &Offer> {
        self.offers.iter()
    }

    /// A method in its currency.
    pub fn offer(&self, number: usize) -> &Offer {
        &self.offers[number]
    }

    /// The terms that a quote over `given` fixes: fiat when `side` is on_ramp, asset when off_ramp.
    pub fn terms(&self, side: Side, offer: &Offer, asset: Asset, given: Amount) -> Terms {
        let pair = Pair {
            currency: offer.currency,
            asset,
            asset_decimals: self.decimals(asset),
            payment_method: offer.method,
            rate: self.rates[&(offer.currency, asset, side)],
        };
        price(side, given, &pair, &offer.fees).expect("amounts stay within what can be priced")
    }

    /// How much of an asset is sold for about `fiat`, in its smallest units.
    pub fn asset_units(&self, offer: &Offer, asset: Asset, fiat: Amount) -> u64 {
        let rate = self.rates[&(offer.currency, asset, Side::OffRamp)];
        let units = fiat.divided_by(rate, self.decimals(asset), Rounding::Up);
        let units = units.map(|amount| amount.decimal().mantissa().unsigned_abs() as u64);
        units.expect("amounts stay within what can be priced")
    }

    /// The decimals of an asset.
    pub fn decimals(&self, asset: Asset) -> u32 {
        self.catalogue.assets[&asset].decimals
    }
}

impl Offer {
    fn new(catalogue: &Catalogue, currency: &str, method: &'static str, weight: u32) -> Option<Offer> {
        let currency = Currency::parse(currency)?;
        let fees = catalogue.fees.get(&(currency, method.to_owned()))?.clone();
        let dollar = catalogue.rates.get(&(currency, catalogue.dollar_asset?))?;
        let per_dollar: f64 = dollar.mid.to_string().parse().ok()?;
        let minor = |amount: Amount| amount.exact(currency.decimals()).ok().map(|one| one.decimal().mantissa() as u64);
        let serves = |side| catalogue.carries(side, currency, method);
        if !serves(Side::OnRamp) || !serves(Side::OffRamp) {
            return None;
        }
        let corridors = || catalogue.corridors.iter().filter(|one| one.serves(Side::OnRamp, currency, method));
        let least = corridors().filter_map(|one| minor(one.amounts.0)).min()?;
        let most = corridors().filter_map(|one| minor(one.amounts.1)).max()?;
        let fixed = minor(fees.processing_fixed)? + minor(fees.network_fixed)?;
        // What is paid out is less than what is sold: bounds keep a distance from those of the corridors.
        let smallest = (per_dollar * SMALLEST_USD * 100.0) as u64;
        let bounds = (smallest.max(least + least / 4 + 2 * fixed), most - most / 10);
        Some(Offer { currency, method, weight, fees, per_dollar, bounds })
    }

    /// About so many US dollars in the currency's minor units, within what can be paid.
    pub fn minor(&self, usd: f64) -> u64 {
        let minor = (usd * self.per_dollar * 100.0) as u64;
        minor.clamp(self.bounds.0, self.bounds.1)
    }
}

/// Where somebody lives.
pub fn somewhere(random: &mut Random) -> &'static Place {
    &PLACES[random.weighted(PLACES.iter().map(|place| place.share))]
}

/// A country where nobody lives.
pub fn elsewhere(random: &mut Random) -> &'static str {
    ELSEWHERE[random.below(ELSEWHERE.len() as u64) as usize]
}

/// The user buys above the middle and sells below it.
fn spread_rates(
    catalogue: &Catalogue,
    offers: &[Offer],
    assets: &[(Asset, u32)],
) -> Option<HashMap<(Currency, Asset, Side), Rate>> {
    let mut rates = HashMap::new();
    for offer in offers {
        for &(asset, _) in assets {
            let quoted = catalogue.rates.get(&(offer.currency, asset))?;
            for (side, rounding) in [(Side::OnRamp, Rounding::Up), (Side::OffRamp, Rounding::Down)] {
                let rate = quoted.mid.moved(quoted.spread_basis_points, rounding)?;
                rates.insert((offer.currency, asset, side), rate);
            }
        }
    }
    Some(rates)
}
