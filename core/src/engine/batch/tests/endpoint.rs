//! A webhook endpoint that is taken away while deliveries are on their way.

use super::world::{ACCOUNT, World, plain};
use crate::change::OutboxRow;
use crate::command::{Command, NewEndpoint};
use crate::delivery::{DeliveryOutcome, DeliveryStatus};
use crate::endpoint::{Disabling, EndpointChange, EndpointState};
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
    let endpoint = NewEndpoint { url: "https://other.example".to_owned(), sealed_secret: vec![2] };
    world.one(plain(Command::SetWebhook(ACCOUNT, endpoint))).unwrap();
    pass_the_first_gap(&mut world);
    let row = world.outbox()[0];
    world.deliver(row, true);
    assert!(matches!(status(&world, row), DeliveryStatus::Succeeded { .. }));
    assert_eq!(world.event_of(world.outbox()[0]), EventKind::SessionCancelled);
}

impl World {
    /// What came of the attempt that is due: 200, or this status.
    fn answered(&mut self, status: u16) {
        let row = self.outbox()[0];
        let works = status == 200;
        let outcome = DeliveryOutcome {
            target_url: Some("https://partner.example".to_owned()),
            response_status: Some(status),
            ..self.outcome_of(row, works)
        };
        self.one(plain(Command::ReportDeliveries(vec![outcome]))).unwrap();
    }

    fn endpoint_state(&self) -> EndpointState {
        self.state.directory().account(ACCOUNT).unwrap().webhook.as_ref().unwrap().state
    }

    fn change_endpoint(&mut self, change: EndpointChange) {
        self.one(plain(Command::ChangeEndpoint(ACCOUNT, change))).unwrap();
    }
}

#[test]
fn an_endpoint_that_is_gone_is_disabled_and_what_was_due_ends() {
    let mut world = World::with_webhook();
    world.session("1.00");
    let row = world.outbox()[0];
    world.answered(410);
    assert_eq!(world.endpoint_state(), EndpointState::Disabled { at: world.now, why: Disabling::Gone });
    assert_eq!(status(&world, row), DeliveryStatus::DeadLettered);
    world.session("2.00");
    assert!(world.outbox().is_empty(), "events are kept and not delivered");
    world.change_endpoint(EndpointChange::Resume);
    world.session("3.00");
    assert_eq!(world.outbox().len(), 1);
}

#[test]
fn an_endpoint_that_fails_for_days_is_disabled_unless_something_arrives_meanwhile() {
    let mut world = World::with_webhook();
    let patience = world.settings().endpoint_patience;
    let half = Millis(patience.0 / 2 + 1);
    for status in [500, 200, 500, 500, 500] {
        world.session("1.00");
        assert_eq!(world.endpoint_state(), EndpointState::Open);
        world.answered(status);
        world.now = world.now.plus(half);
    }
    let since = world.now;
    assert!(matches!(world.endpoint_state(), EndpointState::Disabled { why: Disabling::Failing, at } if at < since));
    world.change_endpoint(EndpointChange::Resume);
    assert!(world.rows(Column::FailingEndpoints).is_empty());
    world.session("1.00");
    world.answered(500);
    assert_eq!(world.endpoint_state(), EndpointState::Open, "its days begin anew");
    assert_eq!(world.reader.failing_since(ACCOUNT).unwrap(), Some(world.now));
}

#[test]
fn attempts_to_another_endpoint_say_nothing_of_this_one() {
    let mut world = World::with_webhook();
    world.session("1.00");
    let other = NewEndpoint { url: "https://other.example".to_owned(), sealed_secret: vec![2] };
    world.one(plain(Command::SetWebhook(ACCOUNT, other))).unwrap();
    world.answered(410);
    assert_eq!(world.endpoint_state(), EndpointState::Open);
    assert!(world.rows(Column::FailingEndpoints).is_empty());
}
