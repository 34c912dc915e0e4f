//! What an entity has done: totals for ever, windows of thirty days, and whom it was seen with. Bounded: at most
//! [`HISTORY_BYTES`] in memory, most of them far less.

use super::window::{Bucket, Days, Hours, Minutes};
use super::{Country, Entity, EntityKey};
use crate::time::Timestamp;

/// Companions of each kind that are remembered; the one that was not seen for longest makes room.
pub const LINKS_OF_A_KIND: usize = 16;
/// Kinds of companions that one entity has at most: a person has devices, networks and destinations.
const KINDS_OF_LINKS: usize = 3;
/// Buckets of one history at most.
const BUCKETS: usize = 7 + 25 + 3 * 31;
/// The most that one history takes in memory, in bytes.
pub const HISTORY_BYTES: usize =
    size_of::<History>() + BUCKETS * size_of::<Bucket>() + KINDS_OF_LINKS * LINKS_OF_A_KIND * size_of::<Link>();
const _: () = assert!(HISTORY_BYTES <= 3_000);

/// The history of one entity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// When it was first seen in a redemption.
    pub first_at: Timestamp,
    /// When it was last seen in one.
    pub last_at: Timestamp,
    /// Redemptions ever.
    pub count: u64,
    /// Redemptions ever that are not known as fraud.
    pub honest: Amounts,
    /// The largest redemption, in US cents.
    pub largest_cents: u64,
    /// Redemptions of the last hour.
    pub minutes: Minutes,
    /// Redemptions of the last day.
    pub hours: Hours,
    /// Redemptions of the last thirty days.
    pub days: Days,
    /// Risk declines of the last thirty days.
    pub declines: Days,
    /// Frauds, by the day on which they became known.
    pub frauds: Days,
    /// Entities of other kinds that it was seen with, in the order in which they were last seen.
    pub links: Vec<Link>,
    /// Where the device was last, as far as its address says so, and when.
    pub seen_in: Option<(Country, Timestamp)>,
    /// The last country before that one that was another, and when.
    pub seen_elsewhere: Option<(Country, Timestamp)>,
}

/// Amounts in US cents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amounts {
    /// How many.
    pub count: u64,
    /// Their sum.
    pub cents: u64,
    /// The sum of their squares.
    pub squares: u128,
}

/// An entity of another kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Which kind.
    pub entity: Entity,
    /// The first bytes of its key.
    pub mark: u32,
    /// The day since 1970 on which it was last seen.
    pub day: u32,
}

impl History {
    /// Counts a redemption.
    pub fn redeemed(&mut self, now: Timestamp, cents: u64) {
        if self.count == 0 {
            self.first_at = now;
        }
        self.last_at = now;
        self.count += 1;
        self.honest.add(cents);
        self.largest_cents = self.largest_cents.max(cents);
        self.minutes.add(now, cents);
        self.hours.add(now, cents);
        self.days.add(now, cents);
    }

    /// Remembers an entity of another kind.
    pub fn met(&mut self, now: Timestamp, entity: Entity, key: &EntityKey) {
        let link = Link { entity, mark: mark(key), day: day(now) };
        self.links.retain(|other| (other.entity, other.mark) != (link.entity, link.mark));
        self.links.push(link);
        if self.links.iter().filter(|link| link.entity == entity).count() > LINKS_OF_A_KIND
            && let Some(oldest) = self.links.iter().position(|link| link.entity == entity)
        {
            self.links.remove(oldest);
        }
    }

    /// Remembers where the device was.
    pub fn was_in(&mut self, now: Timestamp, country: Country) {
        if let Some((last, at)) = self.seen_in
            && last != country
        {
            self.seen_elsewhere = Some((last, at));
        }
        self.seen_in = Some((country, now));
    }

    /// Counts a risk decline.
    pub fn declined(&mut self, now: Timestamp, cents: u64) {
        self.declines.add(now, cents);
    }

    /// A redemption of `cents` became known as fraud.
    pub fn turned_out_fraud(&mut self, now: Timestamp, cents: u64) {
        self.frauds.add(now, cents);
        self.honest.take_back(cents);
    }

    /// What was taken for fraud since `at` was none.
    pub fn turned_out_honest(&mut self, at: Timestamp, cents: u64) {
        self.frauds.take_back(at, cents);
        self.honest.add(cents);
    }

