//! The core without threads and clock: batches of commands over what is held in memory.

use std::sync::Arc;

use causeway_core::change::{Effects, Head, Need};
use causeway_core::command::{Answer, Command, Reply, Submission};
use causeway_core::directory::Directory;
use causeway_core::payment::Payment;
use causeway_core::risk::Features;
use causeway_core::risk::scorer::{Scorer, assess};
use causeway_core::routing::Catalogue;
use causeway_core::settings::Settings;
use causeway_core::state::{Admitted, State, Step};
use causeway_core::time::Timestamp;

use super::held::{Asked, Held, Rest};
use crate::failure::Failure;

/// A state, what it is read from, and what scores.
pub struct Cell {
    state: State,
    held: Held,
    scorer: Box<dyn Scorer>,
    needs: Vec<Need>,
    admitted: Vec<Admitted>,
    /// Where the last batch that changed something led to.
    head: Head,
    /// What each batch gave the store of a gateway, for tests.
    #[cfg(test)]
    pub batches: Vec<Effects>,
}

impl Cell {
    /// An empty cell.
    pub fn new(settings: Settings, catalogue: Catalogue, scorer: Box<dyn Scorer>) -> Cell {
        let state = State::new(settings, Arc::new(catalogue), Directory::default(), Head::default());
        Cell {
            state,
            held: Held::default(),
            scorer,
            needs: Vec::new(),
            admitted: Vec::new(),
            head: Head::default(),
            #[cfg(test)]
            batches: Vec::new(),
        }
    }

    /// What is not final.
    pub fn held(&self) -> &Held {
        &self.held
    }

    /// Opens a batch at so many seconds since 1970.
    pub fn begin(&mut self, second: u64) {
        self.state.begin(Timestamp(second * 1_000));
    }

    /// Runs a command that needs no score.
    pub fn run(&mut self, command: Command) -> Result<Reply, Failure> {
        match self.admit(command)? {
            Step::Done(outcome) => outcome.map(reply).map_err(refused),
            Step::Score(_) => Err(Failure::wrong("a command waits for a score that should not")),
        }
    }

    /// Runs a redemption as far as it goes without a score.
    pub fn redeem(&mut self, command: Command) -> Result<(), Failure> {
        match self.admit(command)? {
            Step::Score(admitted) => self.admitted.push(*admitted),
            Step::Done(outcome) => return outcome.map(drop).map_err(refused),
        }
        Ok(())
    }

    /// Scores the batch's redemptions in one call and decides them; gives their payments in their order.
    pub fn decide(&mut self) -> Result<Vec<Arc<Payment>>, Failure> {
        let rows: Vec<Features> = self.admitted.iter().map(|one| *one.features()).collect();
        let risks = assess(self.scorer.as_mut(), &rows);
        let decided = self.admitted.drain(..).zip(risks).map(|(one, risk)| self.state.decide(one, risk));
        let payment = |outcome: Result<Answer, _>| {
            let Reply::Payment(payment) = outcome.map(reply).map_err(refused)? else {
                return Err(Failure::wrong("a redemption was answered with something else"));
            };
            Ok(payment)
        };
        decided.map(payment).collect()
    }

    /// Closes the batch; gives what it asked for.
    pub fn finish(&mut self) -> Result<Asked, Failure> {
        let Some(effects) = self.state.finish() else { return Ok(Asked::default()) };
        #[cfg(test)]
        self.batches.push(effects.clone());
        self.head = effects.head;
        // What is held counts as written: nothing else is read from.
        self.state.evict(effects.head.batch);
        self.held.take(effects.changes)
    }

    /// Rows that are final, once there are `enough` of them.
    pub fn ready(&mut self, enough: usize) -> Option<Effects> {
        let is_worth_it = self.held.ready() >= enough.max(1);
        is_worth_it.then(|| Effects { head: self.head, changes: self.held.take_ready() })
    }

    /// The rows of the end and where the cell stands.
    pub fn rest(self) -> Result<(Head, Rest), Failure> {
        Ok((self.head, self.held.rest()?))
    }

    fn admit(&mut self, command: Command) -> Result<Step, Failure> {
        let submission = Submission { command, idempotency: None, deadline: Timestamp(u64::MAX) };
        loop {
            self.needs.clear();
            self.state.missing(&submission, &mut self.needs);
            if self.needs.is_empty() {
                return Ok(self.state.admit(&submission));
            }
            for &need in &self.needs {
                self.state.load(self.held.answer(need)?);
            }
        }
    }
}

fn reply(answer: Answer) -> Reply {
    answer.reply
}

fn refused(refusal: causeway_core::command::Refusal) -> Failure {
    Failure::wrong(format!("the core refused a step of the history: {refusal}"))
}
