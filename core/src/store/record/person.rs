//! The record of what an operator says of a person. Versions 1 to 3 held its history, too: stores of their time are not opened.

use serde::{Deserialize, Serialize};

use super::numbers::{from_optional, optional};
use super::{Malformed, V4, read_as, write_as};
use crate::risk::{Person, Said};
use crate::time::Timestamp;

#[derive(Serialize, Deserialize)]
struct PersonV4 {
    word: u8,
    said_at: u64,
}

/// Appends the record of `person`.
pub fn encode(person: &Person, out: &mut Vec<u8>) {
    let word = optional(person.said.map(|said| said.word));
    write_as(V4, out, &PersonV4 { word, said_at: person.said.map_or(0, |said| said.at.0) });
}

/// Reads the record of a person.
pub fn decode(bytes: &[u8]) -> Result<Person, Malformed> {
    let PersonV4 { word, said_at } = read_as(V4, bytes)?;
    Ok(Person { said: from_optional(word)?.map(|word| Said { word, at: Timestamp(said_at) }) })
}
