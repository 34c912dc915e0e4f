//! What stands against a command. All of it is gathered, whatever the cell looks at first; the refusal is then the first in
//! the documented order.

use crate::account::Account;
use crate::command::{Command, Confirm, Moment, Redeem, Refusal, Subject, Who};
use crate::id::{AccountId, DeliveryId, KeyId, PaymentId, SessionId};
use crate::limits::{ACCOUNTS, KEYS_PER_ACCOUNT, ORIGINS_PER_ACCOUNT};
use crate::money::Asset;
use crate::payment::{Payment, PaymentStatus};
use crate::quote::Quote;
use crate::risk::Word;
use crate::session::{Flow, Session, SessionStatus};
use crate::terms::{Side, Terms};

use super::deliveries::Stand;
use super::policy::is_too_large;
use super::{Oracle, signature};

/// The one of these that comes first in the order of precedence.
pub fn first(refusals: &[Refusal]) -> Option<Refusal> {
    refusals.iter().copied().min_by_key(|refusal| rank(*refusal))
}

fn rank(refusal: Refusal) -> u8 {
    match refusal {
        Refusal::Overloaded => 1,
        Refusal::StoreDown => 2,
        Refusal::OutcomeUnknown => 3,
        Refusal::UnknownAccount => 4,
        Refusal::LimitReached => 5,
        Refusal::NotEntitled => 6,
        Refusal::IdempotencyKeyReused => 7,
        Refusal::NotFound(_) => 8,
        Refusal::SessionNotOpen => 9,
        Refusal::SessionBusy => 10,
        Refusal::QuoteConsumed => 11,
        Refusal::QuoteExpired => 12,
        Refusal::QuoteMismatch(_) => 13,
        Refusal::SwapNotEnabled => 14,
        Refusal::PaymentNotWaiting => 15,
        Refusal::DeliveryNotDead => 16,
        Refusal::NoEndpoint => 17,
        Refusal::MethodUnavailable => 18,
        Refusal::AssetUnavailable => 19,
        Refusal::RateUnavailable => 20,
        Refusal::TooManyDecimals => 21,
        Refusal::AmountOutOfRange => 22,
        Refusal::CustomerAlreadyExists => 23,
        Refusal::VerificationRequired => 24,
        Refusal::EndpointNotReady => 25,
        Refusal::RedeliveryRunning => 26,
        Refusal::ModelNotReady => 27,
    }
}

impl Oracle {
    /// Every reason not to do what is asked, that of a used key left out.
    pub(super) fn against(&self, command: &Command) -> Vec<Refusal> {
        [self.against_partner(command), self.against_itself(command)].concat()
    }

    /// What stands against a partner's asking at all, whether or not it was answered before.
    pub(super) fn against_partner(&self, command: &Command) -> Vec<Refusal> {
        let Some(id) = command.partner() else { return Vec::new() };
        let Some(account) = self.accounts.get(&id) else { return vec![Refusal::UnknownAccount] };
        let may = match command {
            Command::CreateSession(_, terms) => {
                let may_swap = terms.flow != Some(Flow::Swap) || account.entitlements.swap;
                may_swap && (terms.kyc_package.is_none() || account.entitlements.kyc_package)
            }
            Command::LockQuote(..) | Command::CreatePayIn(..) | Command::CreatePayOut(..) => account.entitlements.rails,
            Command::CreateCustomer(..) | Command::UpdateCustomer(..) | Command::DeleteCustomer(..) => {
                account.entitlements.customers
            }
            Command::CancelSession(..)
            | Command::ConfirmSession(..)
            | Command::VerifyPayment(..)
            | Command::RememberPayment(..)
            | Command::UpdateBranding(..)
            | Command::ReplayDelivery(..)
            | Command::SendTestWebhook(..)
            | Command::ReportRails(..)
            | Command::ReportDeliveries(..)
            | Command::SweepEvents(..)
            | Command::ReportPublished(..)
            | Command::AdvanceRedelivery(..)
            | Command::RunTimer(..)
            | Command::CreateAccount(..)
            | Command::CreateKey(..)
            | Command::RevokeKey(..)
            | Command::SetEntitlements(..)
            | Command::SetOrigins(..)
            | Command::SetWebhook(..)
            | Command::UnsetWebhook(..)
            | Command::ChangeEndpoint(..)
            | Command::SetTier(..)
            | Command::SetRules(..)
            | Command::SetVerification(..)
            | Command::SetLabels(_)
            | Command::DecideReview(..)
            | Command::SetRiskPolicy(..)
            | Command::ChangeModels(_)
            | Command::StartRedelivery(..)
            | Command::CancelRedelivery(..) => true,
        };
        when(!may, Refusal::NotEntitled)
    }

