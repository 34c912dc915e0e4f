//! The risk policy: set as a whole, asked at every redemption.

use std::sync::Arc;

use super::State;
use super::redeem::Redemption;
use crate::change::RiskChange;
use crate::command::{Refusal, Reply};
use crate::limits::POLICIES_KEPT;
use crate::risk::{NewPolicy, Policied, Verdict};

impl State {
    pub(super) fn set_risk_policy(&mut self, new: &NewPolicy) -> Result<Reply, Refusal> {
        if !new.is_within_limits() {
            return Err(Refusal::LimitReached);
        }
        let policy = Arc::new(self.directory.risk_policy().replaced(new, self.now()));
        if let Some(oldest) = policy.version.checked_sub(POLICIES_KEPT).filter(|version| *version > 0) {
            self.changes.push(RiskChange::PolicyRemove(oldest).into());
        }
        self.changes.push(RiskChange::Policy(Arc::clone(&policy)).into());
        self.directory.set_risk_policy(policy);
        self.directory_changed = true;
        Ok(Reply::Done)
    }

    /// What lists and rules make of a redemption whose score alone would give `scored`.
    pub(super) fn policed(&self, redemption: &Redemption, scored: Verdict) -> (Verdict, Policied) {
        self.directory.risk_policy().judge(&redemption.case(), scored)
    }
}
