//! From a wish to a command: mostly sensible, sometimes about what is foreign, gone or was never there.

mod models;
mod terms;

use std::sync::Arc;

use super::Known;
use crate::account::{Entitlements, KeyKind, Rules};
use crate::branding::BrandingPatch;
use crate::command::{Address, Command, Confirm, LockQuote, Moment, NewKey, Redeem, Who};
use crate::command::{Idempotency, NewEndpoint};
use crate::customer::{CustomerPatch, CustomerTerms};
use crate::endpoint::EndpointChange;
use crate::event::EventKind;
use crate::id::{AccountId, CustomerId, DeliveryId, KeyId, Mode, PaymentId, QuoteId, RedeliveryId, SessionId};
use crate::ingress::Lane;
use crate::payment::PaymentStatus;
use crate::quote::Quote;
use crate::redelivery::{RedeliveryRange, Which};
use crate::review::ReviewDecision;
use crate::risk::keys::person_key;
use crate::risk::policy::{List, ListAction};
use crate::risk::{Country, Device, Entity, Label, NewLabel, NewPolicy, Word};
use crate::session::{Flow, KycPackage, PackageVerdict, Session, SessionStatus, SessionTerms};
use crate::sim::action::{Choice, Wish};
use crate::sim::ground::{self, amount, asset, currency};
use crate::terms::Side;
use crate::time::{Millis, Timestamp};

use terms::{
    any_lock, branding_patch, confirm, customer_patch, customer_terms, endpoint_change, new_key, rules, session_terms,
};

const FIAT: [&str; 16] = [
    "100.00", "100.00", "250.00", "250.00", "100.01", "100.02", "100.03", "100.04", "100.05", "100.06", "600.00",
    "600.00", "1500.00", "0.50", "4900.00", "9999.99",
];
const CRYPTO: [&str; 8] = ["50", "50", "50.01", "50.02", "50.04", "50.05", "0.001", "700"];

/// The command of a wish, and the lane in which it waits.
pub fn command(known: &Known, wish: Wish, choice: Choice) -> (Lane, Command) {
    let account = AccountId(1 + u128::from(choice.who));
    let partner = |command| (Lane::Partner, command);
    let operator = |command| (Lane::Operator, command);
    let session = || known.session(account, choice);
    let payment = || known.payment(account, choice);
    match wish {
        Wish::CreateSession => partner(Command::CreateSession(account, Box::new(session_terms(choice)))),
        Wish::LockQuote => partner(Command::LockQuote(account, known.lock(account, choice))),
        Wish::CreatePayIn => partner(known.redeem(account, Side::OnRamp, choice)),
        Wish::CreatePayOut => partner(known.redeem(account, Side::OffRamp, choice)),
        Wish::ConfirmSession => partner(Command::ConfirmSession(account, session(), Box::new(confirm(choice)))),
        Wish::CancelSession => partner(Command::CancelSession(account, session())),
        Wish::VerifyPayment => partner(Command::VerifyPayment(account, payment().1, payment().0)),
        Wish::RememberPayment => partner(Command::RememberPayment(account, payment().1, payment().0, moment(choice))),
        Wish::CreateCustomer => partner(Command::CreateCustomer(account, Box::new(customer_terms(choice)))),
        Wish::UpdateCustomer => {
            let patch = Box::new(customer_patch(choice));
            partner(Command::UpdateCustomer(account, known.customer(account, choice), patch))
        }
        Wish::DeleteCustomer => partner(Command::DeleteCustomer(account, known.customer(account, choice))),
        Wish::UpdateBranding => partner(Command::UpdateBranding(account, Box::new(branding_patch(choice)))),
        Wish::ReplayDelivery => {
            let (owner, delivery, lane) = known.delivery(account, choice);
            partner(Command::ReplayDelivery(owner, delivery, lane))
        }
        Wish::SendTestWebhook => partner(Command::SendTestWebhook(account)),
        Wish::CreateAccount => operator(Command::CreateAccount(account, format!("Partner {}", choice.what))),
        Wish::CreateKey => operator(Command::CreateKey(account, new_key(choice))),
        Wish::RevokeKey => {
            let (owner, key) = young(&known.keys, choice.which).unwrap_or((account, KeyId(7)));
            operator(Command::RevokeKey(if choice.what.is_multiple_of(8) { account } else { owner }, key))
        }
        Wish::SetEntitlements => operator(Command::SetEntitlements(account, entitlements(choice))),
        Wish::SetOrigins => operator(Command::SetOrigins(account, vec![format!("https://{}.example", choice.what)])),
        Wish::SetWebhook => {
            let url = format!("https://hooks.example/{}", choice.what);
            operator(Command::SetWebhook(account, NewEndpoint { url, sealed_secret: vec![choice.what] }))
        }
        Wish::UnsetWebhook => operator(Command::UnsetWebhook(account)),
        Wish::ChangeEndpoint => operator(Command::ChangeEndpoint(account, endpoint_change(choice))),
        Wish::SetTier => operator(Command::SetTier(account, format!("tier-{}", choice.what % 3))),
        Wish::SetRules => operator(Command::SetRules(account, rules(choice))),
        Wish::StartRedelivery => operator(Command::StartRedelivery(account, Box::new(known.stretch(choice)))),
        Wish::CancelRedelivery => {
            let job = young(&known.redeliveries, choice.which).map_or(RedeliveryId(9), |(_, job)| job);
            operator(Command::CancelRedelivery(account, job))
        }
        Wish::ChangeModels => operator(Command::ChangeModels(models::step(choice))),
        Wish::SetLabels => operator(Command::SetLabels(known.labels(account, choice))),
        Wish::DecideReview => operator(known.decide(account, choice)),
        Wish::SetRiskPolicy => operator(Command::SetRiskPolicy(Box::new(known.policy(choice)))),
        Wish::SetVerification => operator(Command::SetVerification(account, known.who(account, choice), word(choice))),
    }
}

