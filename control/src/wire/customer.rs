//! Customers.

use causeway_core::customer::{Customer as CoreCustomer, CustomerFacts, CustomerPatch, CustomerTerms};
use causeway_core::id::{CustomerId, Mode};
use causeway_core::session::Metadata;
use causeway_core::time::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::forms::EMAIL;
use super::patch::{Change, spoken};
use super::{Fingerprint, Pairs, PairsView, Text, Time, field, mode_word};
use crate::problem::Problem;

/// The body of createCustomer.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateCustomer<'a> {
    /// The email address. No two customers of yours have the same, upper and lower case aside, nor one that a deleted
    /// customer had.
    #[serde(borrow)]
    #[schemars(length(max = 254), regex(pattern = EMAIL))]
    pub email: Text<'a>,
    /// Your own name for the person, the same as the `user_reference` of sessions. It is as unique as the email address.
    #[serde(borrow)]
    #[schemars(length(min = 1, max = 255))]
    pub external_id: Option<Text<'a>>,
    /// The telephone number with its country code.
    #[serde(borrow)]
    #[schemars(regex(pattern = r"^\+[1-9][0-9]{6,14}$"))]
    pub phone: Option<Text<'a>>,
    /// The first name.
    #[serde(borrow)]
    #[schemars(length(min = 1, max = 128))]
    pub first_name: Option<Text<'a>>,
    /// The last name.
    #[serde(borrow)]
    #[schemars(length(min = 1, max = 128))]
    pub last_name: Option<Text<'a>>,
    /// The country, ISO 3166-1 alpha-2.
    #[serde(borrow)]
    #[schemars(regex(pattern = r"^[A-Za-z]{2}$"))]
    pub country_code: Option<Text<'a>>,
    /// Your own pairs.
    pub metadata: Option<Pairs>,
}

/// The body of updateCustomer: what is left out stays as it is, null clears.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UpdateCustomer<'a> {
    /// The first name.
    #[serde(borrow, deserialize_with = "spoken")]
    #[schemars(with = "Option<Text<'a>>", length(min = 1, max = 128))]
    pub first_name: Change<Text<'a>>,
    /// The last name.
    #[serde(borrow, deserialize_with = "spoken")]
    #[schemars(with = "Option<Text<'a>>", length(min = 1, max = 128))]
    pub last_name: Change<Text<'a>>,
    /// The country, ISO 3166-1 alpha-2.
    #[serde(borrow, deserialize_with = "spoken")]
    #[schemars(with = "Option<Text<'a>>", regex(pattern = r"^[A-Za-z]{2}$"))]
    pub country_code: Change<Text<'a>>,
    /// All your pairs: those that were there are replaced.
    #[serde(deserialize_with = "spoken")]
    #[schemars(with = "Option<Pairs>")]
    pub metadata: Change<Pairs>,
}

impl CreateCustomer<'_> {
    /// The terms that the core takes.
    pub fn terms(self) -> Result<CustomerTerms, Problem> {
        Ok(CustomerTerms {
            email: field::email("email", self.email)?,
            external_id: field::reference("external_id", self.external_id)?,
            phone: self.phone.map(|text| field::phone("phone", text)).transpose()?,
            first_name: self.first_name.map(|text| field::name("first_name", text)).transpose()?,
            last_name: self.last_name.map(|text| field::name("last_name", text)).transpose()?,
            country_code: self.country_code.map(country_code).transpose()?,
            metadata: self.metadata.unwrap_or_default().0,
        })
    }

    /// The fingerprint of a request with these terms.
    pub fn fingerprint(terms: &CustomerTerms) -> [u8; 16] {
        Fingerprint::new()
            .field("email", &terms.email)
            .option("external_id", terms.external_id.as_ref())
            .option("phone", terms.phone.as_ref())
            .option("first_name", terms.first_name.as_ref())
            .option("last_name", terms.last_name.as_ref())
            .option("country_code", terms.country_code.as_ref())
            .pairs("metadata", &terms.metadata)
            .finish()
    }
}

impl UpdateCustomer<'_> {
    /// The change that the core takes.
    pub fn patch(self) -> Result<CustomerPatch, Problem> {
        Ok(CustomerPatch {
            first_name: changed(self.first_name, |text| field::name("first_name", text))?,
            last_name: changed(self.last_name, |text| field::name("last_name", text))?,
            country_code: changed(self.country_code, country_code)?,
            metadata: changed(self.metadata, |pairs| Ok(pairs.0))?,
        })
    }

    /// The fingerprint of a request for this change.
    pub fn fingerprint(patch: &CustomerPatch) -> [u8; 16] {
        let texts =
            [("first_name", &patch.first_name), ("last_name", &patch.last_name), ("country_code", &patch.country_code)];
        let form = texts.into_iter().fold(Fingerprint::new(), |form, (name, change)| match change {
            None => form,
            Some(None) => form.field("cleared", name),
            Some(Some(text)) => form.field(name, text),
        });
        metadata_fingerprint(form, &patch.metadata).finish()
    }
}