    fn against_itself(&self, command: &Command) -> Vec<Refusal> {
        match command {
            Command::CreateSession(..) => Vec::new(),
            Command::CancelSession(account, id) => match self.session_of(*account, *id) {
                Some(session) => against_change(session),
                None => vec![Refusal::NotFound(Subject::Path)],
            },
            Command::LockQuote(_, lock) => self.priced(lock).err().unwrap_or_default(),
            Command::CreatePayIn(account, redeem) => self.against_redeem(*account, Side::OnRamp, redeem),
            Command::CreatePayOut(account, redeem) => self.against_redeem(*account, Side::OffRamp, redeem),
            Command::ConfirmSession(account, id, confirm) => self.against_confirm(*account, *id, confirm),
            Command::VerifyPayment(account, session, id) => self.against_verified(*account, *session, *id),
            Command::RememberPayment(account, session, id, moment) => {
                self.against_payment(*account, *session, *id, |payment| stands(payment, *moment))
            }
            Command::CreateCustomer(account, terms) => {
                when(self.is_taken(*account, terms), Refusal::CustomerAlreadyExists)
            }
            Command::UpdateCustomer(account, id, _) => {
                when(!self.has_customer(*account, *id), Refusal::NotFound(Subject::Path))
            }
            Command::DeleteCustomer(account, id) => {
                let is_known = self.has_customer(*account, *id) || self.had_customer(*account, *id);
                when(!is_known, Refusal::NotFound(Subject::Path))
            }
            Command::ReplayDelivery(account, id, lane) => self.against_replay(*account, *id, *lane),
            Command::SendTestWebhook(account) => self.against_telling(*account),
            Command::AdvanceRedelivery(account, id, step) => self.against_step(*account, *id, step),
            Command::StartRedelivery(account, _) => self.against_order(*account),
            Command::CancelRedelivery(account, id) => self.against_cancel(*account, *id),
            Command::UpdateBranding(..)
            | Command::ReportRails(_)
            | Command::ReportDeliveries(_)
            | Command::SweepEvents(..)
            | Command::ReportPublished(_)
            | Command::SetLabels(_)
            | Command::RunTimer(_) => Vec::new(),
            Command::CreateAccount(id, _) => when(self.is_full(*id), Refusal::LimitReached),
            Command::CreateKey(account, _) => self.against_key(*account),
            Command::RevokeKey(account, key) => when(!self.has_key(*account, *key), Refusal::UnknownAccount),
            Command::SetOrigins(account, origins) => {
                let too_many = when(origins.len() > ORIGINS_PER_ACCOUNT, Refusal::LimitReached);
                [self.against_account(*account), too_many].concat()
            }
            Command::SetEntitlements(account, _)
            | Command::SetWebhook(account, _)
            | Command::UnsetWebhook(account)
            | Command::SetTier(account, _)
            | Command::SetRules(account, _) => self.against_account(*account),
            Command::ChangeEndpoint(account, change) => self.against_endpoint(*account, change),
            Command::SetVerification(account, who, _) => self.against_verification(*account, who),
            Command::SetRiskPolicy(new) => when(is_too_large(new), Refusal::LimitReached),
            Command::DecideReview(account, session, id, decision) => {
                self.against_decision(*account, *session, *id, *decision)
            }
            Command::ChangeModels(step) => self.against_model_step(step),
        }
    }

