//! Capabilities: what is offered now. Reads of the published offer, beside the engine.

mod eligibility;

use causeway_core::money::{Asset, Currency};
use causeway_core::terms::Side;
use serde::Serialize;

use super::{Call, Handled, Parameter, Rendered, Spec};
use crate::iso::Country;
use crate::offer::Wanted;
use crate::problem::Problem;
use crate::wire;

use eligibility::check_eligibility;

pub(super) const COUNTRIES: Spec =
    Spec::new("Capabilities", "List all countries with whether something is offered there now.", |call| {
        Box::pin(list_countries(call))
    })
    .query(&[ONE_COUNTRY, SUPPORTED])
    .answers::<wire::List<wire::Country<'static>>>(200);

pub(super) const CURRENCIES: Spec =
    Spec::new("Capabilities", "List the currencies that are offered now.", |call| Box::pin(list_currencies(call)))
        .query(&[COUNTRY_CODE])
        .answers::<wire::List<wire::Currency>>(200);

pub(super) const ASSETS: Spec =
    Spec::new("Capabilities", "List the assets that are offered now.", |call| Box::pin(list_assets(call)))
        .query(&[SIDE, COUNTRY_CODE, CURRENCY])
        .answers::<wire::List<wire::Asset<'static>>>(200);

pub(super) const ONE_ASSET: Spec =
    Spec::new("Capabilities", "Read an asset, whether or not it is offered now.", |call| Box::pin(get_asset(call)))
        .query(&[SIDE])
        .answers::<wire::Asset<'static>>(200);

pub(super) const PAYMENT_METHODS: Spec =
    Spec::new("Capabilities", "List the methods by which users can pay now.", |call| {
        Box::pin(list_methods(call, Side::OnRamp))
    })
    .query(&[CURRENCY, COUNTRY_CODE])
    .answers::<wire::List<wire::Method<'static>>>(200);

pub(super) const PAYOUT_METHODS: Spec =
    Spec::new("Capabilities", "List the methods by which users can be paid now.", |call| {
        Box::pin(list_methods(call, Side::OffRamp))
    })
    .query(&[CURRENCY, COUNTRY_CODE])
    .answers::<wire::List<wire::Method<'static>>>(200);

pub(super) const ELIGIBILITY: Spec =
    Spec::new("Capabilities", "Check whether a country, currency and asset are offered together now.", |call| {
        Box::pin(check_eligibility(call))
    })
    .query(&[COUNTRY, WITH_CURRENCY, WITH_ASSET])
    .answers::<wire::Eligibility>(200);

/// The `country_code` that lists are filtered by.
pub(super) const COUNTRY_CODE: Parameter = Parameter {
    name: "country_code",
    description: "Only what is offered in this country: ISO 3166-1 alpha-2, in either case.",
    schema: r#"{"type":"string","pattern":"^[A-Za-z]{2}$","format":"iso-3166-1"}"#,
};

/// The `country_code` that names one country of the list.
pub(super) const ONE_COUNTRY: Parameter =
    Parameter { description: "Only this country: ISO 3166-1 alpha-2, in either case.", ..COUNTRY_CODE };

/// The `supported` that countries are filtered by.
pub(super) const SUPPORTED: Parameter = Parameter {
    name: "supported",
    description: "Only countries where something is offered, or where nothing is.",
    schema: r#"{"type":"boolean"}"#,
};

/// The `side` that assets are filtered by.
pub(super) const SIDE: Parameter = Parameter {
    name: "side",
    description: "Only what is offered on this side.",
    schema: r#"{"type":"string","enum":["on_ramp","off_ramp"]}"#,
};

/// The `currency` that lists are filtered by.
pub(super) const CURRENCY: Parameter = Parameter {
    name: "currency",
    description: "Only what is offered in this currency: ISO 4217, in either case.",
    schema: r#"{"type":"string","pattern":"^[A-Za-z]{3}$","format":"iso-4217"}"#,
};

/// The `country_code` of a combination.
pub(super) const COUNTRY: Parameter = Parameter {
    description: "Where the user is, in either case; without it, the country that a trusted proxy names.",
    ..COUNTRY_CODE
};

/// The `currency` of a combination.
pub(super) const WITH_CURRENCY: Parameter = Parameter { description: "The fiat currency, in either case.", ..CURRENCY };

/// The `asset` of a combination.
pub(super) const WITH_ASSET: Parameter = Parameter {
    name: "asset",
    description: "The asset's symbol, in either case.",
    schema: r#"{"type":"string","pattern":"^[A-Za-z0-9]{2,12}$"}"#,
};

async fn list_countries(call: Call<'_>) -> Handled {
    let only = country(&call)?;
    let supported = call.query.parsed("supported", "true or false", |text| text.parse::<bool>().ok())?;
    let offer = call.cell.offer();
    let fits = |(country, is_supported): &&(Country, bool)| {
        only.is_none_or(|only| only == *country) && supported.is_none_or(|supported| supported == *is_supported)
    };
    whole(&call, offer.countries().iter().filter(fits).map(wire::Country::of).collect())
}

async fn list_currencies(call: Call<'_>) -> Handled {
    let wanted = Wanted { country: country(&call)?, ..Wanted::default() };
    let currencies = call.cell.offer().currencies(&wanted);
    whole(&call, currencies.into_iter().map(|(currency, bounds)| wire::Currency::of(currency, bounds)).collect())
}

async fn list_assets(call: Call<'_>) -> Handled {
    let wanted = Wanted { side: side(&call)?, country: country(&call)?, currency: currency(&call)?, asset: None };
    let offer = call.cell.offer();
    let assets = offer.assets(&wanted);
    let described = assets.into_iter().filter_map(|asset| Some((asset, offer.asset(asset)?)));
    whole(&call, described.map(|(asset, info)| wire::Asset::of(asset, info, true)).collect())
}

/// An asset that is not offered at the moment is still found: it says that it is not active.
async fn get_asset(call: Call<'_>) -> Handled {
    let asset = call.named(|text, _| Asset::parse(text))?;
    let side = side(&call)?;
    let offer = call.cell.offer();
    let info = offer.asset(asset).ok_or_else(Problem::not_found)?;
    let is_active = offer.holds(&Wanted { side, asset: Some(asset), ..Wanted::default() });
    Ok(Rendered::new(&wire::Asset::of(asset, info, is_active)))
}

/// listPaymentMethods and listPayoutMethods: the same list for the two sides.
async fn list_methods(call: Call<'_>, side: Side) -> Handled {
    let wanted = Wanted { side: Some(side), country: country(&call)?, currency: currency(&call)?, asset: None };
    let methods = call.cell.offer().methods(&wanted);
    whole(&call, methods.iter().map(|method| wire::Method::of(method, side)).collect())
}

/// A list that has no further page.
fn whole<T: Serialize>(call: &Call<'_>, data: Vec<T>) -> Handled {
    Ok(Rendered::new(&wire::List::new(call.operation.path, data, false)))
}

pub(super) fn country(call: &Call<'_>) -> Result<Option<Country>, Problem> {
    call.query.parsed("country_code", "a country of ISO 3166, such as DE", Country::parse)
}

pub(super) fn currency(call: &Call<'_>) -> Result<Option<Currency>, Problem> {
    call.query.parsed("currency", "an ISO 4217 code, such as EUR", Currency::parse)
}

pub(super) fn side(call: &Call<'_>) -> Result<Option<Side>, Problem> {
    let known = [Side::OnRamp, Side::OffRamp];
    call.query.parsed("side", "on_ramp or off_ramp", |text| known.into_iter().find(|side| side.word() == text))
}
