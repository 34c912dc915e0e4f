//! What happens when.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// What happens to a journey. Of what happens in one second the first here comes first: the core runs timers before
/// commands, and redemptions come last so that one scoring call serves all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// The session's time is over.
    Expire,
    /// The corridor answers.
    Answer,
    /// Webhooks have arrived.
    Deliver,
    /// The session is created.
    Open,
    /// The quote is locked.
    Lock,
    /// The quote is redeemed.
    Redeem,
}

/// A queue of steps in the order of time.
#[derive(Default)]
pub struct Agenda {
    heap: BinaryHeap<Reverse<(u64, Step, u32)>>,
}

impl Agenda {
    /// Puts a step of a journey at this second.
    pub fn add(&mut self, second: u64, step: Step, journey: u32) {
        self.heap.push(Reverse((second, step, journey)));
    }

    /// The second of the next step.
    pub fn next(&self) -> Option<u64> {
        self.heap.peek().map(|Reverse((second, _, _))| *second)
    }

    /// Moves the steps of this second to `steps`, in their order.
    pub fn take(&mut self, second: u64, steps: &mut Vec<(Step, u32)>) {
        while self.next() == Some(second)
            && let Some(Reverse((_, step, journey))) = self.heap.pop()
        {
            steps.push((step, journey));
        }
    }
}
