//! What is not final yet, in memory: the store of a history under way.
//!
//! A row is written once, when nothing can change it any more, and in the order of its column's keys. So the files need no
//! sorting, no compaction and no removals: what comes and goes (the outbox, work for rails, timers) is never written, and
//! balances and what entities have done are written in the end. What the core asks for is answered from here; what is final is not asked for.

mod queue;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use causeway_core::account::Account;
use causeway_core::change::{Change, Index, Loaded, Need, OutboxRow};
use causeway_core::command::Timer;
use causeway_core::delivery::{Delivery, DeliveryStatus};
use causeway_core::id::{AccountId, DeliveryId, PaymentId, SessionId};
use causeway_core::ledger::BalanceKey;
use causeway_core::payment::Payment;
use causeway_core::quote::Quote;
use causeway_core::rail::RailWork;
use causeway_core::risk::{Entity, EntityKey, History};
use causeway_core::session::{Session, SessionLabel};

use crate::failure::Failure;
use queue::Queue;

/// The rows that are not final, those that are and wait to be written, and those of the end.
#[derive(Default)]
pub struct Held {
    books: BTreeMap<AccountId, Book>,
    postings: HashMap<PaymentId, Vec<Change>>,
    /// Rows of the index of transactions by session, which leave with their session.
    transactions: HashMap<SessionId, Vec<Change>>,
    lanes: HashMap<SessionId, DeliveryId>,
    histories: HashMap<(Entity, EntityKey), Arc<History>>,
    balances: BTreeMap<BalanceKey, Change>,
    accounts: BTreeMap<AccountId, Arc<Account>>,
    ready: Vec<Change>,
}

/// What a batch asked for.
#[derive(Default)]
pub struct Asked {
    /// Deliveries that are due.
    pub outbox: Vec<OutboxRow>,
    /// Work for rails.
    pub work: Vec<RailWork>,
    /// Timers that were set.
    pub timers: Vec<Timer>,
}

/// The rows of the end.
pub struct Rest {
    /// The histories of entities, in the order of their keys.
    pub histories: Vec<((Entity, EntityKey), Arc<History>)>,
    /// Accounts and balances, in the order of their keys.
    pub books: Vec<Change>,
}

/// What one account has under way.
#[derive(Default)]
struct Book {
    sessions: Queue<Arc<Session>>,
    quotes: Queue<Arc<Quote>>,
    payments: Queue<Arc<Payment>>,
    deliveries: Queue<Arc<Delivery>>,
}

impl Held {
    /// Takes in what a batch changed, and gives what it asked for.
    pub fn take(&mut self, changes: Vec<Change>) -> Result<Asked, Failure> {
        let mut asked = Asked::default();
        for change in changes {
            self.take_one(change, &mut asked)?;
        }
        Ok(asked)
    }

    /// The row that the core needs, as a store would give it.
    pub fn answer(&self, need: Need) -> Result<Loaded, Failure> {
        let gone = || Failure::wrong(format!("the core asks for {need:?}, which is written already"));
        let book = |account| self.books.get(&account).ok_or_else(gone);
        Ok(match need {
            Need::Session(account, id) => {
                let row = book(account)?.sessions.get(id.0).ok_or_else(gone)?;
                Loaded::Session(account, id, Some(Arc::clone(row)))
            }
            Need::Quote(account, id) => {
                let row = book(account)?.quotes.get(id.0).ok_or_else(gone)?;
                Loaded::Quote(account, id, Some(Arc::clone(row)))
            }
            Need::Payment(account, id) => {
                let row = book(account)?.payments.get(id.0).ok_or_else(gone)?;
                Loaded::Payment(account, id, Some(Arc::clone(row)))
            }
            Need::Delivery(account, id) => {
                let row = book(account)?.deliveries.get(id.0).ok_or_else(gone)?;
                Loaded::Delivery(account, id, Some(Arc::clone(row)))
            }
            Need::Replay(key) => Loaded::Replay(key, None),
            // No operator has a part in a history.
            Need::Person(key) => Loaded::Person(key, None),
            Need::Receipt(payment) => Loaded::Receipt(payment, None),
            Need::Label(payment) => Loaded::Label(payment, None),
            Need::History(entity, key) => Loaded::History(entity, key, self.histories.get(&(entity, key)).cloned()),
            Need::CustomerName(name) => Loaded::CustomerName(name, None),
            Need::Lane(session) => Loaded::Lane(session, self.lanes.get(&session).copied()),
            Need::Failing(account) => Loaded::Failing(account, None),
            Need::Redeliveries(account) => Loaded::Redeliveries(account, None),
            Need::Customer(..) | Need::DeletedCustomer(..) => return Err(no_customers()),
            Need::Balance(key) => match self.balances.get(&key) {
                Some(Change::Balance(_, value)) => Loaded::Balance(key, Some(*value)),
                _ => Loaded::Balance(key, None),
            },
        })
    }

    /// Whether a session can still expire.
    pub fn is_open(&self, account: AccountId, session: SessionId) -> bool {
        let row = self.books.get(&account).and_then(|book| book.sessions.get(session.0));
        row.is_some_and(|session| session.status.label() == SessionLabel::Open)
    }

    /// In whose order a delivery stands.
    pub fn lane(&self, account: AccountId, delivery: DeliveryId) -> Option<SessionId> {
        self.books.get(&account)?.deliveries.get(delivery.0)?.lane
    }

