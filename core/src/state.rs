//! The state of a cell: what its commands read and write, without I/O, clock or randomness.
//!
//! A batch goes: [`State::begin`], then for each command [`State::missing`] until nothing is, [`State::admit`], one scoring
//! call for what was admitted, [`State::decide`], and at last [`State::finish`]. The same commands give the same effects.

mod accounts;
mod confirm;
mod customers;
mod deliveries;
mod emit;
mod models;
mod observe;
mod policy;
mod prefetch;
mod quotes;
mod redeem;
mod redeliveries;
mod replays;
mod retention;
mod reviews;
mod sessions;
mod settle;
mod table;
mod verification;
mod waiting;

use std::collections::HashSet;
use std::sync::Arc;

use rust_decimal::Decimal;

use crate::account::Account;
use crate::change::{Change, CustomerChange, Effects, Head, Loaded};
use crate::command::Outcome;
use crate::command::{Answer, Command, Refusal, Reply, Submission};
use crate::customer::{Customer, CustomerName, DeletedCustomer};
use crate::delivery::Delivery;
use crate::directory::Directory;
use crate::id::{AccountId, CommandIds, CustomerId, DeliveryId, PaymentId, QuoteId, SessionId};
use crate::ledger::BalanceKey;
use crate::limits::RECEIPT_ROWS;
use crate::payment::Payment;
use crate::quote::Quote;
use crate::receipt::Receipt;
use crate::redelivery::Redelivery;
use crate::replay::{Replay, ReplayKey};
use crate::risk::{Chosen, Entities, Entity, EntityKey, Features, History, Labelled, Person, Risk};
use crate::routing::Catalogue;
use crate::session::Session;
use crate::settings::Settings;
use crate::time::Timestamp;

pub use confirm::confirming_lock;
pub use observe::Hosted;
pub use quotes::priced;
pub use redeem::Redemption;
use replays::replay_key;
use table::Table;

/// Everything that commands read and write.
pub struct State {
    settings: Settings,
    catalogue: Arc<Catalogue>,
    directory: Directory,
    directory_changed: bool,
    head: Head,
    changes: Vec<Change>,
    sessions: Table<(AccountId, SessionId), Arc<Session>>,
    quotes: Table<(AccountId, QuoteId), Arc<Quote>>,
    payments: Table<(AccountId, PaymentId), Arc<Payment>>,
    replays: Table<ReplayKey, Arc<Replay>>,
    persons: Table<[u8; 16], Person>,
    histories: Table<(Entity, EntityKey), Arc<History>>,
    receipts: Table<PaymentId, Arc<Receipt>>,
    labels: Table<PaymentId, Labelled>,
    balances: Table<BalanceKey, Decimal>,
    deliveries: Table<(AccountId, DeliveryId), Arc<Delivery>>,
    lanes: Table<SessionId, DeliveryId>,
    failing: Table<AccountId, Timestamp>,
    redeliveries: Table<AccountId, Arc<Vec<Redelivery>>>,
    customers: Table<(AccountId, CustomerId), Arc<Customer>>,
    deleted_customers: Table<(AccountId, CustomerId), DeletedCustomer>,
    customer_names: Table<CustomerName, CustomerId>,
    undecided_sessions: HashSet<SessionId>,
    undecided_replays: HashSet<ReplayKey>,
    /// Whom redemptions concerned that were declined in this batch, with their US cents: histories count it when the batch
    /// closes, so that features do not depend on how a batch was cut into scoring calls.
    declined: Vec<(Entities, u64)>,
    /// Whether a refusal of this batch said that a time has passed.
    told_time: bool,
}

/// Where a command stands after [`State::admit`].
pub enum Step {
    /// It is done.
    Done(Outcome),
    /// It waits for a score.
    Score(Box<Admitted>),
}

/// A redemption that passed its guards: the quote is consumed, the session taken; the verdict is missing.
pub struct Admitted {
    redemption: Redemption,
    remember: Option<(ReplayKey, [u8; 16])>,
}

impl Admitted {
    /// What the model needs.
    pub fn features(&self) -> &Features {
        &self.redemption.features
    }

