//! Transactions.

use causeway_core::id::TransactionId;

use super::{Call, Handled, Rendered};
use crate::wire;

pub(super) async fn retrieve_transaction(call: Call<'_>) -> Handled {
    let id = call.named(TransactionId::parse)?;
    let read = call.read(move |reader, account| {
        let Some(payment) = reader.transaction(account, id)? else { return Ok(None) };
        let session = reader.session(account, payment.session)?;
        Ok(Some((payment, session)))
    });
    let (payment, session) = read.await?;
    Ok(Rendered::new(&wire::Transaction::of(&payment, session.as_ref(), call.mode())))
}
