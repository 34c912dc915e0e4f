//! Reads the receipts of a stretch of time: all of them, or as many as a report may read, spread evenly over the time.

use causeway_core::receipt::Receipt;
use causeway_core::store::{Reader, StoreError};
use causeway_core::time::Timestamp;

/// Receipts of one report.
pub const MOST: usize = 200_000;
/// Receipts that are read at once.
const CHUNK: usize = 1_000;
/// Where there are too many, the stretch is divided into so many parts, and the first ones of each are read.
pub const PARTS: u64 = 2_000;

/// How much was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Receipts.
    pub read: usize,
    /// Whether there are more.
    pub is_sample: bool,
}

/// What takes receipts, a few at a time.
pub trait Taker {
    /// Takes the next ones, in commit order.
    fn take(&mut self, receipts: Vec<Receipt>) -> Result<(), StoreError>;
}

/// Only counts.
struct Counter;

impl Taker for Counter {
    fn take(&mut self, _: Vec<Receipt>) -> Result<(), StoreError> {
        Ok(())
    }
}

/// Hands over the receipts from `from` until `until`, `most` at most. They are counted first, so that nothing is taken that is
/// thrown away afterwards: to score one again takes far longer than to read it twice.
pub fn receipts(
    reader: &Reader,
    (from, until): (Timestamp, Timestamp),
    most: usize,
    taker: &mut impl Taker,
) -> Result<Extent, StoreError> {
    if stretch(reader, (from, until), most, &mut Counter)?.1 {
        let (read, ended) = stretch(reader, (from, until), most, taker)?;
        return Ok(Extent { read, is_sample: !ended });
    }
    let parts = PARTS.min(most as u64).max(1);
    let span = u128::from(until.since(from).0);
    let edge = |part: u64| Timestamp(from.0 + (span * u128::from(part) / u128::from(parts)) as u64);
    let mut read = 0;
    for part in 0..parts {
        read += stretch(reader, (edge(part), edge(part + 1)), most / parts as usize, taker)?.0;
    }
    Ok(Extent { read, is_sample: true })
}

/// The first `most` receipts of a stretch: how many there were, and whether these are all.
fn stretch(
    reader: &Reader,
    (from, until): (Timestamp, Timestamp),
    most: usize,
    taker: &mut impl Taker,
) -> Result<(usize, bool), StoreError> {
    let mut after = Reader::receipts_from(from);
    let mut read = 0;
    loop {
        // One more than may be taken tells whether there are more.
        let wanted = CHUNK.min(most + 1 - read);
        let mut chunk = reader.receipts(after, wanted)?;
        let found = chunk.len();
        chunk.truncate(chunk.partition_point(|receipt| receipt.at < until));
        let ended = chunk.len() < wanted || found < wanted;
        after = chunk.last().map(|receipt| receipt.payment).or(after);
        let has_more = read + chunk.len() > most;
        chunk.truncate(most - read);
        read += chunk.len();
        taker.take(chunk)?;
        if ended || has_more {
            return Ok((read, ended && !has_more));
        }
    }
}
