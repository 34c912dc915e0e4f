//! Every row of the table, kept and broken.

use super::*;
use crate::command::{Answer, Reply};
use crate::id::{AccountId, SessionId};

const SOON: Timestamp = Timestamp(100);

/// A docket with one question, and the question.
fn asked(until: Option<Timestamp>) -> (Docket, Submission) {
    let mut docket = Docket::default();
    let command = Command::CancelSession(AccountId(1), SessionId(1));
    let submission = Submission { command, idempotency: None, deadline: docket.name(until) };
    docket.open(submission.clone());
    (docket, submission)
}

fn ran(until: Option<Timestamp>, outcome: &Outcome) -> (Docket, Submission) {
    let (mut docket, submission) = asked(until);
    docket.ran(&submission, 1, outcome, Timestamp(1)).unwrap();
    (docket, submission)
}

fn done() -> Outcome {
    Ok(Answer { reply: Reply::Done, replayed: false })
}

fn hears(docket: &mut Docket, asked: &Submission, refusal: Refusal, clock: u64) -> bool {
    docket.answered(asked.deadline, &Err(refusal), Timestamp(clock)).is_ok()
}

#[test]
fn overloaded_is_what_waited_beyond_its_deadline_and_did_not_run() {
    let (mut docket, question) = asked(Some(SOON));
    assert!(!hears(&mut docket, &question, Refusal::Overloaded, 100));
    assert!(hears(&mut docket, &question, Refusal::Overloaded, 101));
    assert!(docket.ran(&question, 1, &done(), Timestamp(1)).is_err(), "it may not run later");
    let (mut docket, question) = ran(Some(SOON), &done());
    assert!(!hears(&mut docket, &question, Refusal::Overloaded, 101));
}

#[test]
fn nothing_runs_late_or_twice_or_unasked() {
    let (mut docket, question) = asked(Some(SOON));
    assert!(docket.ran(&question, 1, &done(), Timestamp(101)).is_err());
    assert!(docket.ran(&question, 1, &done(), Timestamp(100)).is_ok());
    assert!(docket.ran(&question, 2, &done(), Timestamp(100)).is_err());
    let unasked = Submission { deadline: Timestamp(7), ..question };
    assert!(docket.ran(&unasked, 2, &done(), Timestamp(1)).is_err());
}

#[test]
fn store_down_is_for_what_did_not_run_while_the_store_failed() {
    let (mut docket, question) = asked(None);
    assert!(!hears(&mut docket, &question, Refusal::StoreDown, 1), "it never failed");
    docket.store_failed(std::iter::empty());
    docket.store_works();
    assert!(hears(&mut docket, &question, Refusal::StoreDown, 1));
    assert!(docket.ran(&question, 1, &done(), Timestamp(1)).is_err(), "it may not run later");
    let (mut docket, question) = ran(None, &done());
    docket.store_failed([&question].into_iter());
    assert!(!hears(&mut docket, &question, Refusal::StoreDown, 1), "it ran");
}

#[test]
fn an_outcome_is_unknown_while_its_batch_is_on_the_way() {
    let (mut docket, question) = ran(None, &done());
    assert!(!hears(&mut docket, &question, Refusal::OutcomeUnknown, 1));
    docket.store_failed(std::iter::empty());
    assert!(!hears(&mut docket, &question, Refusal::OutcomeUnknown, 1), "the failure was not about it");
    docket.store_failed([&question].into_iter());
    assert!(hears(&mut docket, &question, Refusal::OutcomeUnknown, 1));
    let (mut docket, question) = asked(None);
    docket.store_failed([&question].into_iter());
    assert!(!hears(&mut docket, &question, Refusal::OutcomeUnknown, 1), "it never ran");
}

#[test]
fn an_answer_is_what_came_of_it_and_on_disk() {
    let (mut docket, question) = ran(None, &done());
    let hears = |docket: &mut Docket, outcome| docket.answered(question.deadline, &outcome, Timestamp(1)).is_ok();
    assert!(!hears(&mut docket, done()), "it is not on disk");
    docket.disk_has(1);
    assert!(hears(&mut docket, done()));
    assert!(!hears(&mut docket, Err(Refusal::SessionBusy)), "it came to something else");
}

#[test]
fn only_the_death_of_the_process_leaves_a_question_without_an_answer() {
    let (mut docket, question) = asked(None);
    assert!(docket.lost(question.deadline).is_err());
    docket.process_died();
    assert!(docket.lost(question.deadline).is_ok());
}
