//! The record of a webhook delivery. Version 2 adds where its last attempt went.

use serde::{Deserialize, Serialize};

use super::{Distance, Malformed, V1, V2, read, read_as, write_as};
use crate::delivery::{Delivery, DeliveryStatus};
use crate::id::{AccountId, DeliveryId};

#[derive(Serialize, Deserialize)]
struct DeliveryV2<'a> {
    #[serde(borrow)]
    first: DeliveryV1<'a>,
    target_url: &'a str,
}

#[derive(Serialize, Deserialize)]
struct DeliveryV1<'a> {
    event: [u8; 16],
    lane: Option<[u8; 16]>,
    status: StatusV1,
    attempts: u32,
    last_response_status: Option<u16>,
    last_error: Option<&'a str>,
    created_at: Distance,
    next: Option<[u8; 16]>,
}

#[derive(Serialize, Deserialize)]
enum StatusV1 {
    Held,
    Due { row: [u8; 16] },
    Waiting { until: Distance },
    Succeeded { at: Distance },
    DeadLettered,
}

/// Appends the record of `delivery`.
pub fn encode(delivery: &Delivery, out: &mut Vec<u8>) {
    let first = DeliveryV1 {
        event: delivery.event.into(),
        lane: delivery.lane.map(Into::into),
        status: StatusV1::new(delivery.status, delivery.id),
        attempts: delivery.attempts,
        last_response_status: delivery.last_response_status,
        last_error: delivery.last_error.as_deref(),
        created_at: Distance::new(delivery.created_at, delivery.id.0),
        next: delivery.next.map(Into::into),
    };
    write_as(V2, out, &DeliveryV2 { first, target_url: &delivery.target_url });
}

/// Reads the record of the delivery with this key.
pub fn decode(account: AccountId, id: DeliveryId, bytes: &[u8]) -> Result<Delivery, Malformed> {
    let DeliveryV2 { first: fields, target_url } = match bytes.first() {
        Some(&V1) => DeliveryV2 { first: read(bytes)?, target_url: "" },
        Some(_) | None => read_as(V2, bytes)?,
    };
    Ok(Delivery {
        id,
        account,
        event: fields.event.into(),
        lane: fields.lane.map(Into::into),
        status: fields.status.status(id),
        attempts: fields.attempts,
        target_url: target_url.to_owned(),
        last_response_status: fields.last_response_status,
        last_error: fields.last_error.map(str::to_owned),
        created_at: fields.created_at.from(id.0),
        next: fields.next.map(Into::into),
    })
}

impl StatusV1 {
    fn new(status: DeliveryStatus, id: DeliveryId) -> StatusV1 {
        match status {
            DeliveryStatus::Held => StatusV1::Held,
            DeliveryStatus::Due { row } => StatusV1::Due { row: row.into() },
            DeliveryStatus::Waiting { until } => StatusV1::Waiting { until: Distance::new(until, id.0) },
            DeliveryStatus::Succeeded { at } => StatusV1::Succeeded { at: Distance::new(at, id.0) },
            DeliveryStatus::DeadLettered => StatusV1::DeadLettered,
        }
    }

    fn status(self, id: DeliveryId) -> DeliveryStatus {
        match self {
            StatusV1::Held => DeliveryStatus::Held,
            StatusV1::Due { row } => DeliveryStatus::Due { row: row.into() },
            StatusV1::Waiting { until } => DeliveryStatus::Waiting { until: until.from(id.0) },
            StatusV1::Succeeded { at } => DeliveryStatus::Succeeded { at: at.from(id.0) },
            StatusV1::DeadLettered => DeliveryStatus::DeadLettered,
        }
    }
}
