//! The record of an event: its own fields, then the whole record of the object after the change. Of a customer it holds the
//! facts alone: the person stands in a row of its own, under its version, where it can be erased.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::numbers::Numbered;
use super::{Distance, Malformed, customer, payment, quote, read_head, session, write};
use crate::event::{Event, EventData, EventKind};
use crate::id::{AccountId, EventId, SessionId};

#[derive(Serialize, Deserialize)]
struct EventV1 {
    kind: u8,
    created_at: Distance,
    lane: LaneV1,
    object: ObjectV1,
}

#[derive(Serialize, Deserialize)]
enum ObjectV1 {
    Session([u8; 16]),
    Quote([u8; 16]),
    Payment([u8; 16]),
    Customer([u8; 16]),
    DeletedCustomer([u8; 16]),
    Test,
}

/// The lane is nearly always the session that the object is or belongs to, and then need not be written again.
#[derive(Serialize, Deserialize)]
enum LaneV1 {
    None,
    OfObject,
    Other([u8; 16]),
}

/// Appends the record of `event`.
pub fn encode(event: &Event, out: &mut Vec<u8>) {
    let (object, account) = match &event.data {
        EventData::Session(session) => (ObjectV1::Session(session.id.into()), session.account),
        EventData::Quote(quote) => (ObjectV1::Quote(quote.id.into()), quote.account),
        EventData::Payment(payment) => (ObjectV1::Payment(payment.id.into()), payment.account),
        EventData::Customer(facts, _) => (ObjectV1::Customer(facts.id.into()), facts.account),
        EventData::DeletedCustomer(id, _) => (ObjectV1::DeletedCustomer((*id).into()), event.account),
        EventData::Test => (ObjectV1::Test, event.account),
    };
    assert_eq!(event.account, account, "an event tells of an object of its own account");
    let fields = EventV1 {
        kind: event.kind.number(),
        created_at: Distance::new(event.created_at, event.id.0),
        lane: LaneV1::new(event.lane, &event.data),
        object,
    };
    write(out, &fields);
    match &event.data {
        EventData::Session(session) => session::encode(session, out),
        EventData::Quote(quote) => quote::encode(quote, out),
        EventData::Payment(payment) => payment::encode(payment, out),
        EventData::Customer(facts, _) => customer::encode_facts(facts, out),
        EventData::DeletedCustomer(id, at) => customer::encode_deletion(*id, *at, out),
        EventData::Test => {}
    }
}

/// Reads the record of the event with this key; without the terms of a customer.
pub fn decode(account: AccountId, id: EventId, bytes: &[u8]) -> Result<Event, Malformed> {
    let (fields, object): (EventV1, &[u8]) = read_head(bytes)?;
    let data = match fields.object {
        ObjectV1::Session(id) => EventData::Session(Arc::new(session::decode(account, id.into(), object)?)),
        ObjectV1::Quote(id) => EventData::Quote(Arc::new(quote::decode(account, id.into(), object)?)),
        ObjectV1::Payment(id) => EventData::Payment(Arc::new(payment::decode(account, id.into(), object)?)),
        ObjectV1::Customer(id) => EventData::Customer(customer::decode_facts(account, id.into(), object)?, None),
        ObjectV1::DeletedCustomer(id) => {
            EventData::DeletedCustomer(id.into(), customer::decode_deletion(id.into(), object)?)
        }
        ObjectV1::Test if object.is_empty() => EventData::Test,
        ObjectV1::Test => return Err(Malformed("there are bytes behind the last field")),
    };
    Ok(Event {
        id,
        account,
        kind: <EventKind as Numbered>::from_number(fields.kind)?,
        created_at: fields.created_at.from(id.0),
        lane: fields.lane.lane(&data)?,
        data,
    })
}

/// What happened, read without the rest.
pub fn decode_kind(bytes: &[u8]) -> Result<EventKind, Malformed> {
    let (kind, _) = read_head::<u8>(bytes)?;
    Numbered::from_number(kind)
}

impl LaneV1 {
    fn new(lane: Option<SessionId>, data: &EventData) -> LaneV1 {
        match lane {
            None => LaneV1::None,
            Some(lane) if session_of(data) == Some(lane) => LaneV1::OfObject,
            Some(lane) => LaneV1::Other(lane.into()),
        }
    }

    fn lane(self, data: &EventData) -> Result<Option<SessionId>, Malformed> {
        match self {
            LaneV1::None => Ok(None),
            LaneV1::OfObject => session_of(data).map(Some).ok_or(Malformed("its object has no session")),
            LaneV1::Other(lane) => Ok(Some(lane.into())),
        }
    }
}

fn session_of(data: &EventData) -> Option<SessionId> {
    match data {
        EventData::Session(session) => Some(session.id),
        EventData::Payment(payment) => Some(payment.session),
        EventData::Quote(_) | EventData::Customer(..) | EventData::DeletedCustomer(..) | EventData::Test => None,
    }
}
