//! Scripts of all commands on several accounts. What they may do is picked from small numbers, and from what the script has
//! made so far.

mod asked;

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::models;
use super::world::{self, ACCOUNT, World, account, key, plain};
use crate::account::{Account, Entitlements, KeyKind, Rules};
use crate::branding::BrandingPatch;
use crate::command::Moment::{Ended, Routed, SessionAfter};
use crate::command::{
    Address, Command, Confirm, LockQuote, NewEndpoint, NewKey, Outcome, Redeem, Reply, Submission, Timer, Who,
};
use crate::customer::CustomerPatch;
use crate::delivery::{DeliveryLabel, DeliveryOutcome};
use crate::endpoint::{EndpointChange, WebhookEndpoint};
use crate::fixture;
use crate::id::{AccountId, CustomerId, EventId, KeyId, Mode, PaymentId, QuoteId, SessionId};
use crate::money::Amount;
use crate::payment::{Payment, PaymentStatus};
use crate::quote::Quote;
use crate::rail::{RailOutcome, RailReport};
use crate::redelivery::Which;
use crate::review::ReviewDecision;
use crate::risk::features::place;
use crate::risk::keys::named_person_key;
use crate::risk::policy::{Bound, Condition, List, ListAction, Rule};
use crate::risk::{Device, Entity, Label, NewLabel, NewPolicy, Verdict, Word};
use crate::session::{Flow, Session};
use crate::store::PageBounds;
use crate::terms::Side;
use crate::time::{Millis, Timestamp};

use asked::{
    confirm, create_session, endpoint, endpoint_change, fits, lock, lock_for, said, set_risk_policy, set_rules,
};

/// What one step of a script does, as four small numbers: which action, by which account, on which object, with which
/// idempotency key.
pub type Choice = (u8, u8, u8, u8);

/// Whether the first account has an endpoint, and whether the model decides about it.
pub type Setting = (bool, bool);

/// What the script has made so far.
#[derive(Default)]
pub struct Known {
    sessions: Vec<(AccountId, SessionId)>,
    quotes: Vec<(AccountId, QuoteId)>,
    payments: Vec<(AccountId, PaymentId)>,
    customers: Vec<(AccountId, CustomerId)>,
    keys: Vec<(AccountId, KeyId)>,
    deliveries: Vec<DeliveryOutcome>,
    timers: Vec<Timer>,
}

/// Steps between which time passes; the commands of a step come at one time.
pub fn steps() -> impl Strategy<Value = Vec<Vec<Choice>>> {
    prop::collection::vec(prop::collection::vec((0u8..67, any::<u8>(), any::<u8>(), 0u8..6), 1..30), 1..7)
}

pub fn world((with_webhook, risk_is_real): Setting) -> World {
    let NewEndpoint { url, sealed_secret } = endpoint(1);
    let webhook = with_webhook.then(|| WebhookEndpoint::new(url, sealed_secret));
    World::with_bus(Account { webhook, risk_is_real, ..account(ACCOUNT) })
}

/// The time that passes after a step of so many commands. Twenty minutes are enough for verifications to lapse and deliveries
/// to be tried again, and for sessions after three steps; five hours for what was told of a deleted customer.
pub fn pause(commands: usize) -> Millis {
    Millis::seconds(if commands.is_multiple_of(5) { 18_000 } else { 1_200 })
}

impl Known {
    /// What came of a command is what later ones are about.
    pub fn learn(&mut self, submission: &Submission, outcome: &Outcome) {
        if let Command::ReportDeliveries(outcomes) = &submission.command {
            self.deliveries.clone_from(outcomes);
        } else if let Command::RunTimer(timer) = submission.command {
            self.timers.push(timer);
        }
        match outcome.as_ref().map(|answer| &answer.reply) {
            Ok(Reply::Session(session)) => self.sessions.push((session.account, session.id)),
            Ok(Reply::Quote(quote)) => self.quotes.push((quote.account, quote.id)),
            Ok(Reply::Payment(payment)) => self.payments.push((payment.account, payment.id)),
            Ok(Reply::Key(key)) => {
                if let Command::CreateKey(account, _) = &submission.command {
                    self.keys.push((*account, key.id));
                }
            }
            Ok(Reply::Customer(customer)) => self.customers.push((customer.facts.account, customer.facts.id)),
            Ok(
                Reply::DeletedCustomer(..)
                | Reply::Branding(_)
                | Reply::Delivery(_)
                | Reply::Account(_)
                | Reply::Redelivery(_)
                | Reply::Labels(_)
                | Reply::Models(_)
                | Reply::Done,
            )
            | Err(_) => {}
        }
    }