    /// Which models are to score it.
    pub fn chosen(&self) -> &Chosen {
        &self.redemption.chosen
    }
}

impl State {
    /// A state at `head`, with all accounts.
    pub fn new(settings: Settings, catalogue: Arc<Catalogue>, directory: Directory, head: Head) -> State {
        let rows = settings.table_rows;
        State {
            settings,
            catalogue,
            directory,
            directory_changed: false,
            head,
            changes: Vec::new(),
            sessions: Table::new(rows),
            quotes: Table::new(rows),
            payments: Table::new(rows),
            replays: Table::new(rows),
            persons: Table::new(rows),
            histories: Table::new(rows),
            receipts: Table::new(rows.min(RECEIPT_ROWS)),
            labels: Table::new(rows),
            balances: Table::new(rows),
            deliveries: Table::new(rows),
            lanes: Table::new(rows),
            failing: Table::new(rows),
            redeliveries: Table::new(rows),
            customers: Table::new(rows),
            deleted_customers: Table::new(rows),
            customer_names: Table::new(rows),
            undecided_sessions: HashSet::new(),
            undecided_replays: HashSet::new(),
            declined: Vec::new(),
            told_time: false,
        }
    }

    /// Where the cell stands.
    pub fn head(&self) -> Head {
        self.head
    }

    /// The accounts.
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Opens the next batch. `now` may stand still but never goes back.
    pub fn begin(&mut self, now: Timestamp) {
        assert!(now >= self.head.now, "time never goes back");
        assert!(self.changes.is_empty(), "the last batch was finished");
        self.head.batch += 1;
        self.head.now = now;
    }

    /// Takes in a row that was missing.
    pub fn load(&mut self, row: Loaded) {
        match row {
            Loaded::Session(account, id, value) => self.sessions.load((account, id), value),
            Loaded::Quote(account, id, value) => self.quotes.load((account, id), value),
            Loaded::Payment(account, id, value) => self.payments.load((account, id), value),
            Loaded::Replay(key, value) => self.replays.load(key, value),
            Loaded::Person(key, value) => self.persons.load(key, value),
            Loaded::History(entity, key, value) => self.histories.load((entity, key), value),
            Loaded::Receipt(payment, value) => self.receipts.load(payment, value),
            Loaded::Label(payment, value) => self.labels.load(payment, value),
            Loaded::Balance(key, value) => self.balances.load(key, value),
            Loaded::Delivery(account, id, value) => self.deliveries.load((account, id), value),
            Loaded::Lane(session, value) => self.lanes.load(session, value),
            Loaded::Failing(account, value) => self.failing.load(account, value),
            Loaded::Redeliveries(account, value) => self.redeliveries.load(account, value),
            Loaded::Customer(account, id, value) => self.customers.load((account, id), value),
            Loaded::DeletedCustomer(account, id, value) => self.deleted_customers.load((account, id), value),
            Loaded::CustomerName(name, value) => self.customer_names.load(name, value),
        }
    }

    /// Runs a command as far as it goes without a score. A refused command changes nothing.
    pub fn admit(&mut self, submission: &Submission) -> Step {
        let remember = replay_key(submission);
        if let Err(refusal) = self.entitled(&submission.command) {
            return Step::Done(Err(refusal));
        }
        if let Some((key, fingerprint)) = remember
            && let Some(outcome) = self.replayed(&key, &fingerprint)
        {
            return Step::Done(outcome);
        }
        let step = self.dispatch(&submission.command);
        match step {
            Ok(Progress::Done(reply)) => {
                self.remember(remember, &reply);
                Step::Done(Ok(Answer { reply, replayed: false }))
            }
            Ok(Progress::Redeeming(redemption)) => {
                self.undecided_sessions.insert(redemption.session_id());
                self.undecided_replays.extend(remember.map(|(key, _)| key));
                Step::Score(Box::new(Admitted { redemption: *redemption, remember }))
            }
            Err(refusal) => {
                self.told_time |= says_that_time_has_passed(refusal);
                Step::Done(Err(refusal))
            }
        }
    }

