//! Reviews: what waits for somebody at the bank goes on, ends, or runs out of time.

use super::world::{ACCOUNT, World, plain};
use crate::account::{Account, Rules};
use crate::command::{Command, Refusal, Reply, Subject, Who};
use crate::event::EventKind;
use crate::id::{AccountId, PaymentId, SessionId};
use crate::payment::{FailureCode, PaymentStatus};
use crate::rail::RailOutcome;
use crate::review::ReviewDecision::{self, Approve, Decline};
use crate::review::ReviewRow;
use crate::risk::Entity;
use crate::risk::keys::named_person_key;
use crate::risk::policy::{List, ListAction};
use crate::risk::{LateBlock, Verdict, Word};
use crate::session::{SessionStatus, SessionTerms};

const DECLINED: PaymentStatus = PaymentStatus::Failed { code: FailureCode::RiskDeclined };

impl World {
    fn judged() -> World {
        World::of(Account { risk_is_real: true, ..super::world::account(ACCOUNT) })
    }

    /// A payment of Ann's that waits for a review.
    fn reviewed(&mut self) -> (PaymentId, SessionId) {
        let Command::CreateSession(account, terms) = self.create_session("500.00") else { panic!("a session") };
        let terms = SessionTerms { user_reference: Some("ann".to_owned()), ..*terms };
        let answer = self.one(plain(Command::CreateSession(account, Box::new(terms)))).unwrap();
        let Reply::Session(session) = answer.reply else { panic!("a session") };
        let quote = self.quote("500.00");
        let redeem = self.redeem(session.id, quote);
        let Reply::Payment(payment) = self.one(plain(redeem)).unwrap().reply else { panic!("a payment") };
        assert!(matches!(payment.status, PaymentStatus::Reviewing { .. }), "{:?}", payment.status);
        (payment.id, session.id)
    }

    fn queue(&self) -> Vec<ReviewRow> {
        self.reader.reviews(None, 100).unwrap()
    }

    fn declines(&self) -> u32 {
        let key = named_person_key(self.settings().mode, ACCOUNT, "ann");
        let history = self.reader.history(Entity::Person, key).unwrap().unwrap();
        history.declines.0.iter().map(|bucket| bucket.count).sum()
    }
}

fn decide(session: SessionId, payment: PaymentId, decision: ReviewDecision) -> Command {
    Command::DecideReview(ACCOUNT, session, payment, decision)
}

#[test]
fn an_approved_payment_goes_on_and_partners_never_learn_of_the_review() {
    let mut world = World::judged();
    let (payment, session) = world.reviewed();
    let expires_at = world.now.plus(world.settings().review_life);
    assert_eq!(world.queue(), [ReviewRow { payment, account: ACCOUNT, session, expires_at }]);
    assert_eq!(world.reader.receipt(ACCOUNT, payment).unwrap().unwrap().applied, Verdict::Review);
    assert!(world.work().is_empty() && world.balances().is_empty());
    let approve = decide(session, payment, Approve);
    assert!(world.rounds(&plain(approve.clone())) <= 2);
    let Reply::Payment(approved) = world.one(plain(approve.clone())).unwrap().reply else { panic!("a payment") };
    assert_eq!(approved.status, PaymentStatus::Routed);
    assert!(world.queue().is_empty());
    assert_eq!(world.one(plain(approve)), Err(Refusal::PaymentNotWaiting));
    world.report(payment, RailOutcome::Settled);
    use EventKind::*;
    let told = [SessionCreated, QuoteConsumed, PayInProcessing, SessionProcessing, PayInSettled, SessionCompleted];
    assert_eq!(world.events(session), told);
    assert_eq!(world.declines(), 0);
    world.assert_books();
}

#[test]
fn a_declined_review_counts_against_the_person_and_frees_the_session() {
    let mut world = World::judged();
    let (payment, session) = world.reviewed();
    assert_eq!(world.declines(), 0);
    world.one(plain(decide(session, payment, Decline))).unwrap();
    assert_eq!(world.stored_payment(payment).status, DECLINED);
    assert_eq!(world.stored_session(session).status, SessionStatus::Open { movement: None });
    assert_eq!(world.declines(), 1);
    assert!(world.queue().is_empty());
    assert_eq!(world.events(session)[4..], [EventKind::PayInFailed, EventKind::SessionFailed]);
}

