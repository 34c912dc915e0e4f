//! Identifiers: 128 bits, ordered by creation, written as `<prefix>_<mode>_<26 base-32 characters>`.
//!
//! An id is made of the millisecond of its batch (48 bits), the ordinal of its command in that millisecond (16), its place
//! within the command (8) and a keyed hash (56) that hides the counters from partners. So ids follow commit order, and a
//! command gets the same ids however its batch is split.

use std::fmt;
use std::hash::Hasher;

use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher24;

use crate::time::Timestamp;

/// Which of the two worlds an object lives in. They share nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Mode {
    /// Simulated money; written `test` in ids and keys.
    Sandbox,
    /// Real money; written `live`.
    Live,
}

impl Mode {
    /// The word in ids and keys: `test` or `live`.
    pub fn word(self) -> &'static str {
        match self {
            Mode::Sandbox => "test",
            Mode::Live => "live",
        }
    }

    /// The name in configuration, paths and objects: `sandbox` or `live`.
    pub fn name(self) -> &'static str {
        match self {
            Mode::Sandbox => "sandbox",
            Mode::Live => "live",
        }
    }
}

/// Records hold ids as 16 bytes, most significant first, so that keys sort as ids do.
macro_rules! bytes {
    ($name:ident) => {
        impl From<[u8; 16]> for $name {
            fn from(bytes: [u8; 16]) -> $name {
                $name(u128::from_be_bytes(bytes))
            }
        }

        impl From<$name> for [u8; 16] {
            fn from(id: $name) -> [u8; 16] {
                id.0.to_be_bytes()
            }
        }
    };
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(from = "[u8; 16]", into = "[u8; 16]")]
        pub struct $name(pub u128);

        bytes!($name);

        impl $name {
            /// The word before the mode.
            pub const PREFIX: &'static str = $prefix;

            /// The id as partners see it.
            pub fn text(self, mode: Mode) -> String {
                encode(Self::PREFIX, Some(mode), self.0)
            }

            /// The id that `text` of this mode names; `None` for anything else.
            pub fn parse(text: &str, mode: Mode) -> Option<Self> {
                decode(Self::PREFIX, Some(mode), text).map(Self)
            }

            /// The millisecond of the batch that made it, for ids that commands draw; it may lie a little ahead of the clock.
            pub fn made_at(self) -> Timestamp {
                Timestamp((self.0 >> 80) as u64)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&encode(Self::PREFIX, None, self.0))
            }
        }
    )*};
}

ids! {
    /// A hosted session.
    SessionId = "gs";
    /// A signed quote.
    QuoteId = "qt";
    /// A transaction: the support-safe name of a movement.
    TransactionId = "tx";
    /// A customer.
    CustomerId = "cus";
    /// An event.
    EventId = "evt";
    /// A webhook delivery.
    DeliveryId = "wd";
    /// A redelivery: an operator's job; partners never see it.
    RedeliveryId = "red";
    /// One try of a payment on one corridor; partners never see it.
    AttemptId = "att";
    /// A row of the outbox: one delivery that is due.
    OutboxId = "out";
    /// An API key's record; partners never see it.
    KeyId = "key";
    /// A request, as named in `X-Request-Id`.
    RequestId = "req";
}

/// A pay-in or a pay-out: one sequence, told apart on the wire by its prefix.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "[u8; 16]", into = "[u8; 16]")]
pub struct PaymentId(pub u128);

bytes!(PaymentId);

impl PaymentId {
    /// The id as partners see it; `prefix` is that of the payment's kind.
    pub fn text(self, prefix: &str, mode: Mode) -> String {
        encode(prefix, Some(mode), self.0)
    }

    /// The id that `text` of this kind and mode names.
    pub fn parse(prefix: &str, text: &str, mode: Mode) -> Option<Self> {
        decode(prefix, Some(mode), text).map(Self)
    }

    /// The millisecond of the batch that made it; it may lie a little ahead of the clock.
    pub fn made_at(self) -> Timestamp {
        Timestamp((self.0 >> 80) as u64)
    }
}

impl fmt::Debug for PaymentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&encode("pay", None, self.0))
    }
}

/// A partner account. It has no mode: the same account has a record in each cell.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "[u8; 16]", into = "[u8; 16]")]
pub struct AccountId(pub u128);

bytes!(AccountId);

impl AccountId {
    /// The id as partners see it.
    pub fn text(self) -> String {
        encode("acct", None, self.0)
    }

    /// The account that `text` names.
    pub fn parse(text: &str) -> Option<Self> {
        decode("acct", None, text).map(Self)
    }
}

impl fmt::Debug for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

/// The key that hides the counters inside ids. Derived from the master key; not a secret that protects access.
#[derive(Clone)]
pub struct IdKey(pub [u8; 16]);

