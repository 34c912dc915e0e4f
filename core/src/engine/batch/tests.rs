//! Whole batches over the in-memory store: the invariants of the state, and that batching changes nothing.

mod bus;
mod customers;
mod diagnostics;
mod endpoint;
mod keys;
mod policy;
mod redelivery;
mod events;
mod models;
mod forgetting;
mod retention;
mod reviews;
mod script;
mod split;
mod verification;
mod world;

use rust_decimal::Decimal;

use crate::account::Rules;
use crate::branding::BrandingPatch;
use crate::change::Need;
use crate::command::{Command, Moment, Refusal, Reply, Subject, Who};
use crate::event::EventKind;
use crate::id::{AccountId, SessionId};
use crate::payment::{FailureCode, PaymentStatus};
use crate::quote::QuoteStatus;
use crate::rail::RailOutcome;
use crate::redelivery::Which;
use crate::risk::{Label, ModelStep, NewLabel, Word};
use crate::session::{SessionStatus, SessionTerms};
use crate::time::Millis;

use world::{ACCOUNT, World, key, plain};

#[test]
fn a_quote_is_consumed_at_most_once_in_the_commit_of_its_payment() {
    let mut world = World::new();
    let (first, second, quote) = (world.session("100.00"), world.session("100.00"), world.quote("100.00"));
    let outcomes = world.batch(vec![plain(world.redeem(first, quote)), plain(world.redeem(second, quote))]);
    assert!(outcomes[0].is_ok());
    assert_eq!(outcomes[1], Err(Refusal::QuoteConsumed));
    assert_eq!(world.stored_quote(quote).status(world.now), QuoteStatus::Consumed);
    let (_, payment) = world.stored_quote(quote).consumed.unwrap();
    assert_eq!(world.stored_payment(payment).quote, quote);
}

#[test]
fn one_effect_per_idempotency_key() {
    let mut world = World::new();
    let (session, quote) = (world.session("100.00"), world.quote("100.00"));
    let redeem = world.redeem(session, quote);
    let same_batch = world.batch(vec![key(1, 1, redeem.clone()), key(1, 1, redeem.clone())]);
    let later = world.batch(vec![key(1, 1, redeem.clone()), key(1, 2, redeem)]);
    let first = same_batch[0].clone().unwrap();
    for repeated in [&same_batch[1], &later[0]] {
        let repeated = repeated.clone().unwrap();
        assert!(repeated.replayed);
        assert_eq!(repeated.reply, first.reply);
    }
    assert_eq!(later[1], Err(Refusal::IdempotencyKeyReused));
    world.assert_books();
}

#[test]
fn only_answers_with_an_effect_are_remembered() {
    let mut world = World::new();
    let missing = Command::CancelSession(ACCOUNT, SessionId(7));
    assert_eq!(world.one(key(1, 1, missing)), Err(Refusal::NotFound(Subject::Path)));
    let session = world.session("10.00");
    assert!(world.one(key(1, 2, Command::CancelSession(ACCOUNT, session))).is_ok());
}

#[test]
fn a_partner_sees_only_its_own_objects() {
    let mut world = World::new();
    let (session, quote) = (world.session("100.00"), world.quote("100.00"));
    let other = world.other_account();
    let cancel = Command::CancelSession(other, session);
    assert_eq!(world.one(plain(cancel)), Err(Refusal::NotFound(Subject::Path)));
    let redeem = world.redeem_as(other, session, quote);
    assert_eq!(world.one(plain(redeem)), Err(Refusal::NotFound(Subject::Quote)));
    assert!(world.one(plain(world.redeem(session, quote))).is_ok());
}

#[test]
fn money_settles_and_everybody_is_told_in_order() {
    let mut world = World::new();
    let (payment, session) = world.paid("100.00");
    assert_eq!(world.work().len(), 1);
    world.report(payment, RailOutcome::Settled);
    assert!(matches!(world.stored_payment(payment).status, PaymentStatus::Settled { .. }));
    assert!(matches!(world.stored_session(session).status, SessionStatus::Completed { .. }));
    assert_eq!(world.work().len(), 0);
    use EventKind::*;
    let told = [SessionCreated, QuoteConsumed, PayInProcessing, SessionProcessing, PayInSettled, SessionCompleted];
    assert_eq!(world.events(session), told);
    world.assert_books();
}

