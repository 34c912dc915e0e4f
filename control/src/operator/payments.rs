//! Payments that wait for their user.

use causeway_core::command::{Command, Reply};
use causeway_core::id::Mode;

use super::body::Delete;
use super::call::{Call, Handled, Target, answer};
use crate::gate::Lane;
use crate::problem::{Code, Problem};
use crate::wire::{self, named_payment};

/// Says that the user of a payment was verified: the payment, which waits for that, goes on. Its id names its mode.
pub async fn verify_payment(call: Call<'_>) -> Handled {
    let request: Delete = call.read_if_any()?;
    let account = call.account_id()?;
    let unknown = || Problem::new(Code::NotFound, "There is no such payment of this account; check both ids.");
    let (kind, mode, id) = named_payment(call.parameter(1)).ok_or_else(unknown)?;
    let cell = call.cell(mode)?;
    let payment = cell.read(move |reader| reader.payment(account, id)).await?;
    let payment = payment.filter(|payment| payment.kind == kind).ok_or_else(unknown)?;
    call.record(target(&call, mode), request.reason.as_deref()).await?;
    let command = Command::VerifyPayment(account, payment.session, id);
    let Reply::Payment(payment) = cell.submit(Lane::Operator, command, None).await?.reply else {
        return Err(Problem::internal("the cell answered a verification with something else than the payment"));
    };
    answer(200, &wire::Payment::of(&payment, mode))
}

fn target<'c>(call: &'c Call<'_>, mode: Mode) -> Target<'c> {
    Target { account: call.account_id().ok(), mode: Some(mode), object: Some(call.parameter(1)) }
}
