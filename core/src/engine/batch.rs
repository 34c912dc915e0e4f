//! One batch: prefetch, due timers, commands, one scoring call, effects.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::committer::{Job, Progress};
use super::stats::CellStats;
use crate::change::{Change, Need};
use crate::command::Outcome;
use crate::command::{Command, Submission, Timer};
use crate::ingress::{Envelope, rung_by};
use crate::limits::BATCH_TIMERS;
use crate::planted::{self, Bug};
use crate::risk::scorer::Shelf;
use crate::risk::{Chosen, Features};
use crate::state::{Admitted, State, Step};
use crate::store::{Batch, Reader, Store, StoreError, load};
use crate::time::Timestamp;

/// Runs a batch. `Ok(None)`: there was nothing to do. On an error the unanswered envelopes come back.
pub(super) fn run(
    state: &mut State,
    store: &dyn Store,
    shelf: &mut Shelf,
    now: Timestamp,
    due: Vec<Timer>,
    envelopes: Vec<Envelope>,
    stats: &CellStats,
) -> Result<Option<Job>, (StoreError, Vec<Envelope>)> {
    if envelopes.is_empty() && due.is_empty() {
        return Ok(None);
    }
    let mut submissions: Vec<Submission> = due.into_iter().map(timer).collect();
    let timers = submissions.len();
    let (commands, answers): (Vec<Submission>, Vec<oneshot::Sender<Outcome>>) =
        envelopes.into_iter().map(|envelope| (envelope.submission, envelope.answer)).unzip();
    submissions.extend(commands);
    state.begin(now);
    match outcomes(state, store, shelf, &submissions, stats) {
        Ok(outcomes) => Ok(Some(job(state, timers, outcomes, answers, stats))),
        Err(error) => {
            let submissions = submissions.into_iter().skip(timers);
            let unanswered = submissions.zip(answers).map(|(submission, answer)| Envelope { submission, answer });
            Err((error, unanswered.collect()))
        }
    }
}

fn job(
    state: &mut State,
    timers: usize,
    outcomes: Vec<Outcome>,
    answers: Vec<oneshot::Sender<Outcome>>,
    stats: &CellStats,
) -> Job {
    let effects = state.finish();
    let changes = effects.iter().flat_map(|effects| &effects.changes);
    let forgotten = changes.filter(|change| matches!(change, Change::Replay(_, None))).count();
    stats.answers_forgotten.fetch_add(forgotten as u64, Ordering::Relaxed);
    let answers = answers.into_iter().zip(outcomes.into_iter().skip(timers)).collect();
    Job {
        head: state.head(),
        batch: effects.as_ref().map(Batch::encode),
        directory: state.take_changed_directory(),
        rung: effects.as_ref().map(|effects| rung_by(&effects.changes)).unwrap_or_default(),
        answers,
    }
}

fn outcomes(
    state: &mut State,
    store: &dyn Store,
    shelf: &mut Shelf,
    submissions: &[Submission],
    stats: &CellStats,
) -> Result<Vec<Outcome>, StoreError> {
    prefetch(state, store, submissions)?;
    let mut outcomes: Vec<Option<Outcome>> = (0..submissions.len()).map(|_| None).collect();
    let mut group: Vec<(usize, Admitted)> = Vec::new();
    for (place, submission) in submissions.iter().enumerate() {
        if state.must_wait(submission) {
            decide(state, shelf, &mut group, &mut outcomes, stats);
        }
        // What an earlier command of the batch wrote may lead to rows that nobody could name before it ran.
        prefetch(state, store, std::slice::from_ref(submission))?;
        match state.admit(submission) {
            Step::Done(outcome) => outcomes[place] = Some(outcome),
            Step::Score(admitted) => group.push((place, *admitted)),
        }
    }
    decide(state, shelf, &mut group, &mut outcomes, stats);
    stats.commands.fetch_add(submissions.len() as u64, Ordering::Relaxed);
    Ok(outcomes.into_iter().map(|outcome| outcome.expect("every command was admitted or decided")).collect())
}

/// One scoring call for all that wait and fall to the same model, then their verdicts in the order of their commands.
fn decide(
    state: &mut State,
    shelf: &mut Shelf,
    group: &mut Vec<(usize, Admitted)>,
    outcomes: &mut [Option<Outcome>],
    stats: &CellStats,
) {
    if group.is_empty() {
        return;
    }
    let (rows, chosen): (Vec<Features>, Vec<Chosen>) =
        group.iter().map(|(_, admitted)| (*admitted.features(), admitted.chosen().clone())).unzip();
    let started = Instant::now();
    let risks = shelf.assess(&rows, &chosen);
    stats.scored(rows.len(), started.elapsed());
    for ((place, admitted), risk) in group.drain(..).zip(risks) {
        outcomes[place] = Some(state.decide(admitted, risk));
    }
}

/// Rounds of reading: the keys that commands name, those that only these rows name, and those that only those do, as a session
/// names a customer's name, and that the customer.
const ROUNDS: usize = 3;

/// Loads what the commands need.
fn prefetch(state: &mut State, store: &dyn Store, submissions: &[Submission]) -> Result<(), StoreError> {
    let mut needs: Vec<Need> = Vec::new();
    for _round in 0..ROUNDS {
        needs.clear();
        submissions.iter().for_each(|submission| state.missing(submission, &mut needs));
        if needs.is_empty() {
            return Ok(());
        }
        needs.sort_unstable();
        needs.dedup();
        load(store, &needs)?.into_iter().for_each(|row| state.load(row));
    }
    Ok(())
}

fn timer(timer: Timer) -> Submission {
    Submission { command: Command::RunTimer(timer), idempotency: None, deadline: Timestamp(u64::MAX) }
}

/// Finds due timers. Rows before the cursor have run: a timer is always set for later than the batch that sets it.
#[derive(Default)]
pub(super) struct Timers {
    cursor: Option<Timer>,
    looked: Option<Instant>,
    has_more: bool,
}

impl Timers {
    /// The timers that are due. While batches are on their way to disk, rows that they set cannot be seen yet: only what is
    /// due by the newest synced batch is looked at.
    pub(super) fn due(
        &mut self,
        reader: &Reader,
        now: Timestamp,
        progress: Progress,
        tick: Duration,
    ) -> Result<Vec<Timer>, StoreError> {
        let looked_lately = self.looked.is_some_and(|at| at.elapsed() < tick);
        if looked_lately && !self.has_more {
            return Ok(Vec::new());
        }
        self.looked = Some(Instant::now());
        let until = if progress.is_idle { now } else { progress.synced_now };
        let until = if planted::has(Bug::LateTimers) { Timestamp(until.0.saturating_sub(50 * 60_000)) } else { until };
        let due = reader.timers(self.cursor.as_ref(), until, BATCH_TIMERS)?;
        self.has_more = due.len() == BATCH_TIMERS;
        if let Some(last) = due.last() {
            self.cursor = Some(*last);
        }
        Ok(due)
    }
}

#[cfg(test)]
mod tests;