/// The list binds whatever the operator who approves knows of it, and counts like any decline.
#[test]
fn who_was_blocked_meanwhile_is_declined_by_an_approval() {
    let mut world = World::judged();
    let (payment, session) = world.reviewed();
    let key = named_person_key(world.settings().mode, ACCOUNT, "ann");
    world.set_policy(&[], &[List::new("sanctions".to_owned(), ListAction::Block, Entity::Person, vec![key])]);
    let Reply::Payment(ended) = world.one(plain(decide(session, payment, Approve))).unwrap().reply else { panic!() };
    assert_eq!((&ended.status, &world.stored_payment(payment).status), (&DECLINED, &DECLINED));
    assert_eq!(world.stored_session(session).status, SessionStatus::Open { movement: None });
    assert_eq!(world.events(session)[4..], [EventKind::PayInFailed, EventKind::SessionFailed]);
    assert_eq!((world.declines(), world.queue().len(), world.work().len()), (1, 0, 0));
    let receipt = world.reader.receipt(ACCOUNT, payment).unwrap().unwrap();
    let late = LateBlock { version: 1, lists: vec!["sanctions".to_owned()] };
    assert_eq!((receipt.applied, receipt.policied.late), (Verdict::Review, Some(late)));
    world.set_policy(&[], &[]);
    let again = world.one(plain(decide(session, payment, Approve)));
    assert_eq!(again, Err(Refusal::PaymentNotWaiting), "an end is an end");
}

#[test]
fn what_nobody_reviews_in_time_is_declined() {
    let mut world = World::judged();
    let (payment, session) = world.reviewed();
    world.now = world.now.plus(world.settings().review_life);
    for decision in [Approve, Decline] {
        let late = world.one(plain(decide(session, payment, decision)));
        assert_eq!(late, Err(Refusal::PaymentNotWaiting), "the timer may come a moment late; time itself does not");
    }
    world.pass(crate::time::Millis(0));
    assert_eq!(world.stored_payment(payment).status, DECLINED);
    assert_eq!((world.declines(), world.queue().len(), world.timers()), (1, 0, 0));
}

#[test]
fn only_what_waits_for_a_review_is_decided() {
    let mut world = World::judged();
    let (payment, session) = world.reviewed();
    let refused = |world: &mut World, command: Command| world.one(plain(command)).unwrap_err();
    assert_eq!(refused(&mut world, Command::VerifyPayment(ACCOUNT, session, payment)), Refusal::PaymentNotWaiting);
    assert_eq!(refused(&mut world, decide(SessionId(7), payment, Approve)), Refusal::PaymentNotWaiting);
    assert_eq!(refused(&mut world, decide(session, PaymentId(7), Approve)), Refusal::NotFound(Subject::Path));
    let foreign = Command::DecideReview(AccountId(77), session, payment, Approve);
    assert_eq!(refused(&mut world, foreign), Refusal::UnknownAccount);
    let say = |word| Command::SetVerification(ACCOUNT, Who::Reference("ann".to_owned()), Some(word));
    world.one(plain(say(Word::Refused))).unwrap();
    assert_eq!(refused(&mut world, decide(session, payment, Approve)), Refusal::VerificationRequired);
    world.one(plain(decide(session, payment, Decline))).unwrap();
}

#[test]
fn the_queue_is_oldest_first_and_goes_on_behind_any_payment() {
    let mut world = World::judged();
    let payments: Vec<(PaymentId, SessionId)> = (0..3)
        .map(|_| {
            world.now = world.now.plus(crate::time::Millis(5));
            world.reviewed()
        })
        .collect();
    let ids = |after, limit| -> Vec<PaymentId> {
        world.reader.reviews(after, limit).unwrap().iter().map(|row| row.payment).collect()
    };
    assert_eq!(ids(None, 2), [payments[0].0, payments[1].0]);
    assert_eq!(ids(Some(payments[1].0), 2), [payments[2].0]);
    world.one(plain(decide(payments[1].1, payments[1].0, Approve))).unwrap();
    assert_eq!(
        world.reader.reviews(Some(payments[1].0), 2).unwrap().len(),
        1,
        "a decided one is a cursor all the same"
    );
    let rules = Rules { quote_life: None, risk_is_real: false };
    world.one(plain(Command::SetRules(ACCOUNT, rules))).unwrap();
    assert_eq!(world.queue().len(), 2, "what waits, waits, whatever the account's rules become");
}

/// Puts and deletes of what begins a review and of what ends it, without an endpoint.
#[test]
fn a_review_keeps_its_write_budget() {
    let mut world = World::judged();
    let (payment, session) = world.reviewed();
    let rows = |world: &World| (world.written.0, world.written.1);
    let redemption = rows(&world);
    world.one(plain(decide(session, payment, Approve))).unwrap();
    let approval = rows(&world);
    let (payment, session) = world.reviewed();
    world.one(plain(decide(session, payment, Decline))).unwrap();
    assert_eq!([redemption, approval, rows(&world)], [(15, 0), (6, 1), (8, 2)]);
}
