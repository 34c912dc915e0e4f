//! The harness of the black-box tests: it starts the release program, speaks HTTP to it and hears its webhooks. It shares
//! no code with the program.

#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a harness says that something is wrong by panicking: the test fails with the words"
)]

pub mod broker;
pub mod contract;
pub mod curl;
pub mod http;
pub mod http3;
pub mod http_rail;
pub mod ledger;
pub mod linger;
pub mod operator;
pub mod partner;
pub mod poll;
pub mod program;
pub mod rail;
pub mod random;
pub mod receiver;
pub mod secure_receiver;
pub mod server;
pub mod signature;
pub mod told;
