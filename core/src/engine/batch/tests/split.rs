//! Batching changes nothing: any split of the same commands, due timers included, gives the same answers and the same rows.
//!
//! Three things may differ, and are left out of the comparison:
//! - the number of the newest batch in the head, and the number of the batch in a receipt: they count batches;
//! - in receipts the features that count declines: those of a batch count when it closes, so that what the model is
//!   given does not depend on how a batch was cut into scoring calls. The scorer of these tests does not look at it;
//! - in the head on disk the counter of ids: a batch that changes nothing is not written, though it may have drawn ids. In
//!   memory it is the same.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseResult, TestRng, TestRunner};

use super::script::{Choice, Known, Setting, pause, steps, world};
use super::world::World;
use crate::change::Head;
use crate::command::{Command, Outcome, Submission};
use crate::id::PaymentId;
use crate::receipt::Receipt;
use crate::risk::features::FEATURE_NAMES;
use crate::store::Column;
use crate::time::{Millis, Timestamp};

const CASES: u32 = 256;

/// What was done at least once, by name.
type Done = RefCell<BTreeSet<&'static str>>;

#[test]
fn any_split_gives_the_same() {
    let done = Done::default();
    let cuts = prop::collection::vec(any::<bool>(), 1..80);
    // Always the same cases: whether every command is done must not be a matter of chance.
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::with_cases(CASES), rng);
    let ran =
        runner.run(&(steps(), cuts, any::<Setting>()), |(steps, cuts, setting)| compare(&steps, &cuts, setting, &done));
    ran.unwrap_or_else(|failure| panic!("{failure}"));
    let done = done.into_inner();
    let missing: Vec<_> = Command::NAMES.iter().filter(|name| !done.contains(*name)).collect();
    assert!(missing.is_empty(), "never done in {CASES} cases: {missing:?}");
}

fn compare(steps: &[Vec<Choice>], cuts: &[bool], setting: Setting, done: &Done) -> TestCaseResult {
    let (script, one_by_one, alone) = run_one_by_one(steps, setting);
    let (together, batched) = run_in_batches(&script, cuts, setting);
    prop_assert_eq!(&one_by_one, &together);
    for column in Column::ALL.iter().filter(|column| !matches!(column, Column::Meta | Column::Receipts)) {
        prop_assert_eq!(alone.rows(*column), batched.rows(*column), "{:?}", column);
    }
    prop_assert_eq!(receipts(&alone), receipts(&batched));
    prop_assert_eq!(heads(&alone), heads(&batched));
    alone.assert_books();
    let asked = script.iter().flat_map(|(submissions, _)| submissions);
    let names = asked.zip(&one_by_one).filter(|(_, outcome)| outcome.is_ok());
    done.borrow_mut().extend(names.map(|(submission, _)| submission.command.name()));
    Ok(())
}

/// Commands that come at one time, and how long nothing comes after them.
type Step = (Vec<Submission>, Millis);

/// Most steps begin with the timers that are due then, as the engine's batches do; in others they come among the commands.
fn run_one_by_one(steps: &[Vec<Choice>], setting: Setting) -> (Vec<Step>, Vec<Outcome>, World) {
    let mut world = world(setting);
    let (mut script, mut outcomes, mut known) = (Vec::new(), Vec::new(), Known::default());
    for step in steps {
        let mut submissions = if step.len().is_multiple_of(3) { Vec::new() } else { world.due() };
        for timer in &submissions {
            outcomes.push(ask(&mut world, &mut known, timer));
        }
        for choice in step {
            let submission = known.submission(&world, *choice);
            outcomes.push(ask(&mut world, &mut known, &submission));
            submissions.push(submission);
        }
        script.push((submissions, pause(step.len())));
        world.now = world.now.plus(pause(step.len()));
    }
    (script, outcomes, world)
}

fn ask(world: &mut World, known: &mut Known, submission: &Submission) -> Outcome {
    let outcome = world.one(submission.clone());
    known.learn(submission, &outcome);
    outcome
}

fn run_in_batches(script: &[Step], cuts: &[bool], setting: Setting) -> (Vec<Outcome>, World) {
    let mut world = world(setting);
    let (mut outcomes, mut cut) = (Vec::new(), cuts.iter().cycle());
    for (submissions, pause) in script {
        let mut batch = Vec::new();
        for submission in submissions {
            batch.push(submission.clone());
            if cut.next() == Some(&true) {
                outcomes.extend(world.batch(std::mem::take(&mut batch)));
            }
        }
        outcomes.extend(world.batch(batch));
        world.now = world.now.plus(*pause);
    }
    (outcomes, world)
}

/// All receipts without what may differ.
fn receipts(world: &World) -> BTreeMap<PaymentId, Receipt> {
    let neutral = |mut receipt: Receipt| {
        receipt.batch = 0;
        for (place, _) in FEATURE_NAMES.iter().enumerate().filter(|(_, name)| name.contains("_declines_")) {
            receipt.features.0[place] = 0.0;
        }
        (receipt.payment, receipt)
    };
    world.reader.receipts(None, usize::MAX).unwrap().into_iter().map(neutral).collect()
}

/// The head in memory and the time of the one on disk, without what may differ; and how many rows stand beside it.
fn heads(world: &World) -> (Head, Option<Timestamp>, usize) {
    let stored = world.reader.head().unwrap().map(|head| head.now);
    (Head { batch: 0, ..world.state.head() }, stored, world.rows(Column::Meta).len())
}