/// Where the next command's ids come from: the last millisecond used and the ordinal within it. Durable with every batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdClock {
    millis: u64,
    ordinal: u16,
}

impl IdClock {
    /// The ids of one command. When a millisecond's ordinals are used up the clock runs ahead by one.
    pub fn command(&mut self, now: Timestamp) -> CommandIds {
        if now.0 > self.millis {
            *self = IdClock { millis: now.0, ordinal: 0 };
        } else if self.ordinal == u16::MAX {
            *self = IdClock { millis: self.millis + 1, ordinal: 0 };
        } else {
            self.ordinal += 1;
        }
        CommandIds { millis: self.millis, ordinal: self.ordinal, place: 0 }
    }
}

/// The ids of one command, drawn one after another.
#[derive(Clone, Copy, Debug)]
pub struct CommandIds {
    millis: u64,
    ordinal: u16,
    place: u8,
}

impl CommandIds {
    /// The next id as bits. A command draws fewer than 256.
    pub fn draw(&mut self, key: &IdKey) -> u128 {
        let counters = (self.millis as u128) << 80 | (self.ordinal as u128) << 64 | (self.place as u128) << 56;
        self.place = self.place.checked_add(1).expect("a command draws fewer than 256 ids");
        let mut hasher = SipHasher24::new_with_key(&key.0);
        hasher.write(&counters.to_be_bytes());
        counters | (hasher.finish() >> 8) as u128
    }
}

/// Writes an id. `mode` is left out for accounts and for requests before authentication.
pub fn encode(prefix: &str, mode: Option<Mode>, bits: u128) -> String {
    let mut text = String::with_capacity(prefix.len() + 32);
    text.push_str(prefix);
    text.push('_');
    if let Some(mode) = mode {
        text.push_str(mode.word());
        text.push('_');
    }
    for place in (0..26).rev() {
        text.push(ALPHABET[(bits >> (place * 5)) as usize & 31] as char);
    }
    text
}

/// Reads what [`encode`] wrote; `None` for any other text.
pub fn decode(prefix: &str, mode: Option<Mode>, text: &str) -> Option<u128> {
    let mut rest = text.strip_prefix(prefix)?.strip_prefix('_')?;
    if let Some(mode) = mode {
        rest = rest.strip_prefix(mode.word())?.strip_prefix('_')?;
    }
    if rest.len() != 26 || rest.as_bytes()[0] > b'7' {
        return None;
    }
    rest.bytes().try_fold(0u128, |bits, byte| {
        let digit = ALPHABET.iter().position(|&letter| letter == byte)?;
        Some(bits << 5 | digit as u128)
    })
}

/// Digits and lower-case letters without i, l, o and u, in ascending byte order: text sorts as the bits do.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: IdKey = IdKey([7; 16]);

    #[test]
    fn text_round_trips_and_is_strict() {
        for bits in [0, 1, u128::MAX, 0x0192_3456_789a_bcde_f012_3456_789a_bcde] {
            let text = SessionId(bits).text(Mode::Sandbox);
            assert_eq!(text.len(), 34);
            assert_eq!(SessionId::parse(&text, Mode::Sandbox), Some(SessionId(bits)));
            assert_eq!(SessionId::parse(&text, Mode::Live), None);
            assert_eq!(QuoteId::parse(&text, Mode::Sandbox), None);
            assert_eq!(SessionId::parse(&text.to_uppercase(), Mode::Sandbox), None);
        }
        assert_eq!(SessionId::parse("gs_test_8zzzzzzzzzzzzzzzzzzzzzzzzz", Mode::Sandbox), None);
        assert_eq!(SessionId::parse("gs_test_é0000000000000000000000000", Mode::Sandbox), None);
    }

    #[test]
    fn ids_ascend_in_commit_order_even_when_the_clock_stands() {
        let mut clock = IdClock::default();
        let mut last = 0;
        for now in [5, 5, 5, 6, 6] {
            let mut ids = clock.command(Timestamp(now));
            for _ in 0..3 {
                let id = ids.draw(&KEY);
                assert!(id > last);
                last = id;
            }
        }
    }

    #[test]
    fn an_id_tells_when_it_was_made() {
        let mut ids = IdClock::default().command(Timestamp(1_700_000_000_123));
        assert_eq!(AttemptId(ids.draw(&KEY)).made_at(), Timestamp(1_700_000_000_123));
    }

    #[test]
    fn a_full_millisecond_runs_ahead_and_never_repeats() {
        let mut clock = IdClock { millis: 9, ordinal: u16::MAX };
        let first = clock.command(Timestamp(9)).draw(&KEY);
        assert_eq!((first >> 80) as u64, 10);
        let second = clock.command(Timestamp(9)).draw(&KEY);
        assert!(second > first);
    }
}
