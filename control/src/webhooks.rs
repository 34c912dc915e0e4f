//! Webhooks: events on their way from the outbox to partners' receivers.

pub mod client;
mod dispatcher;
pub mod guard;
mod redeliverer;
pub mod signature;

pub use dispatcher::{Dispatcher, Stats};
pub use redeliverer::Redeliverer;

#[cfg(test)]
pub(crate) mod receiver;
