//! Customers: a partner's own records of its users.
//!
//! What is personal stands in [`CustomerTerms`] and nowhere else, so that it can be erased without the rest. A deleted
//! customer leaves a tombstone, and its email address and external id stay reserved as keyed hashes.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fmt;

use crate::id::{AccountId, CustomerId};
use crate::limits::ERASURE_MARGIN_MS;
use crate::session::Metadata;
use crate::time::{Millis, Timestamp};

/// A customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customer {
    /// What is known of it apart from the person.
    pub facts: CustomerFacts,
    /// The person, in the partner's words.
    pub terms: CustomerTerms,
}

/// What is known of a customer apart from the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CustomerFacts {
    /// Its id.
    pub id: CustomerId,
    /// Whose it is.
    pub account: AccountId,
    /// How often its terms were written, from 1.
    pub version: u64,
    /// Whether the person was verified.
    pub kyc_status: KycStatus,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// What a partner says about a customer. Bounds and formats were checked at the edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomerTerms {
    /// The email address, as given.
    pub email: String,
    /// The partner's own name for the person: the `user_reference` of its sessions.
    pub external_id: Option<String>,
    /// The telephone number: `+` and digits.
    pub phone: Option<String>,
    /// The first name.
    pub first_name: Option<String>,
    /// The last name.
    pub last_name: Option<String>,
    /// The country, ISO 3166-1 alpha-2, in upper case.
    pub country_code: Option<String>,
    /// The partner's own pairs.
    pub metadata: Metadata,
}

/// What a partner changes; nothing else of a customer ever changes. `None` leaves a field as it is, `Some(None)` clears it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CustomerPatch {
    /// The first name.
    pub first_name: Option<Option<String>>,
    /// The last name.
    pub last_name: Option<Option<String>>,
    /// The country.
    pub country_code: Option<Option<String>>,
    /// All pairs: those that were there are replaced.
    pub metadata: Option<Option<Metadata>>,
}

/// Whether a person was verified. The server alone changes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KycStatus {
    /// `unverified`
    Unverified,
    /// `verified`
    Verified,
}

/// What is left of a deleted customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeletedCustomer {
    /// Its id.
    pub id: CustomerId,
    /// Whose it was.
    pub account: AccountId,
    /// When it was deleted.
    pub deleted_at: Timestamp,
    /// How many versions of its terms events still need: those from 1 to this number.
    pub versions: u64,
}

/// A text by which no two customers of an account may be known, as a keyed hash: nobody can tell the text from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CustomerName {
    /// Whose customer.
    pub account: AccountId,
    /// Which text.
    pub kind: NameKind,
    /// The first half of HMAC-SHA256 over account, kind and the normalised text.
    pub hash: [u8; 16],
}

/// Which text a [`CustomerName`] stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NameKind {
    /// The email address: in lower case, without spaces at its ends.
    Email,
    /// The partner's own name, exactly as given.
    ExternalId,
}

/// The key of the hashes in [`CustomerName`]s of one mode.
#[derive(Clone)]
pub struct NameKey(pub [u8; 32]);

impl CustomerTerms {
    /// The names that these terms take.
    pub fn names(&self, key: &NameKey, account: AccountId) -> Vec<CustomerName> {
        let external_id = self.external_id.as_ref().map(|id| CustomerName::of_external_id(key, account, id));
        [CustomerName::of_email(key, account, &self.email)].into_iter().chain(external_id).collect()
    }

    /// The terms after a change.
    pub fn patched(&self, patch: &CustomerPatch) -> CustomerTerms {
        CustomerTerms {
            first_name: patch.first_name.clone().unwrap_or_else(|| self.first_name.clone()),
            last_name: patch.last_name.clone().unwrap_or_else(|| self.last_name.clone()),
            country_code: patch.country_code.clone().unwrap_or_else(|| self.country_code.clone()),
            metadata: patch.metadata.clone().map_or_else(|| self.metadata.clone(), Option::unwrap_or_default),
            ..self.clone()
        }
    }
}

impl CustomerName {
    /// The name for an email address. Addresses that differ only in upper and lower case are taken for the same.
    pub fn of_email(key: &NameKey, account: AccountId, email: &str) -> CustomerName {
        CustomerName::new(key, account, NameKind::Email, &email.trim().to_lowercase())
    }

