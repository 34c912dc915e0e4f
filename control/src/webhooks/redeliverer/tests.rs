//! The redeliverer beside a cell that is played by the test.

use std::sync::Arc;

use causeway_core::account::Account;
use causeway_core::change::{Change, Index};
use causeway_core::command::Answer;
use causeway_core::delivery::DeliveryLabel;
use causeway_core::directory::Directory;
use causeway_core::event::{Event, EventData, EventKind};
use causeway_core::id::{DeliveryId, EventId, RedeliveryId};
use causeway_core::redelivery::{RedeliveryRange, RedeliveryStatus, Which};
use tokio::time::timeout;

use super::*;
use crate::dispatch::fixture::{DEADLINE, PlayedCell, notices};

const FIRST: AccountId = AccountId(1);
const SECOND: AccountId = AccountId(2);

struct Bench {
    cell: PlayedCell,
    running: tokio::task::JoinHandle<()>,
}

impl Bench {
    fn start(accounts: &[Account], rows: Vec<Change>) -> Bench {
        let mut directory = Directory::default();
        accounts.iter().for_each(|account| directory.put(Arc::new(account.clone())));
        let cell = PlayedCell::new(directory);
        cell.put(rows);
        cell.handle.redelivery_bell().ring_for_all();
        let redeliverer = Redeliverer { cell: cell.handle.clone(), reader: cell.reader.clone(), notice: notices().0 };
        let running = tokio::spawn(redeliverer.run(cell.stop.subscribe()));
        Bench { cell, running }
    }

    /// The next page, which the cell takes: whose, and how many events it has.
    async fn page(&self) -> (AccountId, usize) {
        let envelope = self.cell.next().await;
        let Command::AdvanceRedelivery(account, _, step) = &envelope.submission.command else {
            panic!("another command: {:?}", envelope.submission.command)
        };
        let page = (*account, step.events.len());
        let status = if step.is_last { RedeliveryStatus::Done { at: Timestamp(9) } } else { RedeliveryStatus::Running };
        let job = Redelivery { reached: step.through, status, ..job(*account) };
        self.cell.put(vec![Change::Redeliveries(*account, Arc::new(vec![job.clone()]))]);
        envelope.answer.send(Ok(Answer { reply: Reply::Redelivery(Arc::new(job)), replayed: false })).unwrap();
        page
    }

    async fn stop(self) {
        self.cell.stop.send_replace(true);
        timeout(DEADLINE, self.running).await.expect("it stops").unwrap();
        assert!(self.cell.is_quiet());
    }
}

fn account(id: AccountId, url: Option<&str>) -> Account {
    Account {
        id,
        name: "Partner".to_owned(),
        created_at: Timestamp(1),
        entitlements: Default::default(),
        origins: Vec::new(),
        keys: Vec::new(),
        webhook: url.map(|url| WebhookEndpoint::new(url.to_owned(), Vec::new())),
        quote_life: None,
        risk_is_real: false,
        branding: Default::default(),
        tier: None,
    }
}

fn open(id: AccountId) -> Account {
    account(id, Some("https://partner.example"))
}

fn job(account: AccountId) -> Redelivery {
    let (from, until) = (Timestamp(1), Timestamp(1_000_000));
    let range = RedeliveryRange { from, until, kinds: Vec::new(), which: Which::Missed };
    Redelivery {
        id: RedeliveryId(account.0),
        account,
        reached: range.begins_behind(),
        range,
        status: RedeliveryStatus::Running,
        scanned: 0,
        sent: 0,
        created_at: until,
    }
}

/// A job that runs, and so many events.
fn rows(account: AccountId, events: u64) -> Vec<Change> {
    let event = |number: u64| {
        let (id, created_at) = (EventId(u128::from(number) << 80), Timestamp(number));
        let data = EventData::Test;
        Change::Event(Arc::new(Event { id, account, kind: EventKind::WebhookTest, created_at, lane: None, data }))
    };
    let job = Change::Redeliveries(account, Arc::new(vec![job(account)]));
    (1..=events).map(event).chain([job]).collect()
}

fn on_its_way(account: AccountId, number: usize, is_there: bool) -> Change {
    Change::Index(Index::Delivery(account, DeliveryLabel::Undelivered, DeliveryId(number as u128)), is_there)
}

#[tokio::test]
async fn jobs_take_turns_from_the_start_of_the_process_to_their_ends() {
    let events = 2 * REDELIVERY_STEP as u64;
    let both = [rows(FIRST, events + 1), rows(SECOND, events)].concat();
    let bench = Bench::start(&[open(FIRST), open(SECOND)], both);
    let mut pages = Vec::new();
    for _ in 0..5 {
        pages.push(bench.page().await);
    }
    let full = |account| (account, REDELIVERY_STEP);
    assert_eq!(pages, [full(FIRST), full(SECOND), full(FIRST), full(SECOND), (FIRST, 1)]);
    bench.stop().await;
}

#[tokio::test]
async fn a_job_waits_until_its_endpoint_takes_events() {
    let bench = Bench::start(&[account(FIRST, None), open(SECOND)], rows(FIRST, 1));
    bench.cell.put(rows(SECOND, 1));
    bench.cell.handle.redelivery_bell().ring([SECOND]);
    assert_eq!(bench.page().await, (SECOND, 1), "the first one waits");
    bench.cell.publish(open(FIRST));
    assert_eq!(bench.page().await, (FIRST, 1));
    bench.stop().await;
}

#[tokio::test]
async fn a_job_waits_while_too_much_is_on_its_way() {
    let full = (0..REDELIVERY_AHEAD).map(|number| on_its_way(FIRST, number, true));
    let bench = Bench::start(&[open(FIRST), open(SECOND)], rows(FIRST, 1).into_iter().chain(full).collect());
    bench.cell.put(rows(SECOND, 1));
    bench.cell.handle.redelivery_bell().ring([SECOND]);
    assert_eq!(bench.page().await, (SECOND, 1), "the first one waits");
    bench.cell.put(vec![on_its_way(FIRST, 0, false)]);
    assert_eq!(bench.page().await, (FIRST, 1));
    bench.stop().await;
}

#[tokio::test]
async fn a_page_of_which_nothing_is_known_is_read_again() {
    let bench = Bench::start(&[open(FIRST)], rows(FIRST, 1));
    for refusal in [Refusal::Overloaded, Refusal::StoreDown, Refusal::OutcomeUnknown] {
        bench.cell.next().await.answer.send(Err(refusal)).unwrap();
    }
    assert_eq!(bench.page().await, (FIRST, 1));
    bench.stop().await;
}