fn entitlements(choice: Choice) -> Entitlements {
    let bit = |place: u8| choice.what.rotate_right(place.into()) & 7 != 0;
    let (rails, customers, kyc_package, swap) = (bit(0), bit(2), bit(4), bit(6));
    Entitlements { rails, customers, kyc_package, swap, verified_users: bit(7) }
}

fn moment(choice: Choice) -> Moment {
    [Moment::Routed, Moment::Ended, Moment::SessionAfter][choice.what as usize % 3]
}

fn word(choice: Choice) -> Option<Word> {
    match choice.key % 8 {
        0 => Some(Word::Refused),
        1 | 2 => None,
        3.. => Some(Word::Verified),
    }
}

/// Half of the requests carry a key, if what they ask for is remembered at all. One in eight of these uses a key that was
/// meant for something else.
pub fn key(command: &Command, choice: Choice) -> Option<Idempotency> {
    let is_remembered = !matches!(command, Command::ReplayDelivery(..) | Command::SendTestWebhook(_));
    if choice.key.is_multiple_of(2) || !is_remembered {
        return None;
    }
    let name = if choice.key % 16 == 1 { 0 } else { choice.key };
    let mut fingerprint = [0u8; 16];
    for (place, byte) in format!("{command:?}").bytes().enumerate() {
        fingerprint[place % 16] = fingerprint[place % 16].rotate_left(3) ^ byte;
    }
    let mut key = [name; 16];
    key[0] = if name == 0 { 0 } else { choice.what };
    Some(Idempotency { key, fingerprint })
}

impl Known {
    fn session(&self, account: AccountId, choice: Choice) -> SessionId {
        let own: Vec<SessionId> = self.sessions.iter().filter(|one| one.account == account).map(|one| one.id).collect();
        let foreign = self.sessions.first().filter(|_| choice.what.is_multiple_of(32)).map(|one| one.id);
        foreign.or_else(|| young(&own, choice.which)).unwrap_or(SessionId(99))
    }

    fn who(&self, account: AccountId, choice: Choice) -> Who {
        match choice.what % 8 {
            0..4 => Who::Reference(["ann", "ann", "bob", "eve"][choice.which as usize % 4].to_owned()),
            4 | 5 => Who::Customer(self.customer(account, choice)),
            _ => Who::Session(self.nameless(account, choice).unwrap_or_else(|| self.session(account, choice))),
        }
    }

