//! The keys of one mode, and what is done with them.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use causeway_core::customer::NameKey;
use causeway_core::id::{AccountId, IdKey, Mode, SessionId};
use causeway_core::quote::QuoteKey;
use causeway_core::time::Timestamp;

use super::embed_token::{EmbedClaims, TokenError, TokenKey};
use super::event_key::{EventKey, EventKeys};
use super::master::MasterKey;
use super::seal::{SealError, SealingKey};
use super::{SecretText, hex};

/// The generation of keys in use. A later one gets the next id; what an earlier one signed says so.
const KEY_ID: u8 = 1;

/// The keys of one mode. They are never shown, and wiped when the ring is dropped, but for the pairs made of accounts' event
/// keys: their library cannot wipe them.
pub struct KeyRing {
    mode: Mode,
    id: Zeroizing<[u8; 16]>,
    quote: Zeroizing<[u8; 32]>,
    name: Zeroizing<[u8; 32]>,
    client_secret: Zeroizing<[u8; 32]>,
    device: Zeroizing<[u8; 32]>,
    network: Zeroizing<[u8; 32]>,
    kyc_package: Zeroizing<[u8; 32]>,
    webhook: SealingKey,
    embed: TokenKey,
    event: EventKeys,
}

impl KeyRing {
    /// Derives the keys of `mode`.
    pub fn derive(master: &MasterKey, mode: Mode) -> KeyRing {
        let seal = master.derive(mode, "webhook-secret", KEY_ID);
        let embed = master.derive(mode, "embed-token", KEY_ID);
        KeyRing {
            mode,
            id: master.derive(mode, "id", KEY_ID),
            quote: master.derive(mode, "quote", KEY_ID),
            name: master.derive(mode, "customer-name", KEY_ID),
            client_secret: master.derive(mode, "client-secret", KEY_ID),
            device: master.derive(mode, "device", KEY_ID),
            network: master.derive(mode, "network", KEY_ID),
            kyc_package: master.derive(mode, "kyc-package", KEY_ID),
            webhook: SealingKey { id: KEY_ID, mode, secret: seal },
            embed: TokenKey { id: KEY_ID, mode, secret: embed },
            event: EventKeys::new(master.derive(mode, "event-signature", KEY_ID)),
        }
    }

    /// The mode whose keys these are.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// The key that hides counters in ids.
    pub fn id_key(&self) -> IdKey {
        IdKey(*self.id)
    }

    /// The key that signs quotes.
    pub fn quote_key(&self) -> QuoteKey {
        QuoteKey { id: KEY_ID, mode: self.mode, secret: *self.quote }
    }

    /// The key that hides the names of customers. It never changes: names stay reserved under it.
    pub fn name_key(&self) -> NameKey {
        NameKey(*self.name)
    }

    /// The client secret of a session: `gsec_<session id>_<key id><HMAC>`, both in hexadecimal. Always the same one.
    pub fn client_secret(&self, session: SessionId) -> SecretText {
        let text = session.text(self.mode);
        let tag = self.client_secret_mac(&text).finalize().into_bytes();
        SecretText::new(format!("gsec_{text}_{KEY_ID:02x}{}", hex::encode(&tag)))
    }

    /// The session whose client secret this is; `None` for anything that was not derived here.
    pub fn session_of(&self, client_secret: &str) -> Option<SessionId> {
        let (text, tag) = client_secret.strip_prefix("gsec_")?.rsplit_once('_')?;
        let tag: [u8; 33] = hex::decode(tag)?;
        if tag[0] != KEY_ID {
            return None;
        }
        self.client_secret_mac(text).verify_slice(&tag[1..]).ok()?;
        SessionId::parse(text, self.mode)
    }

    /// Encrypts an account's webhook secret for storage.
    pub fn seal_webhook_secret(&self, account: AccountId, secret: &SecretText) -> Result<Vec<u8>, SealError> {
        self.webhook.seal(account, secret)
    }

    /// Decrypts what [`KeyRing::seal_webhook_secret`] gave for the same account.
    pub fn open_webhook_secret(&self, account: AccountId, sealed: &[u8]) -> Result<SecretText, SealError> {
        self.webhook.open(account, sealed)
    }

    /// The key that signs an account's events.
    pub fn event_key(&self, account: AccountId) -> Arc<EventKey> {
        self.event.of(account)
    }

    /// Signs an embed token.
    pub fn issue_embed_token(&self, claims: &EmbedClaims) -> String {
        self.embed.issue(claims)
    }

