//! Requests of the sandbox's test helpers.

use causeway_core::rail::RailOutcome;
use schemars::JsonSchema;
use serde::Deserialize;

/// The body of the helper that ends a session.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CompleteSession {
    /// How it ends.
    pub outcome: Outcome,
}

/// How a test helper ends a session.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Outcome {
    /// Its movement settles.
    Completed,
    /// Its movement fails; the session stays open.
    Failed,
}

impl Outcome {
    /// What the rail says for it.
    pub fn of_rail(self) -> RailOutcome {
        match self {
            Outcome::Completed => RailOutcome::Settled,
            Outcome::Failed => RailOutcome::Rejected,
        }
    }

    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Completed => "completed",
            Outcome::Failed => "failed",
        }
    }
}
