//! The record of a person's history. Version 2 adds since when the person is verified.

use serde::{Deserialize, Serialize};

use super::{Malformed, V1, V2, read, read_as, write_as};
use crate::risk::Person;
use crate::risk::velocity::Window;
use crate::time::Timestamp;

#[derive(Serialize, Deserialize)]
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
    write_as(V2, out, &PersonV2 { first, verified_at: person.verified_at.map(|at| at.0) });
}

/// Reads the record of a person.
pub fn decode(bytes: &[u8]) -> Result<Person, Malformed> {
    let PersonV2 { first: fields, verified_at } = match bytes.first() {
        Some(&V1) => PersonV2 { first: read(bytes)?, verified_at: None },
        Some(_) | None => read_as(V2, bytes)?,
    };
    Ok(Person {
        total_count: fields.total_count,
        total_cents: fields.total_cents,
        last_at: Timestamp(fields.last_at),
        count_1h: fields.count_1h.into(),
        count_24h: fields.count_24h.into(),
        cents_24h: fields.cents_24h.into(),
        declines_24h: fields.declines_24h.into(),
        verified_at: verified_at.map(Timestamp),
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
