//! What the filler writes is what a gateway would have written.

use std::sync::Arc;

use causeway_core::id::SessionId;
use causeway_core::payment::PaymentStatus;
use causeway_core::risk::scorer::ScoreError;
use causeway_core::risk::{Decider, Features, Thresholds};
use causeway_core::session::SessionLabel;
use causeway_core::store::{Column, MemoryStore, Reader, Scan, Store};
use causeway_core::time::Timestamp;

use super::*;
use crate::fill::csv::{order_id, outcome};
use crate::fill::generate::draft::Story;
use crate::fill::generate::tests::history;
use crate::fill::pipeline::Load;

const PAYMENTS: u64 = 600;

/// A history performed: what a gateway's store would hold, and what the filler writes.
struct Performed {
    stories: Vec<Arc<Story>>,
    gateway: Arc<dyn Store>,
    filler: Arc<dyn Store>,
}

/// A model that every feature matters to.
struct Sum;

impl Scorer for Sum {
    fn score(&mut self, rows: &[Features]) -> Result<Vec<f32>, ScoreError> {
        Ok(rows.iter().map(|row| row.0.iter().sum::<f32>().fract().abs()).collect())
    }

    fn model(&self) -> (&str, &str) {
        ("sum", "1")
    }

    fn thresholds(&self) -> Thresholds {
        Thresholds { step_up: 0.3, review: 0.6, decline: 0.6 }
    }
}

/// The history performed twice: once with each payment scored at its moment, as a gateway does, and once as the filler does.
fn performed(seed: u64) -> Performed {
    let (_, gateway, _) = perform(seed, Box::new(Sum));
    let (stories, _, filler) = perform(seed, model::fallback());
    Performed { stories, gateway: Arc::new(gateway), filler: Arc::new(filler) }
}

/// The stories, what a gateway would commit with this scorer, and what the filler writes.
fn perform(seed: u64, scorer: Box<dyn Scorer>) -> (Vec<Arc<Story>>, MemoryStore, MemoryStore) {
    let plants = "ring=0.02,stolen-device=0.02,burst=0.03,outage=0.05";
    let history = history(PAYMENTS, seed, plants);
    let keys = KeyRing::derive(&MasterKey::from_bytes([7; 32]), Mode::Sandbox);
    let demo = DemoPartner::new(history.people().partners()[0].account, BASE_URL).unwrap();
    let mut driver = driver(history, &keys, &demo, scorer).unwrap();
    let (gateway, filler) = (MemoryStore::new(), MemoryStore::new());
    let mut stories = Vec::new();
    let mut sink = |load| {
        match load {
            Load::Story(story) => stories.push(story),
            Load::Rows(mut rows) => {
                model::score(&mut Sum, &mut rows.changes);
                filler.commit(&[Batch::encode(&rows)])?;
            }
        }
        Ok(())
    };
    driver.run(&mut sink).unwrap();
    let batches: Vec<Batch> = driver.cell().batches.iter().map(Batch::encode).collect();
    gateway.commit(&batches).unwrap();
    let add = |batch| filler.commit(&[batch]).map_err(Failure::from);
    let last = last_batches(driver.rest().unwrap(), add).unwrap();
    filler.commit(&[last]).unwrap();
    (stories, gateway, filler)
}

fn rows(store: &dyn Store, column: Column) -> Vec<(Vec<u8>, Vec<u8>)> {
    let everything = Scan { from: Vec::new(), until: None, newest_first: false };
    store.scan(column, &everything, usize::MAX).unwrap()
}

