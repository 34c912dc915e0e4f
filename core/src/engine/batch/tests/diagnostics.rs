//! Deliveries that are replayed, tests of an endpoint, and the lists that show both.

use std::collections::BTreeSet;

use super::world::{ACCOUNT, World, plain};
use crate::change::OutboxRow;
use crate::command::{Command, Outcome, Refusal, Reply, Subject};
use crate::delivery::{Delivery, DeliveryLabel, DeliveryStatus};
use crate::event::EventKind;
use crate::id::{DeliveryId, SessionId};
use crate::store::Column;

fn delivery(world: &World, row: OutboxRow) -> Delivery {
    world.reader.delivery(row.account, row.delivery).unwrap().unwrap()
}

fn replay(world: &mut World, delivery: &Delivery) -> Outcome {
    world.one(plain(Command::ReplayDelivery(ACCOUNT, delivery.id, delivery.lane)))
}

fn listed(world: &World, label: DeliveryLabel) -> Vec<DeliveryId> {
    let page = world.reader.deliveries(ACCOUNT, Some(label), &BTreeSet::new(), 0, 100).unwrap();
    page.into_iter().map(|(delivery, _)| delivery.id).collect()
}

/// The first delivery of a session, given up while two later ones are on their way.
fn dead(world: &mut World) -> (Delivery, SessionId) {
    let session = world.session("100.00");
    world.one(plain(Command::CancelSession(ACCOUNT, session))).unwrap();
    for gap in world.settings().delivery_gaps {
        world.deliver(world.outbox()[0], false);
        world.pass(crate::time::Millis(gap.0 + gap.0 / 10));
    }
    let row = world.outbox()[0];
    world.deliver(row, false);
    (delivery(world, row), session)
}

#[test]
fn a_replayed_delivery_joins_the_end_of_its_sessions_order_and_begins_anew() {
    let mut world = World::with_webhook();
    let (first, _) = dead(&mut world);
    assert_eq!((first.status, first.attempts), (DeliveryStatus::DeadLettered, 5));
    assert_eq!(listed(&world, DeliveryLabel::DeadLettered), [first.id]);
    let Reply::Delivery(replayed) = replay(&mut world, &first).unwrap().reply else { panic!("a delivery") };
    assert_eq!((replayed.status, replayed.attempts, replayed.next), (DeliveryStatus::Held, 0, None));
    assert_eq!((replayed.event, replayed.created_at), (first.event, first.created_at));
    assert_eq!(listed(&world, DeliveryLabel::DeadLettered), []);
    assert_eq!(replay(&mut world, &first), Err(Refusal::DeliveryNotDead));
    let mut told = Vec::new();
    for works in [true, false, true] {
        assert_eq!(world.outbox().len(), 1, "one delivery of a session at a time");
        told.push(world.event_of(world.outbox()[0]));
        world.deliver(world.outbox()[0], works);
        world.pass(crate::time::Millis(66_000));
    }
    let created = EventKind::SessionCreated;
    assert_eq!(told, [EventKind::SessionCancelled, created, created], "tried again after the first gap");
    assert!(listed(&world, DeliveryLabel::Undelivered).is_empty() && world.rows(Column::Lanes).is_empty());
    assert_eq!(replay(&mut world, &first), Err(Refusal::DeliveryNotDead));
}

#[test]
fn a_replay_needs_an_endpoint_and_its_own_delivery() {
    let mut world = World::with_webhook();
    let (first, session) = dead(&mut world);
    let other = Command::ReplayDelivery(world.other_account(), first.id, first.lane);
    for elsewhere in [
        other,
        Command::ReplayDelivery(ACCOUNT, first.id, None),
        Command::ReplayDelivery(ACCOUNT, DeliveryId(9), Some(session)),
    ] {
        assert_eq!(world.one(plain(elsewhere)), Err(Refusal::NotFound(Subject::Path)));
    }
    world.one(plain(Command::UnsetWebhook(ACCOUNT))).unwrap();
    assert_eq!(replay(&mut world, &first), Err(Refusal::NoEndpoint));
    assert_eq!(world.one(plain(Command::SendTestWebhook(ACCOUNT))), Err(Refusal::NoEndpoint));
    assert_eq!(listed(&world, DeliveryLabel::DeadLettered), [first.id], "nothing has changed");
}

#[test]
fn a_replay_is_prefetched_in_two_rounds() {
    let mut world = World::with_webhook();
    let (first, _) = dead(&mut world);
    let command = Command::ReplayDelivery(ACCOUNT, first.id, first.lane);
    assert_eq!(world.rounds(&plain(command)), 2);
}

#[test]
fn a_test_waits_for_no_session_and_no_session_for_it() {
    let mut world = World::with_webhook();
    world.session("100.00");
    let Reply::Delivery(sent) = world.one(plain(Command::SendTestWebhook(ACCOUNT))).unwrap().reply else {
        panic!("a delivery")
    };
    assert_eq!((sent.lane, sent.target_url.as_str()), (None, "https://partner.example"));
    let rows = world.outbox();
    assert_eq!([world.event_of(rows[0]), world.event_of(rows[1])], [EventKind::SessionCreated, EventKind::WebhookTest]);
    world.deliver(rows[1], true);
    let delivered = delivery(&world, rows[1]);
    assert_eq!(delivered.status, DeliveryStatus::Succeeded { at: world.now });
    assert_eq!(delivered.target_url, "https://partner.example/tried", "where the attempt went");
    assert_eq!((listed(&world, DeliveryLabel::Succeeded), world.outbox().len()), (vec![sent.id], 1));
}
