//! What a receiver checks: the headers of one attempt to deliver, with all signatures.
//!
//! `Gate-Signature` signs `<t>.<body>` with the whole `whsec_…` text as key. Beside it stands the Standard Webhooks trio,
//! which signs `<id>.<t>.<body>` with the 32 bytes that the text encodes (`v1`), and with the account's Ed25519 key (`v1a`), which
//! whoever has its public half can verify and nobody else can make.

use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::keys::{EventKey, SecretText, hex};

const AGENT: &str = concat!("Causeway/", env!("CARGO_PKG_VERSION"));

/// One attempt to deliver an event, as far as it is signed.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// The event's id as partners see it; the same over retries and replays.
    pub event_id: &'a str,
    /// The event's type.
    pub event_type: &'a str,
    /// When the attempt is made, in Unix seconds.
    pub at: u64,
    /// The body, byte for byte as it is sent.
    pub body: &'a [u8],
}

/// What signs an endpoint's messages.
#[derive(Clone, Debug)]
pub struct Secrets {
    /// The one that signs everything.
    pub first: SecretText,
    /// Another one that signs beside it, in `webhook-signature` alone: while receivers move from one to another. Published
    /// receivers read the last `v1` of `Gate-Signature` only, so that there is but one.
    pub second: Option<SecretText>,
    /// The account's own key, which no rotation of secrets changes.
    pub key: Arc<EventKey>,
}

/// Why a message cannot be signed: the stored secret or an id is not what this program makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The secret is not `whsec_` and base64.
    #[error("the signing secret is malformed: set the account's webhook again")]
    Secret,
    /// An id or type does not fit into a header.
    #[error("the event's id or type does not fit into a header")]
    Header,
}

/// All headers of the attempt except `Host` and `Content-Length`.
pub fn headers(secrets: &Secrets, message: &Message<'_>) -> Result<HeaderMap, SignatureError> {
    let at = message.at.to_string();
    let gate = format!("t={at},v1={}", gate_signature(&secrets.first, message));
    let standard = standard_signatures(secrets, message, &at)?;
    let mut headers = HeaderMap::with_capacity(12);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    for (name, text) in [
        ("gate-signature", gate.as_str()),
        ("gate-event-id", message.event_id),
        ("gate-event-type", message.event_type),
        ("x-0bit-timestamp", &at),
        ("x-0bit-event-id", message.event_id),
        ("x-0bit-event-type", message.event_type),
        ("webhook-id", message.event_id),
        ("webhook-timestamp", &at),
        ("webhook-signature", &standard),
    ] {
        let value = HeaderValue::from_str(text).map_err(|_| SignatureError::Header)?;
        headers.insert(HeaderName::from_static(name), value);
    }
    Ok(headers)
}

fn gate_signature(secret: &SecretText, message: &Message<'_>) -> String {
    let signed = [message.at.to_string().as_bytes(), message.body].join(&b'.');
    hex::encode(&mac(secret.reveal().as_bytes(), &signed))
}

/// One for each secret, and behind them that of the account's key: receivers that know `v1` alone pass over it.
fn standard_signatures(secrets: &Secrets, message: &Message<'_>, at: &str) -> Result<String, SignatureError> {
    let signed = [message.event_id.as_bytes(), at.as_bytes(), message.body].join(&b'.');
    let mut text = String::new();
    for secret in [Some(&secrets.first), secrets.second.as_ref()].into_iter().flatten() {
        text.push_str(&format!("v1,{} ", BASE64_STANDARD.encode(mac(&decoded(secret)?, &signed))));
    }
    text.push_str(&format!("v1a,{}", BASE64_STANDARD.encode(secrets.key.sign(&signed))));
    Ok(text)
}

fn decoded(secret: &SecretText) -> Result<Zeroizing<Vec<u8>>, SignatureError> {
    let encoded = secret.reveal().strip_prefix("whsec_").ok_or(SignatureError::Secret)?;
    BASE64_STANDARD.decode(encoded).map(Zeroizing::new).map_err(|_| SignatureError::Secret)
}

