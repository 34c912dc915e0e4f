//! What a batch says of itself.

use super::*;

#[test]
fn a_batch_counts_what_it_writes() {
    let batch = Batch::encode(&Effects { head: head(), changes: every_change() });
    assert_eq!((batch.number(), batch.puts(), batch.deletes()), (head().batch, 31, 0));
    assert_eq!(batch.operations().count(), 31);
    let last = batch.operations().last();
    assert!(matches!(last, Some(Operation::Put { column: Column::Meta, .. })), "{last:?}");
    let changes = vec![Change::OutboxRemove(ACCOUNT, OutboxId(1)), Change::Lane(SESSION, None)];
    let batch = Batch::encode(&Effects { head: head(), changes });
    assert_eq!((batch.puts(), batch.deletes()), (1, 2));
}
