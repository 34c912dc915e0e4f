//! A cell without threads: state, in-memory store, a clock in the hand, and a scorer that goes by the amount.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rust_decimal::Decimal;

use super::super::{outcomes, timer};
use crate::account::{Account, Entitlements};
use crate::change::{Change, Effects, Need, OutboxRow};
use crate::command::Idempotency;
use crate::command::Outcome;
use crate::command::{Command, Moment, Reply, Submission};
use crate::customer::CustomerPatch;
use crate::delivery::DeliveryOutcome;
use crate::directory::Directory;
use crate::endpoint::WebhookEndpoint;
use crate::engine::stats::CellStats;
use crate::event::EventKind;
use crate::id::{AccountId, CustomerId, Mode, PaymentId, QuoteId, SessionId};
use crate::ledger::{BalanceKey, is_balanced};
use crate::money::Amount;
use crate::payment::Payment;
use crate::quote::Quote;
use crate::rail::{RailOutcome, RailWork};
use crate::redelivery::{Redelivery, RedeliveryRange, Which};
use crate::risk::scorer::{ScoreError, Scorer, Shelf};
use crate::risk::{Features, ModelId, ModelPlan, ModelStep, Thresholds};
use crate::session::Session;
use crate::settings::Settings;
use crate::state::State;
use crate::store::{Batch, Column, MemoryStore, PageBounds, Reader, Scan, Store, load};
use crate::time::{Millis, Timestamp};

pub use crate::fixture::account;
use crate::fixture::{self, catalogue, create_session, settings};

pub const ACCOUNT: AccountId = AccountId(1);
const OTHER: AccountId = AccountId(2);

