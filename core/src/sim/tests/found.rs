//! Scripts that failed once, cut down, with what was wrong. A new one is copied from what a failing seed prints.

use crate::sim::action::Action::{self, Ask, Commit, Crash, Pass, Turn};
use crate::sim::action::Choice;
use crate::sim::action::Wish::{ConfirmSession, CreatePayIn, CreateSession, LockQuote, SetEntitlements, VerifyPayment};

/// A script with the seed whose settings it needs.
pub struct Found {
    pub seed: u64,
    pub wrong: &'static str,
    pub script: &'static [Action],
}

const fn choice(who: u8, what: u8, which: u8, key: u8) -> Choice {
    Choice { who, what, which, key }
}

pub const FOUND: &[Found] = &[
    Found {
        seed: 1490,
        wrong: "a user was verified after the time for it, because the timer came in a later batch",
        script: &[
            Ask(CreateSession, choice(0, 34, 2, 110)),
            Turn,
            Commit(1),
            Ask(ConfirmSession, choice(0, 100, 2, 217)),
            Turn,
            Ask(LockQuote, choice(0, 171, 3, 102)),
            Commit(1),
            Turn,
            Pass(49_030_885),
            Ask(VerifyPayment, choice(0, 238, 6, 8)),
        ],
    },
    Found {
        seed: 18,
        wrong: "a client heard that a quote had expired, and a crash took the time back",
        script: &[
            Ask(LockQuote, choice(1, 62, 0, 52)),
            Ask(CreateSession, choice(1, 75, 0, 177)),
            Turn,
            Ask(LockQuote, choice(0, 104, 0, 34)),
            Commit(4),
            Turn,
            Pass(59_873_777),
            Ask(CreatePayIn, choice(1, 204, 0, 152)),
            Turn,
            Commit(3),
            Crash(4),
        ],
    },
    Found {
        seed: 4,
        wrong: "an account without the entitlement was told about an idempotency key instead",
        script: &[
            Ask(LockQuote, choice(0, 91, 0, 97)),
            Ask(SetEntitlements, choice(0, 58, 0, 230)),
            Ask(CreateSession, choice(0, 57, 0, 241)),
        ],
    },
];