    /// The command that a choice stands for.
    pub fn submission(&self, world: &World, (action, who, object, idempotency): Choice) -> Submission {
        let account = AccountId([1, 1, 1, 1, 1, 2, 2, 3][who as usize % 8]);
        let session = pick(&self.sessions, account, object).unwrap_or(SessionId(1));
        let command = match action {
            0..3 => create_session(account, object),
            3 => lock(account, Side::OnRamp, object),
            4 => lock(account, Side::OffRamp, object),
            5..16 => self.redeem(world, account, session, object),
            16 => Command::CancelSession(account, session),
            17..19 => Command::ConfirmSession(account, session, Box::new(confirm(object))),
            19..25 => self.about_payment(world, account, action, object),
            25..29 => self.report_deliveries(world, object),
            29 => self.run_timer(world).unwrap_or_else(|| create_session(account, object)),
            30..36 => self.about_people(account, action, object),
            46..50 => self.about_deliveries(world, account, action),
            56 => sweep(world, account, object),
            50..52 => self.about_payment(world, account, 19, object),
            64 => set_risk_policy(object),
            62..64 => self.about_payment(world, account, 62, object),
            52 => set_rules(account, object),
            57 => Command::ReportPublished(published(world, object)),
            53..56 => self.verify(account, session, object),
            58..61 => redeliver(world, account, object),
            61 => Command::ChangeModels(models::step(object)),
            65..67 => self.set_labels(account, object),
            _ => self.operate(account, action, object),
        };
        // The edge ignores their keys.
        let has_key = !matches!(command, Command::ReplayDelivery(..) | Command::SendTestWebhook(_));
        if idempotency < 3 || !has_key { plain(command) } else { key(8 * idempotency + object % 8, action, command) }
    }

    /// Mostly the newest quote that fits the session; if there is none, one is locked.
    fn redeem(&self, world: &World, account: AccountId, session: SessionId, object: u8) -> Command {
        let side = if object.is_multiple_of(3) { Side::OffRamp } else { Side::OnRamp };
        let stored = |id| world.reader.quote(account, id).unwrap();
        let own = self.quotes.iter().rev().filter(|(owner, _)| *owner == account);
        let quotes: Vec<Quote> = own.filter_map(|(_, id)| stored(*id)).collect();
        let Some(row) = world.reader.session(account, session).unwrap() else { return create_session(account, object) };
        let is_free = |quote: &&Quote| quote.terms.side == side && quote.consumed.is_none() && fits(&row, quote);
        let any = quotes.get(object as usize % quotes.len().max(1)).filter(|_| object % 16 == 15);
        let Some(quote) = any.or(quotes.iter().find(is_free)) else { return lock_for(&row, side, object) };
        let redeem = Redeem { quote: Some(quote.id), session: Some(session), metadata: Vec::new() };
        match quote.terms.side {
            Side::OnRamp => Command::CreatePayIn(account, redeem),
            Side::OffRamp => Command::CreatePayOut(account, redeem),
        }
    }

