//! Countries of ISO 3166 and currencies of ISO 4217 as people know them: the only user of the library that lists them.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use causeway_core::money::Currency;
use causeway_core::risk::Country as CoreCountry;
use iso_currency::{Country as Listed, Currency as Described};

/// A country of ISO 3166-1 by its alpha-2 code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country([u8; 2]);

impl Country {
    /// The country that `text` names in either case; `None` unless ISO 3166-1 lists it.
    pub fn parse(text: &str) -> Option<Country> {
        let upper = text.to_ascii_uppercase();
        let code: [u8; 2] = upper.as_bytes().try_into().ok()?;
        Listed::from_str(&upper).ok().map(|_| Country(code))
    }

    /// All of them, by code.
    pub fn all() -> impl Iterator<Item = Country> {
        let letters = || b'A'..=b'Z';
        letters()
            .flat_map(move |first| letters().map(move |second| [first, second]))
            .filter_map(|code| Country::parse(std::str::from_utf8(&code).ok()?))
    }

    /// The code, in upper case.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The English short name.
    pub fn name(&self) -> &'static str {
        renamed(self.code()).unwrap_or_else(|| self.listed().map_or("", |country| country.name()))
    }

    /// The code of the currency in which most is paid there; `None` where nobody lives.
    pub fn default_currency(&self) -> Option<&'static str> {
        let regular = || {
            let used = self.listed().map(Described::from_country).unwrap_or_default();
            used.into_iter().find(|currency| currency.flags().is_empty()).map(|currency| currency.code())
        };
        usual_currency(self.code()).or_else(regular)
    }

    /// The codes of all currencies that are paid with there.
    pub fn currencies(&self) -> impl Iterator<Item = &'static str> {
        self.listed().map(Described::from_country).unwrap_or_default().into_iter().map(|currency| currency.code())
    }

    fn listed(&self) -> Option<Listed> {
        Listed::from_str(self.code()).ok()
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// Where each currency is paid with, as risk wants to know it.
pub fn currency_countries() -> HashMap<Currency, Vec<CoreCountry>> {
    let mut countries: HashMap<Currency, Vec<CoreCountry>> = HashMap::new();
    for country in Country::all() {
        for currency in country.currencies().filter_map(Currency::parse) {
            countries.entry(currency).or_default().push(CoreCountry(country.0));
        }
    }
    countries
}

/// The currency's English name; its code where the library has none.
pub fn currency_name(currency: Currency) -> String {
    described(currency).map_or_else(|| currency.code().to_owned(), |known| known.name().to_owned())
}

/// The currency's usual sign; its code where it has none.
pub fn currency_symbol(currency: Currency) -> String {
    // The library writes the general sign for what has none of its own.
    let sign = described(currency).map(|known| known.symbol().symbol).filter(|sign| sign != "¤");
    sign.unwrap_or_else(|| currency.code().to_owned())
}

fn described(currency: Currency) -> Option<Described> {
    Described::from_code(currency.code())
}

/// Countries whose short names in ISO 3166 are newer than the library.
fn renamed(code: &str) -> Option<&'static str> {
    Some(match code {
        "CZ" => "Czechia",
        "MK" => "North Macedonia",
        "SZ" => "Eswatini",
        "TR" => "Türkiye",
        "TW" => "Taiwan (Province of China)",
        _ => return None,
    })
}

/// Countries with several currencies of which the library names another one first, or leaves out the country's own.
fn usual_currency(code: &str) -> Option<&'static str> {
    Some(match code {
        "GS" => "GBP",
        "IO" | "SV" => "USD",
        "NA" => "NAD",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_country_is_listed_once_with_a_name() {
        let all: Vec<Country> = Country::all().collect();
        assert_eq!(all.len(), 249);
        assert!(all.is_sorted() && all.iter().all(|country| !country.name().is_empty()));
        let without: Vec<_> = all.iter().filter(|country| country.default_currency().is_none()).collect();
        assert_eq!(format!("{without:?}"), "[AQ]");
    }

    #[test]
    fn countries_are_read_in_either_case() {
        for (text, name, currency) in [
            ("de", "Germany", "EUR"),
            ("BG", "Bulgaria", "EUR"),
            ("Gb", "United Kingdom of Great Britain and Northern Ireland", "GBP"),
            ("CH", "Switzerland", "CHF"),
            ("NA", "Namibia", "NAD"),
            ("SZ", "Eswatini", "SZL"),
        ] {
            let country = Country::parse(text).unwrap();
            assert_eq!((country.name(), country.default_currency()), (name, Some(currency)));
        }
        for text in ["", "D", "DEU", "ZZ", "XK", "é", "D ", "A1"] {
            assert_eq!(Country::parse(text), None, "{text}");
        }
    }

    #[test]
    fn currencies_have_names_and_signs() {
        for (code, name, sign) in [
            ("EUR", "Euro", "€"),
            ("GBP", "Pound sterling", "£"),
            ("USD", "United States dollar", "$"),
            ("BRL", "Brazilian real", "R$"),
            ("INR", "Indian rupee", "₹"),
            ("ZWG", "Zimbabwe Gold", "ZWG"),
        ] {
            let currency = Currency::parse(code).unwrap();
            assert_eq!((currency_name(currency).as_str(), currency_symbol(currency).as_str()), (name, sign));
        }
    }
}
