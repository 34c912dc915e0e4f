//! The oracle: what the cell should do, written a second time and as plainly as possible.
//!
//! It keeps every object in a list, looks things up by walking, and takes its rules from the contract and from the documents
//! of the domains. With the cell it shares the types of values and nothing else: pricing, routing, risk, postings and
//! the ways of sessions, payments and deliveries stand here in its own words. Whatever both do alike is probably right.
//!
//! Ids are drawn by the cell. The oracle learns them from replies, and where no reply names them (deliveries, further
//! attempts) from the first report that does: such a report is believed when the time inside the id is that of the thing and
//! nothing else has the id. A delivery in no session's order is named by whoever sends it. What was never named is paired with
//! rows by its order.

mod accounts;
mod against;
mod begin;
mod books;
mod compare;
mod corrections;
mod customers;
mod deliveries;
mod endpoints;
mod histories;
mod lock;
mod memory;
mod models;
mod names;
mod observed;
mod overdue;
mod payments;
mod perform;
mod policy;
mod price;
mod redeem;
mod redeliveries;
mod retention;
mod reviews;
mod risk;
mod route;
mod same;
mod sessions;
mod settle;
mod signature;
#[cfg(test)]
mod tests;
mod verification;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use crate::account::Account;
use crate::command::{Answer, Outcome, Refusal, Reply, Submission, Timer};
use crate::customer::Customer;
use crate::event::Event;
use crate::id::{AccountId, CustomerId, EventId, PaymentId, QuoteId, SessionId};
use crate::payment::Payment;
use crate::quote::Quote;
use crate::receipt::Receipt;
use crate::replay::{Replay, ReplayKey};
use crate::risk::{Label, RiskPolicy, Said};
use crate::routing::Catalogue;
use crate::session::Session;
use crate::settings::Settings;
use crate::time::Timestamp;

use books::Booked;
use customers::{Gone, Taken};
use deliveries::Letter;
use models::Models;
use payments::Errand;
use redeliveries::Order;
use risk::{Guest, Visit};

/// One command as the cell ran it.
#[derive(Clone, Debug)]
pub struct Ran {
    /// What was asked.
    pub submission: Submission,
    /// What the cell made of it. A timer that ran is done.
    pub outcome: Outcome,
}

/// What differs, as sentences: which command or row, what was expected, what was found.
#[derive(Clone, PartialEq, Eq)]
pub struct Fault(pub String);

/// Everything that should be true after the batches that it took in. A clone goes its own way.
#[derive(Clone)]
pub struct Oracle {
    settings: Arc<Settings>,
    catalogue: Arc<Catalogue>,
    /// The batch that runs, or ran last.
    moment: Moment,
    /// The newest batch that changed something or told somebody that a time has passed: it must not be forgotten.
    lasting: (u64, Timestamp),
    /// The newest id that a reply named.
    newest_id: u128,
    accounts: BTreeMap<AccountId, Arc<Account>>,
    sessions: BTreeMap<SessionId, Arc<Session>>,
    quotes: BTreeMap<QuoteId, Arc<Quote>>,
    payments: BTreeMap<PaymentId, Arc<Payment>>,
    /// Customers that are there, and those that are not any more.
    customers: BTreeMap<CustomerId, Arc<Customer>>,
    gone: BTreeMap<CustomerId, Gone>,
    /// Names of customers, for good.
    taken: Vec<Taken>,
    /// Answers under their keys, however old.
    remembered: BTreeMap<ReplayKey, Arc<Replay>>,
    /// All redemptions, in order.
    visits: Vec<Visit>,
    /// Risk declines that history counts, and those of the batch that runs.
    declines: Vec<(PaymentId, Timestamp)>,
    new_declines: Vec<PaymentId>,
    /// What operators say of payments, and since when; and everything that they ever said.
    labels: BTreeMap<PaymentId, (Label, Timestamp)>,
    learned: Vec<(PaymentId, Option<Label>, Timestamp)>,
    /// People of whom an operator said something that changed what was so: what stands now, and since when.
    words: BTreeMap<Guest, Option<Said>>,
    /// The versions of the risk policy that are kept, newest first.
    policies: Vec<RiskPolicy>,
    receipts: Vec<Arc<Receipt>>,
    /// Which models there are and what they do.
    models: Models,
    /// Posting sets, in order.
    booked: Vec<Arc<Booked>>,
    /// Events, in order.
    told: Vec<Arc<Event>>,
    /// Events that are gone, by their places.
    swept: BTreeMap<usize, EventId>,
    /// The places of those whose ids were heard of: who reads them for a redelivery, or to remove them, says them.
    named: BTreeMap<EventId, usize>,
    /// Deliveries, in order.
    letters: Vec<Letter>,
    /// Accounts whose endpoint has taken nothing since then, though it was tried.
    failing: BTreeMap<AccountId, Timestamp>,
    /// Events that the event bus has, by the ids that its reports named.
    published: BTreeSet<EventId>,
    /// The redeliveries that are kept, oldest first.
    orders: BTreeMap<AccountId, Vec<Order>>,
    /// How often something was put into the outbox.
    dues: u64,
    /// How often a delivery joined the order of a session.
    joins: u64,
    /// Work that rails have not answered, in order.
    errands: Vec<Errand>,
    /// Timers of sessions, verifications, erasures and remembered answers that have not run. Those of deliveries follow from
    /// the deliveries.
    timers: Vec<Timer>,
}

