//! What an entity has done: totals for ever, windows of thirty days, and whom it was seen with. Bounded: at most
//! [`HISTORY_BYTES`] in memory, most of them far less.

use super::streak::{Newest, Streak};
use super::window::{Bucket, Days, Hours, Minutes, push_within};
use super::{Country, Entity, EntityKey, Label, Labelled};
use crate::planted::{self, Bug};
use crate::time::Timestamp;

/// Companions of each kind that are remembered; the one that was not seen for longest makes room.
pub const LINKS_OF_A_KIND: usize = 16;
/// Kinds of companions that one entity has at most: a person has devices, networks and destinations.
const KINDS_OF_LINKS: usize = 3;
/// Buckets of one history at most.
const BUCKETS: usize = 7 + 25 + 6 * 31;
/// Companions of one history at most.
const LINKS: usize = KINDS_OF_LINKS * LINKS_OF_A_KIND;
/// The most that one history takes in memory, in bytes: its lists keep no more room than they may need.
pub const HISTORY_BYTES: usize = size_of::<History>() + BUCKETS * size_of::<Bucket>() + LINKS * size_of::<Link>();
const _: () = assert!(HISTORY_BYTES <= 5_000);

/// The history of one entity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// When it was first seen in a redemption.
    pub first_at: Timestamp,
    /// When it was last seen in one.
    pub last_at: Timestamp,
    /// Redemptions ever.
    pub count: u64,
    /// Redemptions ever that tell what is usual: neither unusual themselves nor known as fraud.
    pub usual: Amounts,
    /// The largest redemption, in US cents.
    pub largest_cents: u64,
    /// Redemptions of the last hour.
    pub minutes: Minutes,
    /// Redemptions of the last day.
    pub hours: Hours,
    /// Redemptions of the last thirty days.
    pub days: Days,
    /// Redemptions of the last thirty days that were unusual for the person.
    pub unusual: Days,
    /// Risk declines of the last thirty days.
    pub declines: Days,
    /// Labels of either kind, by the day on which they came.
    pub labels: Days,
    /// Frauds, by the day on which they became known.
    pub frauds: Days,
    /// Those of them that were not unusual for the person, so that something else must be behind them.
    pub unexplained: Days,
    /// Frauds that became known since something was last known as legitimate.
    pub streak: Streak,
    /// The newest redemption that is known as legitimate.
    pub legitimate: Newest,
    /// The newest redemption that is known as a fraud.
    pub fraudulent: Newest,
    /// The newest redemption that is known as either.
    pub labelled: Newest,
    /// Entities of other kinds that it was seen with, in the order in which they were last seen.
    pub links: Vec<Link>,
    /// Where the device was last, as far as its address says so, and when.
    pub seen_in: Option<(Country, Timestamp)>,
    /// The last country before that one that was another, and when.
    pub seen_elsewhere: Option<(Country, Timestamp)>,
}

/// Whether a redemption was usual for its person: amounts above three times the mean are not, unless most are lately.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Usual {
    /// It was.
    #[default]
    Yes,
    /// It was not: it does not tell what is usual.
    No,
    /// It was not, but most of the last thirty days were not either: this is what is usual now.
    Habit,
}

/// A redemption of which something becomes known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Past {
    /// When it was.
    pub at: Timestamp,
    /// Its US cents.
    pub cents: u64,
    /// Whether it was usual.
    pub usual: Usual,
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
    /// The first bytes of its key: so many that nobody finds another key with the same ones.
    pub mark: u64,
    /// The day since 1970 on which it was last seen.
    pub day: u32,
}

impl History {
    /// Counts a redemption.
    pub fn redeemed(&mut self, now: Timestamp, cents: u64, usual: Usual) {
        if self.count == 0 {
            self.first_at = now;
        }
        self.last_at = now;
        self.count += 1;
        if usual != Usual::No {
            self.usual.add(cents);
        }
        if usual != Usual::Yes {
            self.unusual.add(now, cents);
        }
        self.largest_cents = self.largest_cents.max(cents);
        self.minutes.add(now, cents);
        self.hours.add(now, cents);
        self.days.add(now, cents);
    }

