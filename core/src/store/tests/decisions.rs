//! Receipts, labels and histories.

use super::*;

/// What [`every_change`] has written of them.
pub(super) fn are_read(reader: &Reader) {
    assert_eq!(reader.receipt(ACCOUNT, PAYMENT).unwrap(), Some(receipt(model())));
    assert_eq!(reader.receipt(AccountId(9), PAYMENT).unwrap(), None, "another's receipt is none");
    assert_eq!(reader.receipts(None, 9).unwrap(), [receipt(model())]);
    assert_eq!(reader.receipts(Some(PAYMENT), 9).unwrap(), []);
    let at = PAYMENT.made_at();
    assert_eq!(reader.receipts(Reader::receipts_from(at), 9).unwrap().len(), 1);
    assert_eq!(reader.receipts(Reader::receipts_from(Timestamp(at.0 + 1)), 9).unwrap().len(), 0);
    assert_eq!(reader.models().unwrap(), model_plan());
    assert_eq!(reader.label(PAYMENT).unwrap(), Some(labelled()));
    assert_eq!(reader.history(Entity::Device, [7; 16]).unwrap(), Some(history()));
    assert_eq!(reader.history(Entity::Network, [7; 16]).unwrap(), None);
}
