//! Customers: created, changed, deleted, erased.

use std::sync::Arc;

use super::State;
use crate::change::{Change, CustomerChange};
use crate::command::{Refusal, Reply, Subject, Timer, TimerTask};
use crate::customer::{Customer, CustomerFacts, CustomerPatch, CustomerTerms, DeletedCustomer, erasure_delay};
use crate::event::{EventData, EventKind};
use crate::id::{AccountId, CommandIds, CustomerId};
use crate::limits::ERASED_AT_ONCE;
use crate::time::Millis;

impl State {
    /// Creates a customer, unless one of its names was ever taken: names stay reserved when their customer is deleted. One
    /// whose person was verified before it came is verified from the start.
    pub(super) fn create_customer(&mut self, account: AccountId, terms: &CustomerTerms) -> Result<Reply, Refusal> {
        let names = terms.names(&self.settings.name_key, account);
        if names.iter().any(|name| self.customer_names.get(name).is_some()) {
            return Err(Refusal::CustomerAlreadyExists);
        }
        let (now, mut ids) = (self.now(), self.ids());
        let id = CustomerId(ids.draw(&self.settings.id_key));
        for name in names {
            self.customer_names.put(self.head.batch, name, id);
        }
        let kyc_status = self.first_kyc_status(account, terms);
        let facts = CustomerFacts { id, account, version: 1, kyc_status, created_at: now, updated_at: now };
        let customer = Customer { facts, terms: terms.clone() };
        Ok(self.write_customer(&mut ids, EventKind::CustomerCreated, customer))
    }

    /// Changes a customer. A change to what it is already is none: nothing is written and nobody is told.
    pub(super) fn update_customer(
        &mut self,
        account: AccountId,
        id: CustomerId,
        patch: &CustomerPatch,
    ) -> Result<Reply, Refusal> {
        let customer = self.customer(account, id)?;
        let terms = customer.terms.patched(patch);
        if terms == customer.terms {
            return Ok(Reply::Customer(customer));
        }
        let mut ids = self.ids();
        let facts = CustomerFacts { version: customer.facts.version + 1, updated_at: self.now(), ..customer.facts };
        Ok(self.write_customer(&mut ids, EventKind::CustomerUpdated, Customer { facts, terms }))
    }

    /// Deletes a customer: a tombstone stands in its place at once, and its versions go when no delivery needs them. Asked
    /// again, it says the same again.
    pub(super) fn delete_customer(&mut self, account: AccountId, id: CustomerId) -> Result<Reply, Refusal> {
        if let Some(deleted) = self.deleted_customers.get(&(account, id)) {
            return Ok(Reply::DeletedCustomer(id, deleted.deleted_at));
        }
        let customer = self.customer(account, id)?;
        let (deleted_at, mut ids) = (self.now(), self.ids());
        self.customers.remove(self.head.batch, (account, id));
        if let Some(external_id) = &customer.terms.external_id {
            // A customer that is erased leaves no verified person behind.
            self.forget_verification(account, external_id);
        }
        let deleted = DeletedCustomer { id, account, deleted_at, versions: customer.facts.version };
        self.deleted_customers.put(self.head.batch, (account, id), deleted);
        self.set_erasure(account, id, erasure_delay(&self.settings.delivery_gaps));
        let data = EventData::DeletedCustomer(id, deleted_at);
        self.emit(&mut ids, account, None, EventKind::CustomerDeleted, data);
        Ok(Reply::DeletedCustomer(id, deleted_at))
    }

    /// Erases what events of a deleted customer said of the person, some versions at a time, newest first.
    pub(super) fn erase_customer(&mut self, account: AccountId, id: CustomerId) {
        let Some(deleted) = self.deleted_customers.get(&(account, id)).copied() else { return };
        let left = deleted.versions.saturating_sub(ERASED_AT_ONCE);
        for version in left + 1..=deleted.versions {
            self.changes.push(CustomerChange::VersionRemove(account, id, version).into());
        }
        self.deleted_customers.put(self.head.batch, (account, id), DeletedCustomer { versions: left, ..deleted });
        if left > 0 {
            self.set_erasure(account, id, Millis(1));
        }
    }

    pub(super) fn customer(&self, account: AccountId, id: CustomerId) -> Result<Arc<Customer>, Refusal> {
        self.customers.get(&(account, id)).cloned().ok_or(Refusal::NotFound(Subject::Path))
    }

    /// Writes a customer and the version that its event names, and tells of it. Customers' events have no order among
    /// themselves: they belong to no session.
    pub(super) fn write_customer(&mut self, ids: &mut CommandIds, kind: EventKind, customer: Customer) -> Reply {
        let (facts, customer) = (customer.facts, Arc::new(customer));
        self.customers.put(self.head.batch, (facts.account, facts.id), Arc::clone(&customer));
        self.changes.push(CustomerChange::Version(Arc::clone(&customer)).into());
        let data = EventData::Customer(facts, Some(Arc::new(customer.terms.clone())));
        self.emit(ids, facts.account, None, kind, data);
        Reply::Customer(customer)
    }

    fn set_erasure(&mut self, account: AccountId, id: CustomerId, after: Millis) {
        let due = self.now().plus(after);
        self.changes.push(Change::TimerAdd(Timer { due, task: TimerTask::EraseCustomer(id), account }));
    }
}