    /// The name for a partner's own name.
    pub fn of_external_id(key: &NameKey, account: AccountId, id: &str) -> CustomerName {
        CustomerName::new(key, account, NameKind::ExternalId, id)
    }

    fn new(key: &NameKey, account: AccountId, kind: NameKind, text: &str) -> CustomerName {
        let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&key.0).expect("HMAC takes a key of any length");
        let mac = mac.chain_update(account.0.to_be_bytes()).chain_update(kind.word()).chain_update([0]);
        let mut hash = [0; 16];
        hash.copy_from_slice(&mac.chain_update(text).finalize().into_bytes()[..16]);
        CustomerName { account, kind, hash }
    }
}

impl NameKind {
    fn word(self) -> &'static str {
        match self {
            NameKind::Email => "email",
            NameKind::ExternalId => "external_id",
        }
    }
}

impl KycStatus {
    /// The status of a person who was or was not verified.
    pub fn of(is_verified: bool) -> KycStatus {
        if is_verified { KycStatus::Verified } else { KycStatus::Unverified }
    }

    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            KycStatus::Unverified => "unverified",
            KycStatus::Verified => "verified",
        }
    }
}

impl fmt::Debug for NameKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NameKey(..)")
    }
}

/// How long after its deletion the last versions of a customer's terms are erased: until then every delivery has ended that goes
/// by the schedule, a tenth being what gaps are made longer by at most. What waits for a receiver that asked for more time, for
/// a paused endpoint or for the event bus tells of an erased customer: a person does not wait for their systems.
pub fn erasure_delay(delivery_gaps: &[Millis]) -> Millis {
    Millis(delivery_gaps.iter().map(|gap| gap.0 + gap.0 / 10).sum::<u64>() + ERASURE_MARGIN_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: NameKey = NameKey([5; 32]);

    #[test]
    fn names_separate_accounts_kinds_keys_and_texts() {
        let name = CustomerName::of_email(&KEY, AccountId(1), "ann@a.example");
        assert_eq!(CustomerName::of_email(&KEY, AccountId(1), " Ann@A.Example "), name);
        for other in [
            CustomerName::of_email(&KEY, AccountId(2), "ann@a.example"),
            CustomerName::of_email(&KEY, AccountId(1), "ann@b.example"),
            CustomerName::of_email(&NameKey([6; 32]), AccountId(1), "ann@a.example"),
            CustomerName::of_external_id(&KEY, AccountId(1), "ann@a.example"),
        ] {
            assert_ne!(other.hash, name.hash);
        }
        let id = |text| CustomerName::of_external_id(&KEY, AccountId(1), text);
        assert_ne!(id("user 1"), id("User 1"));
    }

    /// Rows on disk have these hashes: another way to compute them would free every reserved name.
    #[test]
    fn the_hash_does_not_change() {
        let name = CustomerName::of_email(&KEY, AccountId(1), "ann@a.example");
        assert_eq!(name.hash.map(|byte| format!("{byte:02x}")).concat(), "18306caca11875ab0360829e1a787c01");
    }

    #[test]
    fn a_patch_keeps_clears_and_sets() {
        let pairs = |value: &str| vec![("a".to_owned(), value.to_owned())];
        let terms = CustomerTerms {
            email: "ann@a.example".to_owned(),
            external_id: None,
            phone: None,
            first_name: Some("Ann".to_owned()),
            last_name: Some("Lee".to_owned()),
            country_code: None,
            metadata: pairs("1"),
        };
        let patch = CustomerPatch {
            first_name: None,
            last_name: Some(None),
            country_code: Some(Some("DE".to_owned())),
            metadata: Some(Some(pairs("2"))),
        };
        let expect = CustomerTerms {
            last_name: None,
            country_code: Some("DE".to_owned()),
            metadata: pairs("2"),
            ..terms.clone()
        };
        assert_eq!(terms.patched(&patch), expect);
        let cleared = CustomerPatch { metadata: Some(None), ..patch };
        assert_eq!(terms.patched(&cleared).metadata, []);
    }

    #[test]
    fn erasure_comes_after_the_longest_delivery() {
        let gaps = [60, 300, 1_800, 7_200].map(Millis::seconds);
        assert_eq!(erasure_delay(&gaps), Millis(9_360_000 * 11 / 10 + ERASURE_MARGIN_MS));
    }
}
