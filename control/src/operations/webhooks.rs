//! Webhook diagnostics.

use std::sync::Arc;

use causeway_core::command::{Answer, Command, Reply};
use causeway_core::delivery::DeliveryLabel;
use causeway_core::event::EventKind;
use causeway_core::id::DeliveryId;

use super::{Call, Handled, Parameter, Rendered, Spec};
use crate::problem::{Code, Problem};
use crate::wire;

/// How many deliveries may be passed over.
const SKIP_MOST: usize = 10_000;

/// How many items a page has.
const LIMIT: Parameter = Parameter {
    name: "limit",
    description: "How many items a page has.",
    schema: r#"{"type":"integer","minimum":1,"maximum":200,"default":50}"#,
};

/// Where a page starts.
const SKIP: Parameter = Parameter {
    name: "skip",
    description: "How many of the newest items are passed over.",
    schema: r#"{"type":"integer","minimum":0,"maximum":10000,"default":0}"#,
};

pub(super) const LIST: Spec =
    Spec::new("Webhooks", "List webhook deliveries, newest first, without their payloads. Those that have ended are kept for a time (30 days, unless the operator says otherwise).", |call| {
        Box::pin(list_partner_webhook_deliveries(call))
    })
    .query(&[LIMIT, SKIP, STATUS])
    .answers::<wire::List<wire::WebhookDelivery<'static>>>(200);

pub(super) const REPLAY: Spec = Spec::new(
    "Webhooks",
    "Send a dead-lettered delivery again: the same event, behind its session's later ones.",
    |call| Box::pin(replay_webhook_delivery(call)),
)
.answers::<wire::WebhookDelivery<'static>>(200)
.refuses(&[Code::OutcomeUnknown]);

pub(super) const TEST: Spec =
    Spec::new("Webhooks", "Send a webhook.test event to the endpoint.", |call| Box::pin(send_test_webhook(call)))
        .answers::<wire::WebhookDelivery<'static>>(201)
        .refuses(&[Code::OutcomeUnknown]);

/// The `status` that lists are filtered by.
const STATUS: Parameter = Parameter {
    name: "status",
    description: "Only deliveries with this status.",
    schema: r#"{"type":"string","enum":["pending","in_flight","succeeded","dead_lettered"]}"#,
};

/// Which deliveries are listed.
#[derive(Clone, Copy)]
enum Wanted {
    All,
    Pending,
    InFlight,
    Ended(DeliveryLabel),
}

async fn list_partner_webhook_deliveries(call: Call<'_>) -> Handled {
    let (limit, skip) = (call.query.limit(50, 200)?, call.query.skip(SKIP_MOST)?);
    let words = "pending, in_flight, succeeded or dead_lettered";
    let wanted = call.query.parsed("status", words, Wanted::parse)?.unwrap_or(Wanted::All);
    let account = call.account();
    // What is on its way is looked at once, so that no delivery is in two lists or in none.
    let in_flight = Arc::new(call.cell.in_flight().of(account));
    let on_the_way = Arc::clone(&in_flight);
    // One more than asked for tells whether older ones follow.
    let page = call.cell.read(move |reader| {
        let labelled = |label| reader.deliveries(account, label, &on_the_way, skip, limit + 1);
        match wanted {
            Wanted::All => labelled(None),
            Wanted::Pending => labelled(Some(DeliveryLabel::Undelivered)),
            Wanted::Ended(label) => labelled(Some(label)),
            Wanted::InFlight => {
                let found = reader.undelivered_among(account, on_the_way.iter().rev().copied())?;
                Ok(found.into_iter().skip(skip).take(limit + 1).collect())
            }
        }
    });
    let page = page.await?;
    let views = page.iter().take(limit).map(|(delivery, kind)| {
        wire::WebhookDelivery::of(delivery, *kind, in_flight.contains(&delivery.id), call.mode())
    });
    let data = views.collect();
    Ok(Rendered::new(&wire::List::new(call.operation.path, data, page.len() > limit)))
}

async fn replay_webhook_delivery(call: Call<'_>) -> Handled {
    let id = call.named(DeliveryId::parse)?;
    let read = call.read(move |reader, account| {
        let Some(delivery) = reader.delivery(account, id)? else { return Ok(None) };
        let event = reader.event(account, delivery.event)?;
        Ok(event.map(|event| (delivery.lane, event.kind)))
    });
    let (lane, kind) = read.await?;
    let answer = call.submit(Command::ReplayDelivery(call.account(), id, lane), no_fingerprint()).await?;
    rendered(&call, answer, kind)
}

async fn send_test_webhook(call: Call<'_>) -> Handled {
    let answer = call.submit(Command::SendTestWebhook(call.account()), no_fingerprint()).await?;
    rendered(&call, answer, EventKind::WebhookTest)
}

impl Wanted {
    fn parse(word: &str) -> Option<Wanted> {
        match word {
            "pending" => Some(Wanted::Pending),
            "in_flight" => Some(Wanted::InFlight),
            "succeeded" => Some(Wanted::Ended(DeliveryLabel::Succeeded)),
            "dead_lettered" => Some(Wanted::Ended(DeliveryLabel::DeadLettered)),
            _ => None,
        }
    }
}

/// These operations take an idempotency key and ignore it: nothing is compared.
fn no_fingerprint() -> [u8; 16] {
    wire::Fingerprint::new().finish()
}

/// The delivery as the command left it: it waits for its attempt.
fn rendered(call: &Call<'_>, answer: Answer, kind: EventKind) -> Handled {
    let Reply::Delivery(delivery) = answer.reply else {
        return Err(Problem::internal("the core answered with something else than a delivery"));
    };
    Ok(Rendered::new(&wire::WebhookDelivery::of(&delivery, kind, false, call.mode())))
}
