//! The record of a person's history.

use serde::{Deserialize, Serialize};

use super::{Malformed, read, write};
use crate::risk::Person;
use crate::risk::velocity::Window;
use crate::time::Timestamp;

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
    let fields = PersonV1 {
        total_count: person.total_count,
        total_cents: person.total_cents,
        last_at: person.last_at.0,
        count_1h: person.count_1h.into(),
        count_24h: person.count_24h.into(),
        cents_24h: person.cents_24h.into(),
        declines_24h: person.declines_24h.into(),
    };
    write(out, &fields);
}

/// Reads the record of a person.
pub fn decode(bytes: &[u8]) -> Result<Person, Malformed> {
    let fields: PersonV1 = read(bytes)?;
    Ok(Person {
        total_count: fields.total_count,
        total_cents: fields.total_cents,
        last_at: Timestamp(fields.last_at),
        count_1h: fields.count_1h.into(),
        count_24h: fields.count_24h.into(),
        cents_24h: fields.cents_24h.into(),
        declines_24h: fields.declines_24h.into(),
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