    /// One to three labels, mostly of payments of the account; few, so that many are corrected.
    fn labels(&self, account: AccountId, choice: Choice) -> Vec<NewLabel> {
        let own: Vec<_> = self.payments.iter().filter(|one| one.account == account).map(|one| one.id).collect();
        let label = |place: u8| NewLabel {
            payment: young(&own, choice.which.wrapping_add(place)).unwrap_or(PaymentId(99)),
            label: [Some(Label::Fraud), Some(Label::Fraud), Some(Label::Honest), None]
                [(choice.key / 2 + place) as usize % 4],
        };
        (0..1 + choice.what % 3).map(label).collect()
    }

    /// A session that names no person.
    fn nameless(&self, account: AccountId, choice: Choice) -> Option<SessionId> {
        let is_it = |one: &&Arc<Session>| one.account == account && one.terms.user_reference.is_none();
        let own: Vec<SessionId> = self.sessions.iter().filter(is_it).map(|one| one.id).collect();
        young(&own, choice.which)
    }

    fn customer(&self, account: AccountId, choice: Choice) -> CustomerId {
        let own: Vec<_> = self.customers.iter().map(|one| one.facts).filter(|one| one.account == account).collect();
        let own: Vec<CustomerId> = own.into_iter().map(|one| one.id).collect();
        let foreign = self.customers.first().filter(|_| choice.what.is_multiple_of(32)).map(|one| one.facts.id);
        foreign.or_else(|| young(&own, choice.which)).unwrap_or(CustomerId(99))
    }

    fn payment(&self, account: AccountId, choice: Choice) -> (PaymentId, SessionId) {
        self.payment_that(account, choice, |status| matches!(status, PaymentStatus::Verifying { .. }))
    }

    /// Rules and lists; often with one more list, which blocks the person of a payment that waits.
    fn policy(&self, choice: Choice) -> NewPolicy {
        let mut new = ground::policy(choice.what, choice.key);
        let waits = |status: &PaymentStatus| {
            matches!(status, PaymentStatus::Reviewing { .. } | PaymentStatus::Verifying { .. })
        };
        let waiting = self.payments.iter().rev().find(|one| waits(&one.status)).map(|one| one.session);
        let session = waiting.and_then(|id| self.sessions.iter().find(|one| one.id == id));
        if let Some(session) = session.filter(|_| !choice.what.is_multiple_of(4)) {
            let keys = [Mode::Sandbox, Mode::Live].map(|mode| person_key(mode, session)).to_vec();
            new.lists.push(List::new("waiting".to_owned(), ListAction::Block, Entity::Person, keys));
        }
        new
    }

    /// Mostly about one that waits, for whichever account.
    fn decide(&self, account: AccountId, choice: Choice) -> Command {
        let waits = |status: &PaymentStatus| matches!(status, PaymentStatus::Reviewing { .. });
        let waiting = self.payments.iter().rev().find(|one| waits(&one.status)).map(|one| one.account);
        let owner = waiting.filter(|_| !choice.what.is_multiple_of(16)).unwrap_or(account);
        let (payment, session) = self.payment_that(owner, choice, waits);
        let decisions = [ReviewDecision::Approve, ReviewDecision::Approve, ReviewDecision::Decline];
        Command::DecideReview(owner, session, payment, decisions[choice.which as usize % 3])
    }

    /// Mostly one that waits as is said, if there is one.
    fn payment_that(
        &self,
        account: AccountId,
        choice: Choice,
        waits: impl Fn(&PaymentStatus) -> bool,
    ) -> (PaymentId, SessionId) {
        let own: Vec<_> = self.payments.iter().filter(|one| one.account == account).collect();
        let waiting = own.iter().copied().filter(|one| waits(&one.status)).map(|one| (one.id, one.session));
        let waiting: Vec<_> = waiting.filter(|_| !choice.key.is_multiple_of(4)).collect();
        let own: Vec<_> = own.iter().map(|one| (one.id, one.session)).collect();
        let own = if waiting.is_empty() { own } else { waiting };
        let (payment, session) = young(&own, choice.which).unwrap_or((PaymentId(99), SessionId(99)));
        if choice.what.is_multiple_of(16) { (payment, self.session(account, choice)) } else { (payment, session) }
    }

