//! Customers, their names, what events need of them, and what is left of those that were deleted.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::change::{Loaded, Need};
use crate::customer::{CustomerFacts, CustomerName, DeletedCustomer, NameKind};
use crate::event::EventData;
use crate::store::Column;

use super::super::customers::Taken;
use super::super::{Fault, Oracle, equal};
use super::shelf::{Shelf, key, object};
use super::{same_keys, there};

impl Oracle {
    pub(super) fn compare_customers(&self, shelf: &Shelf) -> Result<(), Fault> {
        let places = self.customers.values().map(|one| object(one.facts.account.0, one.facts.id.0));
        same_keys(shelf, Column::Customers, places)?;
        for customer in self.customers.values() {
            let CustomerFacts { account, id, .. } = customer.facts;
            let found = there(shelf.reader.customer(account, id)?, &id)?;
            equal("the customer", &**customer, &found)?;
        }
        Ok(())
    }

    pub(super) fn compare_customer_names(&self, shelf: &Shelf) -> Result<(), Fault> {
        let names: Vec<_> = self.taken.iter().map(|one| (one, self.hash(one))).collect();
        let place = |(one, hash): &(&Taken, [u8; 16])| {
            let kind = if one.is_email { 1 } else { 2 };
            key(&[&one.account.0.to_be_bytes(), &[kind], hash])
        };
        same_keys(shelf, Column::CustomerNames, names.iter().map(place))?;
        for (one, hash) in names {
            let kind = if one.is_email { NameKind::Email } else { NameKind::ExternalId };
            let name = CustomerName { account: one.account, kind, hash };
            let expected = Loaded::CustomerName(name, Some(one.by));
            equal("whose name it is", &expected, &shelf.load(Need::CustomerName(name))?)?;
        }
        Ok(())
    }

    /// What the rows say is compared with the events.
    pub(super) fn compare_customer_versions(&self, shelf: &Shelf) -> Result<(), Fault> {
        let kept = (0..self.told.len()).filter(|place| !self.swept.contains_key(place)).map(|place| &self.told[place]);
        let places = kept.filter_map(|event| {
            let EventData::Customer(facts, Some(_)) = event.data else { return None };
            Some(key(&[&object(facts.account.0, facts.id.0), &facts.version.to_be_bytes()]))
        });
        same_keys(shelf, Column::CustomerVersions, places)
    }

    pub(super) fn compare_deleted_customers(&self, shelf: &Shelf) -> Result<(), Fault> {
        same_keys(shelf, Column::DeletedCustomers, self.gone.iter().map(|(id, one)| object(one.account.0, id.0)))?;
        for (id, one) in &self.gone {
            let (id, account) = (*id, one.account);
            let deleted = DeletedCustomer { id, account, deleted_at: one.at, versions: one.kept };
            let expected = Loaded::DeletedCustomer(account, id, Some(deleted));
            equal("a deleted customer", &expected, &shelf.load(Need::DeletedCustomer(account, id))?)?;
        }
        Ok(())
    }

    /// The first half of HMAC-SHA256 over account, kind, a zero and the text.
    fn hash(&self, name: &Taken) -> [u8; 16] {
        let kind: &[u8] = if name.is_email { b"email\0" } else { b"external_id\0" };
        let text = [&name.account.0.to_be_bytes()[..], kind, name.text.as_bytes()].concat();
        let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&self.settings.name_key.0);
        let hash: [u8; 32] = mac.expect("any key will do").chain_update(text).finalize().into_bytes().into();
        let mut half = [0; 16];
        half.copy_from_slice(&hash[..16]);
        half
    }
}
