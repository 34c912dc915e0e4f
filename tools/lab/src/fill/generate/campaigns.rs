//! What comes in groups: campaigns of fraud, and honest rushes. When they begin, and what they want.

mod burst;
mod ring;
mod rush;
mod stolen_device;

use super::customers::People;
use super::draft::Draft;
use super::market::Market;
use super::overlap::RUSHES;
use super::plants::{Pattern, Plants};
use super::random::{Purpose, Random};
use crate::calendar::DAY;

/// A group of payments that belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Campaign {
    /// When it begins, in seconds since 1970.
    pub start: u64,
    /// Within so many seconds all its payments are made.
    pub lasts: u64,
    kind: Kind,
    /// What tells it from the others of all kinds.
    number: u64,
    /// How many payments it has.
    pub size: u64,
}

/// What campaigns are made from.
pub struct Ground<'a> {
    /// The seed of everything.
    pub seed: u64,
    /// Whom they pretend to be.
    pub people: &'a People,
    /// What they use.
    pub market: &'a Market,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Fraud(Pattern),
    Rush,
}

/// The bounds of a kind of campaign.
struct Frame {
    /// Payments.
    sizes: (u64, u64),
    /// Seconds from the beginning to the end.
    lasts: (u64, u64),
}

/// Customers and devices of a campaign have numbers of their own.
const NUMBERS: u64 = 256;
/// Seconds of the day, UTC, in which rushes begin.
const OPEN: (u64, u64) = (7 * 3_600, 21 * 3_600);

/// The campaigns of a history of `payments`, in the order in which they begin. All end within the period, which is at least a
/// day: where it is short, so are they.
pub fn plan(seed: u64, plants: &Plants, payments: u64, (start, length): (u64, u64)) -> Vec<Campaign> {
    let mut campaigns = Vec::new();
    for kind in Kind::ALL {
        let mut random = Random::of(seed, Purpose::Campaigns, kind.number());
        let frame = kind.frame();
        for size in random.parts(kind.payments(plants, payments), frame.sizes) {
            let lasts = frame.lasts(&mut random, length);
            let start = start + kind.begins(&mut random, length, lasts);
            let number = campaigns.len() as u64;
            campaigns.push(Campaign { start, lasts, kind, number, size });
        }
    }
    campaigns.sort_unstable();
    campaigns
}

impl Campaign {
    /// Its payments, none before its beginning and none after its end.
    pub fn drafts(&self, ground: &Ground<'_>) -> Vec<Draft> {
        let mut random = Random::of(ground.seed, Purpose::Campaign, self.number);
        match self.kind {
            Kind::Fraud(Pattern::Ring) => ring::drafts(self, ground, &mut random),
            Kind::Fraud(Pattern::StolenDevice) => stolen_device::drafts(self, ground, &mut random),
            Kind::Fraud(Pattern::Burst) => burst::drafts(self, ground, &mut random),
            Kind::Rush => rush::drafts(self, ground, &mut random),
        }
    }

    /// The number of a customer, device or wallet that nobody else has.
    fn own(&self, number: u64) -> u64 {
        self.number * NUMBERS + number
    }
}

impl Kind {
    const ALL: [Kind; 4] =
        [Kind::Fraud(Pattern::Ring), Kind::Fraud(Pattern::StolenDevice), Kind::Fraud(Pattern::Burst), Kind::Rush];

    /// What tells its random numbers from those of the others.
    fn number(self) -> u64 {
        match self {
            Kind::Fraud(pattern) => pattern as u64,
            Kind::Rush => 0,
        }
    }

    fn payments(self, plants: &Plants, payments: u64) -> u64 {
        match self {
            Kind::Fraud(pattern) => plants.payments(pattern, payments),
            Kind::Rush => (payments as f64 * RUSHES) as u64,
        }
    }

    fn frame(self) -> Frame {
        match self {
            Kind::Fraud(Pattern::Ring) => Frame { sizes: ring::SIZES, lasts: ring::LASTS },
            Kind::Fraud(Pattern::StolenDevice) => Frame { sizes: stolen_device::SIZES, lasts: stolen_device::LASTS },
            Kind::Fraud(Pattern::Burst) => Frame { sizes: burst::SIZES, lasts: burst::LASTS },
            Kind::Rush => Frame { sizes: rush::SIZES, lasts: rush::LASTS },
        }
    }

    /// Seconds from the beginning of the period. Fraud never sleeps, shops do.
    fn begins(self, random: &mut Random, length: u64, lasts: u64) -> u64 {
        match self {
            Kind::Fraud(_) => random.below(length - lasts + 1),
            Kind::Rush => random.below(length / DAY) * DAY + random.within(OPEN.0, OPEN.1),
        }
    }
}

impl Frame {
    /// How long one takes in a period of this length.
    fn lasts(&self, random: &mut Random, length: u64) -> u64 {
        let longest = self.lasts.1.min(length);
        random.within(self.lasts.0.min(longest / 2), longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The shortest period, one shorter than a ring may last, and a long one.
    #[test]
    fn campaigns_are_of_their_sizes_and_end_within_the_period() {
        for days in [1, 2, 6, 7, 8, 90] {
            let plants: Plants = "ring=0.1,stolen-device=0.1,burst=0.1".parse().unwrap();
            let (start, length) = (19_000 * DAY, days * DAY);
            let campaigns = plan(3, &plants, 10_001, (start, length));
            assert!(campaigns.is_sorted_by_key(|campaign| campaign.start));
            for campaign in &campaigns {
                assert!(campaign.start >= start && campaign.start + campaign.lasts <= start + length, "{campaign:?}");
                let (least, most) = campaign.kind.frame().sizes;
                assert!((least..=most).contains(&campaign.size), "{campaign:?}");
            }
            let sum = |kind| campaigns.iter().filter(|one| one.kind == kind).map(|one| one.size).sum::<u64>();
            assert_eq!(Kind::ALL.map(sum), [1_000, 1_000, 1_000, 80]);
        }
    }
}
