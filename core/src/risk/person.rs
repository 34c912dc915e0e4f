//! What an operator says of a person.

use crate::time::Timestamp;

/// What is kept of a person beside its history.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// What an operator said last; `None` when nothing was, or when it was taken back.
    pub said: Option<Said>,
}

/// What an operator says of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// The person was verified.
    Verified,
    /// The person's money does not move, whoever else vouches for it.
    Refused,
}

/// A word, and when it was first said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said {
    /// What.
    pub word: Word,
    /// Since when.
    pub at: Timestamp,
}
