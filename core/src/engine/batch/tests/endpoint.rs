//! A webhook endpoint that is taken away while deliveries are on their way.

use super::world::{ACCOUNT, World, plain};
use crate::account::WebhookEndpoint;
use crate::change::OutboxRow;
use crate::command::Command;
use crate::delivery::DeliveryStatus;
use crate::event::EventKind;
use crate::store::Column;
use crate::time::Millis;

/// A session whose first delivery has failed once and waits; a second one is held behind it.
fn waiting() -> World {
    let mut world = World::with_webhook();
    let session = world.session("100.00");
    world.one(plain(Command::CancelSession(ACCOUNT, session))).unwrap();
    world.deliver(world.outbox()[0], false);
    world
}

fn pass_the_first_gap(world: &mut World) {
    let gap = world.settings().delivery_gaps[0];
    world.pass(Millis(gap.0 + gap.0 / 10));
}

fn status(world: &World, row: OutboxRow) -> DeliveryStatus {
    world.reader.delivery(row.account, row.delivery).unwrap().unwrap().status
}

#[test]
fn without_an_endpoint_deliveries_end_in_order_and_nothing_is_left_behind() {
    let mut world = waiting();
    world.one(plain(Command::UnsetWebhook(ACCOUNT))).unwrap();
    pass_the_first_gap(&mut world);
    let mut ended = Vec::new();
    while let Some(row) = world.outbox().first().copied() {
        ended.push(world.event_of(row));
        world.deliver(row, false);
        assert_eq!(status(&world, row), DeliveryStatus::DeadLettered);
    }
    assert_eq!(ended, [EventKind::SessionCreated, EventKind::SessionCancelled]);
    assert!(world.rows(Column::Lanes).is_empty(), "no order is kept of what has ended");
    world.session("5.00");
    assert!(world.outbox().is_empty(), "events without an endpoint are not delivered");
    world.one(plain(Command::UnsetWebhook(ACCOUNT))).unwrap();
}

#[test]
fn an_endpoint_that_is_set_again_gets_what_waited() {
    let mut world = waiting();
    world.one(plain(Command::UnsetWebhook(ACCOUNT))).unwrap();
    let endpoint = WebhookEndpoint { url: "https://other.example".to_owned(), sealed_secret: vec![2] };
    world.one(plain(Command::SetWebhook(ACCOUNT, endpoint))).unwrap();
    pass_the_first_gap(&mut world);
    let row = world.outbox()[0];
    world.deliver(row, true);
    assert!(matches!(status(&world, row), DeliveryStatus::Succeeded { .. }));
    assert_eq!(world.event_of(world.outbox()[0]), EventKind::SessionCancelled);
}
