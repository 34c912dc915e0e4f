//! The signature over a quote: HMAC-SHA256 over a canonical form of everything in it that must not change.
//!
//! The form is a version tag and then, each with its length as four bytes (most significant first): key id, mode, account,
//! quote id, side, currency, asset, payment method, fiat amount, crypto amount, exchange rate, the four fees, the amount as
//! given, creation and expiry in milliseconds. Numbers are decimal text as shown to partners.

use std::fmt::{self, Write};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::Quote;
use crate::id::Mode;

/// A key that signs quotes of one mode.
#[derive(Clone)]
pub struct QuoteKey {
    /// Stored with what it signs.
    pub id: u8,
    /// The mode that it signs for: part of what is signed.
    pub mode: Mode,
    /// The secret.
    pub secret: [u8; 32],
}

impl fmt::Debug for QuoteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QuoteKey").field("id", &self.id).field("mode", &self.mode).finish_non_exhaustive()
    }
}

/// The signature of `quote` under `key`; whatever stands in its own signature field does not matter.
pub fn sign(quote: &Quote, key: &QuoteKey) -> [u8; 32] {
    mac(quote, key).finalize().into_bytes().into()
}

/// Whether `quote` carries the signature of `key`, compared in constant time.
pub(super) fn verifies(quote: &Quote, key: &QuoteKey) -> bool {
    mac(quote, key).verify_slice(&quote.signature).is_ok()
}

fn mac(quote: &Quote, key: &QuoteKey) -> Hmac<Sha256> {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&key.secret).expect("HMAC takes a key of any length");
    mac.update(&canonical(quote, key));
    mac
}

fn canonical(quote: &Quote, key: &QuoteKey) -> Vec<u8> {
    let mut form = Form(Vec::with_capacity(384));
    form.0.extend_from_slice(b"causeway-quote-v1");
    let terms = &quote.terms;
    form.field(&key.id);
    form.field(&key.mode.name());
    form.field(&quote.account.0);
    form.field(&quote.id.0);
    form.field(&terms.side.word());
    form.field(&terms.currency.code());
    form.field(&terms.asset.symbol());
    form.field(&terms.payment_method);
    form.field(&terms.fiat_amount);
    form.field(&terms.crypto_amount);
    form.field(&terms.exchange_rate);
    for fee in [terms.fees.processing, terms.fees.network, terms.fees.partner, terms.fees.total] {
        form.field(&fee);
    }
    form.field(&quote.given_amount);
    form.field(&quote.created_at.0);
    form.field(&quote.expires_at.0);
    form.0
}

struct Form(Vec<u8>);

impl Form {
    fn field(&mut self, value: &dyn fmt::Display) {
        let start = self.0.len();
        self.0.extend_from_slice(&[0; 4]);
        write!(self, "{value}").expect("writing to memory does not fail");
        let length = (self.0.len() - start - 4) as u32;
        self.0[start..start + 4].copy_from_slice(&length.to_be_bytes());
    }
}

impl Write for Form {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}
