//! The columns: what lies where, who writes it and who deletes it.
//!
//! Keys are fixed-width and most significant byte first, so that they sort as their parts do; `account` stands for an
//! account id (16 bytes), `id` for any other id (16 bytes). Every value is a versioned record (see `record`) unless its
//! column says that it is empty. "The commit" is the commit of the batch that the engine decided; nothing else writes.

macro_rules! columns {
    ($($(#[$doc:meta])* $name:ident = $number:literal $word:literal,)*) => {
        /// A column of the store. Numbers and names are part of the format and never change.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Column { $($(#[$doc])* $name = $number,)* }

        impl Column {
            /// All of them, in the order of their numbers.
            pub const ALL: &'static [Column] = &[$(Column::$name,)*];

            /// The name on disk and in messages.
            pub fn name(self) -> &'static str {
                match self { $(Column::$name => $word,)* }
            }
        }
    };
}

columns! {
    /// What the store says about itself.
    ///
    /// - Key: one of the words `format`, `mode`, `head`.
    /// - Content: the format's number; the mode; the newest batch with its time and the clock of ids.
    /// - Written: `format` and `mode` at creation, `head` with every batch.
    /// - Deleted: never.
    Meta = 0 "meta",
    /// Partner accounts with keys, origins and webhook endpoint.
    ///
    /// - Key: `account`.
    /// - Written: by operators' commands.
    /// - Deleted: never.
    Accounts = 1 "accounts",
    /// Sessions.
    ///
    /// - Key: `account | id`.
    /// - Written: at creation and whenever the status changes.
    /// - Deleted: never.
    Sessions = 2 "sessions",
    /// Sessions by status, for lists.
    ///
    /// - Key: `account | label (1) | session id`.
    /// - Content: empty.
    /// - Written and deleted: with each change of a session's status label.
    SessionIndex = 3 "session_index",
    /// Signed quotes.
    ///
    /// - Key: `account | id`.
    /// - Written: at the lock and at the redemption.
    /// - Deleted: never.
    Quotes = 4 "quotes",
    /// Pay-ins and pay-outs.
    ///
    /// - Key: `account | id`.
    /// - Written: at the redemption and whenever status or attempts change.
    /// - Deleted: never.
    Payments = 5 "payments",
    /// Which payment stands behind a transaction.
    ///
    /// - Key: `account | transaction id`.
    /// - Content: the payment's id.
    /// - Written: once, at the redemption.
    /// - Deleted: never.
    Transactions = 6 "transactions",
    /// Answers remembered under their idempotency keys.
    ///
    /// - Key: `account | hash of the key (16)`.
    /// - Content: when, the request's fingerprint, and the object as it was answered.
    /// - Written: once, with the effect that it names; again when the key is used after the record's life.
    /// - Deleted: by its timer, once its life is over. Readers judge by the stored time.
    Replays = 7 "replays",
    /// What operators say of persons.
    ///
    /// - Key: hash of the person (16).
    /// - Written: when an operator says that the person was verified or is refused, or takes it back.
    /// - Deleted: never.
    Persons = 8 "persons",
    /// Balances of the ledger.
    ///
    /// - Key: `account | ledger account (1) | kind of unit (1) | code or symbol`.
    /// - Content: the sum of the postings.
    /// - Written: once per batch that posts to it.
    /// - Deleted: never.
    Balances = 9 "balances",
    /// Posting sets.
    ///
    /// - Key: `account | payment id | phase (1)`.
    /// - Written: once.
    /// - Deleted: never.
    Postings = 10 "postings",
    /// Decision receipts, in commit order.
    ///
    /// - Key: payment id.
    /// - Written: once, at the redemption.
    /// - Deleted: never.
    Receipts = 11 "receipts",
    /// Events.
    ///
    /// - Key: `account | id`.
    /// - Content: kind, time, and the object after the change as its own record.
    /// - Written: once, with the change.
    /// - Deleted: when its life is over and its delivery, if it has one, has ended.
    Events = 12 "events",
    /// Webhook deliveries.
    ///
    /// - Key: `account | id`.
    /// - Written: with the event, and with the outcome of each attempt.
    /// - Deleted: with its event.
    Deliveries = 13 "deliveries",
    /// The last undelivered delivery of each session that has one.
    ///
    /// - Key: session id.
    /// - Content: the delivery's id.
    /// - Written: with each new delivery of the session.
    /// - Deleted: when its last delivery has ended.
    Lanes = 14 "lanes",
    /// Deliveries that are due, in commit order: by account, so that nobody waits for another's.
    ///
    /// - Key: `account | id`.
    /// - Content: the delivery's id.
    /// - Written: when a delivery becomes due.
    /// - Deleted: with the outcome of the attempt.
    Outbox = 15 "outbox",
    /// Work that rails were asked for and have not answered, in commit order.
    ///
    /// - Key: attempt id.
    /// - Written: when a payment is routed.
    /// - Deleted: with the outcome.
    RailWork = 16 "rail_work",
    /// Timers, in the order in which they are due.
    ///
    /// - Key: `due (8) | kind of task (1) | ids of the task | account`: the order of timers in memory, too.
    /// - Content: empty.
    /// - Written: with what is to happen later.
    /// - Deleted: when it ran. One whose object has moved on runs all the same, and does nothing.
    Timers = 17 "timers",
    /// Customers that are not deleted.
    ///
    /// - Key: `account | id`.
    /// - Written: at creation and with each change.
    /// - Deleted: with the customer.
    Customers = 18 "customers",
    /// Names of customers: each is taken for good.
    ///
    /// - Key: `account | kind (1) | keyed hash of the name (16)`.
    /// - Content: the customer's id.
    /// - Written: once, at creation.
    /// - Deleted: never. Nothing in it tells of a person.
    CustomerNames = 19 "customer_names",
    /// Terms of customers as their events tell of them.
    ///
    /// - Key: `account | customer id | version (8)`.
    /// - Written: once, with the event.
    /// - Deleted: with the event, and by the timer that runs when no delivery of a deleted customer can need them.
    CustomerVersions = 20 "customer_versions",
    /// Tombstones of deleted customers.
    ///
    /// - Key: `account | id`.
    /// - Content: when, and how many versions are left to erase.
    /// - Written: with the deletion, and as versions are erased.
    /// - Deleted: never.
    DeletedCustomers = 21 "deleted_customers",
    /// Transactions by the status of their payment, for lists.
    ///
    /// - Key: `account | label (1) | transaction id`.
    /// - Content: the payment's id.
    /// - Written and deleted: with each change of a payment's status label.
    TransactionIndex = 22 "transaction_index",
    /// Transactions by session, for lists.
    ///
    /// - Key: `account | session id | transaction id`.
    /// - Content: the payment's id.
    /// - Written: once, at the redemption.
    /// - Deleted: never.
    SessionTransactions = 23 "session_transactions",
    /// Webhook deliveries by status, for lists: those that have not ended, that succeeded, that were given up.
    ///
    /// - Key: `account | label (1) | delivery id`.
    /// - Content: empty.
    /// - Written and deleted: at the delivery's creation, when it ends, when it is replayed, and with it.
    DeliveryIndex = 24 "delivery_index",
    /// Endpoints that fail.
    ///
    /// - Key: `account`.
    /// - Content: when the first delivery failed since the last one that arrived.
    /// - Written: with that failure.
    /// - Deleted: with the next success, and when the endpoint is set, resumed or disabled.
    FailingEndpoints = 25 "failing_endpoints",
    /// Events that the event bus has not confirmed, in commit order. The bus resumes where the column begins.
    ///
    /// - Key: event id.
    /// - Content: the account's id, and the session in whose order it is published.
    /// - Written: with the event, in cells that have a bus.
    /// - Deleted: when the bus has confirmed it.
    Bus = 26 "bus",
    /// Redeliveries: operators' jobs that send events once more.
    ///
    /// - Key: `account`.
    /// - Content: those that are kept, oldest first, each with how far it has come.
    /// - Written: when one starts, with each of its pages, and when it is stopped.
    /// - Deleted: never; an account keeps a bounded number, and the oldest makes room for a new one.
    Redeliveries = 27 "redeliveries",
    /// What persons, devices, network blocks, wallets and accounts have redeemed lately: what features are computed from.
    ///
    /// - Key: `kind of entity (1) | key (16)`.
    /// - Written: with each redemption, each risk decline, and when a label comes back.
    /// - Deleted: never.
    Histories = 28 "histories",
    /// What payments turned out to be.
    ///
    /// - Key: payment id.
    /// - Content: the label, and when the cell learned of it.
    /// - Written: when an operator says so.
    /// - Deleted: when an operator takes it back.
    Labels = 29 "labels",
    /// Payments that wait for the decision of somebody at the bank, in the order in which they began.
    ///
    /// - Key: payment id.
    /// - Content: the account's id, the session's, and from when on the payment is declined.
    /// - Written: when a payment begins to wait.
    /// - Deleted: with the decision, or when time is up.
    Reviews = 30 "reviews",
    /// Versions of the risk policy: the newest applies.
    ///
    /// - Key: version (8).
    /// - Content: since when, the file that was applied last, rules, and lists as keys of entities.
    /// - Written: once, when it is set.
    /// - Deleted: when so many newer ones are kept.
    RiskPolicies = 31 "risk_policies",
    /// Which models there are, and what each of them does.
    ///
    /// - Key: the word `plan`.
    /// - Content: all models with their stages, and which one was live before.
    /// - Written: with each step of a model's life.
    /// - Deleted: never.
    Models = 32 "models",
}

impl Column {
    /// How many there are.
    pub const COUNT: usize = Column::ALL.len();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_places_and_names_differ() {
        for (place, column) in Column::ALL.iter().enumerate() {
            assert_eq!(*column as usize, place);
            assert_eq!(Column::ALL.iter().filter(|other| other.name() == column.name()).count(), 1);
        }
        assert_eq!(Column::COUNT, 33);
    }
}
