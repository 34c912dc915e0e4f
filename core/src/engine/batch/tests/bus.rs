//! The queue to the event bus: every event, in the commit of what it tells of, until the bus has it.

use super::world::{ACCOUNT, World, account, key, plain};
use crate::account::Account;
use crate::command::Command;
use crate::endpoint::WebhookEndpoint;
use crate::id::EventId;
use crate::store::Column;

impl World {
    fn waiting(&self) -> Vec<EventId> {
        self.reader.bus(None, usize::MAX).unwrap().iter().map(|row| row.event).collect()
    }
}

#[test]
fn every_event_waits_for_the_bus_in_commit_order_until_it_has_it() {
    let mut world = World::with_bus(account(ACCOUNT));
    let (payment, _) = world.paid("100.00");
    world.report(payment, crate::rail::RailOutcome::Settled);
    let waiting = world.waiting();
    assert_eq!(waiting.len(), 6);
    let told: Vec<_> = waiting
        .iter()
        .map(|id| world.reader.event(ACCOUNT, *id).unwrap().unwrap())
        .map(|event| event.created_at)
        .collect();
    assert!(told.is_sorted() && waiting.is_sorted());
    world.one(plain(Command::ReportPublished(waiting[..4].to_vec()))).unwrap();
    world.one(plain(Command::ReportPublished(waiting[1..2].to_vec()))).unwrap();
    assert_eq!(world.waiting(), waiting[4..], "reported twice, gone once");
}

/// A bus costs one put for each event and one delete for each that it took, and nothing where there is none.
#[test]
fn a_bus_costs_a_row_an_event_and_nobody_else_anything() {
    let webhook = Some(WebhookEndpoint::new("https://partner.example".to_owned(), vec![1]));
    let mut world = World::with_bus(Account { webhook, ..account(ACCOUNT) });
    world.one(key(1, 0, crate::fixture::create_session(ACCOUNT, "100.00"))).unwrap();
    assert_eq!((world.written.0, world.written.1), (12, 0), "one more than without a bus");
    world.one(plain(Command::ReportPublished(world.waiting()))).unwrap();
    assert_eq!((world.written.0, world.written.1), (1, 1), "the head, and the row that goes");
    let mut without = World::with_webhook();
    without.paid("100.00");
    assert!(without.rows(Column::Events).len() > 3 && without.rows(Column::Bus).is_empty());
}
