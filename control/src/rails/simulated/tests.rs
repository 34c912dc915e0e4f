use std::sync::Arc;

use causeway_core::payment::Magic;
use tempfile::TempDir;
use tokio::sync::mpsc::{Receiver, channel};
use tokio::time::timeout;

use super::*;
use crate::rails::fixture::work;

const DEADLINE: Duration = Duration::from_secs(20);

fn open(directory: &TempDir, settings: Settings) -> (SimulatedRail, Receiver<RailReport>) {
    let (reports, said) = channel(64);
    let rail = SimulatedRail::open(directory.path(), settings, reports, Arc::new(|_| {})).unwrap();
    (rail, said)
}

fn quick() -> Settings {
    Settings { settle_delay: Duration::from_millis(1), ..Settings::default() }
}

async fn next(said: &mut Receiver<RailReport>) -> (AttemptId, RailOutcome) {
    let report = timeout(DEADLINE, said.recv()).await.expect("the rail says something").unwrap();
    (report.attempt, report.outcome)
}

#[tokio::test]
async fn it_accepts_and_says_later_what_became_of_it() {
    let directory = tempfile::tempdir().unwrap();
    let (rail, mut said) = open(&directory, quick());
    assert_eq!(rail.enquire(&work(1)).await, Ok(Word::Unknown));
    assert_eq!(rail.send(&work(1)).await, Ok(Word::Accepted));
    assert_eq!(next(&mut said).await, (AttemptId(1), RailOutcome::Settled));
    assert_eq!(rail.enquire(&work(1)).await, Ok(Word::Outcome(RailOutcome::Settled)));
    rail.send(&RailWork { magic: Some(Magic::RailAnswersTwice), ..work(2) }).await.unwrap();
    assert_eq!(next(&mut said).await, (AttemptId(2), RailOutcome::Settled));
    assert_eq!(next(&mut said).await, (AttemptId(2), RailOutcome::Settled));
}

#[tokio::test]
async fn what_is_pending_settles_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let slow = Settings { settle_delay: Duration::from_millis(50), ..Settings::default() };
    let (rail, said) = open(&directory, slow);
    for id in 1..=20 {
        assert_eq!(rail.send(&work(id)).await, Ok(Word::Accepted));
    }
    drop((rail, said));
    let (rail, mut said) = open(&directory, slow);
    // What ended while nobody listened is not said again: that is what enquiries are for.
    let mut pending = 0;
    for id in 1..=20 {
        pending += usize::from(rail.enquire(&work(id)).await == Ok(Word::Accepted));
    }
    for _ in 0..pending {
        next(&mut said).await;
    }
    for id in 1..=20 {
        assert_eq!(rail.enquire(&work(id)).await, Ok(Word::Outcome(RailOutcome::Settled)));
    }
}

#[tokio::test]
async fn helpers_may_come_before_their_attempt_and_the_first_one_counts() {
    let directory = tempfile::tempdir().unwrap();
    let (rail, mut said) = open(&directory, Settings { settle_delay: Duration::from_secs(3_600), ..quick() });
    let rail = Arc::new(rail);
    let helpers = [RailOutcome::Cancelled, RailOutcome::Settled, RailOutcome::Cancelled].map(|wish| {
        let early = Arc::clone(&rail);
        tokio::spawn(async move { early.resolve(AttemptId(1), wish).await })
    });
    // A wish is in the rail's hands once a later question was answered; before that it waits in the same queue.
    tokio::task::yield_now().await;
    assert_eq!(rail.send(&work(1)).await, Ok(Word::Accepted));
    for helper in helpers {
        assert_eq!(helper.await.unwrap(), Ok(RailOutcome::Cancelled));
    }
    assert_eq!(next(&mut said).await, (AttemptId(1), RailOutcome::Cancelled));
    assert_eq!(rail.resolve(AttemptId(1), RailOutcome::Settled).await, Ok(RailOutcome::Cancelled));
}

#[tokio::test]
async fn many_attempts_share_a_sync() {
    let directory = tempfile::tempdir().unwrap();
    let (reports, mut said) = channel(4_096);
    let rail = Arc::new(SimulatedRail::open(directory.path(), quick(), reports, Arc::new(|_| {})).unwrap());
    let sending = Arc::clone(&rail);
    let sender = tokio::spawn(async move {
        for page in 0..20u128 {
            let sends = (0..100).map(|id| {
                let rail = Arc::clone(&sending);
                tokio::spawn(async move { rail.send(&work(page * 100 + id)).await })
            });
            for send in sends.collect::<Vec<_>>() {
                assert_eq!(send.await.unwrap(), Ok(Word::Accepted));
            }
        }
    });
    let mut settled = std::collections::HashSet::new();
    for _ in 0..2_000 {
        assert!(settled.insert(next(&mut said).await.0), "said twice");
    }
    sender.await.unwrap();
}
