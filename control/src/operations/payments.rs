//! Pay-ins and pay-outs.

use causeway_core::command::{Answer, Command, Reply};
use causeway_core::id::PaymentId;
use causeway_core::payment::PaymentKind::{PayIn, PayOut};
use causeway_core::payment::{Payment, PaymentKind};

use super::{Call, Handled, Rendered, Spec};
use crate::problem::{Code, Problem};
use crate::wire;

pub(super) const CREATE_PAY_IN: Spec =
    Spec::new("Rails", "Redeem an on_ramp quote with a session.", |call| Box::pin(create_pay_in(call)))
        .body::<wire::CreatePayment<'static>>()
        .answers::<wire::Payment<'static>>(201)
        .refuses(REDEEMING);

pub(super) const RETRIEVE_PAY_IN: Spec =
    Spec::new("Rails", "Read a pay-in.", |call| Box::pin(retrieve(call, PayIn))).answers::<wire::Payment<'static>>(200);

pub(super) const CREATE_PAY_OUT: Spec =
    Spec::new("Rails", "Redeem an off_ramp quote with a session.", |call| Box::pin(create_pay_out(call)))
        .body::<wire::CreatePayment<'static>>()
        .answers::<wire::Payment<'static>>(201)
        .refuses(REDEEMING);

pub(super) const RETRIEVE_PAY_OUT: Spec =
    Spec::new("Rails", "Read a pay-out.", |call| Box::pin(retrieve(call, PayOut)))
        .answers::<wire::Payment<'static>>(200);

/// What a quote and a session can be refused for.
const REDEEMING: &[Code] = &[
    Code::NotFound,
    Code::QuoteExpired,
    Code::QuoteConsumed,
    Code::QuoteMismatch,
    Code::SessionNotOpen,
    Code::SessionBusy,
    Code::VerificationRequired,
];

async fn create_pay_in(call: Call<'_>) -> Handled {
    let (redeem, fingerprint) = call.parse::<wire::CreatePayment<'_>>()?.redeem(call.mode());
    let answer = call.submit(Command::CreatePayIn(call.account(), redeem), fingerprint).await?;
    rendered(&call, answer)
}

async fn create_pay_out(call: Call<'_>) -> Handled {
    let (redeem, fingerprint) = call.parse::<wire::CreatePayment<'_>>()?.redeem(call.mode());
    let answer = call.submit(Command::CreatePayOut(call.account(), redeem), fingerprint).await?;
    rendered(&call, answer)
}

/// retrievePayIn and retrievePayOut: one record each, told apart by `kind`.
async fn retrieve(call: Call<'_>, kind: PaymentKind) -> Handled {
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
