//! Redeliveries: which events they queue, in which order, and that a page counts once.

use super::world::{ACCOUNT, World, plain, start_redelivery};
use crate::command::{Command, NewEndpoint, Refusal, Reply, Subject};
use crate::delivery::DeliveryStatus;
use crate::endpoint::EndpointChange;
use crate::event::EventKind::{self, *};
use crate::id::{AccountId, DeliveryId, EventId, RedeliveryId};
use crate::limits::REDELIVERIES_KEPT;
use crate::redelivery::{Redelivery, RedeliveryRange, RedeliveryStatus, RedeliveryStep, Which};
use crate::store::{Column, PageBounds};
use crate::time::{Millis, Timestamp};

const SMALL: PageBounds = PageBounds { rows: 2, events: 1 };

impl World {
    fn start(&mut self, which: Which) -> Redelivery {
        // What happens in the millisecond of the start is not part of it.
        self.now = self.now.plus(Millis(1));
        let Reply::Redelivery(job) = self.one(plain(start_redelivery(ACCOUNT, which))).unwrap().reply else {
            panic!("a redelivery")
        };
        Redelivery::clone(&job)
    }

    fn run_redelivery(&mut self, bounds: PageBounds) -> Redelivery {
        loop {
            let job = self.redeliver(bounds);
            if !job.is_running() {
                return job;
            }
        }
    }

    /// Everything that is due, and becomes due by it, arrives.
    fn deliver_all(&mut self) -> Vec<EventKind> {
        let mut arrived = Vec::new();
        while let Some(row) = self.outbox().first().copied() {
            arrived.push(self.event_of(row));
            self.deliver(row, true);
        }
        arrived
    }

    fn set_endpoint(&mut self) {
        let endpoint = NewEndpoint { url: "https://partner.example/new".to_owned(), sealed_secret: vec![1] };
        self.one(plain(Command::SetWebhook(ACCOUNT, endpoint))).unwrap();
    }
}

#[test]
fn events_without_a_delivery_are_sent_in_the_order_of_their_session() {
    let mut world = World::new();
    let session = world.session("100.00");
    world.one(plain(Command::CancelSession(ACCOUNT, session))).unwrap();
    assert_eq!(world.one(plain(start_redelivery(ACCOUNT, Which::Missed))), Err(Refusal::NoEndpoint));
    world.set_endpoint();
    let job = world.start(Which::Missed);
    assert_eq!((job.status, job.scanned, job.sent), (RedeliveryStatus::Running, 0, 0));
    let after = world.session("5.00");
    let done = world.run_redelivery(SMALL);
    assert_eq!((done.status, done.scanned, done.sent), (RedeliveryStatus::Done { at: world.now }, 2, 2));
    assert_eq!(world.deliver_all(), [SessionCreated, SessionCreated, SessionCancelled]);
    let first = world.reader.deliveries(ACCOUNT, None, &Default::default(), 2, 1).unwrap().remove(0).0;
    assert_eq!((first.lane, first.id), (Some(session), DeliveryId::of(first.event)));
    assert_eq!(world.events(after), [SessionCreated], "what happened after the start is delivered as ever");
    world.start(Which::Missed);
    assert_eq!(world.run_redelivery(SMALL).sent, 0, "what arrived is not missed");
    world.start(Which::All);
    assert_eq!(world.run_redelivery(SMALL).sent, 3);
    assert_eq!(world.deliver_all().len(), 3);
}

#[test]
fn what_was_given_up_is_sent_and_what_is_on_its_way_is_left_alone() {
    let mut world = World::with_webhook();
    world.session("100.00");
    let dead = world.outbox()[0];
    world.one(plain(Command::UnsetWebhook(ACCOUNT))).unwrap();
    world.deliver(dead, false);
    world.set_endpoint();
    world.session("5.00");
    let waiting = world.outbox()[0];
    world.deliver(waiting, false);
    world.start(Which::All);
    let done = world.run_redelivery(PageBounds { rows: 9, events: 9 });
    assert_eq!((done.scanned, done.sent), (2, 1));
    assert_eq!(world.outbox().iter().map(|row| row.delivery).collect::<Vec<_>>(), [dead.delivery]);
    let again = world.reader.delivery(ACCOUNT, dead.delivery).unwrap().unwrap();
    assert_eq!((again.attempts, again.status), (0, DeliveryStatus::Due { row: world.outbox()[0].id }));
}

#[test]
fn only_the_types_and_the_time_that_were_asked_for() {
    let mut world = World::new();
    let session = world.session("100.00");
    world.now = world.now.plus(Millis(1_000));
    let second = world.now;
    world.one(plain(Command::CancelSession(ACCOUNT, session))).unwrap();
    world.now = world.now.plus(Millis(1_000));
    world.session("5.00");
    world.set_endpoint();
    world.now = world.now.plus(Millis(1));
    for (from, until, kinds, sent) in [
        (0, u64::MAX, vec![SessionCancelled], 1),
        (second.0, second.0 + 1, vec![], 0),
        (second.0 + 1, u64::MAX, vec![SessionCancelled], 0),
        (second.0 + 1, u64::MAX, vec![], 1),
        (u64::MAX, 0, vec![], 0),
        (0, second.0, vec![SessionCreated], 1),
    ] {
        let range = RedeliveryRange { from: Timestamp(from), until: Timestamp(until), kinds, which: Which::Missed };
        world.one(plain(Command::StartRedelivery(ACCOUNT, Box::new(range)))).unwrap();
        assert_eq!(world.run_redelivery(SMALL).sent, sent, "{from} to {until}");
    }
}

