//! What can be offered to a user: countries, currencies, assets, methods, and whether a combination of them is offered.

use causeway_core::money::{Asset as CoreAsset, Currency as CoreCurrency};
use causeway_core::routing::AssetInfo;
use causeway_core::terms::Side;
use schemars::JsonSchema;
use serde::Serialize;

use super::Decimal;
use crate::iso::{Country as IsoCountry, currency_name, currency_symbol};
use crate::offer::{Bounds, Method as OfferedMethod};

/// A country of ISO 3166.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Country")]
pub struct Country<'a> {
    /// Always `country`.
    #[schemars(extend("const" = "country"))]
    pub object: &'static str,
    /// ISO 3166-1 alpha-2.
    #[schemars(regex(pattern = r"^[A-Z]{2}$"))]
    pub country_code: &'a str,
    /// The English short name.
    pub name: &'static str,
    /// The currency in which most is paid there, ISO 4217; null where nobody lives.
    pub default_currency: Option<&'static str>,
    /// Whether something is offered there now.
    pub supported: bool,
}

impl<'a> Country<'a> {
    /// The country, and whether something is offered there.
    pub fn of((country, supported): &'a (IsoCountry, bool)) -> Country<'a> {
        Country {
            object: "country",
            country_code: country.code(),
            name: country.name(),
            default_currency: country.default_currency(),
            supported: *supported,
        }
    }
}

/// A currency that is offered.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Currency")]
pub struct Currency {
    /// Always `currency`.
    #[schemars(extend("const" = "currency"))]
    pub object: &'static str,
    /// ISO 4217.
    #[schemars(regex(pattern = r"^[A-Z]{3}$"))]
    pub code: String,
    /// The English name.
    pub name: String,
    /// The usual sign; the code where there is none.
    pub symbol: String,
    /// Decimals of the minor unit.
    pub decimals: u32,
    /// The smallest amount that some method takes.
    pub min_amount: Decimal,
    /// The largest amount that some method takes.
    pub max_amount: Decimal,
}

impl Currency {
    /// The currency with its bounds.
    pub fn of(currency: CoreCurrency, bounds: Bounds) -> Currency {
        Currency {
            object: "currency",
            code: currency.code().to_owned(),
            name: currency_name(currency),
            symbol: currency_symbol(currency),
            decimals: currency.decimals(),
            min_amount: bounds.0.into(),
            max_amount: bounds.1.into(),
        }
    }
}

/// A crypto asset.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Asset")]
pub struct Asset<'a> {
    /// Always `asset`.
    #[schemars(extend("const" = "asset"))]
    pub object: &'static str,
    /// Its symbol.
    #[schemars(regex(pattern = r"^[A-Z0-9]{2,12}$"))]
    pub symbol: String,
    /// As people know it.
    pub name: &'a str,
    /// Its decimals on the wire.
    pub decimals: u32,
    /// Whether it is offered now, for the side that was asked for.
    pub active: bool,
    /// Where it moves.
    pub networks: Vec<AssetNetwork<'a>>,
}

/// A network on which an asset moves.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "AssetNetwork")]
pub struct AssetNetwork<'a> {
    /// Its name.
    pub chain: &'a str,
    /// The asset's contract there; null for the network's own coin.
    pub contract_address: Option<&'a str>,
    /// The smallest amount of the asset that is moved at once.
    pub min_amount: Decimal,
    /// The largest one.
    pub max_amount: Decimal,
}

impl<'a> Asset<'a> {
    /// The asset as the catalogue describes it.
    pub fn of(asset: CoreAsset, info: &'a AssetInfo, active: bool) -> Asset<'a> {
        let network = |network: &'a causeway_core::routing::Network| AssetNetwork {
            chain: &network.chain,
            contract_address: network.contract_address.as_deref(),
            min_amount: network.amounts.0.into(),
            max_amount: network.amounts.1.into(),
        };
        Asset {
            object: "asset",
            symbol: asset.symbol().to_owned(),
            name: &info.name,
            decimals: info.decimals,
            active,
            networks: info.networks.iter().map(network).collect(),
        }
    }
}

/// How fiat moves in one currency.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Method")]
pub struct Method<'a> {
    /// `payment_method` where users pay, `payout_method` where they are paid.
    #[schemars(extend("enum" = ["payment_method", "payout_method"]))]
    pub object: &'static str,
    /// What a lock names it by.
    #[schemars(length(min = 1, max = 64))]
    pub id: &'a str,
    /// As people know it.
    pub name: &'a str,
    /// The currency, ISO 4217.
    #[schemars(regex(pattern = r"^[A-Z]{3}$"))]
    pub currency: &'a str,
    /// The countries that it reaches, ISO 3166-1 alpha-2.
    pub country_codes: Vec<&'a str>,
    /// The smallest fiat amount.
    pub min_amount: Decimal,
    /// The largest fiat amount.
    pub max_amount: Decimal,
    /// Within how many seconds it usually settles.
    pub estimated_settlement_seconds: u32,
}

impl<'a> Method<'a> {
    /// The method as it is offered on this side.
    pub fn of(method: &'a OfferedMethod, side: Side) -> Method<'a> {
        Method {
            object: match side {
                Side::OnRamp => "payment_method",
                Side::OffRamp => "payout_method",
            },
            id: &method.id,
            name: &method.name,
            currency: method.currency.code(),
            country_codes: method.countries.iter().map(IsoCountry::code).collect(),
            min_amount: method.bounds.0.into(),
            max_amount: method.bounds.1.into(),
            estimated_settlement_seconds: method.settlement_seconds,
        }
    }
}

/// Whether what was asked for is offered now.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Eligibility")]
pub struct Eligibility {
    /// Always `eligibility`.
    #[schemars(extend("const" = "eligibility"))]
    pub object: &'static str,
    /// Whether it is.
    pub eligible: bool,
    /// The first part that is not offered, or their combination.
    #[schemars(extend("enum" = [
        "country_not_supported", "currency_not_supported", "asset_not_supported", "combination_not_supported", null
    ]))]
    pub unavailable_reason: Option<&'static str>,
    /// Where the country came from: the request, a trusted proxy, or nowhere. Without one, the rest alone is judged.
    #[schemars(extend("enum" = ["parameter", "edge", "unresolved"]))]
    pub geo_source: &'static str,
    /// The country that was judged.
    pub country_code: Option<String>,
    /// The currency that was asked for.
    pub currency: Option<String>,
    /// The asset that was asked for.
    pub asset: Option<String>,
}
