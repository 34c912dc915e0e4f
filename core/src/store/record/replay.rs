//! The record of a remembered answer: when, to which request, then the whole record of the object as it was answered.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Malformed, branding, customer, payment, quote, read_head, session, write};
use crate::command::Reply;
use crate::id::AccountId;
use crate::replay::Replay;
use crate::time::Timestamp;

#[derive(Serialize, Deserialize)]
struct ReplayV1 {
    at: u64,
    fingerprint: [u8; 16],
    reply: ReplyV1,
}

#[derive(Serialize, Deserialize)]
enum ReplyV1 {
    Session([u8; 16]),
    Quote([u8; 16]),
    Payment([u8; 16]),
    Customer([u8; 16]),
    DeletedCustomer([u8; 16]),
    Branding,
}

/// Appends the record of `replay`. Only replies with an object of the account are remembered.
pub fn encode(replay: &Replay, out: &mut Vec<u8>) {
    let reply = match &replay.reply {
        Reply::Session(session) => ReplyV1::Session(session.id.into()),
        Reply::Quote(quote) => ReplyV1::Quote(quote.id.into()),
        Reply::Payment(payment) => ReplyV1::Payment(payment.id.into()),
        Reply::Customer(customer) => ReplyV1::Customer(customer.facts.id.into()),
        Reply::DeletedCustomer(id, _) => ReplyV1::DeletedCustomer((*id).into()),
        Reply::Branding(_) => ReplyV1::Branding,
        Reply::Delivery(_)
        | Reply::Account(_)
        | Reply::Redelivery(_)
        | Reply::Key(_)
        | Reply::Labels(_)
        | Reply::Models(_)
        | Reply::Done => {
            unreachable!("only partners' objects are remembered")
        }
    };
    write(out, &ReplayV1 { at: replay.at.0, fingerprint: replay.fingerprint, reply });
    match &replay.reply {
        Reply::Session(session) => session::encode(session, out),
        Reply::Quote(quote) => quote::encode(quote, out),
        Reply::Payment(payment) => payment::encode(payment, out),
        Reply::Customer(customer) => customer::encode(customer, out),
        Reply::DeletedCustomer(id, at) => customer::encode_deletion(*id, *at, out),
        Reply::Branding(branding) => branding::encode(branding, out),
        Reply::Delivery(_)
        | Reply::Account(_)
        | Reply::Redelivery(_)
        | Reply::Key(_)
        | Reply::Labels(_)
        | Reply::Models(_)
        | Reply::Done => {
            unreachable!("refused above")
        }
    }
}

/// Reads the answer remembered for this account.
pub fn decode(account: AccountId, bytes: &[u8]) -> Result<Replay, Malformed> {
    let (fields, object): (ReplayV1, &[u8]) = read_head(bytes)?;
    let reply = match fields.reply {
        ReplyV1::Session(id) => Reply::Session(Arc::new(session::decode(account, id.into(), object)?)),
        ReplyV1::Quote(id) => Reply::Quote(Arc::new(quote::decode(account, id.into(), object)?)),
        ReplyV1::Payment(id) => Reply::Payment(Arc::new(payment::decode(account, id.into(), object)?)),
        ReplyV1::Customer(id) => Reply::Customer(Arc::new(customer::decode(account, id.into(), object)?)),
        ReplyV1::DeletedCustomer(id) => {
            Reply::DeletedCustomer(id.into(), customer::decode_deletion(id.into(), object)?)
        }
        ReplyV1::Branding => Reply::Branding(Box::new(branding::decode(object)?)),
    };
    Ok(Replay { fingerprint: fields.fingerprint, at: Timestamp(fields.at), reply })
}
