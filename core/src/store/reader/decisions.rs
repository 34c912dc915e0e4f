//! What was decided, and what became known afterwards.

use super::Reader;
use crate::id::{AccountId, PaymentId};
use crate::receipt::Receipt;
use crate::risk::{Entity, EntityKey, History, Labelled, ModelPlan};
use crate::store::encode::PLAN;
use crate::store::record::{history, models, receipt};
use crate::store::{Column, Key, Scan, StoreError, key};
use crate::time::Timestamp;

impl Reader {
    /// The decision receipt of a payment.
    pub fn receipt(&self, account: AccountId, payment: PaymentId) -> Result<Option<Receipt>, StoreError> {
        Ok(self.decision(payment)?.filter(|receipt| receipt.account == account))
    }

    /// The decision receipt of a payment, whosever it is.
    pub fn decision(&self, payment: PaymentId) -> Result<Option<Receipt>, StoreError> {
        self.get(Column::Receipts, &Key::alone(payment), |bytes| receipt::decode(payment, bytes))
    }

    /// Up to `limit` decision receipts of all accounts in commit order, behind `after`.
    pub fn receipts(&self, after: Option<PaymentId>, limit: usize) -> Result<Vec<Receipt>, StoreError> {
        let from = after.map_or_else(Vec::new, |after| key::after(&Key::alone(after)));
        let range = Scan { from, until: None, newest_first: false };
        self.list(Column::Receipts, &range, limit, |key, value| receipt::decode(key::parse_alone(key)?.into(), value))
    }

    /// Behind which receipts of `at` and later lie: where [`Reader::receipts`] begins for those.
    pub fn receipts_from(at: Timestamp) -> Option<PaymentId> {
        u128::from(at.0).checked_shl(80).and_then(|first| first.checked_sub(1)).map(PaymentId)
    }

    /// What became known of a payment.
    pub fn label(&self, payment: PaymentId) -> Result<Option<Labelled>, StoreError> {
        self.get(Column::Labels, &Key::alone(payment), history::decode_label)
    }

    /// The plan of models; an empty one before the first step.
    pub fn models(&self) -> Result<ModelPlan, StoreError> {
        self.get(Column::Models, &Key::meta(PLAN), models::decode).map(Option::unwrap_or_default)
    }

    /// The history of an entity.
    pub fn history(&self, entity: Entity, key: EntityKey) -> Result<Option<History>, StoreError> {
        self.get(Column::Histories, &Key::history(entity, key), history::decode)
    }
}