    /// Finishes a redemption with its score.
    pub fn decide(&mut self, admitted: Admitted, risk: Risk) -> Outcome {
        let session = admitted.redemption.session_id();
        let reply = self.redeemed(admitted.redemption, risk);
        self.remember(admitted.remember, &reply);
        self.undecided_sessions.remove(&session);
        if let Some((key, _)) = admitted.remember {
            self.undecided_replays.remove(&key);
        }
        Ok(Answer { reply, replayed: false })
    }

    /// Closes the batch. A batch that changed nothing has no effects, and its number is used again; unless somebody was told
    /// that a time has passed, which must stay true after a restart with a clock that was set back.
    pub fn finish(&mut self) -> Option<Effects> {
        assert!(self.undecided_sessions.is_empty(), "every admitted redemption was decided");
        self.count_declines();
        self.collect_rows();
        let told_time = std::mem::take(&mut self.told_time);
        if self.changes.is_empty() && !told_time {
            self.head.batch -= 1;
            return None;
        }
        Some(Effects { head: self.head, changes: std::mem::take(&mut self.changes) })
    }

    /// The directory, when this batch or an earlier one changed it since the last call.
    pub fn take_changed_directory(&mut self) -> Option<Arc<Directory>> {
        std::mem::take(&mut self.directory_changed).then(|| Arc::new(self.directory.clone()))
    }

    /// Lets go of rows that are not needed in memory; `synced` is the newest durable batch.
    pub fn evict(&mut self, synced: u64) {
        self.sessions.evict(synced);
        self.quotes.evict(synced);
        self.payments.evict(synced);
        self.replays.evict(synced);
        self.persons.evict(synced);
        self.histories.evict(synced);
        self.receipts.evict(synced);
        self.labels.evict(synced);
        self.balances.evict(synced);
        self.deliveries.evict(synced);
        self.lanes.evict(synced);
        self.failing.evict(synced);
        self.redeliveries.evict(synced);
        self.customers.evict(synced);
        self.deleted_customers.evict(synced);
        self.customer_names.evict(synced);
    }

    fn dispatch(&mut self, command: &Command) -> Result<Progress, Refusal> {
        let done = |reply| Ok(Progress::Done(reply));
        match command {
            Command::CreateSession(account, terms) => done(self.create_session(*account, terms)),
            Command::CancelSession(account, id) => done(self.cancel_session(*account, *id)?),
            Command::LockQuote(account, lock) => done(self.lock_quote(*account, lock)?),
            Command::CreatePayIn(account, redeem) => self.create_pay_in(*account, redeem).map(Progress::redeeming),
            Command::CreatePayOut(account, redeem) => self.create_pay_out(*account, redeem).map(Progress::redeeming),
            Command::ConfirmSession(account, id, confirm) => {
                self.confirm_session(*account, *id, confirm).map(Progress::redeeming)
            }
            Command::VerifyPayment(account, session, id) => done(self.verify_payment(*account, *session, *id)?),
            Command::RememberPayment(account, session, id, moment) => {
                done(self.remember_payment(*account, *session, *id, *moment)?)
            }
            Command::CreateCustomer(account, terms) => done(self.create_customer(*account, terms)?),
            Command::UpdateCustomer(account, id, patch) => done(self.update_customer(*account, *id, patch)?),
            Command::DeleteCustomer(account, id) => done(self.delete_customer(*account, *id)?),
            Command::UpdateBranding(account, patch) => done(self.update_branding(*account, patch)?),
            Command::ReplayDelivery(account, id, lane) => done(self.replay_delivery(*account, *id, *lane)?),
            Command::SendTestWebhook(account) => done(self.send_test_webhook(*account)?),
            Command::ReportRails(reports) => done(self.report_rails(reports)),
            Command::ReportDeliveries(outcomes) => done(self.report_deliveries(outcomes)),
            Command::SweepEvents(account, events) => done(self.sweep_events(*account, events)),
            Command::ReportPublished(events) => done(self.report_published(events)),
            Command::AdvanceRedelivery(account, id, step) => done(self.advance_redelivery(*account, *id, step)?),
            Command::RunTimer(timer) => done(self.run_timer(*timer)),
            Command::CreateAccount(id, name) => done(self.create_account(*id, name)?),
            Command::CreateKey(account, key) => done(self.create_key(*account, key)?),
            Command::RevokeKey(account, key) => done(self.revoke_key(*account, *key)?),
            Command::SetEntitlements(account, entitlements) => done(self.set_entitlements(*account, *entitlements)?),
            Command::SetOrigins(account, origins) => done(self.set_origins(*account, origins)?),
            Command::SetWebhook(account, endpoint) => done(self.set_webhook(*account, Some(endpoint))?),
            Command::UnsetWebhook(account) => done(self.set_webhook(*account, None)?),
            Command::ChangeEndpoint(account, change) => done(self.change_endpoint(*account, change)?),
            Command::SetTier(account, tier) => done(self.set_tier(*account, tier)?),
            Command::SetRules(account, rules) => done(self.set_rules(*account, *rules)?),
            Command::SetVerification(account, who, word) => done(self.set_verification(*account, who, *word)?),
            Command::SetLabels(labels) => done(self.set_labels(labels)),
            Command::DecideReview(account, session, id, decision) => {
                done(self.decide_review(*account, *session, *id, *decision)?)
            }
            Command::SetRiskPolicy(new) => done(self.set_risk_policy(new)?),
            Command::ChangeModels(step) => done(self.change_models(step)?),
            Command::StartRedelivery(account, range) => done(self.start_redelivery(*account, range)?),
            Command::CancelRedelivery(account, id) => done(self.cancel_redelivery(*account, *id)?),
        }
    }