    /// Remembers an entity of another kind.
    pub fn met(&mut self, now: Timestamp, entity: Entity, key: &EntityKey) {
        let link = Link { entity, mark: mark(key), day: day(now) };
        self.links.retain(|other| (other.entity, other.mark) != (link.entity, link.mark));
        if self.links.iter().filter(|link| link.entity == entity).count() >= LINKS_OF_A_KIND
            && let Some(oldest) = self.links.iter().position(|link| link.entity == entity)
        {
            self.links.remove(oldest);
        }
        push_within(&mut self.links, link, LINKS);
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

    /// What is known of a redemption changes at `now`.
    pub fn learned(&mut self, now: Timestamp, past: Past, before: Option<Labelled>, after: Option<Label>) {
        let word = before.map(|known| known.label);
        match (past.tells(word), past.tells(after)) {
            (true, false) => self.usual.take_back(past.cents),
            (false, true) => self.usual.add(past.cents),
            (true, true) | (false, false) => {}
        }
        if let Some(known) = before {
            self.unlearn(past, known);
        }
        if let Some(label) = after {
            self.learn(past, Labelled { label, at: now });
        }
    }

    fn learn(&mut self, past: Past, known: Labelled) {
        self.labels.add(known.at, past.cents);
        self.labelled.add(past.at);
        match known.label {
            Label::Fraud => {
                self.frauds.add(known.at, past.cents);
                self.unexplained_if(past, |days| days.add(known.at, past.cents));
                self.streak.fraud(known.at);
                self.fraudulent.add(past.at);
            }
            Label::Honest => {
                self.streak.legitimate(known.at);
                self.legitimate.add(past.at);
            }
        }
    }

    /// The reverse, of what was learned at `known.at`.
    fn unlearn(&mut self, past: Past, known: Labelled) {
        self.labels.take_back(known.at, past.cents);
        self.labelled.take_back(past.at);
        match known.label {
            Label::Fraud => {
                if !planted::has(Bug::FraudForEver) {
                    self.frauds.take_back(known.at, past.cents);
                }
                self.unexplained_if(past, |days| days.take_back(known.at, past.cents));
                self.streak.take_back_fraud(known.at);
                self.fraudulent.take_back(past.at);
            }
            Label::Honest => {
                self.streak.take_back_legitimate(known.at);
                self.legitimate.take_back(past.at);
            }
        }
    }

    fn unexplained_if(&mut self, past: Past, change: impl FnOnce(&mut Days)) {
        if past.usual == Usual::Yes {
            change(&mut self.unexplained);
        }
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

impl Past {
    /// Whether it tells what is usual, by what is known of it.
    fn tells(&self, label: Option<Label>) -> bool {
        match label {
            Some(Label::Fraud) => false,
            Some(Label::Honest) => true,
            None => self.usual != Usual::No,
        }
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

fn mark(key: &EntityKey) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = *key;
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
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
    fn a_companion_is_not_mistaken_for_another() {
        let mut history = History::default();
        history.met(Timestamp(0), Entity::Destination, &[7; 16]);
        let knows = |place| history.knows(Entity::Destination, &std::array::from_fn(|at| 7 + u8::from(at == place)));
        assert!((0..8).all(|place| !knows(place)) && knows(16));
    }

    #[test]
    fn the_busiest_history_takes_no_more_than_is_said() {
        let mut history = History::default();
        for (step, now) in (0..100 * 144_u64).map(|step| (step, Timestamp(step * 600_000))) {
            history.redeemed(now, 100, Usual::No);
            history.declined(now, 100);
            history.learned(now, Past { at: now, cents: 100, usual: Usual::Yes }, None, Some(Label::Fraud));
            for kind in [Entity::Device, Entity::Network, Entity::Destination] {
                history.met(now, kind, &(u128::from(step) << 64).to_be_bytes());
            }
        }
        let History { days, unusual, declines, labels, frauds, unexplained, .. } = &history;
        let days = [days, unusual, declines, labels, frauds, unexplained].map(|days| days.0.capacity());
        let buckets = days.iter().sum::<usize>() + history.minutes.0.capacity() + history.hours.0.capacity();
        assert!(history.days.0.len() == 31 && history.links.len() == KINDS_OF_LINKS * LINKS_OF_A_KIND);
        let bytes = size_of::<History>() + buckets * size_of::<Bucket>() + history.links.capacity() * size_of::<Link>();
        assert_eq!(bytes, HISTORY_BYTES);
    }

    #[test]
    fn a_fraud_is_no_part_of_what_is_usual() {
        let mut history = History::default();
        for cents in [100, 300, 500] {
            history.redeemed(Timestamp(0), cents, Usual::Yes);
        }
        let past = Past { at: Timestamp(0), cents: 500, usual: Usual::Yes };
        history.learned(Timestamp(7 * DAY), past, None, Some(Label::Fraud));
        assert_eq!((history.usual.mean(), history.usual.deviation()), (Some(200.0), Some(100.0)));
        assert_eq!(history.frauds.sum(Timestamp(8 * DAY), 30).count, 1.0);
        assert_eq!((history.streak.now.count, history.streak.now.since), (1, Timestamp(7 * DAY)));
        let known = Labelled { label: Label::Fraud, at: Timestamp(7 * DAY) };
        history.learned(Timestamp(9 * DAY), past, Some(known), Some(Label::Honest));
        assert_eq!((history.usual.count, history.frauds.0.len(), history.unexplained.0.len()), (3, 0, 0));
        assert_eq!((history.streak.now.count, history.legitimate.at), (0, Some(Timestamp(0))));
        assert_eq!(history.labels.sum(Timestamp(9 * DAY), 30).count, 1.0);
    }

    /// Whatever was said of one redemption and taken back again leaves no trace.
    #[test]
    fn a_label_that_is_taken_back_was_never_there() {
        let at = |day: u64| Timestamp(day * DAY);
        let past = |day: u64| Past { at: at(day), cents: 500, usual: Usual::Yes };
        let mut history = History::default();
        for day in 0..3 {
            history.redeemed(at(day), 500, Usual::Yes);
        }
        history.learned(at(7), past(0), None, Some(Label::Honest));
        history.learned(at(8), past(1), None, Some(Label::Fraud));
        for label in [Label::Fraud, Label::Honest] {
            let mut corrected = history.clone();
            corrected.learned(at(9), past(2), None, Some(label));
            assert_ne!(corrected.streak, history.streak);
            corrected.learned(at(10), past(2), Some(Labelled { label, at: at(9) }), None);
            let newest = |history: &History| (history.legitimate.at, history.fraudulent.at, history.labelled.at);
            assert_eq!((corrected.streak.now, newest(&corrected)), (history.streak.now, newest(&history)));
            assert_eq!((corrected.usual, &corrected.labels), (history.usual, &history.labels));
            assert_eq!((&corrected.frauds, &corrected.unexplained), (&history.frauds, &history.unexplained));
        }
        let mut late = history.clone();
        late.learned(at(9), past(2), None, Some(Label::Honest));
        late.learned(at(10), past(2), Some(Labelled { label: Label::Honest, at: at(9) }), Some(Label::Fraud));
        assert_eq!((late.streak.now.count, late.streak.now.since), (2, at(8)), "a chargeback after all");
        let newest = (late.legitimate.at, late.fraudulent.at, late.labelled.at);
        assert_eq!(newest, (Some(at(0)), Some(at(2)), Some(at(2))));
    }

    #[test]
    fn what_was_unusual_counts_once_it_is_known_as_legitimate() {
        let mut history = History::default();
        history.redeemed(Timestamp(0), 100, Usual::Yes);
        history.redeemed(Timestamp(0), 900, Usual::No);
        assert_eq!((history.usual.count, history.unusual.0.len()), (1, 1));
        let past = Past { at: Timestamp(0), cents: 900, usual: Usual::No };
        history.learned(Timestamp(DAY), past, None, Some(Label::Honest));
        assert_eq!(history.usual.count, 2);
        let known = Labelled { label: Label::Honest, at: Timestamp(DAY) };
        history.learned(Timestamp(DAY), past, Some(known), Some(Label::Fraud));
        assert_eq!((history.usual.count, history.unexplained.0.len()), (1, 0), "its amount explains it");
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
