//! What a batch reads and what it changes, in the words of the domains: the store turns these into rows.

use std::sync::Arc;

use rust_decimal::Decimal;

use crate::account::Account;
use crate::command::Timer;
use crate::customer::{Customer, CustomerName, DeletedCustomer};
use crate::delivery::{Delivery, DeliveryLabel};
use crate::event::Event;
use crate::id::{
    AccountId, AttemptId, CustomerId, DeliveryId, EventId, IdClock, OutboxId, PaymentId, QuoteId, SessionId,
    TransactionId,
};
use crate::ledger::{BalanceKey, Phase, Posting};
use crate::payment::{Payment, PaymentLabel};
use crate::quote::Quote;
use crate::rail::RailWork;
use crate::receipt::Receipt;
use crate::redelivery::Redelivery;
use crate::replay::{Replay, ReplayKey};
use crate::review::ReviewRow;
use crate::risk::{Entity, EntityKey, History, Labelled, ModelPlan, Person, RiskPolicy};
use crate::session::{Session, SessionLabel};
use crate::time::Timestamp;

/// A row that a command needs before it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Need {
    /// A session.
    Session(AccountId, SessionId),
    /// A quote.
    Quote(AccountId, QuoteId),
    /// A payment.
    Payment(AccountId, PaymentId),
    /// A remembered answer.
    Replay(ReplayKey),
    /// What an operator says of a person.
    Person([u8; 16]),
    /// The history of an entity.
    History(Entity, EntityKey),
    /// A decision receipt.
    Receipt(PaymentId),
    /// What became known of a payment.
    Label(PaymentId),
    /// A balance.
    Balance(BalanceKey),
    /// A delivery.
    Delivery(AccountId, DeliveryId),
    /// The last undelivered delivery of a session.
    Lane(SessionId),
    /// Since when an account's endpoint fails.
    Failing(AccountId),
    /// The redeliveries of an account.
    Redeliveries(AccountId),
    /// A customer.
    Customer(AccountId, CustomerId),
    /// A deleted customer.
    DeletedCustomer(AccountId, CustomerId),
    /// The customer behind a name.
    CustomerName(CustomerName),
}

/// A row that was needed, as the store has it; `None` when there is none.
#[derive(Clone, Debug, PartialEq)]
pub enum Loaded {
    /// A session.
    Session(AccountId, SessionId, Option<Arc<Session>>),
    /// A quote.
    Quote(AccountId, QuoteId, Option<Arc<Quote>>),
    /// A payment.
    Payment(AccountId, PaymentId, Option<Arc<Payment>>),
    /// A remembered answer.
    Replay(ReplayKey, Option<Arc<Replay>>),
    /// What an operator says of a person.
    Person([u8; 16], Option<Person>),
    /// The history of an entity.
    History(Entity, EntityKey, Option<Arc<History>>),
    /// A decision receipt.
    Receipt(PaymentId, Option<Arc<Receipt>>),
    /// What became known of a payment.
    Label(PaymentId, Option<Labelled>),
    /// A balance.
    Balance(BalanceKey, Option<Decimal>),
    /// A delivery.
    Delivery(AccountId, DeliveryId, Option<Arc<Delivery>>),
    /// The last undelivered delivery of a session.
    Lane(SessionId, Option<DeliveryId>),
    /// Since when an account's endpoint fails.
    Failing(AccountId, Option<Timestamp>),
    /// The redeliveries of an account, oldest first.
    Redeliveries(AccountId, Option<Arc<Vec<Redelivery>>>),
    /// A customer.
    Customer(AccountId, CustomerId, Option<Arc<Customer>>),
    /// A deleted customer.
    DeletedCustomer(AccountId, CustomerId, Option<DeletedCustomer>),
    /// The customer behind a name.
    CustomerName(CustomerName, Option<CustomerId>),
}