    /// Whether there is no room for this account.
    fn is_full(&self, id: AccountId) -> bool {
        !self.accounts.contains_key(&id) && self.accounts.len() >= ACCOUNTS
    }

    fn against_replay(&self, account: AccountId, id: DeliveryId, lane: Option<SessionId>) -> Vec<Refusal> {
        let Some(letter) = self.letter_of(account, id, lane) else { return vec![Refusal::NotFound(Subject::Path)] };
        [when(letter.stand != Stand::Dead, Refusal::DeliveryNotDead), self.against_telling(account)].concat()
    }

    pub(super) fn against_telling(&self, account: AccountId) -> Vec<Refusal> {
        when(self.goes_to(account).is_none(), Refusal::NoEndpoint)
    }

    pub(super) fn against_account(&self, account: AccountId) -> Vec<Refusal> {
        when(!self.accounts.contains_key(&account), Refusal::UnknownAccount)
    }

    fn against_key(&self, account: AccountId) -> Vec<Refusal> {
        let is_full = self.accounts.get(&account).is_some_and(|account| active(account) >= KEYS_PER_ACCOUNT);
        [self.against_account(account), when(is_full, Refusal::LimitReached)].concat()
    }

    /// The payment must wait for its user, whom no operator refuses.
    fn against_verified(&self, account: AccountId, session: SessionId, id: PaymentId) -> Vec<Refusal> {
        let now = self.now();
        let waits = |payment: &Payment| matches!(payment.status, PaymentStatus::Verifying { expires_at, .. } if now < expires_at);
        let user = self.session_of(account, session).map(|session| self.guest(session));
        let is_refused = user.is_some_and(|user| self.word_on(&user) == Some(Word::Refused));
        let refused = when(is_refused, Refusal::VerificationRequired);
        [self.against_payment(account, session, id, waits), refused].concat()
    }

    fn has_key(&self, account: AccountId, key: KeyId) -> bool {
        self.accounts.get(&account).is_some_and(|account| account.keys.iter().any(|one| one.id == key))
    }

    fn against_redeem(&self, account: AccountId, side: Side, redeem: &Redeem) -> Vec<Refusal> {
        let quote = redeem.quote.and_then(|id| self.quote_of(account, id));
        let session = redeem.session.and_then(|id| self.session_of(account, id));
        let mut against = Vec::new();
        match quote {
            Some(quote) => against.extend(self.against_quote(quote, side)),
            None => against.push(Refusal::NotFound(Subject::Quote)),
        }
        match session {
            Some(session) => against.extend(self.against_movement(session)),
            None => against.push(Refusal::NotFound(Subject::Session)),
        }
        if let Some((quote, session)) = quote.zip(session) {
            against.extend(when(!fits(&quote.terms, session), Refusal::QuoteMismatch(Subject::Session)));
        }
        if let Some(session) = session {
            against.extend(when(self.is_stranger(session), Refusal::VerificationRequired));
        }
        against
    }

    fn against_verification(&self, account: AccountId, who: &Who) -> Vec<Refusal> {
        let is_there = match who {
            Who::Reference(_) => true,
            Who::Customer(id) => self.has_customer(account, *id),
            Who::Session(id) => {
                self.session_of(account, *id).is_some_and(|session| session.terms.user_reference.is_none())
            }
        };
        [self.against_account(account), when(!is_there, Refusal::NotFound(Subject::Path))].concat()
    }

    /// A consumed quote does not expire.
    fn against_quote(&self, quote: &Quote, side: Side) -> Vec<Refusal> {
        let is_signed = self
            .settings
            .quote_keys
            .iter()
            .any(|key| key.id == quote.key_id && signature::of(quote, key) == quote.signature);
        let has_expired = quote.consumed.is_none() && self.now() >= quote.expires_at;
        [
            when(quote.consumed.is_some(), Refusal::QuoteConsumed),
            when(has_expired, Refusal::QuoteExpired),
            when(quote.terms.side != side || !is_signed, Refusal::QuoteMismatch(Subject::Quote)),
        ]
        .concat()
    }

