//! The record of an entity's history. A bucket says how far it lies behind the one before it, which makes that one byte.

use serde::{Deserialize, Serialize};

use super::numbers::Numbered;
use super::{Malformed, read, write};
use crate::risk::history::{Amounts, Link};
use crate::risk::streak::{Newest, Row, Streak};
use crate::risk::window::{Bucket, Buckets};
use crate::risk::{Country, Entity, History, Label, Labelled};
use crate::time::Timestamp;

#[derive(Serialize, Deserialize)]
struct HistoryV1 {
    first_at: u64,
    last_at: u64,
    count: u64,
    usual: (u64, u64, u128),
    largest_cents: u64,
    minutes: BucketsV1,
    hours: BucketsV1,
    days: BucketsV1,
    unusual: BucketsV1,
    declines: BucketsV1,
    labels: BucketsV1,
    frauds: BucketsV1,
    unexplained: BucketsV1,
    /// The row of frauds that goes on, and the one before it.
    streak: (RowV1, RowV1),
    legitimate: NewestV1,
    fraudulent: NewestV1,
    labelled: NewestV1,
    /// Kind, first bytes of the key, day.
    links: Vec<(u8, [u8; 8], u32)>,
    seen_in: Option<([u8; 2], u64)>,
    seen_elsewhere: Option<([u8; 2], u64)>,
}

/// Oldest first, each with the distance of its number from the one before it; that of the first from 0.
#[derive(Serialize, Deserialize)]
struct BucketsV1(Vec<(u32, u32, u64)>);

/// After when, how many labels said so, how many frauds, since when.
#[derive(Serialize, Deserialize)]
struct RowV1(Option<u64>, u32, u32, u64);

/// The newest and the one before it.
#[derive(Serialize, Deserialize)]
struct NewestV1(Option<u64>, Option<u64>);

#[derive(Serialize, Deserialize)]
struct LabelV1(u8, u64);

/// Appends the record of `history`.
pub fn encode(history: &History, out: &mut Vec<u8>) {
    let Amounts { count, cents, squares } = history.usual;
    let link = |link: &Link| (link.entity.number(), link.mark.to_be_bytes(), link.day);
    write(
        out,
        &HistoryV1 {
            first_at: history.first_at.0,
            last_at: history.last_at.0,
            count: history.count,
            usual: (count, cents, squares),
            largest_cents: history.largest_cents,
            minutes: (&history.minutes).into(),
            hours: (&history.hours).into(),
            days: (&history.days).into(),
            unusual: (&history.unusual).into(),
            declines: (&history.declines).into(),
            labels: (&history.labels).into(),
            frauds: (&history.frauds).into(),
            unexplained: (&history.unexplained).into(),
            streak: (history.streak.now.into(), history.streak.before.into()),
            legitimate: history.legitimate.into(),
            fraudulent: history.fraudulent.into(),
            labelled: history.labelled.into(),
            links: history.links.iter().map(link).collect(),
            seen_in: history.seen_in.map(place),
            seen_elsewhere: history.seen_elsewhere.map(place),
        },
    );
}

/// Reads the record of a history.
pub fn decode(bytes: &[u8]) -> Result<History, Malformed> {
    let fields: HistoryV1 = read(bytes)?;
    let (count, cents, squares) = fields.usual;
    let link =
        |(entity, mark, day)| Ok(Link { entity: Entity::from_number(entity)?, mark: u64::from_be_bytes(mark), day });
    let mut links: Vec<Link> = fields.links.into_iter().map(link).collect::<Result<_, Malformed>>()?;
    // It takes as much memory as a history may.
    links.shrink_to_fit();
    Ok(History {
        first_at: Timestamp(fields.first_at),
        last_at: Timestamp(fields.last_at),
        count: fields.count,
        usual: Amounts { count, cents, squares },
        largest_cents: fields.largest_cents,
        minutes: fields.minutes.try_into()?,
        hours: fields.hours.try_into()?,
        days: fields.days.try_into()?,
        unusual: fields.unusual.try_into()?,
        declines: fields.declines.try_into()?,
        labels: fields.labels.try_into()?,
        frauds: fields.frauds.try_into()?,
        unexplained: fields.unexplained.try_into()?,
        streak: Streak { now: fields.streak.0.into(), before: fields.streak.1.into() },
        legitimate: fields.legitimate.into(),
        fraudulent: fields.fraudulent.into(),
        labelled: fields.labelled.into(),
        links,
        seen_in: fields.seen_in.map(read_place),
        seen_elsewhere: fields.seen_elsewhere.map(read_place),
    })
}

/// Appends the record of what became known of a payment.
pub fn encode_label(labelled: &Labelled, out: &mut Vec<u8>) {
    write(out, &LabelV1(labelled.label.number(), labelled.at.0));
}

/// Reads what became known of a payment.
pub fn decode_label(bytes: &[u8]) -> Result<Labelled, Malformed> {
    let LabelV1(label, at) = read(bytes)?;
    Ok(Labelled { label: Label::from_number(label)?, at: Timestamp(at) })
}

fn place((country, at): (Country, Timestamp)) -> ([u8; 2], u64) {
    (country.0, at.0)
}

fn read_place((country, at): ([u8; 2], u64)) -> (Country, Timestamp) {
    (Country(country), Timestamp(at))
}

impl From<Row> for RowV1 {
    fn from(row: Row) -> RowV1 {
        RowV1(row.after.map(|at| at.0), row.ends, row.count, row.since.0)
    }
}

impl From<RowV1> for Row {
    fn from(RowV1(after, ends, count, since): RowV1) -> Row {
        Row { after: after.map(Timestamp), ends, count, since: Timestamp(since) }
    }
}

impl From<Newest> for NewestV1 {
    fn from(newest: Newest) -> NewestV1 {
        NewestV1(newest.at.map(|at| at.0), newest.before.map(|at| at.0))
    }
}

impl From<NewestV1> for Newest {
    fn from(NewestV1(at, before): NewestV1) -> Newest {
        Newest { at: at.map(Timestamp), before: before.map(Timestamp) }
    }
}

impl<const SECONDS: u32, const KEPT: u32> From<&Buckets<SECONDS, KEPT>> for BucketsV1 {
    fn from(buckets: &Buckets<SECONDS, KEPT>) -> BucketsV1 {
        let before = [0].into_iter().chain(buckets.0.iter().map(|bucket| bucket.number));
        let row = |(bucket, before): (&Bucket, u32)| (bucket.number.saturating_sub(before), bucket.count, bucket.cents);
        BucketsV1(buckets.0.iter().zip(before).map(row).collect())
    }
}

impl<const SECONDS: u32, const KEPT: u32> TryFrom<BucketsV1> for Buckets<SECONDS, KEPT> {
    type Error = Malformed;

    fn try_from(BucketsV1(rows): BucketsV1) -> Result<Self, Malformed> {
        let mut before = 0u32;
        let row = |(distance, count, cents): (u32, u32, u64)| {
            let number = before.checked_add(distance).ok_or(Malformed("a bucket lies too far ahead"))?;
            before = number;
            Ok(Bucket { number, count, cents })
        };
        let mut rows: Vec<Bucket> = rows.into_iter().map(row).collect::<Result<_, Malformed>>()?;
        rows.shrink_to_fit();
        Ok(Buckets(rows))
    }
}
