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
use crate::risk::keys::named_person_key;
use crate::risk::{Said, Word};
use crate::session::Session;

/// Of whom an operator speaks.
struct Meant {
    person: Option<[u8; 16]>,
    customer: Option<Arc<Customer>>,
}

impl State {
    /// What an operator says of the person comes before everything else. Of whom nothing is said, in the sandbox everybody is
    /// verified; in live it takes the operator's word for all users of the account, or a package that came with the session.
    pub(super) fn user_is_verified(&self, account: &Account, session: &Session) -> Result<(), Refusal> {
        let is_verified = match self.word_on(self.person_of(session)) {
            Some(Word::Verified) => true,
            Some(Word::Refused) => false,
            None => {
                self.settings.mode == Mode::Sandbox
                    || account.entitlements.verified_users
                    || account.entitlements.kyc_package && session.terms.has_accepted_package()
                    || planted::has(Bug::TrustStrangers)
            }
        };
        if is_verified { Ok(()) } else { Err(Refusal::VerificationRequired) }
    }

    /// A payment that waits for its user does not go on when an operator refuses the user meanwhile.
    pub(super) fn user_is_not_refused(&self, session: &Session) -> Result<(), Refusal> {
        match self.word_on(self.person_of(session)) {
            Some(Word::Refused) => Err(Refusal::VerificationRequired),
            Some(Word::Verified) | None => Ok(()),
        }
    }

    /// Verifies or refuses somebody, or takes it back. What is so already is left as it is, and nobody is told.
    pub(super) fn set_verification(
        &mut self,
        account: AccountId,
        who: &Who,
        word: Option<Word>,
    ) -> Result<Reply, Refusal> {
        self.account(account)?;
        let meant = self.meant(account, who)?;
        if let Some(person) = meant.person {
            self.say_of_person(person, word);
        }
        if let Some(customer) = meant.customer {
            self.verify_customer(&customer, KycStatus::of(word == Some(Word::Verified)));
        }
        Ok(Reply::Done)
    }

    /// Takes back that the person of a customer is verified. A refusal stays: nobody gets rid of one by deleting a customer.
    pub(super) fn forget_verification(&mut self, account: AccountId, external_id: &str) {
        let person = self.person_named(account, external_id);
        match self.word_on(person) {
            Some(Word::Verified) => self.say_of_person(person, None),
            Some(Word::Refused) | None => {}
        }
    }

    /// The status of a new customer with these terms: that of the person it is joined to.
    pub(super) fn first_kyc_status(&self, account: AccountId, terms: &CustomerTerms) -> KycStatus {
        let person = terms.external_id.as_ref().map(|external_id| self.person_named(account, external_id));
        KycStatus::of(person.and_then(|person| self.word_on(person)) == Some(Word::Verified))
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

    fn word_on(&self, person: [u8; 16]) -> Option<Word> {
        self.persons.get(&person)?.said.map(|said| said.word)
    }

    fn say_of_person(&mut self, key: [u8; 16], word: Option<Word>) {
        if self.word_on(key) == word {
            return;
        }
        let mut person = self.persons.get(&key).cloned().unwrap_or_default();
        person.said = word.map(|word| Said { word, at: self.now() });
        self.persons.put(self.head.batch, key, person);
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
