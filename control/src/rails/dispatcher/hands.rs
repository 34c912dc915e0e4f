//! Which attempts are being carried: the sweep leaves alone what the walk has in hand or has not reached.

use std::collections::HashSet;
use std::sync::Arc;

use causeway_core::id::AttemptId;
use parking_lot::Mutex;

/// The attempts in hand; there are never more of them than places.
#[derive(Debug, Default)]
pub struct Hands(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// The last attempt that the walk took.
    reached: Option<AttemptId>,
    held: HashSet<AttemptId>,
}

/// An attempt in hand until this is dropped.
#[derive(Debug)]
pub struct Hand {
    hands: Arc<Hands>,
    attempt: AttemptId,
}

impl Hands {
    /// The walk takes its next attempt. Nobody else has it: the sweep takes only what the walk has passed.
    pub fn take(hands: &Arc<Hands>, attempt: AttemptId) -> Hand {
        let mut state = hands.0.lock();
        state.reached = Some(attempt);
        state.held.insert(attempt);
        Hand { hands: Arc::clone(hands), attempt }
    }

    /// The sweep takes an attempt, unless it is in hand or the walk is still to come to it.
    pub fn take_again(hands: &Arc<Hands>, attempt: AttemptId) -> Option<Hand> {
        let mut state = hands.0.lock();
        let is_free = state.reached >= Some(attempt) && state.held.insert(attempt);
        is_free.then(|| Hand { hands: Arc::clone(hands), attempt })
    }
}

impl Drop for Hand {
    fn drop(&mut self) {
        self.hands.0.lock().held.remove(&self.attempt);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sweep_takes_what_the_walk_has_passed_and_let_go() {
        let hands = Arc::new(Hands::default());
        let again = |id| Hands::take_again(&hands, AttemptId(id)).is_some();
        assert!(!again(1), "the walk has not come to it");
        let first = Hands::take(&hands, AttemptId(2));
        assert!(again(1) && !again(2) && !again(3));
        drop(first);
        let second = Hands::take_again(&hands, AttemptId(2)).unwrap();
        assert!(!again(2), "once at a time");
        drop(second);
        assert!(again(2));
    }
}