/// What is the same for all commands of a batch.
#[derive(Clone, Copy, Debug, Default)]
struct Moment {
    number: u64,
    now: Timestamp,
    scorer_fails: bool,
}

impl Oracle {
    /// An oracle for an empty cell whose scorer is the simulator's.
    pub fn new(settings: &Settings, catalogue: &Catalogue) -> Oracle {
        Oracle {
            settings: Arc::new(settings.clone()),
            catalogue: Arc::new(catalogue.clone()),
            moment: Moment::default(),
            lasting: (0, Timestamp(0)),
            newest_id: 0,
            accounts: BTreeMap::new(),
            sessions: BTreeMap::new(),
            quotes: BTreeMap::new(),
            payments: BTreeMap::new(),
            customers: BTreeMap::new(),
            gone: BTreeMap::new(),
            taken: Vec::new(),
            remembered: BTreeMap::new(),
            visits: Vec::new(),
            declines: Vec::new(),
            new_declines: Vec::new(),
            labels: BTreeMap::new(),
            learned: Vec::new(),
            words: BTreeMap::new(),
            failing: BTreeMap::new(),
            policies: Vec::new(),
            receipts: Vec::new(),
            models: Models::default(),
            booked: Vec::new(),
            told: Vec::new(),
            swept: BTreeMap::new(),
            named: BTreeMap::new(),
            letters: Vec::new(),
            published: BTreeSet::new(),
            orders: BTreeMap::new(),
            dues: 0,
            joins: 0,
            errands: Vec::new(),
            timers: Vec::new(),
        }
    }

    /// Adds an account that stands in the store without a command of its own: the only way to settings that no command sets.
    #[cfg(test)]
    pub fn seed(&mut self, account: Account) {
        self.accounts.insert(account.id, Arc::new(account));
    }

    /// Adds a live model in the same way; gives the plan.
    #[cfg(test)]
    pub fn seed_model(&mut self) -> crate::risk::ModelPlan {
        let (id, stage) = (super::scorer::model(1), crate::risk::plan::Stage::Live);
        self.models.all.push(models::Entry { id, sha256: [1; 32], stage, since: Timestamp(0) });
        self.models.steps = 1;
        self.models.plan()
    }

    /// Takes in one executed batch, timers first: every outcome is checked against what the oracle expects, then it changes
    /// itself. After a fault it is of no more use.
    pub fn batch(&mut self, number: u64, now: Timestamp, scorer_fails: bool, ran: &[Ran]) -> Result<(), Fault> {
        if now < self.lasting.1 {
            return Err(Fault(format!("batch {number} ran at {now:?}, before {:?}, which was told", self.lasting.1)));
        }
        self.moment = Moment { number, now, scorer_fails };
        for (place, one) in ran.iter().enumerate() {
            self.run(one).map_err(|fault| fault.of(&format!("batch {number} at {now:?}, command {place}, {one:?}")))?;
        }
        self.close();
        Ok(())
    }

    fn run(&mut self, ran: &Ran) -> Result<(), Fault> {
        let Ran { submission, outcome } = ran;
        if let Some(first) =
            self.first_answer(submission).filter(|_| self.against_partner(&submission.command).is_empty())
        {
            return same::outcome(&Ok(Answer { reply: first, replayed: true }), outcome);
        }
        let mut against = self.against(&submission.command);
        against.extend(self.key_was_used(submission).then_some(Refusal::IdempotencyKeyReused));
        match (against::first(&against), outcome) {
            (Some(expected), Err(found)) if expected == *found => {
                self.refused(expected);
                Ok(())
            }
            (Some(expected), found) => Err(differ("the outcome", &Err::<Reply, _>(expected), found)),
            (None, Err(found)) => Err(Fault(format!("it was refused with {found:?}; nothing stands against it"))),
            (None, Ok(answer)) => {
                let reply = self.perform(&submission.command, &answer.reply)?;
                self.remember(submission, &reply);
                same::outcome(&Ok(Answer { reply, replayed: false }), outcome)
            }
        }
    }

    /// What a refusal tells of a passed time stays true.
    fn refused(&mut self, refusal: Refusal) {
        if matches!(refusal, Refusal::QuoteExpired | Refusal::SessionNotOpen | Refusal::PaymentNotWaiting) {
            self.touch();
        }
    }

    /// Declines count when the batch closes.
    fn close(&mut self) {
        let now = self.now();
        self.declines.extend(std::mem::take(&mut self.new_declines).into_iter().map(|payment| (payment, now)));
    }

    /// Something lasting happened in the batch that runs.
    fn touch(&mut self) {
        self.lasting = (self.moment.number, self.moment.now);
    }

    fn now(&self) -> Timestamp {
        self.moment.now
    }
}

impl Fault {
    /// The same fault, with the place where it was found before it.
    fn of(self, place: &str) -> Fault {
        Fault(format!("{place}: {}", self.0))
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A fault from what was expected and what was found.
fn differ(what: &str, expected: &impl fmt::Debug, found: &impl fmt::Debug) -> Fault {
    Fault(format!("{what} differs\n  expected {expected:?}\n  found    {found:?}"))
}

/// Nothing when both are equal, else a fault.
fn equal<T: PartialEq + fmt::Debug>(what: &str, expected: &T, found: &T) -> Result<(), Fault> {
    if expected == found { Ok(()) } else { Err(differ(what, expected, found)) }
}