    fn now(&self) -> Timestamp {
        self.head.now
    }

    fn ids(&mut self) -> CommandIds {
        self.head.ids.command(self.head.now)
    }

    fn account(&self, id: AccountId) -> Result<Arc<Account>, Refusal> {
        self.directory.account(id).cloned().ok_or(Refusal::UnknownAccount)
    }

    fn collect_rows(&mut self) {
        let changes = &mut self.changes;
        self.sessions.drain_dirty(|_, row| changes.extend(row.cloned().map(Change::Session)));
        self.quotes.drain_dirty(|_, row| changes.extend(row.cloned().map(Change::Quote)));
        self.payments.drain_dirty(|_, row| changes.extend(row.cloned().map(Change::Payment)));
        self.replays.drain_dirty(|key, row| changes.push(Change::Replay(key, row.cloned())));
        self.receipts.drain_dirty(|_, row| changes.extend(row.cloned().map(Change::Receipt)));
        self.persons.drain_dirty(|key, row| changes.extend(row.copied().map(|row| Change::Person(key, row))));
        self.histories.drain_dirty(|(entity, key), row| {
            changes.extend(row.cloned().map(|row| Change::History(entity, key, row)));
        });
        self.labels.drain_dirty(|key, row| changes.push(Change::Label(key, row.copied())));
        self.balances.drain_dirty(|key, row| changes.extend(row.map(|row| Change::Balance(key, *row))));
        self.deliveries.drain_dirty(|(account, id), row| {
            changes.push(row.cloned().map_or(Change::DeliveryRemove(account, id), Change::Delivery));
        });
        self.lanes.drain_dirty(|key, row| changes.push(Change::Lane(key, row.copied())));
        self.failing.drain_dirty(|key, row| changes.push(Change::Failing(key, row.copied())));
        self.redeliveries
            .drain_dirty(|key, row| changes.extend(row.cloned().map(|row| Change::Redeliveries(key, row))));
        self.customers.drain_dirty(|(account, id), row| {
            changes.push(CustomerChange::Row(account, id, row.cloned()).into());
        });
        self.deleted_customers
            .drain_dirty(|_, row| changes.extend(row.map(|row| CustomerChange::Deleted(*row).into())));
        self.customer_names
            .drain_dirty(|name, row| changes.extend(row.map(|id| CustomerChange::Name(name, *id).into())));
    }
}

enum Progress {
    Done(Reply),
    Redeeming(Box<Redemption>),
}

impl Progress {
    fn redeeming(redemption: Redemption) -> Progress {
        Progress::Redeeming(Box::new(redemption))
    }
}

fn says_that_time_has_passed(refusal: Refusal) -> bool {
    matches!(refusal, Refusal::QuoteExpired | Refusal::SessionNotOpen | Refusal::PaymentNotWaiting)
}
