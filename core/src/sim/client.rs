//! Clients and operators: they ask, wait, ask again under the same key, and learn from answers what there is to ask about.

mod wish;

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;

use super::action::{Choice, Wish};
use crate::command::{Command, Outcome, Refusal, Reply, Submission};
use crate::customer::Customer;
use crate::delivery::DeliveryOutcome;
use crate::id::{AccountId, DeliveryId, KeyId, SessionId};
use crate::ingress::{CellHandle, Lane};
use crate::payment::Payment;
use crate::quote::Quote;
use crate::session::Session;
use crate::time::{Millis, Timestamp};

/// A request is tried this often; then its client gives up and never hears what became of it.
const TRIES: u32 = 6;
/// Deadlines from here on are names of requests and never pass.
const NO_DEADLINE: u64 = 1 << 60;

/// All clients with what they know.
#[derive(Default)]
pub struct Clients {
    requests: BTreeMap<u64, Request>,
    names: u64,
    recent: Vec<u64>,
    known: Known,
}

struct Request {
    lane: Lane,
    submission: Submission,
    awaited: Option<oneshot::Receiver<Outcome>>,
    tries: u32,
    is_over: bool,
}

/// What clients have heard of, oldest first.
#[derive(Default)]
pub struct Known {
    sessions: Vec<Arc<Session>>,
    quotes: Vec<Arc<Quote>>,
    payments: Vec<Arc<Payment>>,
    customers: Vec<Arc<Customer>>,
    keys: Vec<(AccountId, KeyId)>,
    /// Deliveries that failed when they were last tried.
    failed: Vec<Failing>,
}

/// A delivery with its account and order, and how often it has failed.
struct Failing {
    it: (AccountId, DeliveryId, Option<SessionId>),
    times: u32,
}

impl Clients {
    /// Somebody asks for something.
    pub fn ask(&mut self, handle: &CellHandle, now: Timestamp, wish: Wish, choice: Choice) {
        let (lane, command) = wish::command(&self.known, wish, choice);
        let idempotency = command.partner().and_then(|_| wish::key(&command, choice));
        self.names += 1;
        let name = self.names;
        // One in sixteen waits only a moment for its turn.
        let deadline = if choice.key % 16 == 15 { self.soon(now) } else { Timestamp(NO_DEADLINE + name) };
        let submission = Submission { command, idempotency, deadline };
        let request = Request { lane, submission, awaited: None, tries: 0, is_over: false };
        self.requests.insert(name, request);
        self.recent.push(name);
        self.send(handle, name);
    }

    /// The client of one of the last requests sends it once more, whether or not it was answered.
    pub fn repeat(&mut self, handle: &CellHandle, back: u8) {
        let place = self.recent.len().checked_sub(1 + back as usize);
        let Some(original) = place.and_then(|place| self.requests.get(&self.recent[place])) else { return };
        if original.submission.idempotency.is_none() {
            return;
        }
        self.names += 1;
        let deadline = Timestamp(NO_DEADLINE + self.names);
        let submission = Submission { deadline, ..original.submission.clone() };
        let again = Request { lane: original.lane, submission, awaited: None, tries: 0, is_over: false };
        self.requests.insert(self.names, again);
        self.send(handle, self.names);
    }

    /// Looks for answers. What was refused for the moment or lost is sent again under its key. Gives the answers that count.
    pub fn listen(&mut self, handle: &CellHandle) -> Vec<(Submission, Outcome)> {
        let mut heard = Vec::new();
        let waiting: Vec<u64> = self.requests.iter().filter(|(_, one)| !one.is_over).map(|(name, _)| *name).collect();
        for name in waiting {
            let Some(request) = self.requests.get_mut(&name) else { continue };
            match request.awaited.as_mut().map(oneshot::Receiver::try_recv) {
                Some(Err(TryRecvError::Empty)) => {}
                Some(Ok(outcome)) if counts(&outcome) => {
                    request.is_over = true;
                    self.known.learn(&request.submission.command, &outcome);
                    heard.push((request.submission.clone(), outcome));
                }
                Some(Ok(_) | Err(TryRecvError::Closed)) | None => self.send(handle, name),
            }
        }
        heard
    }

    /// Clients see at their receivers what came of attempts, once the cell has it for good.
    pub fn hear_of_deliveries(&mut self, outcomes: &[DeliveryOutcome]) {
        for outcome in outcomes {
            let it = (outcome.account, outcome.delivery, outcome.lane);
            let place = self.known.failed.iter().position(|one| one.it == it);
            let times = place.map_or(0, |place| self.known.failed.remove(place).times);
            if outcome.error.is_some() {
                self.known.failed.push(Failing { it, times: times + 1 });
            }
        }
    }

    /// Whether somebody still waits for an answer.
    pub fn is_waiting(&self) -> bool {
        self.requests.values().any(|request| !request.is_over)
    }

    /// A deadline that passes soon. No two requests have the same: the world knows them by it.
    fn soon(&self, now: Timestamp) -> Timestamp {
        let is_taken = |at: &Timestamp| self.requests.values().any(|request| request.submission.deadline == *at);
        let mut deadline = now.plus(Millis(self.names % 900));
        while is_taken(&deadline) {
            deadline = deadline.plus(Millis(1));
        }
        deadline
    }

    fn send(&mut self, handle: &CellHandle, name: u64) {
        let Some(request) = self.requests.get_mut(&name) else { return };
        request.awaited = None;
        // Without a key a client does not dare to ask twice.
        if request.tries == TRIES || request.tries > 0 && request.submission.idempotency.is_none() {
            request.is_over = true;
            return;
        }
        request.tries += 1;
        request.awaited = handle.enqueue(request.lane, request.submission.clone()).ok();
    }
}

/// Whether the answer says what became of the request.
pub fn counts(outcome: &Outcome) -> bool {
    !matches!(outcome, Err(Refusal::OutcomeUnknown | Refusal::Overloaded | Refusal::StoreDown))
}

impl Known {
    fn learn(&mut self, command: &Command, outcome: &Outcome) {
        let Ok(answer) = outcome else { return };
        match &answer.reply {
            Reply::Session(session) => renew(&mut self.sessions, session, |one| one.id == session.id),
            Reply::Quote(quote) => renew(&mut self.quotes, quote, |one| one.id == quote.id),
            Reply::Payment(payment) => renew(&mut self.payments, payment, |one| one.id == payment.id),
            Reply::Customer(customer) => renew(&mut self.customers, customer, |one| one.facts.id == customer.facts.id),
            Reply::Key(key) => {
                if let Command::CreateKey(account, _) = command {
                    self.keys.push((*account, key.id));
                }
            }
            Reply::DeletedCustomer(..) | Reply::Branding(_) | Reply::Delivery(_) | Reply::Account(_) | Reply::Done => {}
        }
    }
}

fn renew<T>(known: &mut Vec<Arc<T>>, new: &Arc<T>, is_it: impl Fn(&Arc<T>) -> bool) {
    match known.iter_mut().find(|one| is_it(one)) {
        Some(old) => *old = Arc::clone(new),
        None => known.push(Arc::clone(new)),
    }
}
