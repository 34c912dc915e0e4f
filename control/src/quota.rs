//! How much an account may ask for: a rate for each class of operations, and a bound on its requests in progress.
//!
//! All of it is counted in memory. What is kept of an account has one size, is made with its first request and stays, so
//! that accounts bound it and requests do not. A start begins anew: nobody owes anything.

mod bucket;
mod fields;
mod tier;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::Instant;

use causeway_core::id::{AccountId, Mode};
use parking_lot::RwLock;

pub use fields::{POLICY_FIELD, STANDING_FIELD};
pub use tier::{MOST, Rate, Tier, TierError, Tiers};

use bucket::Bucket;

/// What operations are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// What servers read.
    Reads,
    /// What servers write, movements of money apart.
    Writes,
    /// What servers write towards the rails: quotes, pay-ins, pay-outs.
    Rails,
    /// What browsers call. A publishable key is public: whoever floods with it leaves the servers what is theirs.
    Embed,
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The rate of its class.
    Rate,
    /// Too many are in progress.
    InProgress,
}

/// Nanoseconds of a clock that only goes forward.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// The quotas of both modes.
pub struct Quotas {
    tiers: Arc<Tiers>,
    clock: Clock,
    sandbox: Meters,
    live: Meters,
}

/// What was counted in one mode.
#[derive(Default)]
struct Meters {
    accounts: RwLock<HashMap<AccountId, Arc<Meter>>>,
    refused: [[AtomicU64; Reason::ALL.len()]; Class::ALL.len()],
}

/// What was counted of one account.
#[derive(Default)]
struct Meter {
    buckets: [Bucket; Class::ALL.len()],
    /// Requests in progress: of servers, and of browsers.
    in_progress: [AtomicU32; 2],
}

/// What comes of asking.
pub struct Answer {
    /// A place among the requests in progress, to be held until the request is over; or why there is none.
    pub place: Result<Place, Refused>,
    /// How the account stands now; none when nothing bounds it.
    pub standing: Option<Standing>,
}

/// A place among an account's requests in progress. It is given back when this is dropped.
pub struct Place(Option<(Arc<Meter>, usize)>);

/// Why there is no place, and when to ask again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// What was exceeded.
    pub reason: Reason,
    /// Whole seconds, rounded up.
    pub retry_after: u32,
}

/// How an account stands after a request.
#[derive(Clone, Debug)]
pub struct Standing {
    tier: Arc<Tier>,
    class: Class,
    /// Requests that the class would still take at once.
    remaining: u32,
    /// Whole seconds, rounded up, until one more is taken than now.
    more_after: u32,
    /// Places that are left.
    places: u32,
}

impl Quotas {
    /// Quotas by these tiers, on the machine's own clock.
    pub fn new(tiers: Tiers) -> Quotas {
        let origin = Instant::now();
        let clock = move || u64::try_from(origin.elapsed().as_nanos()).unwrap_or(u64::MAX);
        Quotas::with_clock(tiers, Arc::new(clock))
    }

    /// The same on another clock.
    pub fn with_clock(tiers: Tiers, clock: Clock) -> Quotas {
        Quotas { tiers: Arc::new(tiers), clock, sandbox: Meters::default(), live: Meters::default() }
    }

    /// The tiers that there are.
    pub fn tiers(&self) -> &Arc<Tiers> {
        &self.tiers
    }

    /// Counts a request of `account`, which is in the tier of this name. Costs nothing where nothing is bounded, else a
    /// look into a map under a shared lock and one atomic change each of the place and of the rate.
    pub fn ask(&self, mode: Mode, account: AccountId, tier: Option<&str>, class: Class) -> Answer {
        let tier = self.tiers.of(tier);
        let Some(bounds) = tier.bounds() else { return Answer { place: Ok(Place(None)), standing: None } };
        let meters = self.meters(mode);
        let meter = meters.of(account);
        let (rate, now) = (bounds.rate(class), (self.clock)());
        let bucket = &meter.buckets[class as usize];
        let (place, places) = meter.enter(class, bounds.in_progress);
        let outcome = place.and_then(|place| match bucket.take(rate, now) {
            Ok(()) => Ok(place),
            Err(wait) => Err(Refused { reason: Reason::Rate, retry_after: seconds(wait) }),
        });
        if let Err(refused) = &outcome {
            meters.refused[class as usize][refused.reason as usize].fetch_add(1, Relaxed);
        }
        let (remaining, wait) = bucket.standing(rate, now);
        let tier = Arc::clone(tier);
        let standing = Standing { tier, class, remaining, more_after: seconds(wait), places };
        Answer { place: outcome, standing: Some(standing) }
    }

    /// How many requests were refused so far.
    pub fn refused(&self, mode: Mode, class: Class, reason: Reason) -> u64 {
        self.meters(mode).refused[class as usize][reason as usize].load(Relaxed)
    }

    fn meters(&self, mode: Mode) -> &Meters {
        match mode {
            Mode::Sandbox => &self.sandbox,
            Mode::Live => &self.live,
        }
    }
}

impl Meters {
    fn of(&self, account: AccountId) -> Arc<Meter> {
        if let Some(meter) = self.accounts.read().get(&account) {
            return Arc::clone(meter);
        }
        Arc::clone(self.accounts.write().entry(account).or_default())
    }
}

impl Meter {
    /// Takes a place, and says how many are left.
    fn enter(self: &Arc<Meter>, class: Class, bound: u32) -> (Result<Place, Refused>, u32) {
        let crowd = usize::from(class == Class::Embed);
        let before = self.in_progress[crowd].fetch_add(1, Relaxed);
        // Made at once, so that the place of who is refused is given back like any other.
        let place = Place(Some((Arc::clone(self), crowd)));
        if before < bound {
            return (Ok(place), bound - before - 1);
        }
        (Err(Refused { reason: Reason::InProgress, retry_after: 1 }), 0)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some((meter, crowd)) = &self.0 {
            meter.in_progress[*crowd].fetch_sub(1, Relaxed);
        }
    }
}

impl Class {
    /// All of them, in the order of their numbers.
    pub const ALL: [Class; 4] = [Class::Reads, Class::Writes, Class::Rails, Class::Embed];

    /// Its word in configuration, headers and metrics.
    pub fn word(self) -> &'static str {
        match self {
            Class::Reads => "reads",
            Class::Writes => "writes",
            Class::Rails => "rails",
            Class::Embed => "embed",
        }
    }
}

impl Reason {
    /// All of them, in the order of their numbers.
    pub const ALL: [Reason; 2] = [Reason::Rate, Reason::InProgress];

    /// Its word in metrics.
    pub fn word(self) -> &'static str {
        match self {
            Reason::Rate => "rate",
            Reason::InProgress => "in_progress",
        }
    }
}

/// Nanoseconds as whole seconds, rounded up.
fn seconds(nanos: u64) -> u32 {
    u32::try_from(nanos.div_ceil(1_000_000_000)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