/// Declines about 160 dollars and more, and asks somebody from 400 on, where the account lets the model decide; the second
/// version does neither.
struct AmountScorer(&'static str);

impl Scorer for AmountScorer {
    fn score(&mut self, rows: &[Features]) -> Result<Vec<f32>, ScoreError> {
        let score = |row: &Features| match row.0[0] {
            _ if self.0 != "1" => 0.1,
            amount if amount > 2.6 => 0.75,
            amount if amount > 2.2 => 0.9,
            _ => 0.1,
        };
        Ok(rows.iter().map(score).collect())
    }

    fn model(&self) -> (&str, &str) {
        ("amount", self.0)
    }

    fn thresholds(&self) -> Thresholds {
        Thresholds { step_up: 0.5, review: 0.7, decline: 0.8 }
    }
}

/// A model of these tests: the first and the second are loaded.
pub fn model(version: u32) -> ModelId {
    ModelId { name: "amount".to_owned(), version }
}

pub struct World {
    mode: Mode,
    shelf: Shelf,
    pub state: State,
    pub store: Arc<MemoryStore>,
    pub now: Timestamp,
    pub reader: Reader,
    /// Puts, deletes and bytes of the last batch.
    pub written: (usize, usize, usize),
}

impl World {
    pub fn new() -> World {
        World::of(account(ACCOUNT))
    }

    pub fn with_webhook() -> World {
        let webhook = WebhookEndpoint::new("https://partner.example".to_owned(), vec![1]);
        World::of(Account { webhook: Some(webhook), ..account(ACCOUNT) })
    }

    /// In live; the operator does not vouch for the account's users.
    pub fn live() -> World {
        let entitlements = Entitlements { verified_users: false, ..Entitlements::ALL };
        World::in_mode(Mode::Live, Account { entitlements, ..account(ACCOUNT) })
    }

    pub fn of(first: Account) -> World {
        World::in_mode(Mode::Sandbox, first)
    }

    /// In the sandbox, with an event bus.
    pub fn with_bus(first: Account) -> World {
        World::under(Settings { bus: true, ..settings(Mode::Sandbox) }, first)
    }

    fn in_mode(mode: Mode, first: Account) -> World {
        World::under(settings(mode), first)
    }

    fn under(settings: Settings, first: Account) -> World {
        let mut directory = Directory::default();
        directory.put(Arc::new(first));
        directory.put(Arc::new(account(OTHER)));
        let (mut plan, mut shelf) = (ModelPlan::default(), Shelf::default());
        for step in [ModelStep::Register(model(1), [1; 32]), ModelStep::Promote(model(1))] {
            plan.step(&step, Timestamp(0)).expect("the first step is legal");
        }
        directory.set_models(Arc::new(plan));
        shelf.put(model(1), Box::new(AmountScorer("1")));
        shelf.put(model(2), Box::new(AmountScorer("2")));
        let store = Arc::new(MemoryStore::new());
        let reader = Reader::new(Arc::clone(&store) as Arc<dyn Store>);
        let mode = settings.mode;
        let state = State::new(settings, Arc::new(catalogue()), directory, Default::default());
        World { mode, shelf, state, store, now: Timestamp(1_790_000_000_000), reader, written: (0, 0, 0) }
    }

    pub fn settings(&self) -> Settings {
        settings(self.mode)
    }

    pub fn other_account(&self) -> AccountId {
        OTHER
    }

    /// Runs one batch at `self.now` and commits it.
    pub fn batch(&mut self, submissions: Vec<Submission>) -> Vec<Outcome> {
        self.state.begin(self.now);
        let stats = CellStats::default();
        let outcomes = outcomes(&mut self.state, &*self.store, &mut self.shelf, &submissions, &stats).unwrap();
        if let Some(effects) = self.state.finish() {
            let batch = Batch::encode(&effects);
            self.written = (batch.puts(), batch.deletes(), batch.bytes());
            self.store.commit(&[batch]).unwrap();
        }
        self.state.evict(self.state.head().batch);
        outcomes
    }

    pub fn one(&mut self, submission: Submission) -> Outcome {
        self.batch(vec![submission]).remove(0)
    }

    /// Lets time pass and runs what is due.
    pub fn pass(&mut self, span: Millis) {
        self.now = self.now.plus(span);
        self.batch(self.due());
    }

    /// The timers that are due.
    pub fn due(&self) -> Vec<Submission> {
        self.reader.timers(None, self.now, 1_000).unwrap().into_iter().map(timer).collect()
    }

    pub fn create_session(&self, amount: &str) -> Command {
        create_session(ACCOUNT, amount)
    }

    pub fn create_customer(&self, name: &str) -> Command {
        Command::CreateCustomer(ACCOUNT, Box::new(fixture::customer_terms(name)))
    }

    pub fn session(&mut self, amount: &str) -> SessionId {
        let Reply::Session(session) = self.one(plain(self.create_session(amount))).unwrap().reply else {
            panic!("a session")
        };
        session.id
    }

    pub fn lock_quote(&self, amount: &str) -> Command {
        fixture::lock_quote(ACCOUNT, amount)
    }

    pub fn quote(&mut self, amount: &str) -> QuoteId {
        let Reply::Quote(quote) = self.one(plain(self.lock_quote(amount))).unwrap().reply else { panic!("a quote") };
        quote.id
    }

    pub fn redeem(&self, session: SessionId, quote: QuoteId) -> Command {
        self.redeem_as(ACCOUNT, session, quote)
    }

    pub fn redeem_as(&self, account: AccountId, session: SessionId, quote: QuoteId) -> Command {
        fixture::redeem(account, session, quote)
    }

    /// A session whose pay-in was just created.
    pub fn paid(&mut self, amount: &str) -> (PaymentId, SessionId) {
        let (session, quote) = (self.session(amount), self.quote(amount));
        let answer = self.one(plain(self.redeem(session, quote))).unwrap();
        let Reply::Payment(payment) = answer.reply else { panic!("a payment") };
        (payment.id, session)
    }

    /// Lets the account's redelivery go on by one page.
    pub fn redeliver(&mut self, bounds: PageBounds) -> Redelivery {
        let jobs = self.reader.redeliveries(ACCOUNT).unwrap();
        let job = jobs.last().expect("a redelivery was started");
        let step = self.reader.redelivery_step(job, bounds).unwrap();
        let page = Command::AdvanceRedelivery(ACCOUNT, job.id, Box::new(step));
        let Reply::Redelivery(job) = self.one(plain(page)).unwrap().reply else { panic!("a redelivery") };
        Redelivery::clone(&job)
    }

    pub fn report_of(&self, payment: PaymentId, outcome: RailOutcome) -> Command {
        fixture::report(&self.stored_payment(payment), outcome)
    }

    pub fn report(&mut self, payment: PaymentId, outcome: RailOutcome) {
        self.one(plain(self.report_of(payment, outcome))).unwrap();
    }

    pub fn remember(&self, payment: PaymentId, moment: Moment) -> Command {
        Command::RememberPayment(ACCOUNT, self.stored_payment(payment).session, payment, moment)
    }

    pub fn deliver(&mut self, row: OutboxRow, works: bool) {
        let outcome = self.outcome_of(row, works);
        self.one(plain(Command::ReportDeliveries(vec![outcome]))).unwrap();
    }

    /// What is told of an attempt at a delivery that is due.
    pub fn outcome_of(&self, row: OutboxRow, works: bool) -> DeliveryOutcome {
        let delivery = self.reader.delivery(row.account, row.delivery).unwrap().unwrap();
        DeliveryOutcome {
            delivery: row.delivery,
            account: row.account,
            lane: delivery.lane,
            outbox: row.id,
            target_url: Some("https://partner.example/tried".to_owned()),
            response_status: Some(if works { 200 } else { 500 }),
            error: (!works).then(|| "the receiver answered 500".to_owned()),
            retry_after: None,
        }
    }

    pub fn event_of(&self, row: OutboxRow) -> EventKind {
        let delivery = self.reader.delivery(row.account, row.delivery).unwrap().unwrap();
        self.reader.event(row.account, delivery.event).unwrap().unwrap().kind
    }

    /// What was told of a session, in order.
    pub fn events(&self, session: SessionId) -> Vec<EventKind> {
        let ids = self.ids_in(Column::Events);
        let events = ids.into_iter().map(|id| self.reader.event(ACCOUNT, id.into()).unwrap().unwrap());
        events.filter(|event| event.lane == Some(session)).map(|event| event.kind).collect()
    }

    pub fn stored_session(&self, id: SessionId) -> Session {
        self.reader.session(ACCOUNT, id).unwrap().unwrap()
    }

    pub fn stored_quote(&self, id: QuoteId) -> Quote {
        self.reader.quote(ACCOUNT, id).unwrap().unwrap()
    }

    pub fn stored_payment(&self, id: PaymentId) -> Payment {
        self.reader.payment(ACCOUNT, id).unwrap().unwrap()
    }

    pub fn balances(&self) -> Vec<(BalanceKey, Decimal)> {
        self.reader.balances(ACCOUNT).unwrap()
    }

    pub fn outbox(&self) -> Vec<OutboxRow> {
        let mut rows = self.reader.outboxes().unwrap();
        rows.sort_unstable_by_key(|row| row.id);
        rows
    }

    pub fn work(&self) -> Vec<RailWork> {
        self.reader.rail_work(None, 100).unwrap()
    }

    pub fn timers(&self) -> usize {
        self.reader.timers(None, Timestamp(u64::MAX), 1_000).unwrap().len()
    }

    /// All rows of a column.
    pub fn rows(&self, column: Column) -> Vec<(Vec<u8>, Vec<u8>)> {
        self.store.scan(column, &Scan { from: Vec::new(), until: None, newest_first: false }, usize::MAX).unwrap()
    }

    /// Every balance is the sum of its postings, and every posting set sums to zero.
    pub fn assert_books(&self) {
        let mut payments = self.owned_in(Column::Postings);
        payments.dedup();
        let owners: BTreeSet<AccountId> = payments.iter().map(|(account, _)| *account).collect();
        let mut sums = BTreeMap::new();
        for (account, payment) in payments {
            for (_, postings) in self.reader.postings(account, payment.into()).unwrap() {
                assert!(is_balanced(&postings));
                for posting in postings {
                    *sums.entry((account, posting.account, posting.unit)).or_insert(Decimal::ZERO) += posting.amount;
                }
            }
        }
        let balances = owners.iter().flat_map(|account| self.reader.balances(*account).unwrap());
        let balances: Vec<_> = balances.collect();
        assert_eq!(sums.len(), balances.len());
        for (key, balance) in &balances {
            assert_eq!(sums[&(key.owner, key.account, key.unit)], *balance, "{key:?}");
        }
    }

    /// Changes a stored quote behind the cell's back.
    pub fn tamper_with(&mut self, id: QuoteId) {
        let mut quote = self.stored_quote(id);
        quote.terms.crypto_amount = quote.terms.crypto_amount.plus(Amount::parse("1").unwrap()).unwrap();
        let changes = vec![Change::Quote(Arc::new(quote))];
        self.store.commit(&[Batch::encode(&Effects { head: self.state.head(), changes })]).unwrap();
        self.forget();
    }

    /// Starts again from the store, as after a crash.
    pub fn forget(&mut self) {
        let head = self.reader.head().unwrap().unwrap_or_default();
        let directory = self.state.directory().clone();
        self.state = State::new(self.settings(), Arc::new(catalogue()), directory, head);
    }

    pub fn needs(&self, submission: &Submission) -> Vec<Need> {
        let mut needs = Vec::new();
        self.state.missing(submission, &mut needs);
        needs
    }

    /// After forgetting everything: how often rows must be loaded until nothing is missing.
    pub fn rounds(&mut self, submission: &Submission) -> usize {
        self.forget();
        let mut rounds = 0;
        loop {
            let needs = self.needs(submission);
            if needs.is_empty() {
                return rounds;
            }
            load(&*self.store, &needs).unwrap().into_iter().for_each(|row| self.state.load(row));
            rounds += 1;
        }
    }

    /// The second halves of a column's keys: the ids of objects that lie by account and id.
    pub fn ids_in(&self, column: Column) -> Vec<[u8; 16]> {
        self.owned_in(column).into_iter().map(|(_, id)| id).collect()
    }

    /// Accounts and ids of objects that lie so.
    pub fn owned_in(&self, column: Column) -> Vec<(AccountId, [u8; 16])> {
        let half = |key: &[u8], at: usize| <[u8; 16]>::try_from(&key[at..at + 16]).unwrap();
        self.rows(column).iter().map(|(key, _)| (half(key, 0).into(), half(key, 16))).collect()
    }
}

/// Gives a customer another first name.
pub fn renaming(id: CustomerId, name: &str) -> Command {
    let patch = CustomerPatch { first_name: Some(Some(name.to_owned())), ..CustomerPatch::default() };
    Command::UpdateCustomer(ACCOUNT, id, Box::new(patch))
}

/// A redelivery of everything that has happened.
pub fn start_redelivery(account: AccountId, which: Which) -> Command {
    let range = RedeliveryRange { from: Timestamp(0), until: Timestamp(u64::MAX), kinds: Vec::new(), which };
    Command::StartRedelivery(account, Box::new(range))
}

pub fn plain(command: Command) -> Submission {
    Submission { command, idempotency: None, deadline: Timestamp(u64::MAX) }
}

pub fn key(key: u8, fingerprint: u8, command: Command) -> Submission {
    let idempotency = Some(Idempotency { key: [key; 16], fingerprint: [fingerprint; 16] });
    Submission { idempotency, ..plain(command) }
}
