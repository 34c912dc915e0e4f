//! What is sent: the mixes, the preparation of what they need, and the constant that the ceiling is measured with.

mod burst;
mod journey;
mod reads;
mod stock;
mod storm;
mod terms;
mod trade;

use std::io;
use std::rc::Rc;
use std::time::Instant;

use clap::ValueEnum;

use super::client::{Answer, Call};
use super::drive::Hands;
use super::tally::Operation;

pub use stock::Stock;
pub use storm::DIFFERENT;

/// Of a session whose pay-in settles: created, quote consumed, pay-in processing, processing, settled, completed.
const EVENTS_OF_A_JOURNEY: u64 = 6;

/// What is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Mix {
    /// 70 % reads of sessions, quotes, payments, transactions and lists; 30 % createSession, lockQuote and createPayIn.
    Reads,
    /// Whole journeys: createSession, lockQuote, createPayIn, retrievePayIn.
    Trade,
    /// createPayIn alone, from sessions and quotes made before the clock starts.
    Burst,
    /// createPayIn, each sent several times at once under one key: one effect, and the same answer to all.
    Storm,
    /// Deliveries of test events of several accounts. Flat out is a backlog that was made while the endpoints were paused.
    Deliveries,
    /// Deliveries of the events of whole journeys, of several accounts.
    JourneyDeliveries,
}

/// What a step performs, unit by unit.
pub enum Work {
    /// See [`Mix::Reads`]. A unit is a request.
    Reads(Rc<Stock>),
    /// See [`Mix::Trade`]. A unit is a journey.
    Trade(Rc<Stock>),
    /// See [`Mix::Burst`]. A unit is a pay-in.
    Burst(Rc<Stock>),
    /// See [`Mix::Storm`], with this many copies. A unit is a pay-in.
    Storm(Rc<Stock>, usize),
    /// See [`Mix::Deliveries`]. A unit is a test event, until its request is answered.
    Test,
    /// Makes a session with a quote that fits it.
    Prepare(Rc<Stock>),
    /// Reads this path from the constant server.
    ConstantGet(String),
    /// Posts this body to this path of the constant server.
    ConstantPost(String, String),
}

impl Mix {
    /// What is measured when nothing is named, in this order.
    pub const ALL: [Mix; 4] = [Mix::Reads, Mix::Trade, Mix::Burst, Mix::Storm];
    /// What is measured at a receiver instead, when it is named.
    pub const DELIVERIES: [Mix; 2] = [Mix::Deliveries, Mix::JourneyDeliveries];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Mix::Reads => "reads",
            Mix::Trade => "trade",
            Mix::Burst => "burst",
            Mix::Storm => "storm",
            Mix::Deliveries => "deliveries",
            Mix::JourneyDeliveries => "journey-deliveries",
        }
    }

    /// What its rates count.
    pub fn unit(self) -> &'static str {
        match self {
            Mix::Reads => "requests",
            Mix::Trade => "journeys",
            Mix::Burst | Mix::Storm => "pay-ins",
            Mix::Deliveries | Mix::JourneyDeliveries => "deliveries",
        }
    }

    /// What stands in the specification, behind its name.
    pub fn about(self) -> &'static str {
        match self {
            Mix::Reads => "70 % reads, 30 % createSession, lockQuote and createPayIn",
            Mix::Trade => "whole journeys of createSession, lockQuote, createPayIn and retrievePayIn",
            Mix::Burst => "createPayIn from prepared sessions and quotes",
            Mix::Storm => "createPayIn, each sent several times at once under one key",
            Mix::Deliveries => "signed test events to a receiver, flat out a backlog of them",
            Mix::JourneyDeliveries => "signed events of whole journeys to a receiver, flat out a backlog of them",
        }
    }

    /// What is wanted of it, on two cores with the generator beside it.
    pub fn aim(self, with_webhooks: bool) -> &'static str {
        match (self, with_webhooks) {
            (Mix::Burst, false) => "12,000, later 20,000 and 0.23",
            (Mix::Trade, true) => "2,500 for ten minutes",
            (Mix::Deliveries | Mix::JourneyDeliveries, _) => "5,000; p99 under 50 ms at half of it",
            (Mix::Burst, true) | (Mix::Trade, false) | (Mix::Reads | Mix::Storm, _) => "–",
        }
    }

    /// Whether it uses up sessions and quotes that are made beforehand.
    pub fn is_prepared(self) -> bool {
        match self {
            Mix::Burst | Mix::Storm => true,
            Mix::Reads | Mix::Trade | Mix::Deliveries | Mix::JourneyDeliveries => false,
        }
    }

    /// How many events a unit of its work makes, where they are what is measured.
    pub fn events(self) -> Option<u64> {
        match self {
            Mix::Deliveries => Some(1),
            Mix::JourneyDeliveries => Some(EVENTS_OF_A_JOURNEY),
            Mix::Reads | Mix::Trade | Mix::Burst | Mix::Storm => None,
        }
    }

    /// Its work on what lies in `stock`, with this many copies in a storm.
    pub fn work(self, stock: &Rc<Stock>, copies: usize) -> Work {
        let stock = Rc::clone(stock);
        match self {
            Mix::Reads => Work::Reads(stock),
            Mix::Trade | Mix::JourneyDeliveries => Work::Trade(stock),
            Mix::Burst => Work::Burst(stock),
            Mix::Storm => Work::Storm(stock, copies),
            Mix::Deliveries => Work::Test,
        }
    }
}

