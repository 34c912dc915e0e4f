//! The cell: one writer, one store. It locks quotes, scores risk, chooses corridors, keeps the ledger and the outbox.
//!
//! Read [`command`] first: it is the whole vocabulary. Then `state`, which answers commands without I/O, clock or
//! randomness, and `engine`, the only place where clock, queue, model and store meet.

pub mod id;
pub mod limits;
pub mod money;
pub mod time;

pub mod account;
pub mod delivery;
pub mod event;
pub mod ledger;
pub mod payment;
pub mod quote;
pub mod rail;
pub mod receipt;
pub mod risk;
pub mod routing;
pub mod session;
pub mod terms;

pub mod change;
pub mod command;
pub mod directory;
pub mod engine;
pub mod ingress;
pub mod replay;
pub mod settings;
pub mod state;
pub mod store;

#[cfg(test)]
mod fixture;