fn mac(key: &[u8], signed: &[u8]) -> [u8; 32] {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(signed);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use causeway_core::id::{AccountId, Mode};

    use super::*;
    use crate::keys::{KeyRing, MasterKey};

    const BODY: &str =
        "{\"id\":\"evt_test_1\",\"type\":\"webhook.test\",\"created_at\":1750000000,\"data\":{\"name\":\"Žofie\"}}";

    fn message() -> Message<'static> {
        Message { event_id: "evt_test_1", event_type: "webhook.test", at: 1_750_000_123, body: BODY.as_bytes() }
    }

    fn secret(text: &str) -> Secrets {
        let keys = KeyRing::derive(&MasterKey::from_bytes([7; 32]), Mode::Sandbox);
        Secrets { first: SecretText::new(text.to_owned()), second: None, key: keys.event_key(AccountId(1)) }
    }

    const SIGNED_BY_THE_ACCOUNT: &str =
        "v1a,3fdQHX9G7mSJn5KOE5IPDsTr2coI6O6lzEV8WhRNzq6NDd9fc68udF8KTcXSXPzKvlJZwrRJJ5YARs8bQ6uzAA==";

    /// Computed with Python's `hmac` and `cryptography` over the same bytes; the secret encodes the bytes 0 to 31.
    #[test]
    fn the_signatures_are_those_that_python_computes() {
        let headers = headers(&secret("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="), &message()).unwrap();
        for (name, expected) in [
            ("gate-signature", "t=1750000123,v1=199d9fb60c619e17962f4eeb4b2e22d93d4bf7a7892624a5eefde23f5c5fc39a"),
            ("gate-event-id", "evt_test_1"),
            ("gate-event-type", "webhook.test"),
            ("x-0bit-timestamp", "1750000123"),
            ("x-0bit-event-id", "evt_test_1"),
            ("x-0bit-event-type", "webhook.test"),
            ("webhook-id", "evt_test_1"),
            ("webhook-timestamp", "1750000123"),
            ("content-type", "application/json"),
        ] {
            assert_eq!(headers[name], expected, "{name}");
        }
        let standard = format!("v1,f+ZY6FkuArcXzzXhqXsk6macsAzk0TeQPnpH6t6KwW4= {SIGNED_BY_THE_ACCOUNT}");
        assert_eq!(headers["webhook-signature"], standard);
    }

    #[test]
    fn during_a_rotation_both_secrets_sign_the_standard_way_and_the_first_alone_the_other() {
        let [first, second] = ["whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "whsec_AQEBAQEBAQEBAQEBAQEBAQ=="];
        let alone = [first, second].map(|text| headers(&secret(text), &message()).unwrap());
        let both = Secrets { second: Some(SecretText::new(second.to_owned())), ..secret(first) };
        let both = headers(&both, &message()).unwrap();
        assert_eq!(both["gate-signature"], alone[0]["gate-signature"]);
        let signatures = |headers: &HeaderMap| -> Vec<String> {
            headers["webhook-signature"].to_str().unwrap().split(' ').map(str::to_owned).collect()
        };
        let [first, second] = alone.each_ref().map(|headers| signatures(headers)[0].clone());
        assert_eq!(signatures(&both), [first, second, SIGNED_BY_THE_ACCOUNT.to_owned()]);
    }

    /// Whatever the secret and the body, the signature is there whole or the secret is refused, and covers the body.
    #[test]
    fn fuzz_webhook_signatures() {
        let known = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
        bolero::check!().with_iterations(crate::fuzz::INPUTS).for_each(|input: &[u8]| {
            let text = String::from_utf8_lossy(&crate::fuzz::edited(&[known], input)).into_owned();
            let sign = |body: &[u8]| headers(&secret(&text), &Message { body, ..message() });
            match (sign(input), sign(&[input, b"."].concat())) {
                (Ok(signed), Ok(other)) => {
                    assert!(text.starts_with("whsec_"));
                    assert_eq!(signed["gate-signature"].len(), "t=1750000123,v1=".len() + 64);
                    assert_ne!(signed["gate-signature"], other["gate-signature"]);
                    assert_ne!(signed["webhook-signature"], other["webhook-signature"]);
                }
                (Err(refused), Err(_)) => assert_eq!(refused, SignatureError::Secret),
                _ => panic!("a body decides whether a secret is one: {text}"),
            }
        });
    }

    #[test]
    fn a_secret_that_is_none_of_ours_is_refused() {
        for text in ["", "whsec", "sk_test_abc", "whsec_%%%"] {
            assert_eq!(headers(&secret(text), &message()).unwrap_err(), SignatureError::Secret, "{text}");
        }
    }
}
