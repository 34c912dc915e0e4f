use std::sync::Arc;
use std::time::Duration;

use causeway_core::id::Mode;
use causeway_core::payment::Magic;
use tempfile::TempDir;

use super::*;
use crate::rails::fixture::work;
use crate::rails::simulated::export;

fn quiet() -> Notice {
    Arc::new(|_| {})
}

fn settings() -> Settings {
    Settings { settle_delay: Duration::from_millis(100), ..Settings::default() }
}

fn open(directory: &TempDir) -> Book {
    Book::open_with(directory.path(), settings(), 4_096, &quiet()).unwrap()
}

/// Sends and syncs.
fn send(book: &mut Book, work: &RailWork, now: u64) -> Word {
    let word = book.send(work, Timestamp(now)).unwrap().unwrap();
    book.sync().unwrap();
    word
}

/// Runs what is due and syncs.
fn run(book: &mut Book, now: u64) -> Vec<RailReport> {
    let mut said = Vec::new();
    book.run_due(Timestamp(now), usize::MAX, &mut said);
    book.sync().unwrap();
    said
}

fn states(directory: &TempDir) -> Vec<(u128, String)> {
    let lines = export(directory.path(), Mode::Sandbox).unwrap().map(|line| {
        let line: serde_json::Value = serde_json::from_str(&line.unwrap()).unwrap();
        let attempt = AttemptId::parse(line["attempt"].as_str().unwrap(), Mode::Sandbox).unwrap();
        (attempt.0, line["state"].as_str().unwrap().to_owned())
    });
    lines.collect()
}

#[test]
fn an_attempt_settles_once_however_often_it_is_sent() {
    let directory = tempfile::tempdir().unwrap();
    let mut book = open(&directory);
    assert_eq!(book.enquire(AttemptId(1)).unwrap(), Word::Unknown);
    assert_eq!(send(&mut book, &work(1), 0), Word::Accepted);
    assert_eq!(send(&mut book, &work(1), 10), Word::Accepted);
    assert_eq!(run(&mut book, 99), []);
    let said = run(&mut book, 400);
    assert_eq!((said.len(), said[0].attempt, said[0].outcome), (1, AttemptId(1), RailOutcome::Settled));
    assert_eq!(send(&mut book, &work(1), 500), Word::Outcome(RailOutcome::Settled));
    assert_eq!(run(&mut book, 10_000), []);
    assert_eq!(states(&directory), [(1, "settled".to_owned())]);
}

#[test]
fn a_rail_that_answers_twice_does_it_once() {
    let directory = tempfile::tempdir().unwrap();
    let mut book = open(&directory);
    send(&mut book, &RailWork { magic: Some(Magic::RailAnswersTwice), ..work(1) }, 0);
    let first = run(&mut book, 400);
    assert_eq!(first.len(), 1);
    assert_eq!(run(&mut book, 1_000), first);
    assert_eq!(run(&mut book, 10_000), []);
    assert_eq!(states(&directory).len(), 1);
}

#[test]
fn a_restart_goes_on_where_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let mut book = open(&directory);
    for id in 1..=3 {
        send(&mut book, &work(id), 0);
    }
    let ended = run(&mut book, 250);
    drop(book);
    let mut book = open(&directory);
    for report in &ended {
        assert_eq!(book.enquire(report.attempt).unwrap(), Word::Outcome(RailOutcome::Settled));
    }
    let rest = run(&mut book, 400);
    assert_eq!(ended.len() + rest.len(), 3);
    assert!(book.next_due().is_none());
}

#[test]
fn what_was_not_synced_did_not_happen() {
    let directory = tempfile::tempdir().unwrap();
    let mut book = open(&directory);
    send(&mut book, &work(1), 0);
    book.send(&work(2), Timestamp(0)).unwrap();
    drop(book);
    let mut book = open(&directory);
    assert_eq!(book.enquire(AttemptId(1)).unwrap(), Word::Accepted);
    assert_eq!(book.enquire(AttemptId(2)).unwrap(), Word::Unknown);
}