#[test]
fn a_rail_that_answers_twice_or_late_changes_nothing() {
    let mut world = World::new();
    let (payment, session) = world.paid("100.00");
    world.report(payment, RailOutcome::Settled);
    let (before, books) = (world.stored_payment(payment), world.balances());
    world.report(payment, RailOutcome::Settled);
    world.report(payment, RailOutcome::Cancelled);
    assert_eq!(world.stored_payment(payment), before);
    assert_eq!(world.balances(), books);
    assert_eq!(world.events(session).len(), 6);
}

#[test]
fn a_soft_failure_goes_to_the_next_corridor_and_then_ends() {
    let mut world = World::new();
    let (payment, session) = world.paid("100.00");
    world.report(payment, RailOutcome::SoftFailed);
    assert_eq!(world.stored_payment(payment).attempts.len(), 2);
    assert_eq!(world.work().len(), 1);
    world.report(payment, RailOutcome::SoftFailed);
    assert_eq!(world.stored_payment(payment).status, PaymentStatus::Failed { code: FailureCode::NoRoute });
    assert_eq!(world.stored_session(session).status, SessionStatus::Open { movement: None });
    assert!(world.balances().iter().all(|(_, balance)| balance.is_zero()));
    world.assert_books();
}

#[test]
fn a_session_takes_one_movement_at_a_time() {
    let mut world = World::new();
    let (payment, session) = world.paid("100.00");
    let quote = world.quote("100.00");
    assert_eq!(world.one(plain(world.redeem(session, quote))), Err(Refusal::SessionBusy));
    assert_eq!(world.one(plain(Command::CancelSession(ACCOUNT, session))), Err(Refusal::SessionBusy));
    world.report(payment, RailOutcome::Rejected);
    let quote = world.quote("100.00");
    assert!(world.one(plain(world.redeem(session, quote))).is_ok());
}

#[test]
fn magic_amounts_decline_and_step_up() {
    let mut world = World::new();
    let (declined, session) = world.paid("100.04");
    assert_eq!(world.stored_payment(declined).status, PaymentStatus::Failed { code: FailureCode::RiskDeclined });
    assert_eq!(world.stored_session(session).status, SessionStatus::Open { movement: None });
    assert!(world.balances().is_empty());
    let (waiting, session) = world.paid("100.05");
    assert!(matches!(world.stored_payment(waiting).status, PaymentStatus::Verifying { .. }));
    assert_eq!(
        world.events(session)[2..],
        [EventKind::PayInProcessing, EventKind::KycRequired, EventKind::SessionProcessing]
    );
    assert!(world.one(plain(Command::VerifyPayment(ACCOUNT, session, waiting))).is_ok());
    assert_eq!(world.stored_payment(waiting).status, PaymentStatus::Routed);
    world.report(waiting, RailOutcome::Settled);
    assert_eq!(world.events(session)[5..], [EventKind::PayInSettled, EventKind::SessionCompleted], "told once each");
    world.assert_books();
}

#[test]
fn what_is_remembered_of_a_payment_stays_as_it_was() {
    let mut world = World::new();
    let (payment, session) = world.paid("100.00");
    let [routed, ended, after] =
        [Moment::Routed, Moment::Ended, Moment::SessionAfter].map(|m| world.remember(payment, m));
    for early in [&ended, &after] {
        assert_eq!(world.one(key(1, 1, early.clone())), Err(Refusal::PaymentNotWaiting));
    }
    let begun = world.one(key(1, 1, routed.clone())).unwrap();
    assert_eq!(begun.reply, Reply::Payment(world.stored_payment(payment).into()));
    world.report(payment, RailOutcome::Rejected);
    let told = world.one(key(2, 1, ended.clone())).unwrap();
    assert_eq!(told.reply, Reply::Payment(world.stored_payment(payment).into()));
    let open = world.one(key(3, 1, after.clone())).unwrap();
    assert_eq!(open.reply, Reply::Session(world.stored_session(session).into()));
    world.one(plain(Command::CancelSession(ACCOUNT, session))).unwrap();
    world.forget();
    for (number, command, first) in [(1, &routed, &begun), (2, &ended, &told), (3, &after, &open)] {
        let again = world.one(key(number, 1, command.clone())).unwrap();
        assert!(again.replayed);
        assert_eq!(again.reply, first.reply);
        assert_eq!(world.one(key(number, 2, command.clone())), Err(Refusal::IdempotencyKeyReused));
    }
    assert_eq!(world.one(plain(routed)), Err(Refusal::PaymentNotWaiting));
    let other = Command::RememberPayment(world.other_account(), session, payment, Moment::Ended);
    assert_eq!(world.one(plain(other)), Err(Refusal::NotFound(Subject::Path)));
}