    /// A session whose time has run out takes no new movement; one whose movement still runs is busy all the same.
    fn against_movement(&self, session: &Session) -> Vec<Refusal> {
        let is_free = session.status == SessionStatus::Open { movement: None };
        let is_overdue = is_free && self.now() >= session.expires_at;
        [against_change(session), when(is_overdue, Refusal::SessionNotOpen)].concat()
    }

    fn against_confirm(&self, account: AccountId, id: SessionId, confirm: &Confirm) -> Vec<Refusal> {
        let Some(session) = self.session_of(account, id) else { return vec![Refusal::NotFound(Subject::Path)] };
        let swap = when(session.terms.flow == Some(Flow::Swap), Refusal::SwapNotEnabled);
        let choice = when(contradicts(session, confirm), Refusal::QuoteMismatch(Subject::Session));
        let price = self.confirmed_lock(session, confirm).and_then(|lock| self.priced(&lock)).err();
        let stranger = when(self.is_stranger(session), Refusal::VerificationRequired);
        [self.against_movement(session), swap, choice, price.unwrap_or_default(), stranger].concat()
    }

    pub(super) fn against_payment(
        &self,
        account: AccountId,
        session: SessionId,
        id: PaymentId,
        stands: impl Fn(&Payment) -> bool,
    ) -> Vec<Refusal> {
        match self.payment_of(account, id) {
            Some(payment) => when(payment.session != session || !stands(payment), Refusal::PaymentNotWaiting),
            None => vec![Refusal::NotFound(Subject::Path)],
        }
    }
}

fn active(account: &Account) -> usize {
    account.keys.iter().filter(|key| key.revoked_at.is_none()).count()
}

/// Whether the user chose what the session has fixed otherwise.
fn contradicts(session: &Session, confirm: &Confirm) -> bool {
    let side = match session.terms.flow {
        Some(Flow::OnRamp) => confirm.side == Some(Side::OffRamp),
        Some(Flow::OffRamp) => confirm.side == Some(Side::OnRamp),
        Some(Flow::Swap) => confirm.side.is_some(),
        None => false,
    };
    let has_both = session.terms.target_token.is_some() && confirm.asset.is_some();
    side || has_both && session.terms.target_token != confirm.asset
}

/// The reason alone when it holds.
pub fn when(holds: bool, refusal: Refusal) -> Vec<Refusal> {
    if holds { vec![refusal] } else { Vec::new() }
}

fn against_change(session: &Session) -> Vec<Refusal> {
    match session.status {
        SessionStatus::Open { movement: None } => Vec::new(),
        SessionStatus::Open { movement: Some(_) } => vec![Refusal::SessionBusy],
        SessionStatus::Completed { .. } | SessionStatus::Expired | SessionStatus::Cancelled => {
            vec![Refusal::SessionNotOpen]
        }
    }
}

fn stands(payment: &Payment, moment: Moment) -> bool {
    match moment {
        Moment::Routed => payment.status == PaymentStatus::Routed,
        Moment::Ended | Moment::SessionAfter => match payment.status {
            PaymentStatus::Settled { .. } | PaymentStatus::Failed { .. } | PaymentStatus::Cancelled => true,
            PaymentStatus::Verifying { .. } | PaymentStatus::Reviewing { .. } | PaymentStatus::Routed => false,
        },
    }
}

/// Whether a quote moves what the session is for.
fn fits(terms: &Terms, session: &Session) -> bool {
    let wanted = &session.terms;
    let flow = match wanted.flow {
        None => true,
        Some(Flow::OnRamp) => terms.side == Side::OnRamp,
        Some(Flow::OffRamp) => terms.side == Side::OffRamp,
        Some(Flow::Swap) => false,
    };
    let amount = match terms.side {
        Side::OnRamp => terms.fiat_amount.decimal() == wanted.amount.decimal(),
        Side::OffRamp => terms.fiat_amount.decimal() <= wanted.amount.decimal(),
    };
    let asset = wanted.target_token.is_none_or(|asset: Asset| asset == terms.asset);
    flow && amount && asset && terms.currency == wanted.currency
}