#[test]
fn a_torn_end_is_cut_off_and_the_rest_stands() {
    let directory = tempfile::tempdir().unwrap();
    let mut book = open(&directory);
    send(&mut book, &work(1), 0);
    drop(book);
    let path = directory.path().join("0000000001.log");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.extend_from_slice(&[9, 0, 0, 0, 1, 2]);
    std::fs::write(&path, &bytes).unwrap();
    assert_eq!(states(&directory), [(1, "accepted".to_owned())]);
    let mut book = open(&directory);
    send(&mut book, &work(2), 0);
    drop(book);
    let mut book = open(&directory);
    assert_eq!(book.enquire(AttemptId(1)).unwrap(), Word::Accepted);
    assert_eq!(book.enquire(AttemptId(2)).unwrap(), Word::Accepted);
}

#[test]
fn old_attempts_are_remembered_over_many_segments_and_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let mut book = open(&directory);
    send(&mut book, &RailWork { magic: Some(Magic::RailLate), ..work(1) }, 0);
    for id in 2..=500 {
        let outcome = if id % 3 == 0 { Magic::RailCancels } else { Magic::None };
        send(&mut book, &RailWork { magic: Some(outcome), ..work(id) }, id as u64);
        run(&mut book, id as u64);
    }
    run(&mut book, 2_000);
    let segments = std::fs::read_dir(directory.path()).unwrap().count();
    assert!(segments > 10, "{segments} files");
    for round in 0..2 {
        for id in 2..=500 {
            let expected = if id % 3 == 0 { RailOutcome::Cancelled } else { RailOutcome::Settled };
            assert_eq!(book.enquire(AttemptId(id)).unwrap(), Word::Outcome(expected), "{id} in round {round}");
        }
        assert_eq!(book.enquire(AttemptId(1)).unwrap(), Word::Accepted);
        assert_eq!(book.enquire(AttemptId(501)).unwrap(), Word::Unknown);
        drop(book);
        book = open(&directory);
    }
    assert_eq!(run(&mut book, 30_000).len(), 1);
    let mut states = states(&directory);
    states.sort();
    assert_eq!(states.iter().map(|(id, _)| *id).collect::<Vec<_>>(), (1..=500).collect::<Vec<_>>());
}

#[test]
fn a_helper_ends_a_pending_attempt_and_changes_no_other() {
    let directory = tempfile::tempdir().unwrap();
    let mut book = open(&directory);
    let mut said = Vec::new();
    let rejected = RailOutcome::Rejected;
    assert_eq!(book.resolve(AttemptId(1), rejected, Timestamp(1), &mut said).unwrap(), Word::Unknown);
    send(&mut book, &work(1), 0);
    assert_eq!(book.resolve(AttemptId(1), rejected, Timestamp(1), &mut said).unwrap(), Word::Outcome(rejected));
    assert_eq!((said.len(), said[0].outcome), (1, rejected));
    let later = book.resolve(AttemptId(1), RailOutcome::Settled, Timestamp(2), &mut said).unwrap();
    assert_eq!((later, said.len()), (Word::Outcome(rejected), 1));
    assert_eq!(run(&mut book, 10_000), []);
    assert_eq!(states(&directory), [(1, "rejected".to_owned())]);
}

#[test]
fn one_process_at_a_time() {
    let directory = tempfile::tempdir().unwrap();
    let _book = open(&directory);
    let second = Book::open(directory.path(), settings(), &quiet());
    assert!(matches!(second.err(), Some(LogError::InUse(_))));
}

#[test]
fn damage_in_a_closed_segment_is_named_and_not_taken_for_a_torn_end() {
    let directory = tempfile::tempdir().unwrap();
    let mut book = open(&directory);
    for id in 1..=100 {
        send(&mut book, &work(id), 0);
        run(&mut book, 1_000);
    }
    drop(book);
    let path = directory.path().join("0000000001.log");
    let mut bytes = std::fs::read(&path).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let mut book = open(&directory);
    assert!(matches!(book.enquire(AttemptId(1)), Err(LogError::Corrupt(_, _))));
    assert!(export(directory.path(), Mode::Sandbox).unwrap().any(|line| line.is_err()));
}
