//! Every state change has its event in the same commit, and no event is without a change.
//!
//! One command at a time: what must be told follows from the objects before and after the commit, by the contract's words.
//! Then the same script in batches: each holds the events of its commands, so that none came earlier or later than its
//! change, which `any_split_gives_the_same` keeps where it is.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::script::{Choice, Known, Setting, pause, steps, world};
use super::world::World;
use crate::command::Submission;
use crate::customer::Customer;
use crate::event::{Event, EventData, EventKind};
use crate::id::{AccountId, CustomerId, EventId, PaymentId, QuoteId, SessionId};
use crate::payment::{Payment, PaymentKind, PaymentStatus};
use crate::quote::Quote;
use crate::session::{PackageVerdict, Session};
use crate::store::Column;

/// The session, the type on the wire, and the number of the object that the event carries; of a customer's there is no
/// session.
type Told = (Option<SessionId>, &'static str, u128);

/// A script with the events that each of its commands gave, and those of the time that passed after each step.
type Script = Vec<(Vec<(Submission, Vec<Event>)>, Vec<Event>)>;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn every_state_change_has_its_event_in_the_same_commit(
        steps in steps(),
        cuts in prop::collection::vec(any::<bool>(), 1..80),
        setting: Setting,
    ) {
        let script = run_alone(&steps, setting);
        run_in_batches(script, &cuts, setting);
    }
}

fn run_alone(steps: &[Vec<Choice>], setting: Setting) -> Script {
    let (mut world, mut known) = (world(setting), Known::default());
    let mut script = Vec::new();
    for step in steps {
        let mut commands = Vec::new();
        for choice in step {
            let submission = known.submission(&world, *choice);
            let events = observe(&mut world, |world| known.learn(&submission, &world.one(submission.clone())));
            commands.push((submission, events));
        }
        script.push((commands, observe(&mut world, |world| world.pass(pause(step.len())))));
    }
    script
}

fn run_in_batches(script: Script, cuts: &[bool], setting: Setting) {
    let (mut world, mut cut) = (world(setting), cuts.iter().cycle());
    for (commands, when_time_passed) in script {
        let (pause, mut batch, mut due) = (pause(commands.len()), Vec::new(), Vec::new());
        for (submission, events) in commands {
            batch.push(submission);
            due.extend(events);
            if cut.next() == Some(&true) {
                commit(&mut world, &mut batch, &mut due);
            }
        }
        commit(&mut world, &mut batch, &mut due);
        let events = told(&mut world, |world| world.pass(pause));
        assert_eq!(events, when_time_passed);
    }
}

fn commit(world: &mut World, batch: &mut Vec<Submission>, due: &mut Vec<Event>) {
    let events = told(world, |world| drop(world.batch(std::mem::take(batch))));
    assert_eq!(events, std::mem::take(due), "a batch tells what its commands tell");
}

/// The events of one commit.
fn told(world: &mut World, commit: impl FnOnce(&mut World)) -> Vec<Event> {
    let before = Stored::read(world);
    commit(world);
    Stored::read(world).events_since(&before)
}

/// The events of one commit, which are exactly what its changes demand.
fn observe(world: &mut World, commit: impl FnOnce(&mut World)) -> Vec<Event> {
    let before = Stored::read(world);
    commit(world);
    let after = Stored::read(world);
    let events = after.events_since(&before);
    // A test tells of nothing that changed.
    let changes = events.iter().filter(|event| event.kind != EventKind::WebhookTest);
    let mut found: Vec<Told> = changes.map(|event| checked(event, world, &after)).collect();
    let money = [sessions_due(&before, &after), quotes_due(&before, &after), payments_due(&before, &after)].concat();
    let mut due = [money, packages_due(&before, &after), customers_due(&before, &after)].concat();
    found.sort_unstable();
    due.sort_unstable();
    assert_eq!(found, due, "told, and to be told");
    let has_endpoint = |event: &&Event| {
        world.state.directory().account(event.account).is_some_and(|account| account.webhook.is_some())
    };
    let to_deliver: Vec<EventId> = events.iter().filter(has_endpoint).map(|event| event.id).collect();
    assert_eq!(after.deliveries_since(&before), to_deliver, "each event has one delivery in the same commit");
    events
}

