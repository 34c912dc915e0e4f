//! The features of a redemption: typed, ordered, documented. A model names those it wants, in its own order.
//!
//! A feature sees the redemption itself and the histories of its entities as they stood before it. Everything is computed in
//! double precision and rounded once.

mod table;

use super::history::{History, Usual};
use super::window::{Days, Sum};
use super::{Country, Entities, Entity};
use crate::terms::Side;
use crate::time::{Millis, Timestamp};

pub use table::COUNT;

/// One redemption as numbers, in the order of [`FEATURES`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Features(pub [f32; COUNT]);

/// A feature, as it is documented and computed.
pub struct Feature {
    /// Its name: what manifests call it.
    pub name: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// The stretch of time that it looks back on; empty when it does not.
    pub window: &'static str,
    /// What it says.
    pub meaning: &'static str,
    /// Its value when there is nothing to compute it from; empty when that cannot be.
    pub missing: &'static str,
    value: fn(&Moment<'_>) -> f64,
}

/// All features, in their order.
pub static FEATURES: [Feature; COUNT] = table::TABLE;

/// The names of the features in their order.
pub const FEATURE_NAMES: [&str; COUNT] = {
    let (mut names, mut place) = ([""; COUNT], 0);
    while place < COUNT {
        names[place] = table::TABLE[place].name;
        place += 1;
    }
    names
};

/// What is known of a redemption itself, from what the contract lets partners say: never from what a pay-in's body says of a
/// person.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// When it is decided.
    pub now: Timestamp,
    /// Whom it concerns.
    pub entities: Entities,
    /// US cents of the fiat amount, by the cell's own rates.
    pub amount_cents: u64,
    /// Which way value moves.
    pub side: Side,
    /// Whether fiat moves by card.
    pub is_card: bool,
    /// Whether a user confirmed it in a hosted flow; a partner's server redeemed it otherwise.
    pub is_hosted: bool,
    /// From the session's creation to now.
    pub session_age: Millis,
    /// From the quote's lock to now.
    pub quote_age: Millis,
    /// Where the user's network address is, in a hosted flow behind a proxy that says so.
    pub address_country: Option<Country>,
    /// Whether the session's currency is used there.
    pub address_uses_currency: Option<bool>,
    /// The customer that the session names, if there is such a record.
    pub customer: Option<KnownCustomer>,
    /// When the account was created.
    pub partner_since: Timestamp,
}

/// A customer's record as features see it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KnownCustomer {
    /// When it was created.
    pub since: Timestamp,
    /// Its country, as the partner says.
    pub country: Option<Country>,
    /// Whether the session's currency is used there.
    pub uses_currency: Option<bool>,
}

/// Histories by entity: a cell's tables, or those of a replay.
pub trait Histories {
    /// The history of an entity; `None` when it has none yet.
    fn history(&self, entity: Entity, key: [u8; 16]) -> Option<&History>;

    /// Changes the history of an entity.
    fn change(&mut self, entity: Entity, key: [u8; 16], change: &mut dyn FnMut(&mut History));
}

/// A redemption with the histories of its entities: what features are computed from.
pub(crate) struct Moment<'a> {
    facts: &'a Facts,
    histories: [Option<&'a History>; 5],
    /// Whether the oldest bucket of a window counts whole.
    is_whole: bool,
    /// What each of them did within each span: several features are made of the same sum.
    sums: [[Sum; table::SPANS]; Entity::ALL.len()],
}

/// The features of a redemption as models see them, before history counts it.
pub fn features(facts: &Facts, histories: &impl Histories) -> Features {
    row(facts, histories, false)
}

/// The same as rules see them: what lies in a window is never counted as less than it is. A rule is a cap, and who knows the
/// hours would pass nearly twice as much under one that may estimate.
pub fn features_for_rules(facts: &Facts, histories: &impl Histories) -> Features {
    row(facts, histories, true)
}

fn row(facts: &Facts, histories: &impl Histories, is_whole: bool) -> Features {
    let past = Entity::ALL.map(|entity| facts.entities.key(entity).and_then(|key| histories.history(entity, key)));
    let moment = Moment::new(facts, past, is_whole);
    let mut row = [0.0; COUNT];
    for (place, feature) in row.iter_mut().zip(&FEATURES) {
        *place = (feature.value)(&moment) as f32;
    }
    Features(row)
}

/// An amount so many times the person's mean is not usual.
pub const UNUSUAL_TIMES: f64 = 3.0;
/// Redemptions in thirty days from which on what most of them are is a habit.
pub const HABIT_REDEMPTIONS: f64 = 4.0;

/// Whether a redemption is usual for its person, before history counts it.
pub fn usual(facts: &Facts, histories: &impl Histories) -> Usual {
    let history = histories.history(Entity::Person, facts.entities.person);
    let Some((history, mean)) = history.and_then(|history| history.usual.mean().map(|mean| (history, mean))) else {
        return Usual::Yes;
    };
    if facts.amount_cents as f64 <= UNUSUAL_TIMES * mean {
        return Usual::Yes;
    }
    let lately = |days: &Days| days.sum(facts.now, 30).count;
    let (all, unusual) = (lately(&history.days), lately(&history.unusual));
    if all >= HABIT_REDEMPTIONS && 2.0 * unusual >= all { Usual::Habit } else { Usual::No }
}

/// The histories of all its entities count a redemption.
pub fn count_redemption(facts: &Facts, usual: Usual, histories: &mut impl Histories) {
    let entities = facts.entities;
    for (entity, key) in entities.known() {
        histories.change(entity, key, &mut |history| {
            history.redeemed(facts.now, facts.amount_cents, usual);
            for other in companions(entity) {
                if let Some(key) = entities.key(*other) {
                    history.met(facts.now, *other, &key);
                }
            }
            if let (Entity::Person, Some(country)) = (entity, facts.address_country) {
                history.was_in(facts.now, country);
            }
        });
    }
}

/// The histories of all its entities count a risk decline.
pub fn count_decline(now: Timestamp, entities: &Entities, cents: u64, histories: &mut impl Histories) {
    for (entity, key) in entities.known() {
        histories.change(entity, key, &mut |history| history.declined(now, cents));
    }
}

/// Which entities the history of one remembers.
fn companions(entity: Entity) -> &'static [Entity] {
    match entity {
        Entity::Person => &[Entity::Device, Entity::Network, Entity::Destination],
        Entity::Device | Entity::Network | Entity::Destination => &[Entity::Person],
        Entity::Partner => &[],
    }
}

impl Features {
    /// The value of the feature with this name, which must be one.
    pub fn named(&self, name: &str) -> f32 {
        self.0[place(name).expect("a feature is named as in the table")]
    }
}

/// The place of the feature with this name.
pub fn place(name: &str) -> Option<usize> {
    FEATURE_NAMES.iter().position(|&known| known == name)
}

#[cfg(test)]
mod tests;
