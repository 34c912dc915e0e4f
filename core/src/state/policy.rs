//! The risk policy: set as a whole, asked at every redemption.

use std::sync::Arc;

use super::State;
use super::redeem::Redemption;
use crate::change::RiskChange;
use crate::command::{Refusal, Reply};
use crate::limits::POLICIES_KEPT;
use crate::payment::Payment;
use crate::planted::{self, Bug};
use crate::receipt::Receipt;
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

    /// Whether a block list names by now whom a payment concerns that waited. Its receipt then says which, and histories
    /// count a decline. Score, rules and allow lists were asked when it was redeemed and are not asked again.
    pub(super) fn is_blocked_by_now(&mut self, payment: &Payment) -> bool {
        let Some(receipt) = self.receipts.get(&payment.id) else { return false };
        let Some(late) = self.directory.risk_policy().blocks(&receipt.entities) else { return false };
        let account = self.directory.account(payment.account);
        let binds = account.is_some_and(|one| self.applied(one, payment.magic, Verdict::Decline) == Verdict::Decline);
        if !binds || planted::has(Bug::ForgetLateBlock) {
            return false;
        }
        let policied = Policied { late: Some(late), ..receipt.policied.clone() };
        let receipt = Arc::new(Receipt { policied, ..Receipt::clone(receipt) });
        self.declined.push((receipt.entities, receipt.amount_cents));
        self.receipts.put(self.head.batch, payment.id, receipt);
        true
    }
}
