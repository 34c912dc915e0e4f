//! The cell: one writer, one store. It locks quotes, scores risk, chooses corridors, keeps the ledger and the outbox.
//!
//! Read [`command`] first: it is the whole vocabulary. Then `state`, which answers commands without I/O, clock or
//! randomness, and `engine`, the only place where clock, queue, model and store meet.

pub mod limits;
mod planted;
pub mod time;
pub mod id;
pub mod money;

pub mod terms;
pub mod branding;
pub mod endpoint;
pub mod account;
pub mod session;
pub mod customer;
pub mod quote;
pub mod payment;
pub mod ledger;
pub mod rail;
pub mod delivery;
pub mod risk;
pub mod routing;
pub mod receipt;
pub mod review;
pub mod event;
pub mod redelivery;

pub mod command;
pub mod replay;
pub mod change;
pub mod directory;
pub mod settings;
pub mod state;
pub mod store;
pub mod ingress;
#[allow(clippy::disallowed_methods, reason = "the only place where a clock is read")]
pub mod engine;

#[cfg(feature = "sim")]
pub mod sim;

#[cfg(test)]
mod fixture;
