//! What webhooks carry: the envelope, and the whole object after the change.

use causeway_core::event::{Event, EventData};
use causeway_core::id::Mode;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Customer, DeletedCustomer, ErasedCustomer, Payment, Session, SignedQuote, to_json};

/// The body of a webhook.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Event")]
pub struct Envelope<'a> {
    /// `evt_…`: the same over retries and replays.
    pub id: String,
    /// What happened, such as `gate_session.completed`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// When it happened, in Unix seconds.
    pub created_at: u64,
    /// The whole object after the change.
    pub data: EventObject<'a>,
}

/// The object that an event carries.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "EventObject")]
pub enum EventObject<'a> {
    /// For `gate_session.*`.
    Session(Box<Session<'a>>),
    /// For `quote.consumed`.
    Quote(Box<SignedQuote<'a>>),
    /// For `rail.*` and `kyc.required`.
    Payment(Box<Payment<'a>>),
    /// For `customer.created` and `customer.updated`.
    Customer(Box<Customer<'a>>),
    /// The same, once the customer was deleted and erased.
    ErasedCustomer(Box<ErasedCustomer>),
    /// For `customer.deleted`.
    DeletedCustomer(DeletedCustomer),
    /// For `webhook.test`.
    Test(WebhookTest),
}

/// What a test tells of: nothing.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "WebhookTest")]
pub struct WebhookTest {
    /// Always `webhook_test`.
    #[schemars(extend("const" = "webhook_test"))]
    pub object: &'static str,
    /// Always false: nothing has happened, in whatever mode.
    #[schemars(extend("const" = false))]
    pub livemode: bool,
}

/// The body of a webhook for `event`: the same bytes at every call, until what it says of a person is erased.
pub fn render_event(event: &Event, mode: Mode) -> Vec<u8> {
    to_json(&Envelope {
        id: event.id.text(mode),
        kind: event.kind.word(),
        created_at: event.created_at.unix_seconds(),
        data: match &event.data {
            EventData::Session(session) => EventObject::Session(Box::new(Session::of(session, mode))),
            EventData::Quote(quote) => EventObject::Quote(Box::new(SignedQuote::of(quote, event.created_at, mode))),
            EventData::Payment(payment) => EventObject::Payment(Box::new(Payment::of(payment, mode))),
            EventData::Customer(facts, Some(terms)) => {
                EventObject::Customer(Box::new(Customer::from_parts(facts, terms, mode)))
            }
            EventData::Customer(facts, None) => EventObject::ErasedCustomer(Box::new(ErasedCustomer::of(facts, mode))),
            EventData::DeletedCustomer(id, at) => EventObject::DeletedCustomer(DeletedCustomer::of(*id, *at, mode)),
            EventData::Test => EventObject::Test(WebhookTest { object: "webhook_test", livemode: false }),
        },
    })
}
