//! Verification: who may move money in live, and what operators said of whom.

use std::sync::Arc;

use crate::command::{Reply, Who};
use crate::customer::{Customer, KycStatus};
use crate::event::EventKind;
use crate::id::{AccountId, Mode};
use crate::risk::{Said, Word};
use crate::session::{PackageVerdict, Session};

use super::risk::Guest;
use super::{Fault, Oracle};

impl Oracle {
    /// Money of people whom an operator refuses does not move at all, and in live none of people whom nobody has verified:
    /// nobody is the operator for the whole account, the partner for the session, the operator for the person.
    pub(super) fn is_stranger(&self, session: &Session) -> bool {
        let account = self.accounts.get(&session.account);
        let vouched = account.is_some_and(|account| account.entitlements.verified_users);
        let relied_upon = account.is_some_and(|account| account.entitlements.kyc_package);
        let handed_over = match session.terms.kyc_package.map(|package| package.verdict) {
            Some(PackageVerdict::Accepted) => relied_upon,
            Some(PackageVerdict::Rejected) | None => false,
        };
        let word = self.word_on(&self.guest(session));
        let is_known = vouched || handed_over || word == Some(Word::Verified);
        word == Some(Word::Refused) || self.settings.mode == Mode::Live && !is_known
    }

    /// What an operator said of the person last, unless it was taken back.
    pub(super) fn word_on(&self, guest: &Guest) -> Option<Word> {
        self.words.get(guest).copied().flatten().map(|said| said.word)
    }

    /// Says it of everybody whom the operator means. Whoever is the same person is looked for by name among all customers.
    pub(super) fn set_verification(
        &mut self,
        account: AccountId,
        who: &Who,
        word: Option<Word>,
    ) -> Result<Reply, Fault> {
        match who {
            Who::Reference(reference) => self.say_of_named(account, reference, word),
            Who::Customer(id) => {
                let customer = self.customers.get(id).cloned();
                let customer = customer.ok_or_else(|| Fault(format!("the oracle itself has lost {id:?}")))?;
                match &customer.terms.external_id {
                    Some(reference) => self.say_of_named(account, reference, word),
                    None => self.show(&customer, word),
                }
            }
            Who::Session(id) => self.say_of_person((account, Err(*id)), word),
        }
        Ok(Reply::Done)
    }

    /// Says it of a person.
    fn say_of_person(&mut self, guest: Guest, word: Option<Word>) {
        if self.word_on(&guest) != word {
            self.touch();
            let said = word.map(|word| Said { word, at: self.now() });
            self.words.insert(guest, said);
        }
    }

    /// What an erased customer's person keeps of an operator's word: a refusal, and nothing else.
    pub(super) fn unverify(&mut self, guest: Guest) {
        if self.word_on(&guest) == Some(Word::Verified) {
            self.say_of_person(guest, None);
        }
    }

    fn say_of_named(&mut self, account: AccountId, reference: &str, word: Option<Word>) {
        self.say_of_person((account, Ok(reference.to_owned())), word);
        let is_it =
            |one: &&Arc<Customer>| one.facts.account == account && one.terms.external_id.as_deref() == Some(reference);
        if let Some(customer) = self.customers.values().find(is_it).cloned() {
            self.show(&customer, word);
        }
    }

    /// A customer shows what was said of its person.
    fn show(&mut self, customer: &Customer, word: Option<Word>) {
        let kyc_status = match word {
            Some(Word::Verified) => KycStatus::Verified,
            Some(Word::Refused) | None => KycStatus::Unverified,
        };
        if customer.facts.kyc_status != kyc_status {
            let mut after = customer.clone();
            after.facts.kyc_status = kyc_status;
            after.facts.version += 1;
            after.facts.updated_at = self.now();
            self.put_customer(after, EventKind::CustomerUpdated);
        }
    }
}
