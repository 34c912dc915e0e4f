//! Embed tokens: JSON Web Tokens signed with HS256, and with nothing else.
//!
//! The header is compared, not interpreted: what does not carry exactly our algorithm, type and key id is no token.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use zeroize::Zeroizing;

use causeway_core::id::{AccountId, KeyId, Mode, SessionId};
use causeway_core::time::Timestamp;

const AUDIENCE: &str = "causeway-embed";

/// What an embed token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmbedClaims {
    /// The partner.
    pub account: AccountId,
    /// The session that it was bootstrapped with; a token without one only reads.
    pub session: Option<SessionId>,
    /// The publishable key that bootstrapped it: when it is revoked, the token is worth nothing.
    pub key: KeyId,
    /// The origin that bootstrapped it.
    pub origin: String,
    /// What it may be used for.
    pub scopes: Vec<String>,
    /// When it was issued; whole seconds count.
    pub issued_at: Timestamp,
    /// From when on it is refused; whole seconds count.
    pub expires_at: Timestamp,
}

/// Why a text is not a usable embed token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not issued by this mode of this deployment.
    #[error("the embed token is not valid")]
    Invalid,
    /// Its time ran out; what it said until then.
    #[error("the embed token has expired")]
    Expired(Box<EmbedClaims>),
}

/// The key that signs embed tokens of one mode.
pub(super) struct TokenKey {
    pub id: u8,
    pub mode: Mode,
    pub secret: Zeroizing<[u8; 32]>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Payload {
    aud: String,
    sub: String,
    mode: String,
    session: Option<String>,
    key: String,
    origin: String,
    scopes: Vec<String>,
    iat: u64,
    exp: u64,
}

impl TokenKey {
    pub fn issue(&self, claims: &EmbedClaims) -> String {
        let payload = serde_json::to_vec(&self.payload(claims)).expect("strings and numbers are always JSON");
        let signed = format!("{}.{}", self.header(), BASE64_URL_SAFE_NO_PAD.encode(payload));
        let signature = self.mac(&signed).finalize().into_bytes();
        format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }

    pub fn read(&self, token: &str, now: Timestamp) -> Result<EmbedClaims, TokenError> {
        let payload = self.verified(token).ok_or(TokenError::Invalid)?;
        let claims = self.claims(payload).ok_or(TokenError::Invalid)?;
        if now >= claims.expires_at { Err(TokenError::Expired(Box::new(claims))) } else { Ok(claims) }
    }