#[test]
fn a_page_counts_once_and_only_while_the_job_runs() {
    let mut world = World::new();
    world.session("100.00");
    world.session("5.00");
    world.set_endpoint();
    let job = world.start(Which::Missed);
    let page = |world: &World, job: &Redelivery| {
        let step = world.reader.redelivery_step(job, SMALL).unwrap();
        plain(Command::AdvanceRedelivery(ACCOUNT, job.id, Box::new(step)))
    };
    let first = page(&world, &job);
    let answers = world.batch(vec![first.clone(), first.clone()]);
    assert_eq!(answers[0], answers[1]);
    assert_eq!(world.outbox().len(), 1, "the second one changes nothing");
    world.forget();
    assert_eq!(world.one(first), answers[0], "nor does it after a new start");
    let here = world.reader.redeliveries(ACCOUNT).unwrap().remove(0);
    let next = page(&world, &here);
    world.one(plain(Command::ChangeEndpoint(ACCOUNT, EndpointChange::Pause))).unwrap();
    world.one(plain(Command::UnsetWebhook(ACCOUNT))).unwrap();
    assert_eq!(world.one(next.clone()), Err(Refusal::NoEndpoint), "the job waits");
    world.one(plain(Command::CancelRedelivery(ACCOUNT, job.id))).unwrap();
    let ended = world.one(next).unwrap().reply;
    let cancelled = Redelivery { status: RedeliveryStatus::Cancelled { at: world.now }, ..here };
    assert_eq!(ended, Reply::Redelivery(cancelled.into()));
    assert!(world.one(plain(Command::CancelRedelivery(ACCOUNT, job.id))).is_ok(), "what has ended stays so");
}

#[test]
fn what_nobody_knows_is_refused() {
    let mut world = World::with_webhook();
    let unknown = RedeliveryId(7);
    let step = RedeliveryStep { after: EventId(0), through: EventId(0), scanned: 0, events: Vec::new(), is_last: true };
    let nobody = AccountId(99);
    for (command, refusal) in [
        (start_redelivery(nobody, Which::All), Refusal::UnknownAccount),
        (Command::CancelRedelivery(nobody, unknown), Refusal::UnknownAccount),
        (Command::CancelRedelivery(ACCOUNT, unknown), Refusal::NotFound(Subject::Path)),
        (Command::AdvanceRedelivery(ACCOUNT, unknown, Box::new(step)), Refusal::NotFound(Subject::Path)),
    ] {
        assert_eq!(world.one(plain(command)), Err(refusal));
    }
    let job = world.start(Which::All);
    assert_eq!(world.one(plain(start_redelivery(ACCOUNT, Which::All))), Err(Refusal::RedeliveryRunning));
    let other = Command::CancelRedelivery(world.other_account(), job.id);
    assert_eq!(world.one(plain(other)), Err(Refusal::NotFound(Subject::Path)));
}

#[test]
fn the_oldest_job_makes_room() {
    let mut world = World::with_webhook();
    let jobs: Vec<RedeliveryId> = (0..=REDELIVERIES_KEPT)
        .map(|_| {
            let job = world.start(Which::Missed);
            world.run_redelivery(SMALL);
            job.id
        })
        .collect();
    let kept: Vec<RedeliveryId> = world.reader.redeliveries(ACCOUNT).unwrap().iter().map(|job| job.id).collect();
    assert_eq!(kept, jobs[1..]);
    assert!(world.reader.running_redeliveries().unwrap().is_empty());
}

/// What has lived for as long as events are kept is out of reach; what has not stays until the job has looked at it, however
/// long that takes.
#[test]
fn a_job_keeps_what_it_has_yet_to_look_at() {
    let mut world = World::new();
    let life = world.settings().event_life;
    world.session("100.00");
    world.now = world.now.plus(Millis(1));
    for _ in 0..3 {
        world.session("100.00");
    }
    world.set_endpoint();
    world.now = world.now.plus(Millis(life.0 - 2));
    let job = world.start(Which::Missed);
    assert_eq!(job.range.from, Timestamp(world.now.0 + 1 - life.0));
    world.now = world.now.plus(life);
    world.sweep();
    assert_eq!(world.rows(Column::Events).len(), 3, "one is older than its reach");
    assert_eq!(world.run_redelivery(SMALL).sent, 3);
    while let Some(row) = world.outbox().first().copied() {
        world.deliver(row, true);
    }
    world.sweep();
    assert!(world.rows(Column::Events).is_empty());
}

/// Beside the head and the job: delivery, index, the row that makes it due, and the end of its session's order.
#[test]
fn a_page_writes_four_rows_an_event_at_most() {
    let mut world = World::new();
    for _ in 0..8 {
        world.session("100.00");
    }
    world.set_endpoint();
    world.start(Which::Missed);
    world.redeliver(PageBounds { rows: 9, events: 8 });
    let (puts, deletes, bytes) = world.written;
    assert_eq!((puts, deletes), (2 + 4 * 8, 0));
    assert!(bytes <= 8 * 500, "{bytes} bytes");
    let nothing = world.start(Which::Missed);
    assert_eq!(world.redeliver(PageBounds { rows: 9, events: 8 }).sent, nothing.sent);
    assert_eq!(world.written.0, 2, "a page without a choice writes how far it has come");
}
