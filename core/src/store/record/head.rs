//! The record of the head.

use serde::{Deserialize, Serialize};

use super::{Malformed, read, write};
use crate::change::Head;
use crate::id::IdClock;
use crate::time::Timestamp;

/// The clock of ids is written as it describes itself: a millisecond and an ordinal.
#[derive(Serialize, Deserialize)]
struct HeadV1 {
    batch: u64,
    now: u64,
    ids: IdClock,
}

/// Appends the record of `head`.
pub fn encode(head: &Head, out: &mut Vec<u8>) {
    write(out, &HeadV1 { batch: head.batch, now: head.now.0, ids: head.ids });
}

/// Reads the record of the head.
pub fn decode(bytes: &[u8]) -> Result<Head, Malformed> {
    let fields: HeadV1 = read(bytes)?;
    Ok(Head { batch: fields.batch, now: Timestamp(fields.now), ids: fields.ids })
}