    fn verified(&self, token: &str) -> Option<Payload> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, payload) = signed.split_once('.')?;
        let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).ok()?;
        self.mac(signed).verify_slice(&signature).ok()?;
        if header != self.header() {
            return None;
        }
        serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
    }

    fn header(&self) -> String {
        let key_id = format!("{}-{:02x}", self.mode.word(), self.id);
        BASE64_URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"HS256","kid":"{key_id}","typ":"JWT"}}"#))
    }

    fn payload(&self, claims: &EmbedClaims) -> Payload {
        Payload {
            aud: AUDIENCE.to_owned(),
            sub: claims.account.text(),
            mode: self.mode.word().to_owned(),
            session: claims.session.map(|session| session.text(self.mode)),
            key: claims.key.text(self.mode),
            origin: claims.origin.clone(),
            scopes: claims.scopes.clone(),
            iat: claims.issued_at.unix_seconds(),
            exp: claims.expires_at.unix_seconds(),
        }
    }

    fn claims(&self, payload: Payload) -> Option<EmbedClaims> {
        if payload.aud != AUDIENCE || payload.mode != self.mode.word() {
            return None;
        }
        let session = match payload.session {
            Some(text) => Some(SessionId::parse(&text, self.mode)?),
            None => None,
        };
        Some(EmbedClaims {
            account: AccountId::parse(&payload.sub)?,
            session,
            key: KeyId::parse(&payload.key, self.mode)?,
            origin: payload.origin,
            scopes: payload.scopes,
            issued_at: Timestamp(payload.iat.checked_mul(1_000)?),
            expires_at: Timestamp(payload.exp.checked_mul(1_000)?),
        })
    }

    fn mac(&self, signed: &str) -> Hmac<Sha256> {
        let key = <Hmac<Sha256> as KeyInit>::new_from_slice(self.secret.as_ref());
        let mut mac = key.expect("HMAC takes a key of any length");
        mac.update(signed.as_bytes());
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(mode: Mode, byte: u8) -> TokenKey {
        TokenKey { id: 1, mode, secret: Zeroizing::new([byte; 32]) }
    }

    fn claims() -> EmbedClaims {
        EmbedClaims {
            account: AccountId(1),
            session: Some(SessionId(2)),
            key: KeyId(3),
            origin: "https://partner.example".to_owned(),
            scopes: vec!["session:read".to_owned()],
            issued_at: Timestamp(10_000),
            expires_at: Timestamp(20_000),
        }
    }

    #[test]
    fn it_says_what_was_claimed_until_it_expires() {
        let key = key(Mode::Sandbox, 3);
        let token = key.issue(&claims());
        assert_eq!(key.read(&token, Timestamp(19_999)), Ok(claims()));
        assert_eq!(key.read(&token, Timestamp(20_000)), Err(TokenError::Expired(Box::new(claims()))));
    }

    #[test]
    fn another_key_mode_or_text_is_refused() {
        let token = key(Mode::Sandbox, 3).issue(&claims());
        let refused = |key: &TokenKey, token: &str| key.read(token, Timestamp(0)) == Err(TokenError::Invalid);
        assert!(refused(&key(Mode::Sandbox, 4), &token));
        assert!(refused(&key(Mode::Live, 3), &token));
        let mut pieces = token.split('.').map(str::to_owned).collect::<Vec<_>>();
        for text in ["", ".", "..", "a.b.c", &pieces[..2].join("."), &format!("{token}=")] {
            assert!(refused(&key(Mode::Sandbox, 3), text), "{text}");
        }
        pieces[1].insert(0, 'A');
        assert!(refused(&key(Mode::Sandbox, 3), &pieces.join(".")));
    }

    /// No text but the one that was issued is a token, whatever is changed in it and whoever wrote it.
    #[test]
    fn fuzz_embed_tokens() {
        let key = key(Mode::Sandbox, 3);
        let token = key.issue(&claims());
        bolero::check!().with_iterations(crate::fuzz::INPUTS).for_each(|input: &[u8]| {
            let text = String::from_utf8_lossy(&crate::fuzz::edited(&[&token], input)).into_owned();
            assert_eq!(key.read(&text, Timestamp(0)).is_ok(), text == token, "{text}");
            // What is signed may hold anything: claims that cannot be ones are refused as well.
            let signed = format!("{}.{}", token.split('.').next().unwrap(), BASE64_URL_SAFE_NO_PAD.encode(input));
            let signature = BASE64_URL_SAFE_NO_PAD.encode(key.mac(&signed).finalize().into_bytes());
            assert_eq!(key.read(&format!("{signed}.{signature}"), Timestamp(0)), Err(TokenError::Invalid));
        });
    }

    #[test]
    fn the_algorithm_is_not_for_the_token_to_say() {
        let key = key(Mode::Sandbox, 3);
        let payload = key.issue(&claims()).split('.').nth(1).map(str::to_owned).unwrap();
        for header in [r#"{"alg":"none"}"#, r#"{"alg":"HS256","kid":"live-01","typ":"JWT"}"#] {
            let signed = format!("{}.{payload}", BASE64_URL_SAFE_NO_PAD.encode(header));
            let signature = BASE64_URL_SAFE_NO_PAD.encode(key.mac(&signed).finalize().into_bytes());
            assert_eq!(key.read(&format!("{signed}.{signature}"), Timestamp(0)), Err(TokenError::Invalid), "{header}");
            assert_eq!(key.read(&format!("{signed}."), Timestamp(0)), Err(TokenError::Invalid), "{header}");
        }
    }
}
