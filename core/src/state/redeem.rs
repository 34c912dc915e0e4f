//! Redemption: a quote and a session become a payment. The guards stand in the order of their refusals; after them the
//! quote is consumed and the session taken, whatever the verdict.

use std::sync::Arc;

use super::State;
use super::observe::Hosted;
use crate::account::Account;
use crate::change::Change;
use crate::command::{Redeem, Refusal, Reply, Subject, Timer, TimerTask};
use crate::event::{EventData, EventKind};
use crate::id::{AccountId, AttemptId, CommandIds, Mode, PaymentId, SessionId, TransactionId};
use crate::ledger::Phase;
use crate::money::Amount;
use crate::payment::{Attempt, FailureCode, Magic, Payment, PaymentKind, PaymentStatus};
use crate::planted::{self, Bug};
use crate::quote::{Quote, QuoteRefusal};
use crate::rail::RailWork;
use crate::receipt::Receipt;
use crate::risk::history::Usual;
use crate::risk::keys::person_key;
use crate::risk::{Case, Chosen, Device, Entities, Features, Risk, Verdict};
use crate::routing::{Candidate, choose};
use crate::session::{Flow, Metadata, Session, SessionEvent};
use crate::terms::{Side, Terms};

/// A redemption that passed its guards and waits for its score.
pub struct Redemption {
    account: Arc<Account>,
    session: Arc<Session>,
    quote: Arc<Quote>,
    payment: PaymentId,
    transaction: TransactionId,
    ids: CommandIds,
    metadata: Metadata,
    magic: Option<Magic>,
    entities: Entities,
    amount_cents: u64,
    usual: Usual,
    device: Option<Device>,
    /// Which models are to score it.
    pub chosen: Chosen,
    /// What the model sees.
    pub features: Features,
    /// What rules see, if there are any.
    for_rules: Option<Box<Features>>,
}

impl Redemption {
    /// The session taken.
    pub fn session_id(&self) -> SessionId {
        self.session.id
    }

    /// What rules and lists are asked about.
    pub(super) fn case(&self) -> Case<'_> {
        let terms = &self.quote.terms;
        // Whoever sets rules waits for those that were redeemed without any.
        let features = self.for_rules.as_deref().unwrap_or(&self.features);
        Case { account: self.account.id, terms, features, entities: &self.entities }
    }
}

/// What a redemption takes, once nothing can be refused any more.
pub(super) struct Taken {
    pub account: Arc<Account>,
    pub session: Arc<Session>,
    pub quote: Quote,
    pub magic: Option<Magic>,
    pub metadata: Metadata,
    /// How its user confirmed it; `None` when the partner's server redeems.
    pub hosted: Option<Hosted>,
}

impl State {
    pub(super) fn create_pay_in(&mut self, account: AccountId, redeem: &Redeem) -> Result<Redemption, Refusal> {
        self.redeem(account, PaymentKind::PayIn, redeem)
    }

    pub(super) fn create_pay_out(&mut self, account: AccountId, redeem: &Redeem) -> Result<Redemption, Refusal> {
        self.redeem(account, PaymentKind::PayOut, redeem)
    }

    fn redeem(&mut self, account: AccountId, kind: PaymentKind, redeem: &Redeem) -> Result<Redemption, Refusal> {
        let account = self.account(account)?;
        let quote = redeem.quote.and_then(|id| self.quotes.get(&(account.id, id)).cloned());
        let quote = quote.ok_or(Refusal::NotFound(Subject::Quote))?;
        let id = redeem.session.ok_or(Refusal::NotFound(Subject::Session))?;
        let session = self.session(account.id, id, Subject::Session)?;
        self.takes_movement(&session)?;
        quote.redeemable(self.now(), &self.settings.quote_keys)?;
        if PaymentKind::of(quote.terms.side) != kind {
            return Err(Refusal::QuoteMismatch(Subject::Quote));
        }
        fits(&quote.terms, &session)?;
        self.user_is_verified(&account, &session)?;
        let ids = self.ids();
        let magic = self.magic(quote.given_amount, self.given_decimals(&quote));
        let (quote, metadata) = (Quote::clone(&quote), redeem.metadata.clone());
        Ok(self.consume(Taken { account, session, quote, magic, metadata, hosted: None }, ids))
    }

