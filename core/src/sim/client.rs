//! Clients and operators: they ask, wait, ask again under the same key, and learn from answers what there is to ask about.

mod wish;

use std::sync::Arc;

use super::action::{Choice, Wish};
use super::docket::{Awaited, Door, Heard};
use super::oracle::Fault;
use crate::command::{Command, Idempotency, Outcome, Refusal, Reply};
use crate::customer::Customer;
use crate::delivery::DeliveryOutcome;
use crate::id::{AccountId, DeliveryId, KeyId, RedeliveryId, SessionId};
use crate::ingress::Lane;
use crate::payment::Payment;
use crate::quote::Quote;
use crate::session::Session;
use crate::time::Millis;

/// A request is tried this often; then its client gives up and never hears what became of it.
const TRIES: u32 = 6;

/// All clients with what they know.
#[derive(Default)]
pub struct Clients {
    requests: Vec<Request>,
    known: Known,
}

struct Request {
    lane: Lane,
    command: Command,
    idempotency: Option<Idempotency>,
    /// How long each try may wait for its turn; `None`: for ever.
    patience: Option<Millis>,
    awaited: Option<Awaited>,
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
    redeliveries: Vec<(AccountId, RedeliveryId)>,
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
    pub fn ask(&mut self, door: &mut Door<'_>, wish: Wish, choice: Choice) {
        let (lane, command) = wish::command(&self.known, wish, choice);
        let idempotency = command.partner().and_then(|_| wish::key(&command, choice));
        // One in sixteen waits only a moment for its turn.
        let patience = (choice.key % 16 == 15).then_some(Millis(u64::from(choice.what) % 64));
        self.begin(door, lane, command, idempotency, patience);
    }

    /// The client of one of the last requests sends it once more, whether or not it was answered.
    pub fn repeat(&mut self, door: &mut Door<'_>, back: u8) {
        let place = self.requests.len().checked_sub(1 + back as usize);
        let Some(original) = place.map(|place| &self.requests[place]) else { return };
        if original.idempotency.is_some() {
            let (command, idempotency) = (original.command.clone(), original.idempotency);
            self.begin(door, original.lane, command, idempotency, None);
        }
    }

    fn begin(
        &mut self,
        door: &mut Door<'_>,
        lane: Lane,
        command: Command,
        idempotency: Option<Idempotency>,
        patience: Option<Millis>,
    ) {
        let mut request = Request { lane, command, idempotency, patience, awaited: None, tries: 0, is_over: false };
        request.send(door);
        self.requests.push(request);
    }

    /// Looks for answers. What was refused for the moment or lost is sent again under its key.
    pub fn listen(&mut self, door: &mut Door<'_>) -> Result<(), Fault> {
        for request in self.requests.iter_mut().filter(|request| !request.is_over) {
            match request.awaited.as_mut().map(|awaited| door.listen(awaited)).transpose()? {
                Some(Heard::Nothing) => {}
                Some(Heard::Answer(outcome)) if counts(&outcome) => {
                    request.is_over = true;
                    self.known.learn(&request.command, &outcome);
                }
                Some(Heard::Answer(_) | Heard::Lost) | None => request.send(door),
            }
        }
        Ok(())
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
        self.requests.iter().any(|request| !request.is_over)
    }
}

impl Request {
    fn send(&mut self, door: &mut Door<'_>) {
        self.awaited = None;
        // Without a key a client does not dare to ask twice.
        if self.tries == TRIES || self.tries > 0 && self.idempotency.is_none() {
            self.is_over = true;
            return;
        }
        self.tries += 1;
        let until = self.patience.map(|patience| door.clock.plus(patience));
        self.awaited = door.ask(self.lane, self.command.clone(), self.idempotency, until);
    }
}

/// Whether the answer says what became of the request.
fn counts(outcome: &Outcome) -> bool {
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
            Reply::Redelivery(job) => self.redeliveries.push((job.account, job.id)),
            Reply::Key(key) => {
                if let Command::CreateKey(account, _) = command {
                    self.keys.push((*account, key.id));
                }
            }
            Reply::DeletedCustomer(..)
            | Reply::Branding(_)
            | Reply::Delivery(_)
            | Reply::Account(_)
            | Reply::Labels(_)
            | Reply::Models(_)
            | Reply::Done => {}
        }
    }
}

fn renew<T>(known: &mut Vec<Arc<T>>, new: &Arc<T>, is_it: impl Fn(&Arc<T>) -> bool) {
    match known.iter_mut().find(|one| is_it(one)) {
        Some(old) => *old = Arc::clone(new),
        None => known.push(Arc::clone(new)),
    }
}
