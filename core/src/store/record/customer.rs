//! The records of a customer: the whole of it, its facts inside an event, one version of its terms, and its tombstone.

use serde::{Deserialize, Serialize};

use super::numbers::Numbered;
use super::terms::{PairsV1, metadata, pairs};
use super::{Distance, Malformed, read, write};
use crate::customer::{Customer, CustomerFacts, CustomerTerms, DeletedCustomer, KycStatus};
use crate::id::{AccountId, CustomerId};
use crate::time::Timestamp;

#[derive(Serialize, Deserialize)]
struct CustomerV1<'a> {
    facts: FactsV1,
    #[serde(borrow)]
    terms: TermsV1<'a>,
}

#[derive(Serialize, Deserialize)]
struct FactsV1 {
    version: u64,
    kyc_status: u8,
    created_at: Distance,
    updated_at: Distance,
}

#[derive(Serialize, Deserialize)]
struct TermsV1<'a> {
    email: &'a str,
    external_id: Option<&'a str>,
    phone: Option<&'a str>,
    first_name: Option<&'a str>,
    last_name: Option<&'a str>,
    country_code: Option<&'a str>,
    #[serde(borrow)]
    metadata: PairsV1<'a>,
}

#[derive(Serialize, Deserialize)]
struct DeletedV1 {
    deleted_at: Distance,
    versions: u64,
}

/// Appends the record of `customer`.
pub fn encode(customer: &Customer, out: &mut Vec<u8>) {
    write(out, &CustomerV1 { facts: (&customer.facts).into(), terms: (&customer.terms).into() });
}

/// Reads the record of the customer with this key.
pub fn decode(account: AccountId, id: CustomerId, bytes: &[u8]) -> Result<Customer, Malformed> {
    let fields: CustomerV1<'_> = read(bytes)?;
    Ok(Customer { facts: fields.facts.facts(account, id)?, terms: fields.terms.terms() })
}

/// Appends the record of what an event says of a customer: nothing of the person.
pub fn encode_facts(facts: &CustomerFacts, out: &mut Vec<u8>) {
    write(out, &FactsV1::from(facts));
}

/// Reads what an event says of this customer.
pub fn decode_facts(account: AccountId, id: CustomerId, bytes: &[u8]) -> Result<CustomerFacts, Malformed> {
    read::<FactsV1>(bytes)?.facts(account, id)
}

/// Appends the record of one version of a customer's terms.
pub fn encode_terms(terms: &CustomerTerms, out: &mut Vec<u8>) {
    write(out, &TermsV1::from(terms));
}

/// Reads one version of a customer's terms.
pub fn decode_terms(bytes: &[u8]) -> Result<CustomerTerms, Malformed> {
    read::<TermsV1<'_>>(bytes).map(TermsV1::terms)
}

/// Appends the record of a deleted customer.
pub fn encode_deleted(deleted: &DeletedCustomer, out: &mut Vec<u8>) {
    let deleted_at = Distance::new(deleted.deleted_at, deleted.id.0);
    write(out, &DeletedV1 { deleted_at, versions: deleted.versions });
}

/// Reads the record of the deleted customer with this key.
pub fn decode_deleted(account: AccountId, id: CustomerId, bytes: &[u8]) -> Result<DeletedCustomer, Malformed> {
    let fields: DeletedV1 = read(bytes)?;
    Ok(DeletedCustomer { id, account, deleted_at: fields.deleted_at.from(id.0), versions: fields.versions })
}

/// Appends the record of when a customer was deleted, or of its deletion as it was answered.
pub fn encode_deletion(id: CustomerId, at: Timestamp, out: &mut Vec<u8>) {
    write(out, &Distance::new(at, id.0));
}

/// Reads when this customer was deleted.
pub fn decode_deletion(id: CustomerId, bytes: &[u8]) -> Result<Timestamp, Malformed> {
    read::<Distance>(bytes).map(|at| at.from(id.0))
}

impl From<&CustomerFacts> for FactsV1 {
    fn from(facts: &CustomerFacts) -> FactsV1 {
        FactsV1 {
            version: facts.version,
            kyc_status: facts.kyc_status.number(),
            created_at: Distance::new(facts.created_at, facts.id.0),
            updated_at: Distance::new(facts.updated_at, facts.id.0),
        }
    }
}

impl FactsV1 {
    fn facts(self, account: AccountId, id: CustomerId) -> Result<CustomerFacts, Malformed> {
        Ok(CustomerFacts {
            id,
            account,
            version: self.version,
            kyc_status: KycStatus::from_number(self.kyc_status)?,
            created_at: self.created_at.from(id.0),
            updated_at: self.updated_at.from(id.0),
        })
    }
}

impl<'a> From<&'a CustomerTerms> for TermsV1<'a> {
    fn from(terms: &'a CustomerTerms) -> TermsV1<'a> {
        TermsV1 {
            email: &terms.email,
            external_id: terms.external_id.as_deref(),
            phone: terms.phone.as_deref(),
            first_name: terms.first_name.as_deref(),
            last_name: terms.last_name.as_deref(),
            country_code: terms.country_code.as_deref(),
            metadata: pairs(&terms.metadata),
        }
    }
}

impl TermsV1<'_> {
    fn terms(self) -> CustomerTerms {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        CustomerTerms {
            email: self.email.to_owned(),
            external_id: owned(self.external_id),
            phone: owned(self.phone),
            first_name: owned(self.first_name),
            last_name: owned(self.last_name),
            country_code: owned(self.country_code),
            metadata: metadata(&self.metadata),
        }
    }
}
