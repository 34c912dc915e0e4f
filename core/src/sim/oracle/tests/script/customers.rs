//! What is asked about customers: few people, so that many names are taken, and few values, so that changes may change
//! nothing.

use crate::command::{Command, Who};
use crate::customer::{CustomerPatch, CustomerTerms};
use crate::id::{AccountId, CustomerId};
use crate::risk::Word;

use super::{Script, pick_young};

impl Script {
    pub(super) fn of_customer(&mut self, account: AccountId) -> Command {
        match self.rng.below(12) {
            0..6 => Command::CreateCustomer(account, Box::new(self.customer_terms())),
            6..10 => {
                let (account, id) = self.customer();
                Command::UpdateCustomer(account, id, Box::new(self.customer_patch()))
            }
            _ => {
                let (account, id) = self.customer();
                Command::DeleteCustomer(account, id)
            }
        }
    }

    /// What an operator says of somebody, who may be nobody.
    pub(super) fn verification(&mut self, account: AccountId) -> Command {
        let word = [Some(Word::Verified), Some(Word::Verified), Some(Word::Refused), None][self.rng.below(4) as usize];
        let (account, who) = match self.rng.below(8) {
            0..4 => (account, Who::Reference(["ann", "Ann", "bob", "bob"][self.rng.below(4) as usize].to_owned())),
            4 | 5 => {
                let (account, id) = self.customer();
                (account, Who::Customer(id))
            }
            _ => {
                let nameless = self.sessions.iter().rfind(|one| one.terms.user_reference.is_none());
                let nameless = nameless.filter(|_| self.rng.below(4) != 0).map(|one| (one.account, one.id));
                let (account, session) = nameless.unwrap_or_else(|| self.session());
                (account, Who::Session(session))
            }
        };
        Command::SetVerification(account, who, word)
    }

    fn customer(&mut self) -> (AccountId, CustomerId) {
        let (account, id) = pick_young(&mut self.rng, &self.customers).unwrap_or((AccountId(1), CustomerId(9)));
        if self.rng.below(20) == 0 { (self.account(), id) } else { (account, id) }
    }

    fn customer_terms(&mut self) -> CustomerTerms {
        let person = self.rng.below(30);
        let email = ["p%@people.example", "P%@People.Example", " p%@people.example"][self.rng.below(3) as usize];
        CustomerTerms {
            email: email.replace('%', &person.to_string()),
            external_id: (self.rng.below(2) == 0).then(|| ["ann", "Ann"][self.rng.below(2) as usize].to_owned()),
            phone: Some("+4930123456".to_owned()),
            first_name: None,
            last_name: Some("Lee".to_owned()),
            country_code: None,
            metadata: vec![("tier".to_owned(), person.to_string())],
        }
    }

    fn customer_patch(&mut self) -> CustomerPatch {
        let mut patch = |value: &str| match self.rng.below(4) {
            0 | 1 => None,
            2 => Some(None),
            _ => Some(Some(value.to_owned())),
        };
        let (first_name, last_name, country_code) = (patch("Ann"), patch("Lee"), patch("DE"));
        let metadata = if self.rng.below(3) == 0 { Some(None) } else { None };
        CustomerPatch { first_name, last_name, country_code, metadata }
    }
}
