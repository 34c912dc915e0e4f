//! Countries of ISO 3166: the only user of the library that lists them.

use std::str::FromStr;

use iso_currency::Country as Listed;

/// A country of ISO 3166-1 by its alpha-2 code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country([u8; 2]);

impl Country {
    /// The country that `text` names in either case; `None` unless ISO 3166-1 lists it.
    pub fn parse(text: &str) -> Option<Country> {
        let upper = text.to_ascii_uppercase();
        let code: [u8; 2] = upper.as_bytes().try_into().ok()?;
        Listed::from_str(&upper).ok().map(|_| Country(code))
    }

    /// The code, in upper case.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}