    /// Mostly one that has failed so often that it is probably dead, in its own order and for its own account.
    fn delivery(&self, account: AccountId, choice: Choice) -> (AccountId, DeliveryId, Option<SessionId>) {
        let at_least = |times| self.failed.iter().filter(move |one| one.times >= times).map(|one| one.it);
        let often: Vec<_> = at_least(3).filter(|_| !choice.what.is_multiple_of(4)).collect();
        let failing = if often.is_empty() { at_least(1).collect() } else { often };
        let (owner, delivery, lane) = young(&failing, choice.which).unwrap_or((account, DeliveryId(99), None));
        let owner = if choice.what.is_multiple_of(16) { account } else { owner };
        (owner, delivery, lane.filter(|_| choice.what % 16 != 5))
    }

    /// Mostly everything; sometimes what happened between two sessions, or of some types.
    fn stretch(&self, choice: Choice) -> RedeliveryRange {
        let at = |back: u8| young(&self.sessions.iter().map(|one| one.created_at).collect::<Vec<_>>(), back);
        let some = vec![EventKind::SessionCreated, EventKind::PayInSettled, EventKind::CustomerCreated];
        RedeliveryRange {
            from: at(choice.what).filter(|_| choice.what.is_multiple_of(3)).unwrap_or(Timestamp(0)),
            until: at(choice.which).filter(|_| choice.what.is_multiple_of(4)).unwrap_or(Timestamp(u64::MAX)),
            kinds: if choice.key.is_multiple_of(4) { some } else { Vec::new() },
            which: if choice.key.is_multiple_of(3) { Which::All } else { Which::Missed },
        }
    }

    /// Mostly a lock for a session that is there.
    fn lock(&self, account: AccountId, choice: Choice) -> LockQuote {
        let session = self.sessions.iter().find(|one| one.id == self.session(account, choice));
        let Some(session) = session.filter(|_| !choice.what.is_multiple_of(4)) else { return any_lock(choice) };
        let terms = &session.terms;
        let (side, amount) = match terms.flow {
            Some(Flow::OffRamp) => (Side::OffRamp, amount(CRYPTO[choice.what as usize % 8])),
            Some(Flow::OnRamp | Flow::Swap) | None => (Side::OnRamp, terms.amount),
        };
        let payment_method = if choice.what % 16 == 5 { "sepa" } else { "card" };
        let asset = terms.target_token.unwrap_or_else(|| asset("USDC"));
        LockQuote { side, currency: terms.currency, asset, amount, payment_method: payment_method.to_owned() }
    }

    /// Mostly the youngest quote of that side with a session that it fits. Without one, mostly a lock, so that there is one.
    fn redeem(&self, account: AccountId, side: Side, choice: Choice) -> Command {
        let own = || self.quotes.iter().rev().filter(|one| one.account == account);
        let fitting =
            own().filter(|quote| quote.terms.side == side).find_map(|quote| Some((quote.id, self.fits(quote)?)));
        let any = own().nth(choice.which.into()).map(|quote| (quote.id, self.session(account, choice)));
        if fitting.is_none() && !choice.what.is_multiple_of(4) {
            return Command::LockQuote(account, self.lock(account, choice));
        }
        let pair = if choice.what.is_multiple_of(6) { any.or(fitting) } else { fitting.or(any) };
        let (quote, session) = pair.unwrap_or_else(|| (QuoteId(99), self.session(account, choice)));
        let metadata = vec![("note".to_owned(), choice.what.to_string())];
        let (quote, session) = ((choice.key != 0).then_some(quote), (choice.key != 2).then_some(session));
        let redeem = Redeem { quote, session, metadata };
        match side {
            Side::OnRamp => Command::CreatePayIn(account, redeem),
            Side::OffRamp => Command::CreatePayOut(account, redeem),
        }
    }

    /// The youngest session that a quote fits and that was open when it was last heard of.
    fn fits(&self, quote: &Quote) -> Option<SessionId> {
        let terms = &quote.terms;
        let fits = |session: &&Arc<Session>| {
            session.account == quote.account
                && matches!(session.status, SessionStatus::Open { movement: None })
                && terms.currency == session.terms.currency
                && match terms.side {
                    Side::OnRamp => terms.fiat_amount == session.terms.amount,
                    Side::OffRamp => terms.fiat_amount <= session.terms.amount,
                }
        };
        self.sessions.iter().rev().find(fits).map(|session| session.id)
    }
}

fn young<T: Copy>(objects: &[T], back: u8) -> Option<T> {
    let place = objects.len().checked_sub(1 + back as usize % objects.len().max(1));
    place.map(|place| objects[place])
}