#[test]
fn what_is_not_verified_in_time_fails() {
    let mut world = World::new();
    let (waiting, _) = world.paid("100.05");
    world.pass(world.settings().verification_life);
    assert_eq!(world.stored_payment(waiting).status, PaymentStatus::Failed { code: FailureCode::VerificationExpired });
}

#[test]
fn sessions_expire_by_timer_and_wait_for_a_running_movement() {
    let mut world = World::new();
    let idle = world.session("100.00");
    let (payment, busy) = world.paid("100.00");
    world.pass(world.settings().session_life);
    assert_eq!(world.stored_session(idle).status, SessionStatus::Expired);
    assert!(matches!(world.stored_session(busy).status, SessionStatus::Open { movement: Some(_) }));
    world.report(payment, RailOutcome::Rejected);
    assert_eq!(world.stored_session(busy).status, SessionStatus::Expired);
    assert_eq!(world.timers(), 0);
}

#[test]
fn quotes_expire_without_a_write() {
    let mut world = World::new();
    let (session, quote) = (world.session("100.00"), world.quote("100.00"));
    world.now = world.now.plus(world.settings().quote_life);
    assert_eq!(world.one(plain(world.redeem(session, quote))), Err(Refusal::QuoteExpired));
    let told = world.reader.head().unwrap().unwrap().now;
    assert_eq!(told, world.now, "a restart with a clock that was set back must not make the quote active again");
    assert_eq!(world.stored_quote(quote).status(world.now), QuoteStatus::Expired);
}

#[test]
fn a_quote_that_was_changed_in_the_store_is_refused() {
    let mut world = World::new();
    let (session, quote) = (world.session("100.00"), world.quote("100.00"));
    world.tamper_with(quote);
    let refused = world.one(plain(world.redeem(session, quote)));
    assert_eq!(refused, Err(Refusal::QuoteMismatch(Subject::Quote)));
}

#[test]
fn quote_and_session_must_fit() {
    let mut world = World::new();
    let session = world.session("100.00");
    let quote = world.quote("100.01");
    assert_eq!(world.one(plain(world.redeem(session, quote))), Err(Refusal::QuoteMismatch(Subject::Session)));
    let Command::CreatePayIn(account, redeem) = world.redeem(session, quote) else { panic!("a pay-in") };
    let pay_out = Command::CreatePayOut(account, redeem);
    assert_eq!(world.one(plain(pay_out)), Err(Refusal::QuoteMismatch(Subject::Quote)));
}

#[test]
fn deliveries_keep_the_order_of_their_session() {
    let mut world = World::with_webhook();
    let (payment, _) = world.paid("100.00");
    world.report(payment, RailOutcome::Settled);
    let mut delivered = Vec::new();
    while let Some(row) = world.outbox().first().copied() {
        assert_eq!(world.outbox().len(), 1, "one delivery of a session at a time");
        delivered.push(world.event_of(row));
        world.deliver(row, true);
    }
    use EventKind::*;
    let told = [SessionCreated, QuoteConsumed, PayInProcessing, SessionProcessing, PayInSettled, SessionCompleted];
    assert_eq!(delivered, told);
}

#[test]
fn a_dead_delivery_releases_the_next_after_its_schedule() {
    let mut world = World::with_webhook();
    let session = world.session("100.00");
    world.one(plain(Command::CancelSession(ACCOUNT, session))).unwrap();
    let gaps = world.settings().delivery_gaps;
    for gap in &gaps {
        let row = world.outbox()[0];
        world.deliver(row, false);
        assert!(world.outbox().is_empty());
        world.pass(Millis(gap.0 + gap.0 / 10));
    }
    assert_eq!(world.event_of(world.outbox()[0]), EventKind::SessionCreated);
    world.deliver(world.outbox()[0], false);
    assert_eq!(world.event_of(world.outbox()[0]), EventKind::SessionCancelled);
}

#[test]
fn a_replay_is_forgotten_after_its_life() {
    let mut world = World::new();
    let create = world.create_session("5.00");
    world.one(key(1, 1, create.clone())).unwrap();
    world.now = world.now.plus(crate::time::Millis(crate::limits::IDEMPOTENCY_LIFE_MS));
    assert!(!world.one(key(1, 1, create)).unwrap().replayed);
}

#[test]
fn a_confirmed_session_locks_and_redeems_in_one_commit() {
    let mut world = World::new();
    let session = world.session("100.00");
    let answer = world.one(plain(Command::ConfirmSession(ACCOUNT, session, Box::default()))).unwrap();
    let Reply::Payment(payment) = answer.reply else { panic!("a payment") };
    assert_eq!(world.stored_quote(payment.quote).consumed, Some((world.now, payment.id)));
    world.report(payment.id, RailOutcome::Settled);
    world.assert_books();
}