    /// Verification, a helper's memory or rails' words on one or two payments, if there is one.
    fn about_payment(&self, world: &World, account: AccountId, action: u8, object: u8) -> Command {
        let own = self.payments.iter().rev().filter(|(owner, _)| *owner == account);
        let own: Vec<Payment> = own.filter_map(|(_, id)| world.reader.payment(account, *id).unwrap()).collect();
        let waits = |one: &&Payment| match one.status {
            PaymentStatus::Verifying { .. } => action == 19,
            PaymentStatus::Reviewing { .. } => action == 62,
            PaymentStatus::Routed
            | PaymentStatus::Settled { .. }
            | PaymentStatus::Failed { .. }
            | PaymentStatus::Cancelled => false,
        };
        let any = own.get(object as usize % own.len().clamp(1, 3));
        let Some(payment) = own.iter().find(waits).or(any).cloned() else {
            return create_session(account, object);
        };
        match action {
            19 => Command::VerifyPayment(account, payment.session, payment.id),
            62 => {
                let decision = [ReviewDecision::Approve, ReviewDecision::Decline][object as usize % 2];
                Command::DecideReview(account, payment.session, payment.id, decision)
            }
            20 => {
                let moment = [Routed, Ended, SessionAfter][object as usize % 3];
                Command::RememberPayment(account, payment.session, payment.id, moment)
            }
            _ => {
                use RailOutcome::{Cancelled, Rejected, Settled, SoftFailed};
                let word = [Settled, Settled, SoftFailed, Rejected, Cancelled][object as usize % 5];
                let newest = self.payments.iter().rev().take(1 + object as usize % 2);
                let others = newest.filter_map(|(owner, id)| world.reader.payment(*owner, *id).unwrap());
                Command::ReportRails([payment].into_iter().chain(others).filter_map(|one| said(&one, word)).collect())
            }
        }
    }

    /// What came of one or two attempts that are due, or the last report once more.
    fn report_deliveries(&self, world: &World, object: u8) -> Command {
        if object % 8 == 7 {
            return Command::ReportDeliveries(self.deliveries.clone());
        }
        let rows = world.outbox();
        let chosen = rows.iter().rev().skip(object as usize % 4).take(1 + object as usize / 4 % 2);
        Command::ReportDeliveries(chosen.map(|row| world.outcome_of(*row, !object.is_multiple_of(3))).collect())
    }

    /// A timer that is due, else the last one once more.
    fn run_timer(&self, world: &World) -> Option<Command> {
        let due = world.due().into_iter().next().map(|due| due.command);
        due.or_else(|| self.timers.last().map(|last| Command::RunTimer(*last)))
    }

    /// Customers, and what the widget shows.
    fn about_people(&self, account: AccountId, action: u8, object: u8) -> Command {
        let id = pick(&self.customers, account, object).unwrap_or(CustomerId(1));
        match action {
            30 | 31 => {
                let name = ["ann", "bob", "eve", "joe"][object as usize % 4];
                Command::CreateCustomer(account, Box::new(fixture::customer_terms(name)))
            }
            32 | 33 => {
                let name = Some(Some(["Ann", "Anna"][object as usize % 2].to_owned()));
                let patch = CustomerPatch { first_name: name, ..CustomerPatch::default() };
                Command::UpdateCustomer(account, id, Box::new(patch))
            }
            34 => Command::DeleteCustomer(account, id),
            _ => {
                let brand_name = Some(Some(format!("Shop {object}")));
                Command::UpdateBranding(account, Box::new(BrandingPatch { brand_name, ..BrandingPatch::default() }))
            }
        }
    }

    /// A test, or a step on the way to a dead delivery that is replayed: the endpoint goes, an attempt fails, it comes back.
    fn about_deliveries(&self, world: &World, account: AccountId, action: u8) -> Command {
        let row = world.reader.accounts().unwrap().into_iter().find(|row| row.id == account);
        let Some(row) = row.filter(|_| action > 46) else { return Command::SendTestWebhook(account) };
        let dead = world.reader.deliveries(account, Some(DeliveryLabel::DeadLettered), &BTreeSet::new(), 0, 1).unwrap();
        let due = world.outbox().into_iter().rev().find(|due| due.account == account);
        match (dead.first(), due, &row.webhook) {
            (Some((dead, _)), _, Some(_)) => Command::ReplayDelivery(account, dead.id, dead.lane),
            (Some(_), _, None) => Command::SetWebhook(account, endpoint(1)),
            (None, Some(_), Some(_)) => Command::UnsetWebhook(account),
            (None, Some(due), None) => Command::ReportDeliveries(vec![world.outcome_of(due, false)]),
            (None, None, _) => Command::SendTestWebhook(account),
        }
    }

