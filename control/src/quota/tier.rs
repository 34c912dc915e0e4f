//! Tiers: named rows of what an account may ask for.

use std::sync::Arc;

use super::Class;
use super::fields;

/// The most requests a second, and the largest burst, that a tier may name.
pub const MOST: u32 = 1_000_000;
/// The most tiers.
const TIERS: usize = 64;
/// The longest name of a tier.
const NAME_CHARS: usize = 64;

/// The tiers of a deployment: `standard`, the default; `unlimited`; and what else the operator configured.
#[derive(Clone, Debug)]
pub struct Tiers(Vec<Arc<Tier>>);

/// A tier.
#[derive(Debug)]
pub struct Tier {
    name: String,
    bounds: Option<Bounds>,
    /// The value of `RateLimit-Policy` for each class.
    policies: [String; Class::ALL.len()],
}

/// What a tier allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    rates: [Rate; Class::ALL.len()],
    /// Requests in progress at a time; of browsers as many again.
    pub(super) in_progress: u32,
}

/// A rate of one class. Both numbers are between 1 and [`MOST`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Requests a second in the long run.
    pub per_second: u32,
    /// Requests at once after a pause.
    pub burst: u32,
}

/// Why a tier cannot be added.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum TierError {
    /// The name cannot stand in a path or a header.
    #[error("a tier's name must have 1–{NAME_CHARS} characters of a–z, 0–9, `-` and `_`")]
    Name,
    /// The name is taken by the program.
    #[error("`unlimited` is the tier without bounds: give this one another name")]
    Reserved,
    /// There are too many.
    #[error("there can be at most {TIERS} tiers")]
    TooMany,
}

impl Tiers {
    /// The name of the default.
    pub const STANDARD: &'static str = "standard";
    /// The name of the tier without bounds.
    pub const UNLIMITED: &'static str = "unlimited";

    /// Adds a tier; `standard` is replaced. `rates` are in the order of [`Class::ALL`].
    pub fn add(&mut self, name: &str, rates: [Rate; Class::ALL.len()], in_progress: u32) -> Result<(), TierError> {
        let is_plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
        if !(1..=NAME_CHARS).contains(&name.len()) || !name.bytes().all(is_plain) {
            return Err(TierError::Name);
        }
        if name == Tiers::UNLIMITED {
            return Err(TierError::Reserved);
        }
        let tier = Arc::new(Tier::new(name, Some(Bounds { rates, in_progress })));
        match self.0.iter().position(|known| known.name == name) {
            Some(place) => self.0[place] = tier,
            None if self.0.len() == TIERS => return Err(TierError::TooMany),
            None => self.0.push(tier),
        }
        Ok(())
    }

    /// Whether there is a tier of this name.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|tier| tier.name == name)
    }

    /// The names of all tiers, with commas between them.
    pub fn names(&self) -> String {
        self.0.iter().map(|tier| tier.name.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// The tier of this name; the default when none is named, or one that is not configured.
    pub(super) fn of(&self, name: Option<&str>) -> &Arc<Tier> {
        let named = name.and_then(|name| self.0.iter().find(|tier| tier.name == name));
        // The first one is the default, and nothing removes it.
        named.unwrap_or(&self.0[0])
    }
}

impl Default for Tiers {
    /// What is shipped: a partner's servers do not meet the bounds of `standard` in ordinary work.
    fn default() -> Tiers {
        let rate = |per_second| Rate { per_second, burst: 2 * per_second };
        let rates = [rate(1_000), rate(500), rate(500), rate(250)];
        let standard = Tier::new(Tiers::STANDARD, Some(Bounds { rates, in_progress: 256 }));
        Tiers(vec![Arc::new(standard), Arc::new(Tier::new(Tiers::UNLIMITED, None))])
    }
}

impl Tier {
    fn new(name: &str, bounds: Option<Bounds>) -> Tier {
        let policy = |class| bounds.map(|bounds| fields::policy(class, bounds)).unwrap_or_default();
        Tier { name: name.to_owned(), bounds, policies: Class::ALL.map(policy) }
    }

    pub(super) fn bounds(&self) -> Option<Bounds> {
        self.bounds
    }

    pub(super) fn policy(&self, class: Class) -> &str {
        &self.policies[class as usize]
    }
}

impl Bounds {
    pub(super) fn rate(&self, class: Class) -> Rate {
        self.rates[class as usize]
    }
}

impl Rate {
    /// Nanoseconds between two requests in the long run.
    pub(super) fn interval(self) -> u64 {
        1_000_000_000 / u64::from(self.per_second)
    }

    /// Nanoseconds in which an empty bucket fills.
    pub(super) fn span(self) -> u64 {
        self.interval() * u64::from(self.burst)
    }
}