#[test]
fn prefetch_needs_at_most_two_rounds() {
    let mut world = World::with_webhook();
    let (payment, session) = world.paid("100.00");
    let quote = world.quote("100.00");
    for command in [world.redeem(session, quote), world.report_of(payment, RailOutcome::Settled)] {
        assert!(world.rounds(&plain(command)) <= 2);
    }
    let unknown: Vec<Need> = world.needs(&plain(Command::CancelSession(AccountId(9), SessionId(9))));
    assert_eq!(unknown.len(), 2);
}

#[test]
fn every_posting_set_and_all_books_sum_to_zero() {
    let mut world = World::new();
    for outcome in [RailOutcome::Settled, RailOutcome::Rejected, RailOutcome::Cancelled, RailOutcome::SoftFailed] {
        let (payment, _) = world.paid("123.45");
        world.report(payment, outcome);
        world.assert_books();
    }
    assert!(world.balances().iter().any(|(_, balance)| *balance != Decimal::ZERO));
}

/// Puts, deletes and bytes of one command alone, with an idempotency key and a webhook endpoint.
#[test]
fn every_command_keeps_its_write_budget() {
    let mut world = World::with_webhook();
    let mut budget = |command: Command, number: u8, puts: usize, deletes: usize, bytes: usize| {
        let reply = world.one(key(number, 0, command)).unwrap().reply;
        let (found_puts, found_deletes, found_bytes) = world.written;
        assert_eq!((found_puts, found_deletes), (puts, deletes), "puts and deletes of {reply:?}");
        assert!(found_bytes <= bytes, "{found_bytes} bytes, {bytes} allowed, for {reply:?}");
        reply
    };
    let create = crate::fixture::create_session(ACCOUNT, "100.00");
    let Reply::Session(session) = budget(create, 1, 11, 0, 1_100) else { panic!("a session") };
    let lock = crate::fixture::lock_quote(ACCOUNT, "100.00");
    let Reply::Quote(quote) = budget(lock, 2, 4, 0, 500) else { panic!("a quote") };
    let redeem = crate::fixture::redeem(ACCOUNT, session.id, quote.id);
    let Reply::Payment(payment) = budget(redeem, 3, 27, 0, 3_600) else { panic!("a payment") };
    let settle = crate::fixture::report(&payment, RailOutcome::Settled);
    budget(settle, 4, 23, 3, 2_300);
    let label = Some(Label::Fraud);
    budget(Command::SetLabels(vec![NewLabel { payment: payment.id, label }]), 16, 4, 0, 700);
    budget(Command::ChangeModels(ModelStep::Register(world::model(2), [2; 32])), 17, 2, 0, 400);
    let told = Command::RememberPayment(ACCOUNT, payment.session, payment.id, Moment::Ended);
    budget(told, 7, 3, 0, 500);
    let cancel = crate::fixture::create_session(ACCOUNT, "1.00");
    let Reply::Session(session) = budget(cancel, 5, 11, 0, 1_100) else { panic!("a session") };
    budget(Command::CancelSession(ACCOUNT, session.id), 6, 10, 1, 1_100);
    let create = Command::CreateCustomer(ACCOUNT, Box::new(crate::fixture::customer_terms("ann")));
    let Reply::Customer(customer) = budget(create, 8, 11, 0, 1_200) else { panic!("a customer") };
    let id = customer.facts.id;
    budget(world::renaming(id, "Anna"), 9, 9, 0, 1_000);
    let who = Who::Reference("user-ann".to_owned());
    budget(Command::SetVerification(ACCOUNT, who, Some(Word::Verified)), 12, 8, 0, 800);
    budget(Command::DeleteCustomer(ACCOUNT, id), 10, 10, 1, 900);
    let package = Some(crate::fixture::kyc_package(true));
    let Command::CreateSession(_, terms) = crate::fixture::create_session(ACCOUNT, "1.00") else { panic!("a session") };
    let create = Command::CreateSession(ACCOUNT, Box::new(SessionTerms { kyc_package: package, ..*terms }));
    budget(create, 13, 14, 0, 1_800);
    budget(Command::SetRules(ACCOUNT, Rules::default()), 14, 2, 0, 300);
    budget(world::start_redelivery(ACCOUNT, Which::Missed), 15, 2, 0, 300);
    let patch = BrandingPatch { brand_name: Some(Some("Shop".to_owned())), ..BrandingPatch::default() };
    budget(Command::UpdateBranding(ACCOUNT, Box::new(patch)), 11, 4, 0, 600);
}
