//! Transactions.

use causeway_core::id::{SessionId, TransactionId};
use causeway_core::store::TransactionFilter;

use super::{Call, Handled, Parameter, Rendered, Spec};
use crate::problem::Problem;
use crate::wire;
use crate::wire::TransactionStatus;

pub(super) const LIST: Spec =
    Spec::new("Transactions", "List transactions, newest first.", |call| Box::pin(list_transactions(call)))
        .query(&[Parameter::LIMIT, Parameter::AFTER_TRANSACTION, STATUS, SESSION])
        .answers::<wire::List<wire::Transaction<'static>>>(200);

pub(super) const RETRIEVE: Spec =
    Spec::new("Transactions", "Read a transaction.", |call| Box::pin(retrieve_transaction(call)))
        .answers::<wire::Transaction<'static>>(200);

/// The `status` that lists are filtered by.
const STATUS: Parameter = Parameter {
    name: "status",
    description: "Only transactions with this status.",
    schema: r#"{"type":"string","enum":["pending","processing","completed","failed","cancelled"]}"#,
};

/// The session that lists are filtered by.
const SESSION: Parameter = Parameter {
    name: "session_id",
    description: "Only transactions of this session; none when there is no such session.",
    schema: r#"{"type":"string"}"#,
};

async fn list_transactions(call: Call<'_>) -> Handled {
    let limit = call.query.limit(10, 100)?;
    let mode = call.mode();
    let after =
        call.query.parsed("starting_after", "a transaction's refid", |text| TransactionId::parse(text, mode))?;
    let words = "pending, processing, completed, failed or cancelled";
    let status = call.query.parsed("status", words, TransactionStatus::parse)?;
    let filter = filter(&call, status)?;
    let account = call.account();
    // One more than asked for tells whether older ones follow.
    let found = match filter {
        Some(filter) => call.cell.read(move |reader| reader.transactions(account, filter, after, limit + 1)).await?,
        None => Vec::new(),
    };
    let views =
        found.iter().take(limit).map(|(payment, session)| wire::Transaction::of(payment, session.as_ref(), mode));
    Ok(Rendered::new(&wire::List::new(call.operation.path, views.collect(), found.len() > limit)))
}

async fn retrieve_transaction(call: Call<'_>) -> Handled {
    let id = call.named(TransactionId::parse)?;
    let read = call.read(move |reader, account| {
        let Some(payment) = reader.transaction(account, id)? else { return Ok(None) };
        let session = reader.session(account, payment.session)?;
        Ok(Some((payment, session)))
    });
    let (payment, session) = read.await?;
    Ok(Rendered::new(&wire::Transaction::of(&payment, session.as_ref(), call.mode())))
}

/// What is asked for; `None` when nothing can pass it. As in a path, a session of somebody else, of the other mode or of
/// nobody and a text that names none look the same: there are no transactions of it.
fn filter(call: &Call<'_>, status: Option<TransactionStatus>) -> Result<Option<TransactionFilter>, Problem> {
    let named = call.query.get("session_id")?;
    let session = named.as_deref().map(|text| SessionId::parse(text, call.mode()));
    let label = status.map(TransactionStatus::label);
    if session == Some(None) || label == Some(None) {
        return Ok(None);
    }
    Ok(Some(TransactionFilter { session: session.flatten(), label: label.flatten() }))
}
