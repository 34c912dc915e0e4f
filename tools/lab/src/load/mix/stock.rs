//! What earlier units made and later ones use. Every shelf is bounded; what does not fit pushes out the oldest.

use std::cell::RefCell;
use std::collections::VecDeque;

use super::terms::Terms;
use crate::seed::Seed;

/// Sessions with quotes at most: more than a long step redeems at the highest rate.
const PAIRS: usize = 1 << 20;
/// Sessions without a quote at most.
const OPEN: usize = 4_096;
/// Finished journeys at most: reads are spread over them.
const JOURNEYS: usize = 16_384;
/// Payments remembered at most, to see whether all have settled.
const PAYMENTS: usize = 64;

/// The shelves. Units of one thread share them.
#[derive(Default)]
pub struct Stock {
    open: RefCell<VecDeque<Open>>,
    pairs: RefCell<VecDeque<Pair>>,
    journeys: RefCell<VecDeque<Journey>>,
    payments: RefCell<VecDeque<String>>,
}

/// An open session and the terms that it was made for.
#[derive(Clone, Debug)]
pub struct Open {
    /// The session.
    pub session: String,
    /// What its quote is to say.
    pub terms: Terms,
}

/// A session with a quote that fits it.
#[derive(Clone, Debug)]
pub struct Pair {
    /// The session.
    pub session: String,
    /// The quote.
    pub quote: String,
}

/// The objects of a journey that went through.
#[derive(Clone, Debug)]
pub struct Journey {
    /// The session.
    pub session: String,
    /// The quote.
    pub quote: String,
    /// The pay-in.
    pub payment: String,
    /// The transaction.
    pub transaction: String,
}

impl Stock {
    /// Puts a session on its shelf.
    pub fn add_open(&self, open: Open) {
        push(&self.open, open, OPEN);
    }

    /// Takes the oldest session that has no quote.
    pub fn take_open(&self) -> Option<Open> {
        self.open.borrow_mut().pop_front()
    }

    /// Puts a session with its quote on their shelf.
    pub fn add_pair(&self, pair: Pair) {
        push(&self.pairs, pair, PAIRS);
    }

    /// Takes the oldest session with a quote.
    pub fn take_pair(&self) -> Option<Pair> {
        self.pairs.borrow_mut().pop_front()
    }

    /// Sessions with a quote.
    pub fn pairs(&self) -> usize {
        self.pairs.borrow().len()
    }

    /// Forgets sessions and quotes that nobody redeemed: they would expire.
    pub fn forget_open(&self) {
        self.open.borrow_mut().clear();
        self.pairs.borrow_mut().clear();
    }

    /// Keeps a finished journey for those who read.
    pub fn add_journey(&self, journey: Journey) {
        push(&self.journeys, journey, JOURNEYS);
    }

    /// Any finished journey.
    pub fn any_journey(&self, seed: &mut Seed) -> Option<Journey> {
        let journeys = self.journeys.borrow();
        let place = seed.below((journeys.len() as u64).max(1)) as usize;
        journeys.get(place).cloned()
    }

    /// Remembers a payment among the last ones.
    pub fn add_payment(&self, payment: String) {
        push(&self.payments, payment, PAYMENTS);
    }

    /// The payments made last.
    pub fn take_payments(&self) -> VecDeque<String> {
        self.payments.take()
    }
}

fn push<T>(shelf: &RefCell<VecDeque<T>>, item: T, most: usize) {
    let mut shelf = shelf.borrow_mut();
    if shelf.len() == most {
        shelf.pop_front();
    }
    shelf.push_back(item);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_shelf_loses_its_oldest() {
        let shelf = RefCell::default();
        (0..5).for_each(|item| push(&shelf, item, 3));
        assert_eq!(shelf.take(), [2, 3, 4]);
    }
}
