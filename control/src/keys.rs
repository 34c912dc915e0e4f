//! Everything secret: the master key, what is derived from it for each mode, and credentials made at random.
//!
//! One master key feeds HKDF-SHA256; every mode and purpose gets a key of its own, with a key id that is stored beside
//! what the key signed or sealed. API keys, operator tokens and webhook secrets are random and independent of it.

mod api_key;
mod embed_token;
mod event_key;
pub mod hex;
mod master;
mod random;
mod ring;
mod seal;
mod secret;

pub use api_key::{NewApiKey, hash_credential, new_api_key, new_operator_token, new_webhook_secret};
pub use embed_token::{EmbedClaims, TokenError};
pub use event_key::EventKey;
pub use master::{MasterKey, MasterKeyError};
pub use random::{RandomnessError, account_bits, fill, request_bits};
pub use ring::{KeyRing, network_block};
pub use seal::SealError;
pub use secret::SecretText;
