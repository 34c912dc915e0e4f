//! Webhooks: events on their way from the outbox to partners' receivers.

pub mod client;
mod dispatcher;
pub mod guard;
pub mod signature;

pub use dispatcher::{Dispatcher, Stats};

#[cfg(test)]
pub(crate) mod receiver;
