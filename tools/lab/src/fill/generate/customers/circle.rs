//! Who shares devices and wallets with whom: people whose numbers are neighbours.

use crate::fill::generate::market::{Place, somewhere};
use crate::fill::generate::overlap::{self, FAMILY, OFFICE};
use crate::fill::generate::random::{Purpose, Random};

/// A circle that somebody is in.
#[derive(Clone, Debug)]
pub struct Circle {
    /// What tells it from all others.
    pub number: u64,
    /// What it is like.
    pub kind: overlap::Circle,
    /// Where it is.
    pub place: &'static Place,
}

/// The circle of a customer, if there is one. Who works with others shares nothing with a family.
pub fn of(seed: u64, customer: u64) -> Option<Circle> {
    let mut kinds = [OFFICE, FAMILY].into_iter().enumerate();
    kinds.find_map(|(place, kind)| circle(seed, (customer / kind.people) << 1 | place as u64, kind))
}

fn circle(seed: u64, number: u64, kind: overlap::Circle) -> Option<Circle> {
    let mut random = Random::of(seed, Purpose::Circle, number);
    random.chance(kind.share).then(|| Circle { number, kind, place: somewhere(&mut random) })
}
