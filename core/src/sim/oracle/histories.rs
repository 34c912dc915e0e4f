//! The history of a being as the cell keeps it, counted from the lists of everything that happened.

use std::collections::BTreeMap;

use crate::id::PaymentId;
use crate::risk::history::{Amounts, Link, Usual};
use crate::risk::streak::{Newest, Row, Streak};
use crate::risk::window::{Bucket, Buckets};
use crate::risk::{Entity, History, Label};
use crate::time::Timestamp;

use super::risk::{Being, DAY, Visit};
use super::{Oracle, corrections};

/// Something that happened, and its US cents.
type Happened = (Timestamp, u64);

impl Oracle {
    /// Everybody and everything that redemptions concerned.
    pub(super) fn beings(&self) -> Vec<&Being> {
        let mut beings: Vec<&Being> = self.visits.iter().flat_map(|visit| &visit.beings).collect();
        beings.sort();
        beings.dedup();
        beings
    }

    /// Its history.
    pub(super) fn history(&self, being: &Being) -> History {
        let visits: Vec<&Visit> = self.visits.iter().filter(|visit| visit.beings.contains(being)).collect();
        let all: Vec<Happened> = visits.iter().map(|visit| (visit.at, visit.cents)).collect();
        let usual: Vec<u64> = visits.iter().filter(|visit| self.tells(visit)).map(|visit| visit.cents).collect();
        let odd = visits.iter().filter(|visit| visit.usual != Usual::Yes);
        let odd: Vec<Happened> = odd.map(|visit| (visit.at, visit.cents)).collect();
        let cents_of = |payment| visits.iter().find(|visit| visit.payment == payment).map_or(0, |visit| visit.cents);
        let declines = self.declines.iter().filter(|(payment, _)| self.concerns(*payment, Some(being)));
        let declines: Vec<Happened> = declines.map(|(payment, at)| (*at, cents_of(*payment))).collect();
        let said = |wanted: fn(Option<Label>) -> bool, of: fn(&Oracle, PaymentId) -> bool| {
            let said = self.learned.iter().filter(move |(payment, label, _)| wanted(*label) && of(self, *payment));
            let newest =
                said.filter(|(payment, _, _)| self.concerns(*payment, Some(being))).map(|(_, _, at)| *at).max();
            let known =
                self.labels.iter().filter(move |(payment, (label, _))| wanted(Some(*label)) && of(self, **payment));
            let known = known.filter(|(payment, _)| self.concerns(**payment, Some(being)));
            let known: Vec<Happened> = known.map(|(payment, (_, at))| (*at, cents_of(*payment))).collect();
            buckets(&known, newest)
        };
        let is_fraud = |label| label == Some(Label::Fraud);
        let places = visits.iter().filter_map(|visit| visit.country.map(|country| (country, visit.at)));
        let places: Vec<_> = places.filter(|_| being.entity() == Entity::Person).collect();
        let seen_in = places.last().copied();
        let last = |happened: &[Happened]| happened.last().map(|(at, _)| *at);
        History {
            first_at: visits[0].at,
            last_at: visits[visits.len() - 1].at,
            count: visits.len() as u64,
            usual: Amounts {
                count: usual.len() as u64,
                cents: usual.iter().sum(),
                squares: usual.iter().map(|cents| u128::from(*cents).pow(2)).sum(),
            },
            largest_cents: visits.iter().map(|visit| visit.cents).max().unwrap_or_default(),
            minutes: buckets(&all, last(&all)),
            hours: buckets(&all, last(&all)),
            days: buckets(&all, last(&all)),
            unusual: buckets(&odd, last(&odd)),
            declines: buckets(&declines, last(&declines)),
            labels: said(|label| label.is_some(), |_, _| true),
            frauds: said(is_fraud, |_, _| true),
            unexplained: said(is_fraud, Oracle::was_usual),
            streak: self.streak(being),
            legitimate: pair(&self.newest(Some(being), |label| label == Label::Honest)),
            fraudulent: pair(&self.newest(Some(being), |label| label == Label::Fraud)),
            labelled: pair(&self.newest(Some(being), |_| true)),
            links: self.links(being, &visits),
            seen_in,
            seen_elsewhere: places
                .iter()
                .rev()
                .find(|(country, _)| Some(*country) != seen_in.map(|one| one.0))
                .copied(),
        }
    }

    /// Of the row before a row that is not remembered nothing is known but when it ended.
    fn streak(&self, being: &Being) -> Streak {
        let row = |row: &corrections::Row| Row {
            after: row.after,
            ends: row.ends.len() as u32,
            count: row.frauds.len() as u32,
            since: row.since.unwrap_or_default(),
        };
        let (last, before) = self.rows(Some(being));
        let nothing = Row { after: last.after, ..Row::default() };
        Streak { now: row(&last), before: before.as_ref().map_or(nothing, row) }
    }

    /// In the order in which they were last seen; those of one visit in the order of their kinds.
    fn links(&self, being: &Being, visits: &[&Visit]) -> Vec<Link> {
        let wanted: &[Entity] = match being.entity() {
            Entity::Person => &[Entity::Device, Entity::Network, Entity::Destination],
            Entity::Device | Entity::Network | Entity::Destination => &[Entity::Person],
            Entity::Partner => &[],
        };
        let mut seen: Vec<(&Being, u64)> = Vec::new();
        for (visit, kind) in visits.iter().flat_map(|visit| wanted.iter().map(move |kind| (visit, *kind))) {
            for other in visit.beings.iter().filter(|other| other.entity() == kind) {
                seen.retain(|(known, _)| *known != other);
                seen.push((other, visit.at.0 / DAY));
            }
        }
        for kind in wanted {
            let count = seen.iter().filter(|(one, _)| one.entity() == *kind).count();
            for _ in 16..count {
                let first = seen.iter().position(|(one, _)| one.entity() == *kind).expect("it was counted");
                seen.remove(first);
            }
        }
        let link = |(other, day): (&Being, u64)| {
            let key = other.key(self.settings.mode);
            let mark = key[..8].iter().fold(0, |mark, byte| mark << 8 | u64::from(*byte));
            Link { entity: other.entity(), mark, day: day as u32 }
        };
        seen.into_iter().map(link).collect()
    }
}

fn pair(newest: &[Timestamp]) -> Newest {
    Newest { at: newest.first().copied(), before: newest.get(1).copied() }
}

/// What happened by bucket, without what was too old when the last thing was counted.
fn buckets<const SECONDS: u32, const KEPT: u32>(
    happened: &[Happened],
    newest: Option<Timestamp>,
) -> Buckets<SECONDS, KEPT> {
    let number = |at: Timestamp| at.0 / 1_000 / u64::from(SECONDS);
    let mut rows: BTreeMap<u64, Bucket> = BTreeMap::new();
    for (at, cents) in happened {
        let row = rows.entry(number(*at)).or_insert(Bucket { number: number(*at) as u32, count: 0, cents: 0 });
        row.count += 1;
        row.cents += cents;
    }
    let oldest = newest.map_or(0, |at| (number(at) + 1).saturating_sub(u64::from(KEPT)));
    Buckets(rows.into_iter().filter(|(number, _)| *number >= oldest).map(|(_, row)| row).collect())
}
