//! Pay-ins and pay-outs.

use causeway_core::command::{Answer, Command, Reply};
use causeway_core::id::PaymentId;
use causeway_core::payment::{Payment, PaymentKind};

use super::{Call, Handled, Rendered};
use crate::problem::Problem;
use crate::wire;

pub(super) async fn create_pay_in(call: Call<'_>) -> Handled {
    let (redeem, fingerprint) = call.parse::<wire::CreatePayment<'_>>()?.redeem(call.mode());
    let answer = call.submit(Command::CreatePayIn(call.account(), redeem), fingerprint).await?;
    rendered(&call, answer)
}

pub(super) async fn create_pay_out(call: Call<'_>) -> Handled {
    let (redeem, fingerprint) = call.parse::<wire::CreatePayment<'_>>()?.redeem(call.mode());
    let answer = call.submit(Command::CreatePayOut(call.account(), redeem), fingerprint).await?;
    rendered(&call, answer)
}

/// retrievePayIn and retrievePayOut: one record each, told apart by `kind`.
pub(super) async fn retrieve(call: Call<'_>, kind: PaymentKind) -> Handled {
    let payment = read(&call, kind).await?;
    Ok(Rendered::new(&wire::Payment::of(&payment, call.mode())))
}

/// The payment that the path names.
pub(super) async fn read(call: &Call<'_>, kind: PaymentKind) -> Result<Payment, Problem> {
    let id = call.named(|text, mode| PaymentId::parse(kind.prefix(), text, mode))?;
    let payment = call.read(move |reader, account| reader.payment(account, id)).await?;
    // One sequence numbers both kinds: the other kind's number under this kind's prefix names nothing.
    if payment.kind == kind { Ok(payment) } else { Err(Problem::not_found()) }
}

/// The answer about a payment after a command.
pub(super) fn rendered(call: &Call<'_>, answer: Answer) -> Handled {
    let Reply::Payment(payment) = answer.reply else {
        return Err(Problem::internal("the core answered with something else than a payment"));
    };
    Ok(Rendered::new(&wire::Payment::of(&payment, call.mode())).replayed(answer.replayed))
}
