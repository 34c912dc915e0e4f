//! Decision receipts: what decided a redemption, kept so that it can be recomputed, explained and used to judge a new
//! model or policy. Partners never see them.

use crate::id::{AccountId, PaymentId};
use crate::risk::history::{Past, Usual};
use crate::risk::{Arm, Device, Entities, Features, Policied, Risk, Verdict};
use crate::routing::Candidate;
use crate::time::Timestamp;

/// What decided one redemption.
#[derive(Clone, Debug, PartialEq)]
pub struct Receipt {
    /// The payment.
    pub payment: PaymentId,
    /// Whose it is.
    pub account: AccountId,
    /// When it was decided.
    pub at: Timestamp,
    /// The number of the batch that decided it: a replay groups redemptions by it.
    pub batch: u64,
    /// Whom it concerned.
    pub entities: Entities,
    /// US cents of the fiat amount, by the cell's rates at that time.
    pub amount_cents: u64,
    /// Whether it was usual for its person.
    pub usual: Usual,
    /// What was known.
    pub features: Features,
    /// The device that a hosted flow was confirmed from, as far as it said.
    pub device: Option<Device>,
    /// Which part of the plan of models it fell to.
    pub arm: Arm,
    /// What the model or the fallback said.
    pub risk: Risk,
    /// What was done: lists and rules stand beside the score, and in the sandbox a magic amount can overrule all of it.
    pub applied: Verdict,
    /// The corridors that could have carried it, best first.
    pub candidates: Vec<Candidate>,
    /// Which lists and rules fired, of which version of the policy.
    pub policied: Policied,
}

impl Receipt {
    /// The redemption as what becomes known of it later finds it.
    pub fn past(&self) -> Past {
        Past { at: self.at, cents: self.amount_cents, usual: self.usual }
    }
}
