use causeway_core::change::Change;
use causeway_core::directory::Directory;
use causeway_core::event::{Event, EventData, EventKind};
use tokio::time::timeout;

use super::*;
use crate::dispatch::fixture::{DEADLINE, PlayedCell, notices, plain_account};

const DAY: u64 = 86_400_000;

/// An account with so many events of so many days ago each.
fn told(cell: &PlayedCell, account: AccountId, days: &[u64]) -> Vec<EventId> {
    let now = system_time().0;
    let event = |(place, days): (usize, &u64)| {
        let at = now - days * DAY;
        let id = EventId(u128::from(at) << 80 | place as u128);
        let (kind, created_at) = (EventKind::WebhookTest, Timestamp(at));
        Arc::new(Event { id, account, kind, created_at, lane: None, data: EventData::Test })
    };
    let events: Vec<_> = days.iter().enumerate().map(event).collect();
    cell.put(events.iter().map(|event| Change::Event(Arc::clone(event))).collect());
    events.iter().map(|event| event.id).collect()
}

fn directory(accounts: impl IntoIterator<Item = u128>) -> Directory {
    let mut directory = Directory::default();
    accounts.into_iter().for_each(|id| directory.put(Arc::new(plain_account(AccountId(id)))));
    directory
}

#[tokio::test]
async fn what_is_older_than_its_life_is_named_to_the_cell_in_small_steps() {
    let cell = PlayedCell::new(directory([1, 2]));
    let old: Vec<u64> = (31..31 + 100).rev().collect();
    let named = told(&cell, AccountId(1), &[&old[..], &[29, 1, 0]].concat());
    told(&cell, AccountId(2), &[29]);
    let (notice, lines) = notices();
    let swept = Arc::<AtomicU64>::default();
    let (handle, reader) = (cell.handle.clone(), cell.reader.clone());
    let sweeper = Sweeper { cell: handle, reader, life: Millis(30 * DAY), notice, swept: Arc::clone(&swept) };
    let running = tokio::spawn(sweeper.run(cell.stop.subscribe()));
    let mut found = Vec::new();
    while found.len() < 100 {
        let Command::SweepEvents(account, events) = cell.take().await else { panic!("another command") };
        assert!(account == AccountId(1) && events.len() <= STEP);
        found.extend(events.into_iter().map(|event| event.id));
    }
    assert_eq!(found, named[..100]);
    cell.stop.send_replace(true);
    timeout(DEADLINE, running).await.expect("it stops").unwrap();
    assert!(cell.is_quiet() && lines.lock().is_empty());
    assert_eq!(swept.load(Ordering::Relaxed), 100);
}
