//! Webhook deliveries as partners inspect them: without the payload.

use causeway_core::delivery::{Delivery, DeliveryStatus};
use causeway_core::event::EventKind;
use causeway_core::id::Mode;
use schemars::JsonSchema;
use serde::Serialize;

use super::Time;

/// A webhook delivery.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "WebhookDelivery")]
pub struct WebhookDelivery<'a> {
    /// Always `webhook_delivery`.
    #[schemars(extend("const" = "webhook_delivery"))]
    pub object: &'static str,
    /// `wd_…`.
    pub id: String,
    /// `evt_…`: the event that it delivers.
    pub event_id: String,
    /// What happened, such as `gate_session.completed`.
    pub event_type: &'static str,
    /// Where the last attempt went; before the first one, where events went when it was created.
    pub target_url: &'a str,
    /// Where it stands: `in_flight` while an attempt is being made, `pending` while one is to come.
    #[schemars(extend("enum" = ["pending", "in_flight", "succeeded", "dead_lettered"]))]
    pub status: &'static str,
    /// Attempts made since it was created, or replayed.
    pub attempts: u32,
    /// What the receiver answered to the last attempt, if it answered.
    pub last_response_status: Option<u16>,
    /// What went wrong with the last attempt.
    pub last_error: Option<&'a str>,
    /// When it is tried again, after an attempt that failed.
    pub next_attempt_at: Option<Time>,
    /// When it was answered with 2xx.
    pub delivered_at: Option<Time>,
    /// When it was created.
    pub created_at: Time,
}

impl<'a> WebhookDelivery<'a> {
    /// The delivery of an event of `kind` as partners see it; `is_in_flight` while the dispatcher has it in hand.
    pub fn of(delivery: &'a Delivery, kind: EventKind, is_in_flight: bool, mode: Mode) -> WebhookDelivery<'a> {
        let undelivered = if is_in_flight { "in_flight" } else { "pending" };
        let (status, next_attempt_at, delivered_at) = match delivery.status {
            DeliveryStatus::Held | DeliveryStatus::Due { .. } => (undelivered, None, None),
            DeliveryStatus::Waiting { until } => (undelivered, Some(Time(until)), None),
            DeliveryStatus::Succeeded { at } => ("succeeded", None, Some(Time(at))),
            DeliveryStatus::DeadLettered => ("dead_lettered", None, None),
        };
        WebhookDelivery {
            object: "webhook_delivery",
            id: delivery.id.text(mode),
            event_id: delivery.event.text(mode),
            event_type: kind.word(),
            target_url: &delivery.target_url,
            status,
            attempts: delivery.attempts,
            last_response_status: delivery.last_response_status,
            last_error: delivery.last_error.as_deref(),
            next_attempt_at,
            delivered_at,
            created_at: Time(delivery.created_at),
        }
    }
}