    /// What an operator says of a person, a customer or a session.
    fn verify(&self, account: AccountId, session: SessionId, object: u8) -> Command {
        let customer = pick(&self.customers, account, object).unwrap_or(CustomerId(1));
        let who = match object % 5 {
            0 => Who::Reference("user-1".to_owned()),
            1 | 2 => {
                Who::Reference(["user-ann", "user-bob", "user-eve", "user-joe"][object as usize / 5 % 4].to_owned())
            }
            3 => Who::Customer(customer),
            _ => Who::Session(session),
        };
        let word = [None, Some(Word::Verified), Some(Word::Refused)][usize::from(object % 3)];
        Command::SetVerification(account, who, word)
    }

    /// What a payment turned out to be, often another thing than before.
    fn set_labels(&self, account: AccountId, object: u8) -> Command {
        let payment = pick(&self.payments, account, object).unwrap_or(PaymentId(1));
        let label = [Some(Label::Fraud), Some(Label::Honest), None][object as usize % 3];
        Command::SetLabels(vec![NewLabel { payment, label }])
    }

    fn operate(&self, account: AccountId, action: u8, object: u8) -> Command {
        match action {
            36 => Command::CreateAccount(AccountId(3 + u128::from(object % 2)), format!("Partner {object}")),
            37 => Command::CreateKey(account, NewKey { kind: KeyKind::Secret, hash: [object; 32] }),
            38 => Command::RevokeKey(account, pick(&self.keys, account, object).unwrap_or(KeyId(1))),
            39 => {
                let rails = !object.is_multiple_of(4);
                let entitlements =
                    Entitlements { rails, swap: rails, customers: rails, kyc_package: false, verified_users: false };
                Command::SetEntitlements(account, entitlements)
            }
            40 => Command::SetOrigins(account, vec![format!("https://{object}.example")]),
            41..43 => Command::SetWebhook(account, endpoint(object)),
            43 => Command::ChangeEndpoint(account, endpoint_change(object)),
            44 => Command::SetTier(account, format!("tier-{}", object % 3)),
            _ => Command::UnsetWebhook(account),
        }
    }
}

/// Some of the oldest events, whatever their age.
fn sweep(world: &World, account: AccountId, object: u8) -> Command {
    let until = Timestamp(u64::MAX >> 16);
    let found = world.reader.old_events(account, None, until, 1 + usize::from(object % 8)).unwrap();
    Command::SweepEvents(account, found.into_iter().filter_map(|(_, event)| event).collect())
}

/// Some of what waits for the bus, perhaps not what has waited longest. Nobody can report what was not durable before.
fn published(world: &World, object: u8) -> Vec<EventId> {
    let waiting = world.reader.bus(None, 16).unwrap();
    let durable = waiting.iter().map(|row| row.event).filter(|event| event.made_at() < world.now);
    durable.skip(object as usize % 3).step_by(1 + object as usize % 2).collect()
}

/// The next page of the account's job, at times the end of it; without a job the beginning of one.
fn redeliver(world: &World, account: AccountId, object: u8) -> Command {
    let jobs = world.reader.redeliveries(account).unwrap();
    let Some(job) = jobs.last().filter(|job| job.is_running() || object.is_multiple_of(4)) else {
        return world::start_redelivery(account, if object.is_multiple_of(2) { Which::All } else { Which::Missed });
    };
    if object.is_multiple_of(8) {
        return Command::CancelRedelivery(account, job.id);
    }
    let step = world.reader.redelivery_step(job, PageBounds { rows: 8, events: 4 }).unwrap();
    Command::AdvanceRedelivery(account, job.id, Box::new(step))
}

/// Mostly the last or one of the last three of the account: what came before has often ended. Sometimes another's.
fn pick<T: Copy>(known: &[(AccountId, T)], account: AccountId, choice: u8) -> Option<T> {
    let own: Vec<T> =
        known.iter().filter(|(owner, _)| *owner == account || choice > 250).map(|(_, one)| *one).collect();
    let most = [1, 1, 1, 3, 3, own.len()][choice as usize / 6 % 6];
    let among = own.len().min(most);
    (among > 0).then(|| own[own.len() - 1 - choice as usize % among])
}