/// An event names its session and carries the whole object as the commit left it. Of a movement's end alone the session may
/// have moved on: its time ran out meanwhile.
fn checked(event: &Event, world: &World, after: &Stored) -> Told {
    let of_session = |id: SessionId| (after.sessions[&id].account, Some(id));
    let ((owner, session), object) = match &event.data {
        EventData::Session(session) => {
            let same = **session == after.sessions[&session.id];
            assert!(same || event.kind == EventKind::SessionFailed, "{event:?}");
            (of_session(session.id), session.id.0)
        }
        EventData::Quote(quote) => {
            assert_eq!(**quote, after.quotes[&quote.id]);
            (of_session(after.session_of(quote)), quote.id.0)
        }
        EventData::Payment(payment) => {
            assert_eq!(**payment, after.payments[&payment.id]);
            (of_session(payment.session), payment.id.0)
        }
        EventData::Customer(facts, terms) => {
            let customer = &after.customers[&facts.id];
            assert_eq!((*facts, terms.as_deref()), (customer.facts, Some(&customer.terms)));
            ((facts.account, None), facts.id.0)
        }
        EventData::DeletedCustomer(id, at) => {
            assert!(*at == world.now && !after.customers.contains_key(id));
            ((event.account, None), id.0)
        }
        EventData::Test => panic!("a test was left out"),
    };
    assert_eq!((event.account, event.created_at, event.lane), (owner, world.now, session));
    (session, event.kind.word(), object)
}

fn sessions_due(before: &Stored, after: &Stored) -> Vec<Told> {
    let due = after.sessions.values().filter_map(|session| {
        let was = before.sessions.get(&session.id).map(|session| session.status.word());
        let word = match (was, session.status.word()) {
            (None, "open") => "gate_session.created",
            (Some("open"), "completed") => "gate_session.completed",
            (Some("open"), "cancelled") => "gate_session.cancelled",
            (Some("open"), "expired") => "gate_session.expired",
            (Some(was), now) if was == now => return None,
            (was, now) => panic!("a session went from {was:?} to {now}"),
        };
        Some((Some(session.id), word, session.id.0))
    });
    due.collect()
}

/// A verification that comes with a session is told of when it is relied upon.
fn packages_due(before: &Stored, after: &Stored) -> Vec<Told> {
    let is_new = |session: &&Session| !before.sessions.contains_key(&session.id);
    let accepted = |session: &&Session| {
        session.terms.kyc_package.is_some_and(|package| package.verdict == PackageVerdict::Accepted)
    };
    let due = after.sessions.values().filter(is_new).filter(accepted);
    due.map(|session| (Some(session.id), "gate_session.kyc_package_accepted", session.id.0)).collect()
}

fn quotes_due(before: &Stored, after: &Stored) -> Vec<Told> {
    let was_consumed = |quote: &Quote| before.quotes.get(&quote.id).is_some_and(|quote| quote.consumed.is_some());
    let consumed = after.quotes.values().filter(|quote| quote.consumed.is_some() && !was_consumed(quote));
    consumed.map(|quote| (Some(after.session_of(quote)), "quote.consumed", quote.id.0)).collect()
}

/// A payment is told of by its public word, its movement by the session.
fn payments_due(before: &Stored, after: &Stored) -> Vec<Told> {
    let mut due = Vec::new();
    for payment in after.payments.values() {
        let was = before.payments.get(&payment.id).map(|payment| payment.status.word());
        let (of_payment, of_session) = match (was, payment.status.word()) {
            (None, "processing") => (rail(payment, ["rail.pay_in.processing", "rail.pay_out.processing"]), PROCESSING),
            (Some("processing"), "settled") => (rail(payment, ["rail.pay_in.settled", "rail.pay_out.settled"]), None),
            (None | Some("processing"), "failed") => {
                (rail(payment, ["rail.pay_in.failed", "rail.pay_out.failed"]), FAILED)
            }
            (Some("processing"), "cancelled") => {
                (rail(payment, ["rail.pay_in.cancelled", "rail.pay_out.cancelled"]), FAILED)
            }
            (Some(was), now) if was == now => continue,
            (was, now) => panic!("a payment went from {was:?} to {now}"),
        };
        let session = Some(payment.session);
        due.push((session, of_payment, payment.id.0));
        due.extend(of_session.map(|word| (session, word, payment.session.0)));
        if was.is_none() && matches!(payment.status, PaymentStatus::Verifying { .. }) {
            due.push((session, "kyc.required", payment.id.0));
        }
    }
    due
}

