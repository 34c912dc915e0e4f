//! Fields of a body that changes an object: left out, null, or a value.

use serde::{Deserialize, Deserializer};

/// `None` when the field is left out, `Some(None)` when it is null.
pub type Change<T> = Option<Option<T>>;

/// Reads a field that is there.
pub fn spoken<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Change<T>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}
