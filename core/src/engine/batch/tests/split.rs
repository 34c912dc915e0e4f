//! Batching changes nothing: any split of the same commands gives the same answers and the same rows.
//!
//! Left out of the comparison: the head's batch number, and receipts, which name the batch and whose features see verdicts
//! of earlier batches only.

use proptest::prelude::*;

use super::world::{ACCOUNT, World, account, key, plain, renaming};
use crate::account::{Account, WebhookEndpoint};
use crate::command::Moment::{Ended, Routed, SessionAfter};
use crate::command::Outcome;
use crate::command::{Command, Reply, Submission};
use crate::id::{CustomerId, PaymentId, QuoteId, SessionId};
use crate::rail::RailOutcome;
use crate::store::Column;
use crate::time::Millis;

/// What one step of a script does, as three small numbers: which action, on which object, with which idempotency key.
pub type Choice = (u8, u8, u8);

/// Whether the account has an endpoint, and whether the model decides.
pub type Setting = (bool, bool);

/// What the script has made so far.
#[derive(Default)]
pub struct Known {
    sessions: Vec<SessionId>,
    quotes: Vec<QuoteId>,
    payments: Vec<PaymentId>,
    customers: Vec<CustomerId>,
}

impl Known {
    pub fn learn(&mut self, outcome: &Outcome) {
        match outcome.as_ref().map(|answer| &answer.reply) {
            Ok(Reply::Session(session)) => self.sessions.push(session.id),
            Ok(Reply::Quote(quote)) => self.quotes.push(quote.id),
            Ok(Reply::Payment(payment)) => self.payments.push(payment.id),
            Ok(Reply::Customer(customer)) => self.customers.push(customer.facts.id),
            Ok(
                Reply::DeletedCustomer(..)
                | Reply::Branding(_)
                | Reply::Delivery(_)
                | Reply::Account(_)
                | Reply::Key(_)
                | Reply::Done,
            )
            | Err(_) => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_split_gives_the_same(
        steps in steps(),
        cuts in prop::collection::vec(any::<bool>(), 1..80),
        setting: Setting,
    ) {
        let (script, one_by_one, alone) = run_one_by_one(&steps, setting);
        let (together, batched) = run_in_batches(&script, &cuts, setting);
        prop_assert_eq!(one_by_one, together);
        for column in Column::ALL.iter().filter(|column| !matches!(column, Column::Meta | Column::Receipts)) {
            prop_assert_eq!(alone.rows(*column), batched.rows(*column), "{:?}", column);
        }
        alone.assert_books();
    }
}

/// Steps between which time passes; the commands of a step come at one time.
pub fn steps() -> impl Strategy<Value = Vec<Vec<Choice>>> {
    prop::collection::vec(prop::collection::vec((0u8..20, any::<u8>(), 0u8..6), 1..12), 1..6)
}

pub fn world((with_webhook, risk_is_real): Setting) -> World {
    let webhook = WebhookEndpoint { url: "https://partner.example".to_owned(), sealed_secret: vec![1] };
    World::of(Account { webhook: with_webhook.then_some(webhook), risk_is_real, ..account(ACCOUNT) })
}

fn run_one_by_one(steps: &[Vec<Choice>], setting: Setting) -> (Vec<Vec<Submission>>, Vec<Outcome>, World) {
    let mut world = world(setting);
    let (mut script, mut outcomes, mut known) = (Vec::new(), Vec::new(), Known::default());
    for step in steps {
        let mut submissions = Vec::new();
        for choice in step {
            let submission = submission(&world, &known, *choice);
            let outcome = world.one(submission.clone());
            known.learn(&outcome);
            outcomes.push(outcome);
            submissions.push(submission);
        }
        script.push(submissions);
        pass(&mut world);
    }
    (script, outcomes, world)
}

fn run_in_batches(script: &[Vec<Submission>], cuts: &[bool], setting: Setting) -> (Vec<Outcome>, World) {
    let mut world = world(setting);
    let (mut outcomes, mut cut) = (Vec::new(), cuts.iter().cycle());
    for step in script {
        let mut batch = Vec::new();
        for submission in step {
            batch.push(submission.clone());
            if cut.next() == Some(&true) {
                outcomes.extend(world.batch(std::mem::take(&mut batch)));
            }
        }
        outcomes.extend(world.batch(batch));
        pass(&mut world);
    }
    (outcomes, world)
}

/// Twenty minutes: enough for verifications to lapse, and for sessions after three steps.
pub fn pass(world: &mut World) {
    world.pass(Millis::seconds(1_200));
}

/// The command that a choice stands for.
pub fn submission(world: &World, known: &Known, (action, object, idempotency): Choice) -> Submission {
    let amount = ["100.00", "100.00", "100.00", "100.04", "100.05", "500.00"][object as usize % 6];
    let session = pick(&known.sessions, object).unwrap_or(SessionId(1));
    let redeem = || match quote_for(world, known, session, object) {
        Some(quote) => world.redeem(session, quote),
        None if known.sessions.is_empty() => world.create_session(amount),
        None => world.lock_quote(amount),
    };
    let payment = pick(&known.payments, object);
    let customer = pick(&known.customers, object).unwrap_or(CustomerId(1));
    let report = |outcome| match payment.filter(|id| was_routed(world, *id)) {
        Some(payment) => world.report_of(payment, outcome),
        None => redeem(),
    };
    let command = match action {
        0 | 1 => world.create_session(amount),
        2 | 3 => world.lock_quote(amount),
        4..=6 => redeem(),
        7 => Command::CancelSession(ACCOUNT, session),
        8 => Command::ConfirmSession(ACCOUNT, session, None),
        9 => report(RailOutcome::Settled),
        10 => report(RailOutcome::SoftFailed),
        11 => report(RailOutcome::Rejected),
        12 => report(RailOutcome::Cancelled),
        13 => match payment {
            Some(payment) => Command::VerifyPayment(ACCOUNT, world.stored_payment(payment).session, payment),
            None => world.create_session(amount),
        },
        16 | 17 => world.create_customer(["ann", "bob", "eve"][object as usize % 3]),
        18 => renaming(customer, ["Ann", "Anna"][object as usize % 2]),
        19 => Command::DeleteCustomer(ACCOUNT, customer),
        _ => match payment {
            Some(payment) => world.remember(payment, [Routed, Ended, SessionAfter][idempotency as usize % 3]),
            None => world.lock_quote(amount),
        },
    };
    if idempotency < 3 { plain(command) } else { key(idempotency, action, command) }
}

/// Mostly one of the last three: what came before has often ended.
fn pick<T: Copy>(known: &[T], choice: u8) -> Option<T> {
    let among = if choice < 200 { known.len().min(3) } else { known.len() };
    (among > 0).then(|| known[known.len() - 1 - choice as usize % among])
}

/// Mostly the newest quote of the session's amount, if there is one: another is refused.
fn quote_for(world: &World, known: &Known, session: SessionId, choice: u8) -> Option<QuoteId> {
    let amount = world.reader.session(ACCOUNT, session).unwrap().map(|session| session.terms.amount);
    let fits = |id: &QuoteId| Some(world.stored_quote(*id).terms.fiat_amount) == amount;
    let fitting = known.quotes.iter().rev().copied().find(fits).filter(|_| choice % 8 != 7);
    fitting.or_else(|| pick(&known.quotes, choice).filter(|_| choice % 4 == 3))
}

fn was_routed(world: &World, id: PaymentId) -> bool {
    !world.stored_payment(id).attempts.is_empty()
}