    /// How many rows wait to be written.
    pub fn ready(&self) -> usize {
        self.ready.len()
    }

    /// The rows that wait to be written.
    pub fn take_ready(&mut self) -> Vec<Change> {
        let as_many_again = Vec::with_capacity(self.ready.len());
        std::mem::replace(&mut self.ready, as_many_again)
    }

    /// The rows of the end; refused while anything is under way.
    pub fn rest(self) -> Result<Rest, Failure> {
        let under_way: usize = self.books.values().map(Book::len).sum();
        if under_way + self.postings.len() + self.transactions.len() + self.lanes.len() + self.ready.len() > 0 {
            return Err(Failure::wrong(format!("{under_way} rows are not final at the end of the history")));
        }
        let mut histories: Vec<_> = self.histories.into_iter().collect();
        histories.sort_unstable_by_key(|(key, _)| *key);
        let accounts = self.accounts.into_values().map(Change::Account);
        Ok(Rest { histories, books: accounts.chain(self.balances.into_values()).collect() })
    }

    fn take_one(&mut self, change: Change, asked: &mut Asked) -> Result<(), Failure> {
        match change {
            Change::Account(row) => drop(self.accounts.insert(row.id, row)),
            Change::Session(row) => self.session(row),
            Change::Quote(row) => self.quote(row),
            Change::Payment(row) => self.payment(row),
            Change::Delivery(row) => self.delivery(row),
            Change::Postings(_, payment, _, _) => self.postings.entry(payment).or_default().push(change),
            Change::History(entity, key, history) => drop(self.histories.insert((entity, key), history)),
            Change::Balance(key, _) => drop(self.balances.insert(key, change)),
            Change::Lane(session, Some(last)) => drop(self.lanes.insert(session, last)),
            Change::Lane(session, None) => drop(self.lanes.remove(&session)),
            Change::Transaction(..) | Change::Receipt(_) | Change::Event(_) => self.ready.push(change),
            Change::OutboxAdd(row) => asked.outbox.push(row),
            Change::RailWorkAdd(work) => asked.work.push(*work),
            Change::TimerAdd(timer) => asked.timers.push(timer),
            // These indexes follow from what is in them, and what is removed was never written.
            Change::Index(Index::SessionTransaction(_, session, _, _), _) => {
                self.transactions.entry(session).or_default().push(change);
            }
            Change::Index(Index::Session(..) | Index::Transaction(..) | Index::Delivery(..), _)
            // Every webhook of a history arrives.
            | Change::Failing(..)
            | Change::OutboxRemove(..)
            | Change::BusAdd(_)
            | Change::BusRemove(_)
            | Change::RailWorkRemove(_)
            | Change::TimerRemove(_) => {}
            Change::Replay(..) => return Err(Failure::wrong("a history has no idempotency keys")),
            Change::EventRemove(..) | Change::DeliveryRemove(..) => {
                return Err(Failure::wrong("nothing of a history is swept while it is made"));
            }
            Change::Redeliveries(..) | Change::Person(..) | Change::Label(..) | Change::Models(_) => {
                return Err(Failure::wrong("no operator has a part in a history"));
            }
            Change::Customer(_) => return Err(no_customers()),
        }
        Ok(())
    }

    fn session(&mut self, row: Arc<Session>) {
        let sessions = &mut self.books.entry(row.account).or_default().sessions;
        sessions.put(row.id.0, row);
        while let Some(ended) = sessions.pop_if(|row| row.status.label() != SessionLabel::Open) {
            let index = Change::Index(Index::Session(ended.account, ended.status.label(), ended.id), true);
            self.ready.extend(self.transactions.remove(&ended.id).unwrap_or_default());
            self.ready.extend([index, Change::Session(ended)]);
        }
    }

    fn quote(&mut self, row: Arc<Quote>) {
        let quotes = &mut self.books.entry(row.account).or_default().quotes;
        quotes.put(row.id.0, row);
        while let Some(consumed) = quotes.pop_if(|row| row.consumed.is_some()) {
            self.ready.push(Change::Quote(consumed));
        }
    }

    fn payment(&mut self, row: Arc<Payment>) {
        let payments = &mut self.books.entry(row.account).or_default().payments;
        payments.put(row.id.0, row);
        while let Some(ended) = payments.pop_if(|row| row.status.is_final()) {
            let postings = self.postings.remove(&ended.id).unwrap_or_default();
            let index = Index::Transaction(ended.account, ended.status.label(), ended.transaction, ended.id);
            self.ready.extend([Change::Index(index, true), Change::Payment(ended)]);
            self.ready.extend(postings);
        }
    }

    fn delivery(&mut self, row: Arc<Delivery>) {
        let deliveries = &mut self.books.entry(row.account).or_default().deliveries;
        deliveries.put(row.id.0, row);
        while let Some(ended) = deliveries.pop_if(|row| matches!(row.status, DeliveryStatus::Succeeded { .. })) {
            let index = Index::Delivery(ended.account, ended.status.label(), ended.id);
            self.ready.extend([Change::Index(index, true), Change::Delivery(ended)]);
        }
    }
}

fn no_customers() -> Failure {
    Failure::wrong("a history has no customer records")
}

impl Book {
    fn len(&self) -> usize {
        self.sessions.len() + self.quotes.len() + self.payments.len() + self.deliveries.len()
    }
}