impl Work {
    /// Requests that one unit has in flight at once.
    pub fn width(&self) -> usize {
        match self {
            Work::Storm(_, copies) => *copies,
            Work::Reads(_)
            | Work::Trade(_)
            | Work::Burst(_)
            | Work::Test
            | Work::Prepare(_)
            | Work::ConstantGet(_)
            | Work::ConstantPost(..) => 1,
        }
    }

    /// Performs one unit; whether all its calls were answered as they should be. An error means that a connection is lost.
    pub async fn perform(&self, hands: &mut Hands) -> io::Result<bool> {
        match self {
            Work::Reads(stock) => reads::request(stock, hands).await,
            Work::Trade(stock) => trade::journey(stock, hands).await,
            Work::Burst(stock) => burst::pay_in(stock, hands).await,
            Work::Storm(stock, _) => storm::pay_in(stock, hands).await,
            Work::Test => {
                let key = hands.seed.key();
                let call = Call::Post { path: "/v1/webhooks/test", key: &key, body: "" };
                Ok(ask(hands, Operation::SendTestWebhook, call, |answer| ok(answer, 201)).await?.is_some())
            }
            Work::Prepare(stock) => burst::prepare(stock, hands).await,
            Work::ConstantGet(path) => {
                let answered = ask(hands, Operation::RetrievePayIn, Call::Get(path), |answer| ok(answer, 200)).await?;
                Ok(answered.is_some())
            }
            Work::ConstantPost(path, body) => {
                let key = hands.seed.key();
                let call = Call::Post { path, key: &key, body };
                Ok(ask(hands, Operation::CreatePayIn, call, |answer| ok(answer, 201)).await?.is_some())
            }
        }
    }
}

/// Sends a request and counts its answer: `read` gives what is wanted of it, or nothing when it is not as it should be.
async fn ask<T>(
    hands: &mut Hands,
    operation: Operation,
    call: Call<'_>,
    read: impl FnOnce(&Answer<'_>) -> Option<T>,
) -> io::Result<Option<T>> {
    let answer = hands.clients[0].call(call).await?;
    let ended = Instant::now();
    let found = read(&answer);
    if hands.counts {
        let mut tally = hands.tally.borrow_mut();
        match &found {
            Some(_) => tally.call(operation, ended - hands.since),
            None => tally.other(format!("{} {}", operation.name(), answer.said())),
        }
    }
    hands.since = ended;
    Ok(found)
}

fn ok(answer: &Answer<'_>, status: u16) -> Option<()> {
    (answer.status == status).then_some(())
}

/// The id of what was created in this status.
fn created(answer: &Answer<'_>, status: &str) -> Option<String> {
    let is_wanted = answer.status == 201 && answer.text("status") == Some(status);
    is_wanted.then(|| answer.text("id").map(str::to_owned)).flatten()
}
