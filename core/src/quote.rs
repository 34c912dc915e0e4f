//! A signed quote: terms fixed for some seconds, consumed at most once.

mod price;
mod signature;

use crate::id::{AccountId, PaymentId, QuoteId};
use crate::money::Amount;
use crate::terms::Terms;
use crate::time::Timestamp;

pub use price::{FeeSchedule, Pair, PriceError, price};
pub use signature::{QuoteKey, sign};

/// A quote with its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// Its id.
    pub id: QuoteId,
    /// Whose it is.
    pub account: AccountId,
    /// What is exchanged for what.
    pub terms: Terms,
    /// The amount as the partner gave it, its scale kept: the sandbox's magic reads its digits.
    pub given_amount: Amount,
    /// When it was locked.
    pub created_at: Timestamp,
    /// From when on it cannot be redeemed.
    pub expires_at: Timestamp,
    /// What consumed it, and when.
    pub consumed: Option<(Timestamp, PaymentId)>,
    /// Which key signed it.
    pub key_id: u8,
    /// HMAC-SHA256 over its canonical form.
    pub signature: [u8; 32],
}

/// Why a quote cannot be redeemed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuoteRefusal {
    /// It was consumed before.
    Consumed,
    /// Its time ran out.
    Expired,
    /// What is stored is not what was signed.
    SignatureMismatch,
}

/// The word on the wire for where a quote stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuoteStatus {
    /// Can be redeemed.
    Active,
    /// Was redeemed.
    Consumed,
    /// Was not redeemed in time.
    Expired,
}

impl Quote {
    /// Where it stands at `now`. Elapsed time needs no write.
    pub fn status(&self, now: Timestamp) -> QuoteStatus {
        match self.consumed {
            Some(_) => QuoteStatus::Consumed,
            None if now >= self.expires_at => QuoteStatus::Expired,
            None => QuoteStatus::Active,
        }
    }

    /// Whether it can be redeemed at `now`.
    pub fn redeemable(&self, now: Timestamp, keys: &[QuoteKey]) -> Result<(), QuoteRefusal> {
        match self.status(now) {
            QuoteStatus::Consumed => return Err(QuoteRefusal::Consumed),
            QuoteStatus::Expired => return Err(QuoteRefusal::Expired),
            QuoteStatus::Active => {}
        }
        let key = keys.iter().find(|key| key.id == self.key_id).ok_or(QuoteRefusal::SignatureMismatch)?;
        if signature::verifies(self, key) { Ok(()) } else { Err(QuoteRefusal::SignatureMismatch) }
    }
}

impl QuoteStatus {
    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            QuoteStatus::Active => "active",
            QuoteStatus::Consumed => "consumed",
            QuoteStatus::Expired => "expired",
        }
    }
}
