//! Customers: their names are kept as they were given, and what was ever told of them stands in the list of events.

use std::sync::Arc;

use crate::command::{Reply, Timer, TimerTask};
use crate::customer::{Customer, CustomerFacts, CustomerPatch, CustomerTerms, KycStatus};
use crate::event::{Event, EventData, EventKind};
use crate::id::{AccountId, CustomerId};
use crate::risk::Word;
use crate::time::{Millis, Timestamp};

use super::{Fault, Oracle, names};

/// How many versions one erasure takes.
const AT_ONCE: usize = 64;
/// What deliveries may take beyond their last attempt, in milliseconds: an hour.
const MARGIN_MS: u64 = 60 * 60 * 1_000;

/// A customer that was deleted.
#[derive(Clone)]
pub struct Gone {
    pub account: AccountId,
    pub at: Timestamp,
    /// How many of its versions, the oldest ones, are not erased yet.
    pub kept: u64,
}

/// A name that is taken for good.
#[derive(Clone)]
pub struct Taken {
    pub account: AccountId,
    /// Whether it is an email address; else it is an external id.
    pub is_email: bool,
    pub text: String,
    pub by: CustomerId,
}

impl Oracle {
    pub(super) fn has_customer(&self, account: AccountId, id: CustomerId) -> bool {
        self.customers.get(&id).is_some_and(|one| one.facts.account == account)
    }

    pub(super) fn had_customer(&self, account: AccountId, id: CustomerId) -> bool {
        self.gone.get(&id).is_some_and(|one| one.account == account)
    }

    /// Whether versions of a deleted customer wait to be erased.
    pub(super) fn is_kept(&self, id: CustomerId) -> bool {
        self.gone.get(&id).is_some_and(|one| one.kept > 0)
    }

    /// Whether one of the names was ever used by a customer of the account.
    pub(super) fn is_taken(&self, account: AccountId, terms: &CustomerTerms) -> bool {
        let wanted = wanted(terms);
        let is_it = |one: &Taken| one.account == account && wanted.contains(&(one.is_email, one.text.clone()));
        self.taken.iter().any(is_it)
    }

    /// Creates a customer.
    pub(super) fn create_customer(
        &mut self,
        account: AccountId,
        terms: &CustomerTerms,
        found: &Reply,
    ) -> Result<Reply, Fault> {
        let id = names::customer(found)?.facts.id;
        self.hear(id.0)?;
        let name = |(is_email, text)| Taken { account, is_email, text, by: id };
        self.taken.extend(wanted(terms).into_iter().map(name));
        let now = self.now();
        let person = terms.external_id.clone().map(|reference| (account, Ok(reference)));
        let is_verified = person.is_some_and(|person| self.word_on(&person) == Some(Word::Verified));
        let kyc_status = if is_verified { KycStatus::Verified } else { KycStatus::Unverified };
        let facts = CustomerFacts { id, account, version: 1, kyc_status, created_at: now, updated_at: now };
        Ok(self.put_customer(Customer { facts, terms: terms.clone() }, EventKind::CustomerCreated))
    }

    /// Changes a customer; a change to what it is already is none.
    pub(super) fn update_customer(&mut self, id: CustomerId, patch: &CustomerPatch) -> Result<Reply, Fault> {
        let before = self.the_customer(id)?;
        let mut after = Customer::clone(&before);
        change(&mut after.terms.first_name, &patch.first_name);
        change(&mut after.terms.last_name, &patch.last_name);
        change(&mut after.terms.country_code, &patch.country_code);
        let mut metadata = Some(after.terms.metadata);
        change(&mut metadata, &patch.metadata);
        after.terms.metadata = metadata.unwrap_or_default();
        if after == *before {
            return Ok(Reply::Customer(before));
        }
        after.facts.version += 1;
        after.facts.updated_at = self.now();
        Ok(self.put_customer(after, EventKind::CustomerUpdated))
    }

    /// Deletes a customer; one that is gone already stays as it is.
    pub(super) fn delete_customer(&mut self, account: AccountId, id: CustomerId) -> Result<Reply, Fault> {
        if let Some(gone) = self.gone.get(&id) {
            return Ok(Reply::DeletedCustomer(id, gone.at));
        }
        let (customer, now) = (self.the_customer(id)?, self.now());
        self.customers.remove(&id);
        if let Some(reference) = customer.terms.external_id.clone() {
            self.unverify((account, Ok(reference)));
        }
        self.gone.insert(id, Gone { account, at: now, kept: customer.facts.version });
        let gaps: u64 = self.settings.delivery_gaps.iter().map(|gap| gap.0 + gap.0 / 10).sum();
        let due = now.plus(Millis(gaps + MARGIN_MS));
        self.set_timer(Timer { due, task: TimerTask::EraseCustomer(id), account });
        self.tell(account, None, EventKind::CustomerDeleted, EventData::DeletedCustomer(id, now));
        Ok(Reply::DeletedCustomer(id, now))
    }

    /// What was told of the person is forgotten, the newest versions first.
    pub(super) fn erase_customer(&mut self, id: CustomerId) -> Result<(), Fault> {
        let now = self.now();
        let gone = self.gone.get_mut(&id).ok_or_else(|| Fault(format!("{id:?} was erased and never deleted")))?;
        gone.kept -= gone.kept.min(AT_ONCE as u64);
        let (kept, account) = (gone.kept, gone.account);
        for event in &mut self.told {
            forget(event, id, kept);
        }
        if kept > 0 {
            self.set_timer(Timer { due: now.plus(Millis(1)), task: TimerTask::EraseCustomer(id), account });
        }
        Ok(())
    }

    pub(super) fn put_customer(&mut self, customer: Customer, kind: EventKind) -> Reply {
        let customer = Arc::new(customer);
        self.customers.insert(customer.facts.id, Arc::clone(&customer));
        let data = EventData::Customer(customer.facts, Some(Arc::new(customer.terms.clone())));
        self.tell(customer.facts.account, None, kind, data);
        Reply::Customer(customer)
    }

    fn the_customer(&self, id: CustomerId) -> Result<Arc<Customer>, Fault> {
        self.customers.get(&id).cloned().ok_or_else(|| Fault(format!("the oracle itself has lost {id:?}")))
    }
}

/// The names that these terms want: addresses count without regard to case, external ids as they are.
fn wanted(terms: &CustomerTerms) -> Vec<(bool, String)> {
    let email = (true, terms.email.trim().to_lowercase());
    [email].into_iter().chain(terms.external_id.clone().map(|id| (false, id))).collect()
}

fn change<T: Clone>(field: &mut Option<T>, patch: &Option<Option<T>>) {
    match patch {
        None => {}
        Some(None) => *field = None,
        Some(Some(value)) => *field = Some(value.clone()),
    }
}

/// Of this customer an event keeps the person up to version `kept`.
fn forget(event: &mut Arc<Event>, id: CustomerId, kept: u64) {
    if let EventData::Customer(facts, Some(_)) = event.data
        && facts.id == id
        && facts.version > kept
    {
        *event = Arc::new(Event { data: EventData::Customer(facts, None), ..Event::clone(event) });
    }
}
