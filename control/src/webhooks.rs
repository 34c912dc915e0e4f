//! Webhooks: events on their way from the outbox to partners' receivers.

pub mod client;
mod dispatcher;
pub mod guard;
mod redeliverer;
pub mod signature;
mod sweeper;

pub use dispatcher::{Dispatcher, Stats};
pub use redeliverer::Redeliverer;
pub use sweeper::Sweeper;

#[cfg(test)]
pub(crate) mod receiver;