    /// What an embed token of this mode says, unless it has expired at `now`.
    pub fn read_embed_token(&self, token: &str, now: Timestamp) -> Result<EmbedClaims, TokenError> {
        self.embed.read(token, now)
    }

    /// A device's fingerprint as it is kept: the first half of its HMAC. Nobody can tell the fingerprint from it.
    pub fn device_hash(&self, fingerprint: &str) -> [u8; 16] {
        half(&self.device, fingerprint)
    }

    /// The block of a network address as it is kept: the first half of its HMAC. Nobody can tell the address from it.
    pub fn network_hash(&self, address: IpAddr) -> [u8; 16] {
        half(&self.network, &network_block(address))
    }

    /// What is kept of a verification that was handed over, from its canonical form. Nobody can tell the person from it.
    pub fn package_hash(&self, canonical: &str) -> [u8; 32] {
        mac(&self.kyc_package, canonical).finalize().into_bytes().into()
    }

    fn client_secret_mac(&self, session: &str) -> Hmac<Sha256> {
        mac(&self.client_secret, session)
    }
}

/// The block that a network address counts for: of IPv4 the first 24 bits, of IPv6 the first 48.
pub fn network_block(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => format!("{}/24", Ipv4Addr::from_bits(address.to_bits() & !0xff)),
        IpAddr::V6(address) => format!("{}/48", Ipv6Addr::from_bits(address.to_bits() & !(u128::MAX >> 48))),
    }
}

fn half(key: &[u8; 32], text: &str) -> [u8; 16] {
    let mut half = [0; 16];
    half.copy_from_slice(&mac(key, text).finalize().into_bytes()[..16]);
    half
}

fn mac(key: &[u8; 32], text: &str) -> Hmac<Sha256> {
    let key = <Hmac<Sha256> as KeyInit>::new_from_slice(key);
    let mut mac = key.expect("HMAC takes a key of any length");
    mac.update(text.as_bytes());
    mac
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing").field("mode", &self.mode).field("key_id", &KEY_ID).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(mode: Mode) -> KeyRing {
        KeyRing::derive(&MasterKey::from_bytes([7; 32]), mode)
    }

    #[test]
    fn a_client_secret_is_always_the_same_and_names_its_session() {
        let sandbox = ring(Mode::Sandbox);
        let secret = sandbox.client_secret(SessionId(42));
        assert_eq!(secret, ring(Mode::Sandbox).client_secret(SessionId(42)));
        assert!(secret.reveal().starts_with(&format!("gsec_{}_01", SessionId(42).text(Mode::Sandbox))));
        assert_eq!(sandbox.session_of(secret.reveal()), Some(SessionId(42)));
        assert_eq!(ring(Mode::Live).session_of(secret.reveal()), None);
    }

    #[test]
    fn a_changed_client_secret_names_nothing() {
        let sandbox = ring(Mode::Sandbox);
        let secret = sandbox.client_secret(SessionId(42));
        let other = SessionId(43).text(Mode::Sandbox);
        let swapped = secret.reveal().replace(&SessionId(42).text(Mode::Sandbox), &other);
        let other_key_id = secret.reveal().replace("_01", "_02");
        for text in ["", "gsec_", "gsec__", &swapped, &other_key_id, &secret.reveal()[..secret.reveal().len() - 1]] {
            assert_eq!(sandbox.session_of(text), None, "{text}");
        }
    }

    /// Partners keep the public half: the derivation is pinned. Computed with Python's `hmac` and `cryptography`.
    #[test]
    fn an_event_key_does_not_change_and_is_another_in_each_mode() {
        let shown = |mode| ring(mode).event_key(AccountId(1)).public_text();
        assert_eq!(shown(Mode::Sandbox), "whpk_l/Hv/JpBBYxDZEiJe4TccMG3uR+nBUoE9peEYC8xq3k=");
        assert_ne!(shown(Mode::Sandbox), shown(Mode::Live));
    }

    #[test]
    fn nothing_secret_is_shown() {
        let master = MasterKey::from_bytes([7; 32]);
        let ring = KeyRing::derive(&master, Mode::Live);
        let shown = format!("{ring:?} {master:?} {:?}", ring.quote_key());
        assert_eq!(shown, "KeyRing { mode: Live, key_id: 1, .. } [master key] QuoteKey { id: 1, mode: Live, .. }");
    }
}
