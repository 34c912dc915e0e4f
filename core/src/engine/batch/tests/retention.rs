//! Events whose life is over go with everything that was kept for them; others stay.

use super::world::{ACCOUNT, World, plain, renaming};
use crate::command::{Command, Refusal, Reply, Subject};
use crate::event::OldEvent;
use crate::fixture::customer_terms;
use crate::id::{DeliveryId, EventId};
use crate::store::Column;
use crate::time::{Millis, Timestamp};

/// What is kept of events.
const KEPT: [Column; 4] = [Column::Events, Column::Deliveries, Column::DeliveryIndex, Column::CustomerVersions];

impl World {
    /// Names every event of the account to the cell.
    pub(super) fn sweep(&mut self) {
        let all = self.old_events();
        assert_eq!(self.one(plain(Command::SweepEvents(ACCOUNT, all))).unwrap().reply, Reply::Done);
    }

    fn old_events(&self) -> Vec<OldEvent> {
        let found = self.reader.old_events(ACCOUNT, None, Timestamp(self.now.0 + 1), 1_000).unwrap();
        let event = |(id, _): (EventId, _)| self.reader.event(ACCOUNT, id).unwrap().unwrap().old();
        found.into_iter().map(event).collect()
    }

    fn grow_old(&mut self) {
        self.now = self.now.plus(self.settings().event_life);
    }

    fn kept(&self) -> [usize; 4] {
        KEPT.map(|column| self.rows(column).len())
    }
}

#[test]
fn what_was_delivered_goes_when_its_life_is_over() {
    let mut world = World::with_webhook();
    let Reply::Customer(customer) =
        world.one(plain(Command::CreateCustomer(ACCOUNT, Box::new(customer_terms("ann"))))).unwrap().reply
    else {
        panic!("a customer")
    };
    world.one(plain(renaming(customer.facts.id, "Anna"))).unwrap();
    world.session("100.00");
    while let Some(row) = world.outbox().first().copied() {
        world.deliver(row, true);
    }
    assert_eq!(world.kept(), [3, 3, 3, 2]);
    world.now = world.now.plus(Millis(world.settings().event_life.0 - 1));
    world.sweep();
    assert_eq!(world.kept(), [3, 3, 3, 2], "a millisecond is left");
    world.now = world.now.plus(Millis(1));
    world.sweep();
    assert_eq!(world.kept(), [0, 0, 0, 0]);
    world.sweep();
    // What the events told of is there.
    assert!(world.reader.customer(ACCOUNT, customer.facts.id).unwrap().is_some());
    world.one(plain(renaming(customer.facts.id, "Ann"))).unwrap();
}

#[test]
fn what_was_not_delivered_stays_until_it_was_or_was_given_up() {
    let mut world = World::with_webhook();
    let session = world.session("100.00");
    world.one(plain(Command::CancelSession(ACCOUNT, session))).unwrap();
    let old = world.old_events();
    world.grow_old();
    world.sweep();
    assert_eq!(world.kept(), [2, 2, 2, 0]);
    world.deliver(world.outbox()[0], true);
    world.sweep();
    assert_eq!(world.kept(), [1, 1, 1, 0], "the second one is due now");
    world.one(plain(Command::UnsetWebhook(ACCOUNT))).unwrap();
    world.deliver(world.outbox()[0], false);
    world.sweep();
    assert_eq!(world.kept(), [0, 0, 0, 0]);
    let replay = Command::ReplayDelivery(ACCOUNT, DeliveryId::of(old[1].id), Some(session));
    assert_eq!(world.one(plain(replay)), Err(Refusal::NotFound(Subject::Path)));
}

#[test]
fn events_that_nobody_was_to_get_go_too() {
    let mut world = World::new();
    world.session("100.00");
    assert_eq!(world.kept(), [1, 0, 0, 0]);
    world.grow_old();
    world.sweep();
    assert_eq!(world.kept(), [0, 0, 0, 0]);
}

/// While a list is read, what is at its end may go: it is passed over, and is no sign of a store that lost something.
#[test]
fn the_oldest_events_are_named_in_order_with_what_has_ended() {
    let mut world = World::with_webhook();
    world.session("100.00");
    world.now = world.now.plus(Millis(10));
    world.session("100.00");
    world.deliver(world.outbox()[0], true);
    let all = world.reader.old_events(ACCOUNT, None, Timestamp(world.now.0 + 1), 10).unwrap();
    assert_eq!(all.iter().map(|(_, ended)| ended.is_some()).collect::<Vec<_>>(), [true, false]);
    assert_eq!(world.reader.old_events(ACCOUNT, None, world.now, 10).unwrap(), all[..1]);
    assert_eq!(world.reader.old_events(ACCOUNT, Some(all[0].0), Timestamp(world.now.0 + 1), 10).unwrap(), all[1..]);
}
