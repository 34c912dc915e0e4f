//! The signature of a quote, written from its description: a tag, then every field with its length before it.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::quote::{Quote, QuoteKey};

/// HMAC-SHA256 over everything in the quote that must not change.
pub fn of(quote: &Quote, key: &QuoteKey) -> [u8; 32] {
    let (terms, fees) = (&quote.terms, &quote.terms.fees);
    let fields = [
        key.id.to_string(),
        key.mode.name().to_owned(),
        quote.account.0.to_string(),
        quote.id.0.to_string(),
        terms.side.word().to_owned(),
        terms.currency.code().to_owned(),
        terms.asset.symbol().to_owned(),
        terms.payment_method.clone(),
        terms.fiat_amount.to_string(),
        terms.crypto_amount.to_string(),
        terms.exchange_rate.to_string(),
        fees.processing.to_string(),
        fees.network.to_string(),
        fees.partner.to_string(),
        fees.total.to_string(),
        quote.given_amount.to_string(),
        quote.created_at.0.to_string(),
        quote.expires_at.0.to_string(),
    ];
    let mut form = b"causeway-quote-v1".to_vec();
    for field in fields {
        form.extend((field.len() as u32).to_be_bytes());
        form.extend(field.as_bytes());
    }
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&key.secret).expect("HMAC takes a key of any length");
    mac.update(&form);
    mac.finalize().into_bytes().into()
}