#[test]
fn its_rows_are_those_of_a_gateway() {
    let Performed { gateway, filler, .. } = performed(5);
    for &column in Column::ALL {
        // Accounts hold credentials, which are random.
        if column == Column::Accounts {
            continue;
        }
        let (expected, found) = (rows(&*gateway, column), rows(&*filler, column));
        if column != Column::Timers {
            assert!(expected == found, "{}: {} rows, expected {}", column.name(), found.len(), expected.len());
        }
        let is_work = matches!(column, Column::Outbox | Column::RailWork | Column::Timers | Column::Lanes);
        let is_of_customers = matches!(
            column,
            Column::Customers | Column::CustomerNames | Column::CustomerVersions | Column::DeletedCustomers
        );
        let is_of_operators = matches!(
            column,
            Column::FailingEndpoints
                | Column::Redeliveries
                | Column::Bus
                | Column::Reviews
                | Column::RiskPolicies
                | Column::Models
                | Column::Labels
                | Column::Persons
        );
        let is_absent = is_work || is_of_customers || is_of_operators || column == Column::Replays;
        assert_eq!(found.is_empty(), is_absent, "{}", column.name());
    }
    // A gateway would have run the timers of ended sessions, which does nothing but remove them.
    let (expected, found) = (Reader::new(gateway), Reader::new(filler));
    for timer in expected.timers(None, Timestamp(u64::MAX - 1), usize::MAX).unwrap() {
        let causeway_core::command::TimerTask::ExpireSession(session) = timer.task else { panic!("{timer:?}") };
        let session = found.session(timer.account, session).unwrap().unwrap();
        assert_eq!(session.status.label(), SessionLabel::Completed);
    }
}

/// Before compression, which halves it. Half of the partners have webhooks; answers under idempotency keys are over.
#[test]
fn a_finished_journey_takes_at_most_three_kib() {
    let filler = performed(5).filler;
    let size =
        |column: &Column| rows(&*filler, *column).iter().map(|(key, value)| key.len() + value.len()).sum::<usize>();
    let bytes: usize = Column::ALL.iter().map(size).sum();
    let each = bytes / PAYMENTS as usize;
    assert!((1_000..=3_072).contains(&each), "{each} bytes a journey");
}

#[test]
fn the_same_seed_and_key_write_the_same_rows() {
    let (first, second, other) = (performed(5).filler, performed(5).filler, performed(6).filler);
    for &column in Column::ALL {
        let same = column == Column::Accounts || rows(&*first, column) == rows(&*second, column);
        assert!(same, "{}", column.name());
    }
    assert!(rows(&*first, Column::Payments) != rows(&*other, Column::Payments));
}

#[test]
fn every_story_is_a_finished_payment_with_its_session_and_receipt() {
    let Performed { stories, filler, .. } = performed(5);
    let reader = Reader::new(filler);
    let accounts: Vec<_> = reader.accounts().unwrap().iter().map(|account| account.id).collect();
    let mut payments = Vec::new();
    for &account in &accounts {
        payments.extend(reader.payments(account).unwrap());
    }
    payments.sort_by(|one, other| one.metadata.cmp(&other.metadata));
    assert_eq!(payments.len(), stories.len());
    for (payment, story) in payments.iter().zip(&stories) {
        assert_eq!(payment.metadata, [("order_id".to_owned(), order_id(story.number))]);
        let (word, code, seconds) = outcome(story.ending());
        assert_eq!(payment.status.word(), word);
        match payment.status {
            PaymentStatus::Settled { at } => assert_eq!(seconds, Some(at.since(payment.created_at).0 / 1_000)),
            PaymentStatus::Failed { code: found } => assert_eq!(found.word(), code),
            PaymentStatus::Cancelled
            | PaymentStatus::Routed
            | PaymentStatus::Verifying { .. }
            | PaymentStatus::Reviewing { .. } => assert_eq!(code, ""),
        }
        assert_eq!(
            (payment.created_at, payment.attempts.len()),
            (Timestamp(story.draft.at * 1_000), story.attempts.len())
        );
        let session = reader.session(payment.account, payment.session).unwrap().unwrap();
        let expected = if seconds.is_some() { SessionLabel::Completed } else { SessionLabel::Expired };
        assert_eq!((session.status.label(), session.id), (expected, SessionId(payment.session.0)));
        let receipt = reader.receipt(payment.account, payment.id).unwrap().unwrap();
        assert!(matches!(receipt.risk.decider, Decider::Model { .. }));
    }
}

#[test]
fn a_history_that_is_not_over_is_refused() {
    let mut settings = history(10, 1, "none").settings().clone();
    assert_eq!(refuse_future(&settings), Ok(()));
    settings.until = "2999-01-01".parse().unwrap();
    assert!(refuse_future(&settings).unwrap_err().to_string().contains("--until"));
}
