//! Idempotency: the first answer to a key, kept with the effect that it names.

use crate::command::Reply;
use crate::id::AccountId;
use crate::limits::IDEMPOTENCY_LIFE_MS;
use crate::time::{Millis, Timestamp};

/// Names one remembered answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReplayKey {
    /// Whose it is.
    pub account: AccountId,
    /// See [`crate::command::Idempotency::key`].
    pub key: [u8; 16],
}

/// A remembered answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Replay {
    /// The request that was answered.
    pub fingerprint: [u8; 16],
    /// When.
    pub at: Timestamp,
    /// With what.
    pub reply: Reply,
}

impl Replay {
    /// Whether it still counts at `now`.
    pub fn is_live(&self, now: Timestamp) -> bool {
        now < self.at.plus(Millis(IDEMPOTENCY_LIFE_MS))
    }
}
