//! The small forms that objects and requests are made of: texts, decimal strings, metadata.

use std::borrow::Cow;
use std::fmt;

use causeway_core::limits::{METADATA_KEY_CHARS, METADATA_PAIRS, METADATA_VALUE_CHARS, WIRE_DECIMALS};
use causeway_core::money::{Amount, Rate};
use causeway_core::session::Metadata;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};

/// A text of a request; borrowed from the body unless it has escapes.
#[derive(Clone, Debug)]
pub struct Text<'a>(pub Cow<'a, str>);

/// An amount in a request: a decimal string, not yet read.
#[derive(Clone, Debug)]
pub struct DecimalText<'a>(pub Cow<'a, str>);

/// Metadata in a request, within its bounds.
#[derive(Clone, Debug, Default)]
pub struct Pairs(pub Metadata);

/// An amount or rate in an object: a decimal string.
#[derive(Clone, Copy, Debug)]
pub struct Decimal(rust_decimal::Decimal);

/// Metadata in an object, in the order in which it was given.
#[derive(Clone, Copy, Debug)]
pub struct PairsView<'a>(pub &'a [(String, String)]);

impl From<Amount> for Decimal {
    fn from(amount: Amount) -> Decimal {
        Decimal(amount.decimal())
    }
}

impl From<Rate> for Decimal {
    fn from(rate: Rate) -> Decimal {
        Decimal(rate.decimal())
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl Serialize for PairsView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

/// Reads a string without copying it, and says what was expected otherwise.
struct TextVisitor(&'static str);

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Text<'a>, D::Error> {
        deserializer.deserialize_str(TextVisitor("a string")).map(Text)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for DecimalText<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<DecimalText<'a>, D::Error> {
        let expected = "a decimal string such as \"100.00\", in quotes";
        deserializer.deserialize_str(TextVisitor(expected)).map(DecimalText)
    }
}

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Pairs, D::Error> {
        deserializer.deserialize_map(PairsVisitor).map(Pairs)
    }
}

struct PairsVisitor;

impl<'de> Visitor<'de> for PairsVisitor {
    type Value = Metadata;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object whose values are strings")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Metadata, A::Error> {
        let mut pairs = Metadata::new();
        while let Some(key) = map.next_key::<String>()? {
            if pairs.len() == METADATA_PAIRS {
                return Err(A::Error::custom(format_args!("has more than {METADATA_PAIRS} keys")));
            }
            if key.is_empty() || key.chars().count() > METADATA_KEY_CHARS {
                return Err(A::Error::custom(format_args!("has a key that is not 1–{METADATA_KEY_CHARS} characters")));
            }
            if pairs.iter().any(|(known, _)| *known == key) {
                return Err(A::Error::custom("has the same key twice"));
            }
            let value = map.next_value::<String>()?;
            if value.chars().count() > METADATA_VALUE_CHARS {
                return Err(A::Error::custom(format_args!(
                    "has a value of more than {METADATA_VALUE_CHARS} characters"
                )));
            }
            pairs.push((key, value));
        }
        Ok(pairs)
    }
}

macro_rules! inline_schema {
    ($name:ty, $word:literal, $schema:expr) => {
        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                $word.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                $schema
            }
        }
    };
}

inline_schema!(Text<'_>, "Text", json_schema!({ "type": "string" }));
inline_schema!(DecimalText<'_>, "DecimalText", positive_schema());
inline_schema!(Decimal, "Decimal", decimal_schema());
inline_schema!(Pairs, "Metadata", metadata_schema());
inline_schema!(PairsView<'_>, "MetadataView", metadata_schema());

fn decimal_schema() -> Schema {
    json_schema!({ "type": "string", "pattern": format!("^[0-9]+(\\.[0-9]{{1,{WIRE_DECIMALS}}})?$") })
}

/// What is given is more than nothing.
fn positive_schema() -> Schema {
    let mut schema = decimal_schema();
    schema.insert("not".to_owned(), serde_json::json!({ "pattern": "^[0.]*$" }));
    schema
}

fn metadata_schema() -> Schema {
    json_schema!({
        "type": "object",
        "maxProperties": METADATA_PAIRS,
        "propertyNames": { "minLength": 1, "maxLength": METADATA_KEY_CHARS },
        "additionalProperties": { "type": "string", "maxLength": METADATA_VALUE_CHARS }
    })
}
