//! The event bus: the same events that webhooks tell partners, for the bank's own systems.
//!
//! The cell keeps every event until the bus has confirmed it; a publisher takes what waits to the bus, whatever the bus is:
//! RabbitMQ with the feature `amqp`, and a test's own. A connector for another bus implements [`Bus`] and [`Link`].

#[cfg(feature = "amqp")]
mod amqp;
pub mod config;
mod publisher;
mod teller;
mod window;

use std::sync::Arc;

use causeway_core::event::Event;
use causeway_core::id::Mode;
use causeway_core::store::Reader;
use tokio::sync::watch;

use crate::dispatch::{self, Notice};
use crate::gate::BoxFuture;
use crate::wire::render_event;

pub use publisher::{Publisher, Stats};

/// Rows that are counted of a queue that nobody empties.
const COUNTED: usize = 1_000;

/// A bus that can be connected to.
pub trait Bus: Send + Sync + 'static {
    /// Connects, within a time of its own, or says why not, in words for operators that hold no secret.
    fn connect(&self) -> BoxFuture<'_, Result<Arc<dyn Link>, String>>;

    /// Where events go, in words for operators that hold no secret.
    fn place(&self) -> String;
}

/// A connection to a bus. Dropped, it is closed.
pub trait Link: Send + Sync + 'static {
    /// Publishes a message; resolves when the bus has it durably, or with why it has not. Several may be under way at once;
    /// nobody publishes a second message of a session before the first has resolved.
    fn publish<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<(), NotPublished>>;

    /// Resolves when something has turned with the connection: each turn once.
    fn turn(&self) -> BoxFuture<'_, Turn>;
}

/// What can turn with a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It is lost, for this reason.
    Lost(String),
    /// It stands, and the bus takes nothing for now, as it says.
    Blocked,
    /// The bus takes messages again.
    Unblocked,
}

/// Why the bus has not confirmed a message. It may have it all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotPublished {
    /// Nobody has got this one; the connection is in order.
    Returned(String),
    /// It did not take this one, though some of its consumers may have got it; the connection is in order.
    Refused(String),
    /// The connection is of no more use.
    Lost(String),
}

/// What is published of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// `evt_…`: the same over all tries, by which consumers tell duplicates.
    pub id: String,
    /// What happened, such as `gate_session.completed`.
    pub kind: &'static str,
    /// The world of the event.
    pub mode: Mode,
    /// `acct_…`: whose event.
    pub account: String,
    /// `gs_…`: in whose order it is; none for what has no order. For a bus with partitions, the key.
    pub session: Option<String>,
    /// When it happened, in Unix seconds.
    pub at: u64,
    /// The JSON that webhooks carry, too.
    pub body: Vec<u8>,
}

impl Message {
    /// The message of an event.
    pub fn of(event: &Event, mode: Mode) -> Message {
        Message {
            id: event.id.text(mode),
            kind: event.kind.word(),
            mode,
            account: event.account.text(),
            session: event.lane.map(|session| session.text(mode)),
            at: event.created_at.unix_seconds(),
            body: render_event(event, mode),
        }
    }
}

/// Tells of events that wait for a bus which is not configured any more.
pub async fn tell_of_waiting(reader: Reader, notice: Notice, mut stop: watch::Receiver<bool>) {
    let rows = dispatch::read(&reader, &notice, &mut stop, |reader| reader.bus(None, COUNTED)).await;
    let count = rows.map_or(0, |rows| rows.len());
    if count > 0 {
        let more = if count == COUNTED { " or more" } else { "" };
        notice(&format!(
            "{count}{more} events wait for the event bus, and none is configured: they stay until one is, and newer events are \
             not kept for it"
        ));
    }
}
