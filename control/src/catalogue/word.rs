//! Values that stand in the files as strings. Errors are raised while reading, so that they carry their line.

use causeway_core::money::{Amount, Asset, Currency, Rate};
use causeway_core::terms::Side;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

use crate::iso::Country;

/// A value read from a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word<T>(pub T);

/// What can be read from a string.
pub trait FromWord: Sized {
    /// The value, or what is wrong with the text.
    fn from_word(text: &str) -> Result<Self, String>;
}

impl<'de, T: FromWord> Deserialize<'de> for Word<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Word<T>, D::Error> {
        let text = String::deserialize(deserializer)?;
        T::from_word(&text).map(Word).map_err(|reason| D::Error::custom(format!("`{text}` {reason}")))
    }
}

impl FromWord for Currency {
    fn from_word(text: &str) -> Result<Currency, String> {
        Currency::parse(text).ok_or_else(|| "is no ISO 4217 currency".to_owned())
    }
}

impl FromWord for Asset {
    fn from_word(text: &str) -> Result<Asset, String> {
        Asset::parse(text).ok_or_else(|| "is no asset: a symbol has 2 to 12 letters and digits".to_owned())
    }
}

/// Zero is an amount here: a fee may be nothing.
impl FromWord for Amount {
    fn from_word(text: &str) -> Result<Amount, String> {
        if !text.is_empty() && text.bytes().all(|byte| matches!(byte, b'0' | b'.')) && text.starts_with('0') {
            return Ok(Amount::ZERO);
        }
        Amount::parse(text).map_err(|error| error.to_string())
    }
}

impl FromWord for Rate {
    fn from_word(text: &str) -> Result<Rate, String> {
        let amount = Amount::parse(text).map_err(|error| error.to_string())?;
        Rate::new(amount.decimal()).ok_or_else(|| "is larger than any rate accepted here".to_owned())
    }
}

impl FromWord for Side {
    fn from_word(text: &str) -> Result<Side, String> {
        let known = [Side::OnRamp, Side::OffRamp].into_iter().find(|side| side.word() == text);
        known.ok_or_else(|| "is no side: use on_ramp or off_ramp".to_owned())
    }
}

impl FromWord for Country {
    fn from_word(text: &str) -> Result<Country, String> {
        let known = Country::parse(text).filter(|country| country.code() == text);
        known.ok_or_else(|| "is no country of ISO 3166: use two capital letters such as DE".to_owned())
    }
}

/// What people read: a name or an address, 1 to 128 printable characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label(pub String);

impl FromWord for Label {
    fn from_word(text: &str) -> Result<Label, String> {
        let valid = (1..=128).contains(&text.chars().count()) && !text.chars().any(char::is_control);
        valid.then(|| Label(text.to_owned())).ok_or_else(|| "must have 1 to 128 printable characters".to_owned())
    }
}

/// A name that we give: lower-case letters, digits, `_`, `-` and `.`, at most 64 of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(pub String);

impl FromWord for Name {
    fn from_word(text: &str) -> Result<Name, String> {
        let allowed =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-' | b'.');
        let valid = (1..=causeway_core::limits::METHOD_CHARS).contains(&text.len()) && text.bytes().all(allowed);
        valid
            .then(|| Name(text.to_owned()))
            .ok_or_else(|| "is no name: use at most 64 lower-case letters, digits, `_`, `-` and `.`".to_owned())
    }
}

/// Ten-thousandths, at most the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BasisPoints(pub u32);

impl<'de> Deserialize<'de> for BasisPoints {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<BasisPoints, D::Error> {
        let number = u32::deserialize(deserializer)?;
        if number > 10_000 {
            return Err(D::Error::custom(format!("{number} basis points are more than the whole: use 0 to 10000")));
        }
        Ok(BasisPoints(number))
    }
}

/// A share of the whole, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share(pub f32);

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Share, D::Error> {
        let number = f32::deserialize(deserializer)?;
        if !(0.0..=1.0).contains(&number) {
            return Err(D::Error::custom(format!("{number} is no share: use 0 to 1")));
        }
        Ok(Share(number))
    }
}
