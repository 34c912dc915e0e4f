//! checkEligibility: whether a combination is offered. What is not supported is an answer, no error.

use causeway_core::money::{Asset, Currency};

use crate::iso::Country;
use crate::offer::{Offer, Wanted};
use crate::operations::{Call, Handled, Rendered};
use crate::problem::Problem;
use crate::wire;

/// The parts as given, in upper case. Each is well-formed, and may be nothing that is known.
struct Asked {
    country: Option<String>,
    currency: Option<String>,
    asset: Option<String>,
}

pub(in crate::operations) async fn check_eligibility(call: Call<'_>) -> Handled {
    let given = Asked {
        country: letters(&call, "country_code", 2)?,
        currency: letters(&call, "currency", 3)?,
        asset: call
            .query
            .parsed("asset", "a symbol of 2–12 letters and digits", Asset::parse)?
            .map(|asset| asset.symbol().to_owned()),
    };
    let edge = call.edge.country(call.peer, call.headers);
    let geo_source = match (&given.country, edge) {
        (Some(_), _) => "parameter",
        (None, Some(_)) => "edge",
        (None, None) => "unresolved",
    };
    let asked = Asked { country: given.country.or_else(|| edge.map(|country| country.code().to_owned())), ..given };
    let unavailable_reason = asked.unavailable(&call.cell.offer());
    Ok(Rendered::new(&wire::Eligibility {
        object: "eligibility",
        eligible: unavailable_reason.is_none(),
        unavailable_reason,
        geo_source,
        country_code: asked.country,
        currency: asked.currency,
        asset: asked.asset,
    }))
}

impl Asked {
    /// Why nothing fits: the first part that is not offered by itself, else their combination.
    fn unavailable(&self, offer: &Offer) -> Option<&'static str> {
        let country = self.country.as_deref().map(Country::parse);
        let currency = self.currency.as_deref().map(Currency::parse);
        let asset = self.asset.as_deref().map(Asset::parse);
        let anything = Wanted::default();
        let alone = [
            (
                country.map(|country| Wanted { country, ..anything }),
                country.flatten().is_some(),
                "country_not_supported",
            ),
            (
                currency.map(|currency| Wanted { currency, ..anything }),
                currency.flatten().is_some(),
                "currency_not_supported",
            ),
            (asset.map(|asset| Wanted { asset, ..anything }), asset.flatten().is_some(), "asset_not_supported"),
        ];
        let is_missing = |(wanted, is_known, _): &&(Option<Wanted>, bool, &str)| {
            wanted.is_some_and(|wanted| !is_known || !offer.holds(&wanted))
        };
        let together =
            Wanted { side: None, country: country.flatten(), currency: currency.flatten(), asset: asset.flatten() };
        let combination = || (!offer.holds(&together)).then_some("combination_not_supported");
        alone.iter().find(is_missing).map(|(_, _, reason)| *reason).or_else(combination)
    }
}

/// A parameter of `length` letters, in upper case.
fn letters(call: &Call<'_>, name: &'static str, length: usize) -> Result<Option<String>, Problem> {
    let read = |text: &str| {
        let well_formed = text.len() == length && text.bytes().all(|byte| byte.is_ascii_alphabetic());
        well_formed.then(|| text.to_ascii_uppercase())
    };
    call.query.parsed(name, &format!("{length} letters"), read)
}