/// Empty metadata and none at all are the same change, and another one than to leave it as it is.
fn metadata_fingerprint(form: Fingerprint, change: &Change<Metadata>) -> Fingerprint {
    match change {
        None => form,
        Some(pairs) => form.field("replaced", "metadata").pairs("metadata", pairs.as_deref().unwrap_or_default()),
    }
}

/// What a field is changed to, once its value was read.
fn changed<T, U>(change: Change<T>, read: impl FnOnce(T) -> Result<U, Problem>) -> Result<Option<Option<U>>, Problem> {
    change.map(|value| value.map(read).transpose()).transpose()
}

fn country_code(text: Text<'_>) -> Result<String, Problem> {
    field::country("country_code", &text).map(|country| country.code().to_owned())
}

/// A customer.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Customer")]
pub struct Customer<'a> {
    /// Always `customer`.
    #[schemars(extend("const" = "customer"))]
    pub object: &'static str,
    /// `cus_…`.
    pub id: String,
    /// The account.
    pub partner_id: String,
    /// The world of the customer.
    #[schemars(extend("enum" = ["test", "live"]))]
    pub mode: &'static str,
    /// The email address, as given.
    pub email: &'a str,
    /// The partner's own name for the person.
    pub external_id: Option<&'a str>,
    /// The telephone number.
    pub phone: Option<&'a str>,
    /// The first name.
    pub first_name: Option<&'a str>,
    /// The last name.
    pub last_name: Option<&'a str>,
    /// The country.
    pub country_code: Option<&'a str>,
    /// Whether the person was verified.
    #[schemars(extend("enum" = ["unverified", "verified"]))]
    pub kyc_status: &'static str,
    /// The partner's own pairs.
    pub metadata: PairsView<'a>,
    /// When it was created.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

/// A customer as an event tells of it that is delivered after the customer was erased: the person is null.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ErasedCustomer")]
pub struct ErasedCustomer {
    /// Always `customer`.
    #[schemars(extend("const" = "customer"))]
    pub object: &'static str,
    /// `cus_…`.
    pub id: String,
    /// The account.
    pub partner_id: String,
    /// The world of the customer.
    #[schemars(extend("enum" = ["test", "live"]))]
    pub mode: &'static str,
    /// Erased.
    pub email: (),
    /// Erased.
    pub external_id: (),
    /// Erased.
    pub phone: (),
    /// Erased.
    pub first_name: (),
    /// Erased.
    pub last_name: (),
    /// Erased.
    pub country_code: (),
    /// Whether the person was verified.
    #[schemars(extend("enum" = ["unverified", "verified"]))]
    pub kyc_status: &'static str,
    /// Erased: empty.
    pub metadata: PairsView<'static>,
    /// When it was created.
    pub created_at: Time,
    /// When it changed as the event tells.
    pub updated_at: Time,
}

/// What is left to say of a deleted customer.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "DeletedCustomer")]
pub struct DeletedCustomer {
    /// `cus_…`.
    pub id: String,
    /// Always `customer`.
    #[schemars(extend("const" = "customer"))]
    pub object: &'static str,
    /// Always true.
    #[schemars(extend("const" = true))]
    pub deleted: bool,
    /// When it was deleted.
    pub deleted_at: Time,
}

impl<'a> Customer<'a> {
    /// The customer as partners see it.
    pub fn of(customer: &'a CoreCustomer, mode: Mode) -> Customer<'a> {
        Customer::from_parts(&customer.facts, &customer.terms, mode)
    }

    /// The customer with these facts and terms.
    pub fn from_parts(facts: &CustomerFacts, terms: &'a CustomerTerms, mode: Mode) -> Customer<'a> {
        Customer {
            object: "customer",
            id: facts.id.text(mode),
            partner_id: facts.account.text(),
            mode: mode_word(mode),
            email: &terms.email,
            external_id: terms.external_id.as_deref(),
            phone: terms.phone.as_deref(),
            first_name: terms.first_name.as_deref(),
            last_name: terms.last_name.as_deref(),
            country_code: terms.country_code.as_deref(),
            kyc_status: facts.kyc_status.word(),
            metadata: PairsView(&terms.metadata),
            created_at: Time(facts.created_at),
            updated_at: Time(facts.updated_at),
        }
    }
}

impl ErasedCustomer {
    /// What is left of the customer with these facts.
    pub fn of(facts: &CustomerFacts, mode: Mode) -> ErasedCustomer {
        ErasedCustomer {
            object: "customer",
            id: facts.id.text(mode),
            partner_id: facts.account.text(),
            mode: mode_word(mode),
            email: (),
            external_id: (),
            phone: (),
            first_name: (),
            last_name: (),
            country_code: (),
            kyc_status: facts.kyc_status.word(),
            metadata: PairsView(&[]),
            created_at: Time(facts.created_at),
            updated_at: Time(facts.updated_at),
        }
    }
}

impl DeletedCustomer {
    /// The marker of a customer that was deleted then.
    pub fn of(id: CustomerId, deleted_at: Timestamp, mode: Mode) -> DeletedCustomer {
        DeletedCustomer { id: id.text(mode), object: "customer", deleted: true, deleted_at: Time(deleted_at) }
    }
}