    /// The person behind a session.
    pub(super) fn person_of(&self, session: &Session) -> [u8; 16] {
        person_key(self.settings.mode, session)
    }

    pub(super) fn takes_movement(&self, session: &Session) -> Result<(), Refusal> {
        session.status.on(SessionEvent::MovementStarted(PaymentId(0)))?;
        if self.now() >= session.expires_at { Err(Refusal::SessionNotOpen) } else { Ok(()) }
    }

    /// From here on nothing is refused: quote and session are taken, the person's history counts the redemption.
    pub(super) fn consume(&mut self, taken: Taken, mut ids: CommandIds) -> Redemption {
        let Taken { account, session, mut quote, magic, metadata, hosted } = taken;
        let payment = PaymentId(ids.draw(&self.settings.id_key));
        let transaction = TransactionId(ids.draw(&self.settings.id_key));
        let taken = self.move_session(&session, SessionEvent::MovementStarted(payment));
        let session = taken.expect("the guard has seen that the session takes a movement");
        if !planted::has(Bug::ConsumeTwice) {
            quote.consumed = Some((self.now(), payment));
        }
        let quote = Arc::new(quote);
        self.quotes.put(self.head.batch, (account.id, quote.id), Arc::clone(&quote));
        let facts = self.facts(&account, &session, &quote, hosted.as_ref());
        let (features, for_rules, usual) = self.observe(&facts);
        let (entities, amount_cents) = (facts.entities, facts.amount_cents);
        let device = hosted.and_then(|hosted| hosted.device);
        let chosen = self.chosen(&entities, payment);
        Redemption {
            account,
            session,
            quote,
            payment,
            transaction,
            ids,
            metadata,
            magic,
            entities,
            amount_cents,
            usual,
            device,
            chosen,
            features,
            for_rules,
        }
    }

    /// The verdict is known: the payment goes on its way, waits or ends. Every redemption leaves a payment and a receipt.
    pub(super) fn redeemed(&mut self, mut redemption: Redemption, risk: Risk) -> Reply {
        let (verdict, policied) = self.policed(&redemption, risk.verdict);
        let applied = self.applied(&redemption.account, redemption.magic, verdict);
        let consumed = EventData::Quote(Arc::clone(&redemption.quote));
        let (account, session) = (redemption.account.id, redemption.session.id);
        self.emit(&mut redemption.ids, account, Some(session), EventKind::QuoteConsumed, consumed);
        let payment = self.new_payment(&redemption);
        self.changes.push(Change::Transaction(account, payment.transaction, payment.id));
        let candidates = choose(&self.catalogue, &payment.terms, &[]);
        let receipt = Receipt {
            payment: payment.id,
            account,
            at: self.now(),
            batch: self.head.batch,
            entities: redemption.entities,
            amount_cents: redemption.amount_cents,
            usual: redemption.usual,
            features: redemption.features,
            device: redemption.device.take(),
            arm: redemption.chosen.arm(&risk.decider),
            risk,
            applied,
            candidates: candidates.clone(),
            policied,
        };
        self.receipts.put(self.head.batch, receipt.payment, Arc::new(receipt));
        let payment = match applied {
            // What nothing could carry asks nobody for verification and is held against nobody.
            _ if candidates.is_empty() => {
                self.end_at_once(&mut redemption.ids, payment, &redemption.session, FailureCode::NoRoute)
            }
            Verdict::Approve => self.start(&mut redemption.ids, payment, &redemption.session, &candidates),
            Verdict::StepUp => self.wait_for_verification(&mut redemption.ids, payment, &redemption.session),
            Verdict::Review => self.wait_for_review(&mut redemption.ids, payment, &redemption.session),
            Verdict::Decline => {
                self.declined.push((redemption.entities, redemption.amount_cents));
                self.end_at_once(&mut redemption.ids, payment, &redemption.session, FailureCode::RiskDeclined)
            }
        };
        self.index_transaction(&payment);
        Reply::Payment(payment)
    }

