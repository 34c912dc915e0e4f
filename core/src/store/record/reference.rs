//! Records that are only a reference: the payment behind a transaction, the customer behind a name, the end of a lane, a row of
//! the outbox, of the queue to the event bus or of the queue of reviews.

use super::{Distance, Malformed, read, write};
use crate::change::{BusRow, OutboxRow};
use crate::id::{AccountId, CustomerId, DeliveryId, EventId, OutboxId, PaymentId};
use crate::review::ReviewRow;
use crate::time::Timestamp;

/// Appends the record of a transaction.
pub fn encode_transaction(payment: PaymentId, out: &mut Vec<u8>) {
    write(out, &<[u8; 16]>::from(payment));
}

/// Reads the record of a transaction.
pub fn decode_transaction(bytes: &[u8]) -> Result<PaymentId, Malformed> {
    read::<[u8; 16]>(bytes).map(PaymentId::from)
}

/// Appends the record of a customer's name.
pub fn encode_customer(customer: CustomerId, out: &mut Vec<u8>) {
    write(out, &<[u8; 16]>::from(customer));
}

/// Reads the record of a customer's name.
pub fn decode_customer(bytes: &[u8]) -> Result<CustomerId, Malformed> {
    read::<[u8; 16]>(bytes).map(CustomerId::from)
}

/// Appends the record of a lane.
pub fn encode_lane(last: DeliveryId, out: &mut Vec<u8>) {
    write(out, &<[u8; 16]>::from(last));
}

/// Reads the record of a lane.
pub fn decode_lane(bytes: &[u8]) -> Result<DeliveryId, Malformed> {
    read::<[u8; 16]>(bytes).map(DeliveryId::from)
}

/// Appends the record of a time since when something is so.
pub fn encode_since(since: Timestamp, out: &mut Vec<u8>) {
    write(out, &since.0);
}

/// Reads the record of a time since when something is so.
pub fn decode_since(bytes: &[u8]) -> Result<Timestamp, Malformed> {
    read::<u64>(bytes).map(Timestamp)
}

/// Appends the record of a row of the outbox.
pub fn encode_outbox(row: &OutboxRow, out: &mut Vec<u8>) {
    write(out, &<[u8; 16]>::from(row.delivery));
}

/// Reads the row of the outbox with this key.
pub fn decode_outbox(account: AccountId, id: OutboxId, bytes: &[u8]) -> Result<OutboxRow, Malformed> {
    let delivery: [u8; 16] = read(bytes)?;
    Ok(OutboxRow { id, account, delivery: delivery.into() })
}

/// Appends the record of an event that waits for the event bus.
pub fn encode_bus(row: &BusRow, out: &mut Vec<u8>) {
    write(out, &(<[u8; 16]>::from(row.account), row.lane.map(<[u8; 16]>::from)));
}

/// Reads the row of the queue to the event bus with this key.
pub fn decode_bus(event: EventId, bytes: &[u8]) -> Result<BusRow, Malformed> {
    let (account, lane): ([u8; 16], Option<[u8; 16]>) = read(bytes)?;
    Ok(BusRow { event, account: account.into(), lane: lane.map(Into::into) })
}

/// Appends the record of a payment that waits for a review.
pub fn encode_review(row: &ReviewRow, out: &mut Vec<u8>) {
    let expires_at = Distance::new(row.expires_at, row.payment.0);
    write(out, &(<[u8; 16]>::from(row.account), <[u8; 16]>::from(row.session), expires_at));
}

/// Reads the row of the queue of reviews with this key.
pub fn decode_review(payment: PaymentId, bytes: &[u8]) -> Result<ReviewRow, Malformed> {
    let (account, session, expires_at): ([u8; 16], [u8; 16], Distance) = read(bytes)?;
    let (account, session) = (account.into(), session.into());
    Ok(ReviewRow { payment, account, session, expires_at: expires_at.from(payment.0) })
}
