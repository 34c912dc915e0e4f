//! Verification: who may move money in live, and what operators said of whom.

use std::sync::Arc;

use crate::command::{Reply, Who};
use crate::customer::{Customer, KycStatus};
use crate::event::EventKind;
use crate::id::{AccountId, Mode};
use crate::session::{PackageVerdict, Session};

use super::risk::Guest;
use super::{Fault, Oracle};

impl Oracle {
    /// Money of people whom nobody has verified does not move in live: nobody is the operator for the whole account, the
    /// partner for the session, the operator for the person.
    pub(super) fn is_stranger(&self, session: &Session) -> bool {
        let account = self.accounts.get(&session.account);
        let vouched = account.is_some_and(|account| account.entitlements.verified_users);
        let relied_upon = account.is_some_and(|account| account.entitlements.kyc_package);
        let handed_over = match session.terms.kyc_package.map(|package| package.verdict) {
            Some(PackageVerdict::Accepted) => relied_upon,
            Some(PackageVerdict::Rejected) | None => false,
        };
        let is_known = vouched || handed_over || self.is_verified(&self.guest(session));
        self.settings.mode == Mode::Live && !is_known
    }

    /// Whether an operator said so of the person last.
    pub(super) fn is_verified(&self, guest: &Guest) -> bool {
        matches!(self.verified.get(guest), Some(Some(_)))
    }

    /// Says it of everybody whom the operator means. Whoever is the same person is looked for by name among all customers.
    pub(super) fn set_verification(
        &mut self,
        account: AccountId,
        who: &Who,
        is_verified: bool,
    ) -> Result<Reply, Fault> {
        match who {
            Who::Reference(reference) => self.say_of_named(account, reference, is_verified),
            Who::Customer(id) => {
                let customer = self.customers.get(id).cloned();
                let customer = customer.ok_or_else(|| Fault(format!("the oracle itself has lost {id:?}")))?;
                match &customer.terms.external_id {
                    Some(reference) => self.say_of_named(account, reference, is_verified),
                    None => self.show(&customer, is_verified),
                }
            }
            Who::Session(id) => self.say_of_person((account, Err(*id)), is_verified),
        }
        Ok(Reply::Done)
    }

    /// Says it of a person.
    pub(super) fn say_of_person(&mut self, guest: Guest, is_verified: bool) {
        if self.is_verified(&guest) != is_verified {
            self.touch();
            let since = is_verified.then(|| self.now());
            self.verified.insert(guest, since);
        }
    }

    fn say_of_named(&mut self, account: AccountId, reference: &str, is_verified: bool) {
        self.say_of_person((account, Ok(reference.to_owned())), is_verified);
        let is_it =
            |one: &&Arc<Customer>| one.facts.account == account && one.terms.external_id.as_deref() == Some(reference);
        if let Some(customer) = self.customers.values().find(is_it).cloned() {
            self.show(&customer, is_verified);
        }
    }

    /// A customer shows what was said of its person.
    fn show(&mut self, customer: &Customer, is_verified: bool) {
        let kyc_status = if is_verified { KycStatus::Verified } else { KycStatus::Unverified };
        if customer.facts.kyc_status != kyc_status {
            let mut after = customer.clone();
            after.facts.kyc_status = kyc_status;
            after.facts.version += 1;
            after.facts.updated_at = self.now();
            self.put_customer(after, EventKind::CustomerUpdated);
        }
    }
}
