//! Risk: payments that wait for the decision of somebody at the bank, and the versions of the risk policy.

use std::sync::Arc;

use super::{Reader, behind, everything};
use crate::id::PaymentId;
use crate::review::ReviewRow;
use crate::risk::RiskPolicy;
use crate::store::record::{policy, reference};
use crate::store::{Column, Key, Scan, StoreError, key};

impl Reader {
    /// Up to `limit` payments that wait, oldest first, behind `after`, which need not wait any more.
    pub fn reviews(&self, after: Option<PaymentId>, limit: usize) -> Result<Vec<ReviewRow>, StoreError> {
        let range = behind(after.map(Key::alone));
        self.list(Column::Reviews, &range, limit, |key, value| {
            reference::decode_review(key::parse_alone(key)?.into(), value)
        })
    }

    /// The risk policy that applies; none when none was ever set.
    pub fn risk_policy(&self) -> Result<Option<Arc<RiskPolicy>>, StoreError> {
        Ok(self.newest_policies(1)?.pop().map(Arc::new))
    }

    /// The versions of the risk policy that are kept, newest first.
    pub fn risk_policies(&self) -> Result<Vec<RiskPolicy>, StoreError> {
        self.newest_policies(usize::MAX)
    }

    fn newest_policies(&self, limit: usize) -> Result<Vec<RiskPolicy>, StoreError> {
        let range = Scan { newest_first: true, ..everything() };
        self.list(Column::RiskPolicies, &range, limit, |key, value| policy::decode(key::parse_number(key)?, value))
    }

    /// The row of one payment; `None` when it does not wait.
    pub fn review(&self, payment: PaymentId) -> Result<Option<ReviewRow>, StoreError> {
        self.get(Column::Reviews, &Key::alone(payment), |bytes| reference::decode_review(payment, bytes))
    }
}
