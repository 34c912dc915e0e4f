//! The webhooks: one entry for each type of event.

use causeway_core::event::EventKind;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use crate::wire::{Customer, DeletedCustomer, Envelope, ErasedCustomer, Payment, Session, SignedQuote, WebhookTest};

/// What a receiver gets, by type.
pub fn described(schemas: &mut SchemaGenerator) -> Map<String, Value> {
    let envelope = schemas.subschema_for::<Envelope<'static>>();
    let described = |kind: &EventKind| (kind.word().to_owned(), webhook(*kind, &envelope, data(*kind, schemas)));
    EventKind::ALL.iter().map(described).collect()
}

fn webhook(kind: EventKind, envelope: &Schema, data: Schema) -> Value {
    let narrowed = json!({ "properties": { "type": { "const": kind.word() }, "data": data } });
    let schema = json!({ "allOf": [envelope, narrowed] });
    json!({ "post": {
        "tags": ["Webhooks"],
        "summary": kind.about(),
        "parameters": headers(),
        "requestBody": { "required": true, "content": { "application/json": { "schema": schema } } },
        "responses": { "2XX": { "description": "Received. Any other answer, redirects too, is tried again." } },
    } })
}

/// The object that it carries, whole and after the change.
fn data(kind: EventKind, schemas: &mut SchemaGenerator) -> Schema {
    match kind.word().split('.').next() {
        Some("gate_session") => of::<Session<'static>>(schemas),
        Some("quote") => of::<SignedQuote<'static>>(schemas),
        Some("customer") if kind == EventKind::CustomerDeleted => of::<DeletedCustomer>(schemas),
        Some("customer") => customer(schemas),
        Some("webhook") => of::<WebhookTest>(schemas),
        _ => of::<Payment<'static>>(schemas),
    }
}

/// The customer, or what is left of it when the event is delivered after the customer was erased.
fn customer(schemas: &mut SchemaGenerator) -> Schema {
    let either = [of::<Customer<'static>>(schemas), of::<ErasedCustomer>(schemas)];
    json_schema!({ "oneOf": either })
}

fn of<T: JsonSchema>(schemas: &mut SchemaGenerator) -> Schema {
    schemas.subschema_for::<T>()
}

fn headers() -> Value {
    let header = |name: &str, description: &str| {
        json!({
            "name": name,
            "in": "header",
            "required": true,
            "description": description,
            "schema": { "type": "string" },
        })
    };
    json!([
        header(
            "Gate-Signature",
            "`t=<unix seconds>,v1=<hex of HMAC-SHA256 over t, a dot and the raw body>`, with the endpoint's secret."
        ),
        header("Gate-Event-Id", "The event's id: the same over retries and replays."),
        header("Gate-Event-Type", "The event's type."),
        header(
            "X-0bit-Timestamp",
            "When it was signed, in Unix seconds, under the name that published receivers read."
        ),
        header("X-0bit-Event-Id", "The event's id, under the name that published receivers read."),
        header("X-0bit-Event-Type", "The event's type, under the name that published receivers read."),
        header("webhook-id", "The event's id, as Standard Webhooks names it."),
        header("webhook-timestamp", "When it was signed, in Unix seconds."),
        header(
            "webhook-signature",
            "The signatures of Standard Webhooks, apart by spaces: `v1,…` for each of the endpoint's secrets, and `v1a,…` \
             (Ed25519), which the account's key at `/.well-known/webhook-keys/{account id}.json` verifies."
        ),
    ])
}