fn customers_due(before: &Stored, after: &Stored) -> Vec<Told> {
    let word = |customer: &Customer| match before.customers.get(&customer.facts.id) {
        None => Some("customer.created"),
        Some(was) if was == customer => None,
        Some(_) => Some("customer.updated"),
    };
    let written = after.customers.values().filter_map(|one| Some((None, word(one)?, one.facts.id.0)));
    let deleted = before.customers.keys().filter(|id| !after.customers.contains_key(id));
    written.chain(deleted.map(|id| (None, "customer.deleted", id.0))).collect()
}

const PROCESSING: Option<&str> = Some("gate_session.processing");
const FAILED: Option<&str> = Some("gate_session.failed");

fn rail(payment: &Payment, [of_pay_in, of_pay_out]: [&'static str; 2]) -> &'static str {
    match payment.kind {
        PaymentKind::PayIn => of_pay_in,
        PaymentKind::PayOut => of_pay_out,
    }
}

/// What stands in the store.
struct Stored {
    sessions: BTreeMap<SessionId, Session>,
    quotes: BTreeMap<QuoteId, Quote>,
    payments: BTreeMap<PaymentId, Payment>,
    customers: BTreeMap<CustomerId, Customer>,
    events: BTreeMap<EventId, Event>,
    /// Of each delivery the event.
    deliveries: Vec<EventId>,
}

impl Stored {
    fn read(world: &World) -> Stored {
        let (owned, reader) = (|column| world.owned_in(column).into_iter(), &world.reader);
        let sessions = owned(Column::Sessions).map(|(owner, id)| reader.session(owner, id.into()).unwrap().unwrap());
        let quotes = owned(Column::Quotes).map(|(owner, id)| reader.quote(owner, id.into()).unwrap().unwrap());
        let payments = owned(Column::Payments).map(|(owner, id)| reader.payment(owner, id.into()).unwrap().unwrap());
        let events = owned(Column::Events).map(|(owner, id)| reader.event(owner, id.into()).unwrap().unwrap());
        let all = (1..=4).flat_map(|number| reader.customers(AccountId(number), None, 1_000).unwrap());
        let customers = all.collect::<Vec<_>>().into_iter();
        let delivery = |(owner, id): (_, [u8; 16])| reader.delivery(owner, id.into()).unwrap().unwrap();
        Stored {
            sessions: sessions.map(|session| (session.id, session)).collect(),
            quotes: quotes.map(|quote| (quote.id, quote)).collect(),
            payments: payments.map(|payment| (payment.id, payment)).collect(),
            customers: customers.map(|one| (one.facts.id, one)).collect(),
            events: events.map(|event| (event.id, event)).collect(),
            deliveries: owned(Column::Deliveries).map(|row| delivery(row).event).collect(),
        }
    }

    fn events_since(&self, before: &Stored) -> Vec<Event> {
        assert!(before.events.keys().all(|id| self.events.contains_key(id)), "what was told stays told");
        self.events.values().filter(|event| !before.events.contains_key(&event.id)).cloned().collect()
    }

    /// A redelivery gives some to events that were told before: these do not count.
    fn deliveries_since(&self, before: &Stored) -> Vec<EventId> {
        let old: BTreeSet<EventId> = before.deliveries.iter().copied().collect();
        let is_new = |event: &EventId| !old.contains(event) && !before.events.contains_key(event);
        let mut new: Vec<EventId> = self.deliveries.iter().copied().filter(is_new).collect();
        new.sort_unstable();
        new
    }

    /// The session of the payment that consumed the quote.
    fn session_of(&self, quote: &Quote) -> SessionId {
        let (_, payment) = quote.consumed.expect("the quote was consumed");
        self.payments[&payment].session
    }
}
