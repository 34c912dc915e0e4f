//! Names: ids that the cell drew and the oracle heard of.

use std::sync::Arc;

use crate::command::Reply;
use crate::customer::Customer;
use crate::delivery::Delivery;
use crate::event::{Event, EventData};
use crate::id::{AccountId, AttemptId, DeliveryId, OutboxId, SessionId};
use crate::payment::Payment;
use crate::quote::Quote;
use crate::redelivery::Redelivery;
use crate::session::Session;
use crate::time::Timestamp;

use super::deliveries::Letter;
use super::{Fault, Oracle};

/// Stands for the id of an attempt that no reply and no report has named yet.
pub const UNNAMED: AttemptId = AttemptId(0);

/// The millisecond inside an id: that of the batch which drew it.
pub fn drawn_at(id: u128) -> Timestamp {
    Timestamp((id >> 80) as u64)
}

/// The session that a reply must carry.
pub fn session(reply: &Reply) -> Result<&Session, Fault> {
    if let Reply::Session(session) = reply { Ok(session) } else { Err(unexpected("session", reply)) }
}

/// The quote that a reply must carry.
pub fn quote(reply: &Reply) -> Result<&Quote, Fault> {
    if let Reply::Quote(quote) = reply { Ok(quote) } else { Err(unexpected("quote", reply)) }
}

/// The payment that a reply must carry.
pub fn payment(reply: &Reply) -> Result<&Payment, Fault> {
    if let Reply::Payment(payment) = reply { Ok(payment) } else { Err(unexpected("payment", reply)) }
}

/// The customer that a reply must carry.
pub fn customer(reply: &Reply) -> Result<&Customer, Fault> {
    if let Reply::Customer(customer) = reply { Ok(customer) } else { Err(unexpected("customer", reply)) }
}

/// The delivery that a reply must carry.
pub fn delivery(reply: &Reply) -> Result<&Delivery, Fault> {
    if let Reply::Delivery(delivery) = reply { Ok(delivery) } else { Err(unexpected("delivery", reply)) }
}

/// The redelivery that a reply must carry.
pub fn redelivery(reply: &Reply) -> Result<&Redelivery, Fault> {
    if let Reply::Redelivery(job) = reply { Ok(job) } else { Err(unexpected("redelivery", reply)) }
}

/// A fault: the reply is of another kind.
pub fn unexpected(expected: &str, found: &Reply) -> Fault {
    Fault(format!("a reply with a {expected} was expected, found {found:?}"))
}

impl Oracle {
    /// Takes in an id that a command has drawn: it follows all those before it.
    pub(super) fn hear(&mut self, id: u128) -> Result<(), Fault> {
        if id <= self.newest_id {
            return Err(Fault(format!("id {id:032x} does not follow {:032x}, which was drawn before", self.newest_id)));
        }
        self.newest_id = id;
        Ok(())
    }

    /// Takes in the name of the payment's current attempt, if `id` can be it; says whether it is.
    pub(super) fn is_current_attempt(&mut self, payment: &Payment, id: AttemptId) -> bool {
        let Some(last) = payment.attempts.last() else { return false };
        if last.id != UNNAMED {
            return last.id == id;
        }
        let asked_at = self.errands.iter().find(|one| one.work.payment == payment.id).map(|one| one.asked_at);
        let is_known = self.payments.values().any(|one| one.attempts.iter().any(|attempt| attempt.id == id));
        let fits = asked_at == Some(drawn_at(id.0)) && !is_known;
        if fits {
            self.name_attempt(payment, id);
        }
        fits
    }

    /// Takes in the name of the payment's last attempt from a reply.
    pub(super) fn hear_attempt(&mut self, payment: &Payment, found: &Payment) {
        let is_unnamed = payment.attempts.last().is_some_and(|last| last.id == UNNAMED);
        if let Some(last) = found.attempts.last().filter(|_| is_unnamed) {
            self.name_attempt(payment, last.id);
        }
    }

    /// Only the oracle learns something: nothing has changed.
    fn name_attempt(&mut self, payment: &Payment, id: AttemptId) {
        let mut named = payment.clone();
        if let Some(last) = named.attempts.last_mut() {
            last.id = id;
        }
        self.payments.insert(named.id, Arc::new(named));
        if let Some(errand) = self.errands.iter_mut().find(|one| one.work.payment == payment.id) {
            errand.work.attempt = id;
        }
    }

    /// Whoever sends a delivery in no session's order says what it carries: nothing else tells such deliveries apart.
    pub fn hear_of_letter(&mut self, id: DeliveryId, carried: &Event) {
        if self.letters.iter().any(|one| one.name == Some(id)) {
            return;
        }
        let is_it = |one: &&mut Letter| {
            let told = &self.told[one.event];
            let is_of_then = (one.account, one.created_at) == (carried.account, carried.created_at);
            one.name.is_none() && is_of_then && told.kind == carried.kind && is_of_same(&told.data, &carried.data)
        };
        if let Some(letter) = self.letters.iter_mut().find(is_it) {
            letter.name = Some(id);
        }
    }

    /// The place of the delivery that a report names: one that was heard of before, or the one that is due in that lane and
    /// has no name yet, if `id` can be its name.
    pub(super) fn letter_named(&mut self, id: DeliveryId, could_be: impl Fn(&Letter) -> bool) -> Option<usize> {
        if let Some(known) = self.letters.iter().position(|one| one.name == Some(id)) {
            return Some(known).filter(|place| could_be(&self.letters[*place]));
        }
        let fits = |one: &Letter| {
            one.name.is_none()
                && one.lane.is_some()
                && one.is_due()
                && one.created_at == drawn_at(id.0)
                && could_be(one)
        };
        let place = self.letters.iter().position(fits)?;
        self.letters[place].name = Some(id);
        Some(place)
    }

    /// The delivery that a partner names. Without a session's order its sender has named it before anybody could. With one, a
    /// delivery of which no report was ever taken in has not ended; which one it is of those that were written at its moment
    /// makes no difference.
    pub(super) fn letter_of(&self, account: AccountId, id: DeliveryId, lane: Option<SessionId>) -> Option<&Letter> {
        let is_it =
            |one: &&Letter| lane.is_some() && one.name.map_or(one.created_at == drawn_at(id.0), |name| name == id);
        let mut own = self.letters.iter().filter(|one| one.account == account && one.lane == lane);
        let named = own.clone().find(|one| one.name == Some(id));
        named.or_else(|| own.find(is_it)).filter(|one| !self.is_swept(one))
    }
}

/// Whether both tell of the same version of one customer.
fn is_of_same(told: &EventData, carried: &EventData) -> bool {
    match (told, carried) {
        (EventData::Customer(told, _), EventData::Customer(carried, _)) => {
            (told.id, told.version) == (carried.id, carried.version)
        }
        (EventData::DeletedCustomer(told, _), EventData::DeletedCustomer(carried, _)) => told == carried,
        (EventData::Test, EventData::Test) => true,
        _ => false,
    }
}

/// Whether `id` can be the row that was put into the outbox at `since`: rows that were answered do not come back.
pub fn is_outbox_row(id: OutboxId, since: Timestamp, spent: &[OutboxId]) -> bool {
    drawn_at(id.0) == since && !spent.contains(&id)
}