/// One change of a batch. Rows that are written several times in a batch appear once, with their last value.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Writes an account.
    Account(Arc<Account>),
    /// Writes a session.
    Session(Arc<Session>),
    /// Adds (`true`) or removes a row of an index.
    Index(Index, bool),
    /// Writes a quote.
    Quote(Arc<Quote>),
    /// Writes a payment.
    Payment(Arc<Payment>),
    /// Names the payment behind a transaction; written once.
    Transaction(AccountId, TransactionId, PaymentId),
    /// Writes a remembered answer, or removes one whose life is over.
    Replay(ReplayKey, Option<Arc<Replay>>),
    /// Writes what an operator says of a person.
    Person([u8; 16], Person),
    /// Writes the history of an entity.
    History(Entity, EntityKey, Arc<History>),
    /// Writes what became known of a payment, or that nothing is.
    Label(PaymentId, Option<Labelled>),
    /// Writes the plan of models.
    Models(Arc<ModelPlan>),
    /// Writes a balance.
    Balance(BalanceKey, Decimal),
    /// Writes a posting set; written once.
    Postings(AccountId, PaymentId, Phase, Vec<Posting>),
    /// Writes a decision receipt; written once.
    Receipt(Arc<Receipt>),
    /// Writes an event; written once.
    Event(Arc<Event>),
    /// Removes an event.
    EventRemove(AccountId, EventId),
    /// Writes a delivery.
    Delivery(Arc<Delivery>),
    /// Removes a delivery.
    DeliveryRemove(AccountId, DeliveryId),
    /// Sets or clears the last undelivered delivery of a session.
    Lane(SessionId, Option<DeliveryId>),
    /// Says since when an account's endpoint fails, or that it does not.
    Failing(AccountId, Option<Timestamp>),
    /// Writes the redeliveries of an account.
    Redeliveries(AccountId, Arc<Vec<Redelivery>>),
    /// Writes or removes what is kept of a customer.
    Customer(CustomerChange),
    /// Makes a delivery due.
    OutboxAdd(OutboxRow),
    /// Removes a row of the outbox of an account.
    OutboxRemove(AccountId, OutboxId),
    /// Keeps an event until the event bus has it.
    BusAdd(BusRow),
    /// Removes an event that the event bus has.
    BusRemove(EventId),
    /// Adds work for a rail.
    RailWorkAdd(Box<RailWork>),
    /// Removes work whose outcome is known.
    RailWorkRemove(AttemptId),
    /// Changes what people at the bank decide about, or by which policy.
    Risk(RiskChange),
    /// Sets a timer.
    TimerAdd(Timer),
    /// Removes a timer that ran.
    TimerRemove(Timer),
}

/// A change of what is kept of a customer.
#[derive(Clone, Debug, PartialEq)]
pub enum CustomerChange {
    /// Writes the customer, or removes it.
    Row(AccountId, CustomerId, Option<Arc<Customer>>),
    /// Writes its tombstone.
    Deleted(DeletedCustomer),
    /// Gives it a name; written once.
    Name(CustomerName, CustomerId),
    /// Writes its terms under their version; written once.
    Version(Arc<Customer>),
    /// Removes one version of its terms.
    VersionRemove(AccountId, CustomerId, u64),
}

/// A change of what people at the bank decide about, or by which policy.
#[derive(Clone, Debug, PartialEq)]
pub enum RiskChange {
    /// Puts a payment into the queue of those that wait for a review.
    ReviewAdd(ReviewRow),
    /// Takes a payment out of that queue.
    ReviewRemove(PaymentId),
    /// Writes a version of the policy; written once.
    Policy(Arc<RiskPolicy>),
    /// Removes an old version of the policy.
    PolicyRemove(u64),
}

impl From<RiskChange> for Change {
    fn from(change: RiskChange) -> Change {
        Change::Risk(change)
    }
}

impl From<CustomerChange> for Change {
    fn from(change: CustomerChange) -> Change {
        Change::Customer(change)
    }
}

/// A row of an index: what a list is read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Index {
    /// A session under its status.
    Session(AccountId, SessionLabel, SessionId),
    /// A transaction under the status of its payment, which it names.
    Transaction(AccountId, PaymentLabel, TransactionId, PaymentId),
    /// A transaction under its session; it names its payment, too. Written once.
    SessionTransaction(AccountId, SessionId, TransactionId, PaymentId),
    /// A webhook delivery under its status.
    Delivery(AccountId, DeliveryLabel, DeliveryId),
}

/// A delivery that is due. The rows of an account lie in commit order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutboxRow {
    /// Its place in the queue.
    pub id: OutboxId,
    /// Whose delivery.
    pub account: AccountId,
    /// Which delivery.
    pub delivery: DeliveryId,
}

/// An event that the event bus has not confirmed. The rows of a cell lie in commit order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BusRow {
    /// Which event.
    pub event: EventId,
    /// Whose event.
    pub account: AccountId,
    /// The session in whose order it is published, if any.
    pub lane: Option<SessionId>,
}

/// Where the cell stands: written with every batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// The number of the last batch, from 1.
    pub batch: u64,
    /// Its time; no later batch has an earlier one.
    pub now: Timestamp,
    /// Where the next ids come from.
    pub ids: IdClock,
}

/// The changes of one batch with the head that they lead to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Effects {
    /// The head after the batch.
    pub head: Head,
    /// The changes, in the order in which they are to be written.
    pub changes: Vec<Change>,
}
