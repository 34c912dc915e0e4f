//! Countries as risk knows them: by their codes alone.

/// A country by its code of ISO 3166-1, two capital letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country(pub [u8; 2]);

impl Country {
    /// The country with this code; `None` for what is no two capital letters.
    pub fn parse(code: &str) -> Option<Country> {
        let code: [u8; 2] = code.as_bytes().try_into().ok()?;
        code.iter().all(u8::is_ascii_uppercase).then_some(Country(code))
    }
}
