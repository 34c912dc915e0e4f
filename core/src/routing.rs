//! Routing: which corridor carries a payment.

pub mod catalogue;
mod choose;

pub use catalogue::{AssetInfo, Catalogue, Corridor, Network, PairRate};
pub use choose::{Candidate, choose};
