//! Risk: what is known about a redemption as numbers, the model's score, and what follows from it.

pub mod device;
pub mod entity;
pub mod features;
#[cfg(feature = "onnx")]
pub mod package;
pub mod policy;
pub mod scorer;
pub mod velocity;
mod verdict;

pub use device::Device;
pub use entity::{Entities, Entity, EntityKey};
pub use features::{FEATURE_NAMES, Features};
pub use policy::{Case, NewPolicy, Policied, RiskPolicy};
pub use velocity::{Person, Said, Word};
pub use verdict::{Decider, Risk, Thresholds, Verdict, fallback_score};
