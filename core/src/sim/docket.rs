//! The docket: everything that is asked of the cell, by name, and whether what its asker hears is true.
//!
//! Each question carries a deadline of its own and is known by it wherever it turns up. An answer of the command is what
//! came of it where it ran, and it is on disk. The refusals that are no answer of the command promise something too:
//!
//! | refusal | what must be so |
//! |---|---|
//! | `Overloaded` | its deadline has passed; it did not run, and never will |
//! | `StoreDown` | the store failed since it was asked or was down then; it did not run, and never will |
//! | `OutcomeUnknown` | it ran, and its batch was on its way to disk when the store failed |
//! | none at all | the process died |

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;

use super::oracle::Fault;
use crate::command::{Command, Idempotency, Outcome, Refusal, Submission};
use crate::ingress::{CellHandle, Lane};
use crate::time::Timestamp;

/// Deadlines from here on are names and never pass.
const NO_DEADLINE: u64 = 1 << 60;

/// All questions.
#[derive(Default)]
pub struct Docket {
    asked: BTreeMap<Timestamp, Case>,
    names: u64,
    /// How often the process died, the store failed, and whether it is down.
    deaths: u64,
    failures: u64,
    is_down: bool,
    /// The newest durable batch.
    durable: u64,
    answers: u64,
    turned_away: BTreeMap<String, u64>,
}

/// One question.
struct Case {
    submission: Submission,
    /// The counts of the docket when it was asked.
    deaths: u64,
    failures: u64,
    was_down: bool,
    ran: Option<Run>,
    /// Its asker was told that it did not run.
    is_refused: bool,
}

/// Where it ran, and what came of it there.
struct Run {
    batch: u64,
    outcome: Outcome,
    /// The store failed before the batch was known to be on disk.
    is_in_doubt: bool,
}

/// The way in for everybody around the cell.
pub struct Door<'a> {
    pub handle: &'a CellHandle,
    pub docket: &'a mut Docket,
    pub clock: Timestamp,
}

/// A question on its way.
pub struct Awaited {
    name: Timestamp,
    answer: oneshot::Receiver<Outcome>,
}

/// What there is to hear.
pub enum Heard {
    /// Nothing yet.
    Nothing,
    /// An answer.
    Answer(Outcome),
    /// Nothing any more: the process died.
    Lost,
}

impl Door<'_> {
    /// Asks. `None` when the lane is full. Without `until` the asker waits for ever.
    pub fn ask(
        &mut self,
        lane: Lane,
        command: Command,
        idempotency: Option<Idempotency>,
        until: Option<Timestamp>,
    ) -> Option<Awaited> {
        let name = self.docket.name(until);
        let submission = Submission { command, idempotency, deadline: name };
        let answer = self.handle.enqueue(lane, submission.clone()).ok()?;
        self.docket.open(submission);
        Some(Awaited { name, answer })
    }

    /// Looks for the answer and judges it.
    pub fn listen(&mut self, awaited: &mut Awaited) -> Result<Heard, Fault> {
        match awaited.answer.try_recv() {
            Err(TryRecvError::Empty) => Ok(Heard::Nothing),
            Err(TryRecvError::Closed) => self.docket.lost(awaited.name).map(|()| Heard::Lost),
            Ok(outcome) => {
                let case = self.docket.asked.get(&awaited.name);
                let submission = case.map(|case| case.submission.clone());
                let judged = self.docket.answered(awaited.name, &outcome, self.clock);
                judged.map_err(|fault| Fault(format!("{}, after {submission:?}", fault.0)))?;
                Ok(Heard::Answer(outcome))
            }
        }
    }
}

