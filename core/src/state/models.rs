//! The plan of models: steps of its life, and whom a redemption falls to.

use std::sync::Arc;

use super::State;
use crate::change::Change;
use crate::command::{Refusal, Reply, Subject};
use crate::id::{AccountId, PaymentId};
use crate::planted::{self, Bug};
use crate::risk::plan::StepRefused;
use crate::risk::{Chosen, Entities, ModelPlan, ModelStep};

impl State {
    pub(super) fn change_models(&mut self, step: &ModelStep) -> Result<Reply, Refusal> {
        let mut plan = ModelPlan::clone(self.directory.models());
        if plan.step(step, self.now())? {
            let plan = Arc::new(plan);
            self.directory.set_models(Arc::clone(&plan));
            self.directory_changed = true;
            self.changes.push(Change::Models(plan));
        }
        Ok(Reply::Models(Arc::clone(self.directory.models())))
    }

    /// Which models are to score a redemption: settled before its score is asked for, by who it concerns alone.
    pub(super) fn chosen(&self, entities: &Entities, payment: PaymentId) -> Chosen {
        let person = if planted::has(Bug::LooseCanary) { payment.0.to_be_bytes() } else { entities.person };
        self.directory.models().chosen(&person, AccountId::from(entities.partner))
    }
}

impl From<StepRefused> for Refusal {
    fn from(refused: StepRefused) -> Refusal {
        match refused {
            StepRefused::Full => Refusal::LimitReached,
            StepRefused::Unknown => Refusal::NotFound(Subject::Path),
            StepRefused::NotReady => Refusal::ModelNotReady,
        }
    }
}
