//! The record of a person's history. Version 2 adds since when the person is verified, version 3 any word of an operator.

use serde::{Deserialize, Serialize};

use super::numbers::{from_optional, optional};
use super::{Malformed, V1, V2, V3, read, read_as, write_as};
use crate::risk::velocity::Window;
use crate::risk::{Person, Said, Word};
use crate::time::Timestamp;

#[derive(Serialize, Deserialize)]
struct PersonV3 {
    first: PersonV1,
    word: u8,
    said_at: u64,
}

#[derive(Deserialize)]
struct PersonV2 {
    first: PersonV1,
    verified_at: Option<u64>,
}

#[derive(Serialize, Deserialize)]
struct PersonV1 {
    total_count: u64,
    total_cents: u64,
    last_at: u64,
    count_1h: WindowV1,
    count_24h: WindowV1,
    cents_24h: WindowV1,
    declines_24h: WindowV1,
}

#[derive(Serialize, Deserialize)]
struct WindowV1(u64, u64, u64);

/// Appends the record of `person`.
pub fn encode(person: &Person, out: &mut Vec<u8>) {
    let first = PersonV1 {
        total_count: person.total_count,
        total_cents: person.total_cents,
        last_at: person.last_at.0,
        count_1h: person.count_1h.into(),
        count_24h: person.count_24h.into(),
        cents_24h: person.cents_24h.into(),
        declines_24h: person.declines_24h.into(),
    };
    let word = optional(person.said.map(|said| said.word));
    write_as(V3, out, &PersonV3 { first, word, said_at: person.said.map_or(0, |said| said.at.0) });
}

/// Reads the record of a person.
pub fn decode(bytes: &[u8]) -> Result<Person, Malformed> {
    let (fields, said) = match bytes.first() {
        Some(&V1) => (read(bytes)?, None),
        Some(&V2) => {
            let PersonV2 { first, verified_at } = read_as(V2, bytes)?;
            (first, verified_at.map(|at| Said { word: Word::Verified, at: Timestamp(at) }))
        }
        Some(_) | None => {
            let PersonV3 { first, word, said_at } = read_as(V3, bytes)?;
            (first, from_optional(word)?.map(|word| Said { word, at: Timestamp(said_at) }))
        }
    };
    let fields: PersonV1 = fields;
    Ok(Person {
        total_count: fields.total_count,
        total_cents: fields.total_cents,
        last_at: Timestamp(fields.last_at),
        count_1h: fields.count_1h.into(),
        count_24h: fields.count_24h.into(),
        cents_24h: fields.cents_24h.into(),
        declines_24h: fields.declines_24h.into(),
        said,
    })
}

impl From<Window> for WindowV1 {
    fn from(window: Window) -> WindowV1 {
        WindowV1(window.bucket, window.current, window.previous)
    }
}

impl From<WindowV1> for Window {
    fn from(WindowV1(bucket, current, previous): WindowV1) -> Window {
        Window { bucket, current, previous }
    }
}