impl Docket {
    /// A question ran in a batch, when the clock said `clock`.
    pub fn ran(&mut self, asked: &Submission, batch: u64, outcome: &Outcome, clock: Timestamp) -> Result<(), Fault> {
        let wrong = |what: &str| Err(Fault(format!("{what}: {asked:?}")));
        let Some(case) = self.asked.get_mut(&asked.deadline) else { return wrong("what nobody asked ran") };
        if case.ran.is_some() {
            return wrong("a question ran twice");
        }
        if case.is_refused {
            return wrong("a question ran after its asker had heard that it would not");
        }
        if clock > asked.deadline {
            return wrong("a question ran after its deadline");
        }
        case.ran = Some(Run { batch, outcome: outcome.clone(), is_in_doubt: false });
        Ok(())
    }

    /// The store failed while these were on their way to disk.
    pub fn store_failed<'a>(&mut self, on_the_way: impl Iterator<Item = &'a Submission>) {
        (self.failures, self.is_down) = (self.failures + 1, true);
        for submission in on_the_way {
            if let Some(run) = self.asked.get_mut(&submission.deadline).and_then(|case| case.ran.as_mut()) {
                run.is_in_doubt = true;
            }
        }
    }

    /// The store was opened again.
    pub fn store_works(&mut self) {
        self.is_down = false;
    }

    /// The process died, and another one started.
    pub fn process_died(&mut self) {
        (self.deaths, self.is_down) = (self.deaths + 1, false);
    }

    /// The newest durable batch.
    pub fn disk_has(&mut self, batch: u64) {
        self.durable = batch;
    }

    /// How many answers told what came of it, and how many of each kind did not.
    pub fn counts(&self) -> (u64, &BTreeMap<String, u64>) {
        (self.answers, &self.turned_away)
    }

    /// No two questions have the same name. Who waits only for a moment waits a little longer where the name is taken.
    fn name(&mut self, until: Option<Timestamp>) -> Timestamp {
        self.names += 1;
        let Some(mut name) = until else { return Timestamp(NO_DEADLINE + self.names) };
        while self.asked.contains_key(&name) {
            name = Timestamp(name.0 + 1);
        }
        name
    }

    fn open(&mut self, submission: Submission) {
        let (deaths, failures, was_down) = (self.deaths, self.failures, self.is_down);
        let name = submission.deadline;
        self.asked.insert(name, Case { submission, deaths, failures, was_down, ran: None, is_refused: false });
    }

    fn lost(&self, name: Timestamp) -> Result<(), Fault> {
        match self.asked.get(&name) {
            Some(case) if case.deaths == self.deaths => {
                Err(Fault(format!("the cell lives and gives no answer to {:?}", case.submission)))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Whether an answer is true.
    fn answered(&mut self, name: Timestamp, outcome: &Outcome, clock: Timestamp) -> Result<(), Fault> {
        let wrong = |what: &str| Err(Fault(format!("{what}: {outcome:?}")));
        let Some(case) = self.asked.get_mut(&name) else { return wrong("an answer to what was never asked") };
        match (outcome, &case.ran) {
            (Err(Refusal::Overloaded), None) if clock <= name => {
                return wrong("refused as too late before its deadline");
            }
            (Err(Refusal::StoreDown), None) if case.failures == self.failures && !case.was_down => {
                return wrong("refused for a store that never failed");
            }
            (Err(Refusal::Overloaded | Refusal::StoreDown), Some(run)) => {
                return wrong(&format!("refused as never looked at, but it ran in batch {}", run.batch));
            }
            (Err(Refusal::Overloaded | Refusal::StoreDown), None) => case.is_refused = true,
            (Err(Refusal::OutcomeUnknown), Some(run)) if run.is_in_doubt => {}
            (Err(Refusal::OutcomeUnknown), _) => return wrong("in no doubt, but the answer says so"),
            (_, None) => return wrong("an answer to what never ran"),
            (_, Some(run)) if run.outcome != *outcome => return wrong("the answer is not what came of it"),
            (_, Some(run)) if run.batch > self.durable => {
                return wrong(&format!("answered in batch {}, but the disk has batch {}", run.batch, self.durable));
            }
            (_, Some(_)) => {
                self.answers += 1;
                return Ok(());
            }
        }
        *self.turned_away.entry(format!("{outcome:?}")).or_default() += 1;
        Ok(())
    }
}
