//! Risk: what is known about a redemption as numbers, the model's score, and what follows from it.

pub mod approval;
mod country;
pub mod device;
pub mod drift;
pub mod entity;
pub mod features;
pub mod history;
pub mod keys;
mod label;
#[cfg(feature = "onnx")]
pub mod package;
mod person;
pub mod plan;
pub mod policy;
pub mod quality;
mod reference;
pub mod scorer;
pub mod streak;
mod verdict;
mod wallet;
pub mod window;

pub use country::Country;
pub use device::Device;
pub use entity::{Entities, Entity, EntityKey};
pub use features::{FEATURE_NAMES, Facts, Features};
pub use history::History;
pub use label::{Label, Labelled, NewLabel, Taken};
pub use person::{Person, Said, Word};
pub use plan::{Arm, Chosen, ModelId, ModelPlan, ModelStep};
pub use policy::{Case, LateBlock, NewPolicy, Policied, RiskPolicy};
pub use reference::{Histogram, Reference};
pub use verdict::{Decider, Risk, Thresholds, Verdict, fallback_score};
