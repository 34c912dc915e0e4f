//! Verification: whose money may move in live, and what an operator says of it.
//!
//! A person is verified in its own row, which a redemption reads anyway. The customer that is joined to it by its external id
//! shows the same: whoever changes one of the two changes the other in the same commit.

use std::sync::Arc;

use super::State;
use crate::account::Account;
use crate::command::{Refusal, Reply, Subject, Who};
use crate::customer::{Customer, CustomerFacts, CustomerName, CustomerTerms, KycStatus};
use crate::event::EventKind;
use crate::id::{AccountId, Mode};
use crate::planted::{self, Bug};
use crate::risk::features::named_person_key;
use crate::session::Session;

/// Of whom an operator speaks.
struct Meant {
    person: Option<[u8; 16]>,
    customer: Option<Arc<Customer>>,
}

impl State {
    /// In the sandbox everybody is verified. In live it takes the operator's word for all users of the account, a package
    /// that came with the session, or the operator's word for the person.
    pub(super) fn user_is_verified(&self, account: &Account, session: &Session) -> Result<(), Refusal> {
        let is_verified = self.settings.mode == Mode::Sandbox
            || account.entitlements.verified_users
            || account.entitlements.kyc_package && session.terms.has_accepted_package()
            || self.person_is_verified(self.person_of(session))
            || planted::has(Bug::TrustStrangers);
        if is_verified { Ok(()) } else { Err(Refusal::VerificationRequired) }
    }

    /// Verifies somebody, or takes it back. What is so already is left as it is, and nobody is told.
    pub(super) fn set_verification(
        &mut self,
        account: AccountId,
        who: &Who,
        is_verified: bool,
    ) -> Result<Reply, Refusal> {
        self.account(account)?;
        let meant = self.meant(account, who)?;
        if let Some(person) = meant.person {
            self.verify_person(person, is_verified);
        }
        if let Some(customer) = meant.customer {
            self.verify_customer(&customer, KycStatus::of(is_verified));
        }
        Ok(Reply::Done)
    }

    /// Changes what is said of a person.
    pub(super) fn verify_person(&mut self, key: [u8; 16], is_verified: bool) {
        if self.person_is_verified(key) == is_verified {
            return;
        }
        let mut person = self.persons.get(&key).cloned().unwrap_or_default();
        person.verified_at = is_verified.then(|| self.now());
        self.persons.put(self.head.batch, key, person);
    }

    /// Whether the person that a customer with these terms is joined to is verified.
    pub(super) fn person_of_customer_is_verified(&self, account: AccountId, terms: &CustomerTerms) -> bool {
        let external_id = terms.external_id.as_ref();
        external_id.is_some_and(|external_id| self.person_is_verified(self.person_named(account, external_id)))
    }

    /// The key of the person whom sessions of the account name so.
    pub(super) fn person_named(&self, account: AccountId, reference: &str) -> [u8; 16] {
        named_person_key(self.settings.mode, account, reference)
    }

    /// The person and the customer of whom an operator speaks, as far as there are such. A session that names a person is not
    /// spoken of: its person is.
    fn meant(&self, account: AccountId, who: &Who) -> Result<Meant, Refusal> {
        match who {
            Who::Reference(reference) => {
                let name = CustomerName::of_external_id(&self.settings.name_key, account, reference);
                // The name of a deleted customer stays taken, and leads to nobody.
                let named = self.customer_names.get(&name).and_then(|id| self.customers.get(&(account, *id)));
                Ok(Meant { person: Some(self.person_named(account, reference)), customer: named.cloned() })
            }
            Who::Customer(id) => {
                let customer = self.customer(account, *id)?;
                let person = customer.terms.external_id.as_ref().map(|named| self.person_named(account, named));
                Ok(Meant { person, customer: Some(customer) })
            }
            Who::Session(id) => {
                let session = self.session(account, *id, Subject::Path)?;
                let is_alone = session.terms.user_reference.is_none();
                let meant = Meant { person: Some(self.person_of(&session)), customer: None };
                is_alone.then_some(meant).ok_or(Refusal::NotFound(Subject::Path))
            }
        }
    }

    fn person_is_verified(&self, key: [u8; 16]) -> bool {
        self.persons.get(&key).is_some_and(|person| person.verified_at.is_some())
    }

    fn verify_customer(&mut self, customer: &Customer, kyc_status: KycStatus) {
        let before = customer.facts;
        if before.kyc_status == kyc_status {
            return;
        }
        let mut ids = self.ids();
        let facts = CustomerFacts { version: before.version + 1, kyc_status, updated_at: self.now(), ..before };
        self.write_customer(&mut ids, EventKind::CustomerUpdated, Customer { facts, terms: customer.terms.clone() });
    }
}
