//! Campaigns of fraud: when they begin, and what they want.

mod burst;
mod ring;
mod stolen_device;

use super::customers::People;
use super::draft::Draft;
use super::market::Market;
use super::plants::{Pattern, Plants};
use super::random::{Purpose, Random};

/// A group of frauds that belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Campaign {
    /// When it begins, in seconds since 1970.
    pub start: u64,
    pattern: Pattern,
    /// What tells it from the others of all patterns.
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

/// Customers and devices of a campaign have numbers of their own.
const NUMBERS: u64 = 256;

/// The campaigns of a history of `payments`, in the order in which they begin. All end within the period.
pub fn plan(seed: u64, plants: &Plants, payments: u64, (start, length): (u64, u64)) -> Vec<Campaign> {
    let mut campaigns = Vec::new();
    for pattern in Pattern::ALL {
        let mut random = Random::of(seed, Purpose::Campaigns, pattern as u64);
        let (sizes, longest) = frame(pattern);
        let mut left = plants.payments(pattern, payments);
        while left > 0 {
            let size = random.within(sizes.0, sizes.1).min(left);
            let start = start + random.below(length.saturating_sub(longest).max(1));
            let number = campaigns.len() as u64;
            campaigns.push(Campaign { start, pattern, number, size });
            left -= size;
        }
    }
    campaigns.sort_unstable();
    campaigns
}

impl Campaign {
    /// Its payments, none before its beginning.
    pub fn drafts(&self, ground: &Ground<'_>) -> Vec<Draft> {
        let mut random = Random::of(ground.seed, Purpose::Campaign, self.number);
        match self.pattern {
            Pattern::Ring => ring::drafts(self, ground, &mut random),
            Pattern::StolenDevice => stolen_device::drafts(self, ground, &mut random),
            Pattern::Burst => burst::drafts(self, ground, &mut random),
        }
    }

    /// The number of a customer or device that nobody else has.
    fn own(&self, number: u64) -> u64 {
        self.number * NUMBERS + number
    }
}

/// Smallest and largest size of a campaign, and how long one takes at most, in seconds.
fn frame(pattern: Pattern) -> ((u64, u64), u64) {
    match pattern {
        Pattern::Ring => (ring::SIZES, ring::LONGEST),
        Pattern::StolenDevice => (stolen_device::SIZES, stolen_device::LONGEST),
        Pattern::Burst => (burst::SIZES, burst::LONGEST),
    }
}