    /// What a verdict leads to. The sandbox obeys magic amounts, and everything else only for accounts that ask for it.
    pub(super) fn applied(&self, account: &Account, magic: Option<Magic>, verdict: Verdict) -> Verdict {
        match magic {
            Some(Magic::RiskDeclines) => Verdict::Decline,
            Some(Magic::StepUp) => Verdict::StepUp,
            Some(_) if !account.risk_is_real => Verdict::Approve,
            Some(_) | None => verdict,
        }
    }

    /// The sandbox's script, by the amount as the partner gave it.
    pub(super) fn magic(&self, given: Amount, decimals: u32) -> Option<Magic> {
        match self.settings.mode {
            Mode::Sandbox => Some(Magic::of_digits(given.last_two_digits(decimals))),
            Mode::Live => None,
        }
    }

    /// The decimals of what the given amount counts.
    fn given_decimals(&self, quote: &Quote) -> u32 {
        match quote.terms.side {
            Side::OnRamp => quote.terms.currency.decimals(),
            Side::OffRamp => quote.terms.crypto_amount.decimal().scale(),
        }
    }

    fn new_payment(&self, redemption: &Redemption) -> Payment {
        Payment {
            id: redemption.payment,
            kind: PaymentKind::of(redemption.quote.terms.side),
            account: redemption.account.id,
            status: PaymentStatus::Routed,
            quote: redemption.quote.id,
            session: redemption.session.id,
            transaction: redemption.transaction,
            terms: redemption.quote.terms.clone(),
            magic: redemption.magic,
            attempts: Vec::new(),
            metadata: redemption.metadata.clone(),
            created_at: self.now(),
            updated_at: self.now(),
        }
    }

    /// Asks the best corridor and tells of it, or ends the payment when there is none.
    fn start(
        &mut self,
        ids: &mut CommandIds,
        mut payment: Payment,
        session: &Arc<Session>,
        candidates: &[Candidate],
    ) -> Arc<Payment> {
        let Some(best) = candidates.first() else {
            return self.end_at_once(ids, payment, session, FailureCode::NoRoute);
        };
        self.ask_first_corridor(ids, &mut payment, best);
        let payment = self.tell_payment(ids, payment);
        self.tell_session(ids, EventKind::SessionProcessing, session);
        payment
    }

    /// The user was verified, or the payment reviewed: it was told of when it began to wait, and goes on in silence, unless
    /// nothing can carry it or a block list was set that names whom it concerns.
    pub(super) fn go_on(&mut self, ids: &mut CommandIds, mut payment: Payment, session: &Arc<Session>) -> Arc<Payment> {
        if self.is_blocked_by_now(&payment) {
            return self.end_waiting(ids, payment, session, FailureCode::RiskDeclined);
        }
        let candidates = choose(&self.catalogue, &payment.terms, &[]);
        let Some(best) = candidates.first() else {
            return self.end_waiting(ids, payment, session, FailureCode::NoRoute);
        };
        self.ask_first_corridor(ids, &mut payment, best);
        let payment = Arc::new(payment);
        self.payments.put(self.head.batch, (payment.account, payment.id), Arc::clone(&payment));
        payment
    }

    fn ask_first_corridor(&mut self, ids: &mut CommandIds, payment: &mut Payment, best: &Candidate) {
        payment.status = PaymentStatus::Routed;
        payment.updated_at = self.now();
        self.post(payment, Phase::Started);
        self.ask_corridor(ids, payment, best);
    }