    /// Whether it was seen with this entity, as far as it remembers.
    pub fn knows(&self, entity: Entity, key: &EntityKey) -> bool {
        self.links.iter().any(|link| link.entity == entity && link.mark == mark(key))
    }

    /// How many entities of this kind it was seen with in the last thirty days, as far as it remembers.
    pub fn met_lately(&self, now: Timestamp, entity: Entity) -> usize {
        self.links.iter().filter(|link| link.entity == entity && link.day + 30 > day(now)).count()
    }

    /// When it was last seen in a country other than this one.
    pub fn was_elsewhere(&self, country: Country) -> Option<Timestamp> {
        let elsewhere = |seen: Option<(Country, Timestamp)>| seen.filter(|(there, _)| *there != country);
        elsewhere(self.seen_in).or(elsewhere(self.seen_elsewhere)).map(|(_, at)| at)
    }
}

impl Amounts {
    fn add(&mut self, cents: u64) {
        self.count += 1;
        self.cents = self.cents.saturating_add(cents);
        self.squares = self.squares.saturating_add(u128::from(cents) * u128::from(cents));
    }

    fn take_back(&mut self, cents: u64) {
        self.count = self.count.saturating_sub(1);
        self.cents = self.cents.saturating_sub(cents);
        self.squares = self.squares.saturating_sub(u128::from(cents) * u128::from(cents));
    }

    /// Their mean; none when there are none.
    pub fn mean(&self) -> Option<f64> {
        (self.cents > 0 && self.count > 0).then(|| self.cents as f64 / self.count as f64)
    }

    /// How far they lie from their mean, as the root of the mean square; none with fewer than two.
    pub fn deviation(&self) -> Option<f64> {
        let mean = self.mean().filter(|_| self.count > 1)?;
        Some((self.squares as f64 / self.count as f64 - mean * mean).max(0.0).sqrt())
    }
}

fn mark(key: &EntityKey) -> u32 {
    u32::from_be_bytes([key[0], key[1], key[2], key[3]])
}

fn day(at: Timestamp) -> u32 {
    u32::try_from(at.0 / 86_400_000).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 86_400_000;

    #[test]
    fn only_the_newest_companions_are_remembered() {
        let mut history = History::default();
        let key = |number: u8| [number; 16];
        for number in 0..=LINKS_OF_A_KIND as u8 {
            history.met(Timestamp(u64::from(number) * DAY), Entity::Device, &key(number));
            history.met(Timestamp(u64::from(number) * DAY), Entity::Network, &key(7));
        }
        assert!(!history.knows(Entity::Device, &key(0)) && history.knows(Entity::Device, &key(1)));
        let now = Timestamp(32 * DAY);
        assert_eq!(history.met_lately(now, Entity::Device), 14, "those of days 3 to 16");
        assert_eq!(history.met_lately(now, Entity::Network), 1);
        assert_eq!(history.met_lately(now, Entity::Person), 0);
    }

    #[test]
    fn a_fraud_is_no_part_of_what_is_usual() {
        let mut history = History::default();
        for cents in [100, 300, 100_000] {
            history.redeemed(Timestamp(0), cents);
        }
        history.turned_out_fraud(Timestamp(7 * DAY), 100_000);
        assert_eq!((history.honest.mean(), history.honest.deviation()), (Some(200.0), Some(100.0)));
        assert_eq!(history.frauds.sum(Timestamp(8 * DAY), 30).count, 1.0);
        history.turned_out_honest(Timestamp(7 * DAY), 100_000);
        assert_eq!((history.honest.count, history.frauds.0.len()), (3, 0));
    }

    #[test]
    fn the_last_other_country_is_remembered() {
        let country = |code: &[u8; 2]| Country(*code);
        let mut history = History::default();
        assert_eq!(history.was_elsewhere(country(b"DE")), None);
        for (at, code) in [(1, b"DE"), (2, b"FR"), (3, b"FR")] {
            history.was_in(Timestamp(at), country(code));
        }
        assert_eq!(history.was_elsewhere(country(b"FR")), Some(Timestamp(1)));
        assert_eq!(history.was_elsewhere(country(b"DE")), Some(Timestamp(3)));
    }
}
