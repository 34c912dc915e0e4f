use causeway_core::directory::Directory;
use causeway_core::id::{AccountId, AttemptId, PaymentId, SessionId};
use causeway_core::limits::LANE_INTERNAL;
use causeway_core::rail::{RailOutcome, RailReport};

use super::fixture::{PlayedCell, done, notices};
use super::*;

fn report(attempt: u128) -> RailReport {
    RailReport {
        attempt: AttemptId(attempt),
        payment: PaymentId(attempt),
        account: AccountId(1),
        session: SessionId(attempt),
        outcome: RailOutcome::Settled,
    }
}

fn reporter(cell: &PlayedCell) -> Reporter<RailReport> {
    Reporter { cell: cell.handle.clone(), command: Command::ReportRails, taken: Arc::new(|_| {}), notice: notices().0 }
}

fn attempts(command: Command) -> Vec<u128> {
    let Command::ReportRails(reports) = command else { panic!("{command:?}") };
    reports.iter().map(|report| report.attempt.0).collect()
}

#[tokio::test]
async fn outcomes_go_in_groups_and_all_of_them() {
    let cell = PlayedCell::new(Directory::default());
    let (sender, receiver) = mpsc::channel(1_000);
    for id in 0..1_000 {
        sender.send(report(id)).await.unwrap();
    }
    let running = tokio::spawn(reporter(&cell).run(receiver, cell.stop.subscribe()));
    let mut seen = Vec::new();
    while seen.len() < 1_000 {
        let group = attempts(cell.take().await);
        assert!(group.len() <= GROUP);
        seen.extend(group);
    }
    seen.sort_unstable();
    assert_eq!(seen, (0..1_000).collect::<Vec<_>>());
    drop(sender);
    running.await.unwrap();
}

#[tokio::test]
async fn a_full_lane_and_an_unknown_outcome_are_tried_again() {
    let cell = PlayedCell::new(Directory::default());
    let filler =
        || Submission { command: Command::ReportRails(Vec::new()), idempotency: None, deadline: Timestamp(u64::MAX) };
    let waiting: Vec<_> = (0..LANE_INTERNAL).map(|_| cell.handle.enqueue(Lane::Internal, filler()).unwrap()).collect();
    let (sender, receiver) = mpsc::channel(10);
    sender.send(report(7)).await.unwrap();
    let running = tokio::spawn(reporter(&cell).run(receiver, cell.stop.subscribe()));
    for _ in 0..waiting.len() {
        cell.take().await;
    }
    let lost = cell.next().await;
    assert_eq!(attempts(lost.submission.command), [7]);
    lost.answer.send(Err(Refusal::OutcomeUnknown)).unwrap();
    let dropped = cell.next().await;
    assert_eq!(attempts(dropped.submission.command), [7]);
    drop(dropped.answer);
    let taken = cell.next().await;
    assert_eq!(attempts(taken.submission.command), [7]);
    taken.answer.send(done()).unwrap();
    drop(sender);
    running.await.unwrap();
    assert!(cell.is_quiet());
}

#[tokio::test]
async fn the_stop_ends_it_after_what_is_there() {
    let cell = PlayedCell::new(Directory::default());
    let (sender, receiver) = mpsc::channel(10);
    sender.send(report(1)).await.unwrap();
    cell.stop.send_replace(true);
    let running = tokio::spawn(reporter(&cell).run(receiver, cell.stop.subscribe()));
    assert_eq!(attempts(cell.take().await), [1]);
    running.await.unwrap();
}