    /// Adds the next attempt and its work for the rail.
    pub(super) fn ask_corridor(&mut self, ids: &mut CommandIds, payment: &mut Payment, candidate: &Candidate) {
        let id = AttemptId(ids.draw(&self.settings.id_key));
        payment.attempts.push(Attempt { id, corridor: candidate.corridor.clone() });
        let rail = self.catalogue.corridors.iter().find(|corridor| corridor.id == candidate.corridor);
        let work = RailWork {
            attempt: id,
            payment: payment.id,
            kind: payment.kind,
            account: payment.account,
            session: payment.session,
            corridor: candidate.corridor.clone(),
            rail: rail.map(|corridor| corridor.rail.clone()).unwrap_or_default(),
            number: payment.attempts.len() as u32,
            terms: payment.terms.clone(),
            magic: payment.magic,
        };
        self.changes.push(Change::RailWorkAdd(Box::new(work)));
    }

    fn wait_for_verification(
        &mut self,
        ids: &mut CommandIds,
        mut payment: Payment,
        session: &Arc<Session>,
    ) -> Arc<Payment> {
        let expires_at = self.now().plus(self.settings.verification_life);
        payment.status = PaymentStatus::Verifying { expires_at, url: self.verify_url(&payment) };
        let task = TimerTask::ExpireVerification(payment.id, payment.session);
        self.changes.push(Change::TimerAdd(Timer { due: expires_at, task, account: payment.account }));
        let payment = self.tell_payment(ids, payment);
        let data = EventData::Payment(Arc::clone(&payment));
        self.emit(ids, payment.account, Some(payment.session), EventKind::KycRequired, data);
        self.tell_session(ids, EventKind::SessionProcessing, session);
        payment
    }

    fn verify_url(&self, payment: &Payment) -> Arc<str> {
        let id = payment.id.text(payment.kind.prefix(), self.settings.mode);
        format!("{}/verify/{id}", self.settings.public_url).into()
    }

    /// Ends a payment that waited and was not to go on.
    fn end_waiting(
        &mut self,
        ids: &mut CommandIds,
        payment: Payment,
        session: &Arc<Session>,
        code: FailureCode,
    ) -> Arc<Payment> {
        let before = payment.status.label();
        let ended = self.end_at_once(ids, payment, session, code);
        self.move_transaction(before, &ended);
        ended
    }

    /// Ends a payment before any rail was asked; the session is free again.
    fn end_at_once(
        &mut self,
        ids: &mut CommandIds,
        mut payment: Payment,
        session: &Arc<Session>,
        code: FailureCode,
    ) -> Arc<Payment> {
        payment.status = PaymentStatus::Failed { code };
        payment.updated_at = self.now();
        let payment = self.tell_payment(ids, payment);
        self.free_session(ids, session);
        payment
    }
}

/// Whether a quote moves what the session is for.
fn fits(terms: &Terms, session: &Session) -> Result<(), Refusal> {
    let wanted = &session.terms;
    let flow_fits = match (wanted.flow, terms.side) {
        (None | Some(Flow::OnRamp), Side::OnRamp) | (None | Some(Flow::OffRamp), Side::OffRamp) => true,
        (Some(Flow::OffRamp | Flow::Swap), Side::OnRamp) | (Some(Flow::OnRamp | Flow::Swap), Side::OffRamp) => false,
    };
    let amount_fits = match terms.side {
        Side::OnRamp => terms.fiat_amount == wanted.amount,
        Side::OffRamp => terms.fiat_amount <= wanted.amount,
    };
    let asset_fits = wanted.target_token.is_none_or(|asset| asset == terms.asset);
    if flow_fits && amount_fits && asset_fits && terms.currency == wanted.currency {
        Ok(())
    } else {
        Err(Refusal::QuoteMismatch(Subject::Session))
    }
}

impl From<QuoteRefusal> for Refusal {
    fn from(refusal: QuoteRefusal) -> Refusal {
        match refusal {
            QuoteRefusal::Consumed => Refusal::QuoteConsumed,
            QuoteRefusal::Expired => Refusal::QuoteExpired,
            QuoteRefusal::SignatureMismatch => Refusal::QuoteMismatch(Subject::Quote),
        }
    }
}
