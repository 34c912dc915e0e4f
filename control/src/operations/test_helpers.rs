//! The sandbox's test helpers: they make happen by hand what users, rails and verifiers do.

use causeway_core::command::{Command, Reply};
use causeway_core::id::SessionId;
use causeway_core::limits::ATTEMPTS_PER_PAYMENT;
use causeway_core::payment::{Attempt, Payment, PaymentKind, PaymentStatus};
use causeway_core::rail::{RailOutcome, RailReport};

use super::{Call, Handled, Rendered, payments};
use crate::gate::Lane;
use crate::problem::{Code, Problem};
use crate::wire::{self, Fingerprint};

/// Confirms a session as the user of its hosted flow would, and makes the rail end the movement. A retry with the same key
/// goes on where the first try was lost.
pub(super) async fn complete_session(call: Call<'_>) -> Handled {
    let id = call.named(SessionId::parse)?;
    let outcome = call.parse::<wire::CompleteSession>()?.outcome;
    let fingerprint = Fingerprint::new().field("outcome", outcome.word()).finish();
    let answer = call.submit(Command::ConfirmSession(call.account(), id, None), fingerprint).await?;
    let Reply::Payment(payment) = answer.reply else {
        return Err(Problem::internal("the core answered with something else than a payment"));
    };
    drive(&call, Payment::clone(&payment), outcome.of_rail()).await?;
    let session = call.read(move |reader, account| reader.session(account, id)).await?;
    Ok(Rendered::new(&wire::Session::of(&session, &call.view())).replayed(answer.replayed))
}

/// verifyPayIn and verifyPayOut.
pub(super) async fn verify(call: Call<'_>, kind: PaymentKind) -> Handled {
    let payment = payments::read(&call, kind).await?;
    let command = Command::VerifyPayment(call.account(), payment.session, payment.id);
    let answer = call.submit(command, Fingerprint::new().finish()).await?;
    payments::rendered(&call, answer)
}

/// Settles, fails or cancels a payment that a rail is working on.
pub(super) async fn resolve(call: Call<'_>, kind: PaymentKind, outcome: RailOutcome) -> Handled {
    let payment = payments::read(&call, kind).await?;
    if payment.status != PaymentStatus::Routed {
        return Err(Problem::new(Code::PaymentNotWaiting, "No rail is working on the payment; read it."));
    }
    let after = drive(&call, payment, outcome).await?;
    Ok(Rendered::new(&wire::Payment::of(&after, &call.view())))
}

/// Makes a payment end: its user is verified, and the rail gives `outcome`. Where a corridor has already failed softly, the
/// next one is asked, so that there are at most as many rounds as attempts, and one for the verification.
async fn drive(call: &Call<'_>, mut payment: Payment, outcome: RailOutcome) -> Result<Payment, Problem> {
    for _ in 0..=ATTEMPTS_PER_PAYMENT {
        match (payment.status, payment.attempts.last()) {
            (PaymentStatus::Verifying { .. }, _) => {
                let command = Command::VerifyPayment(payment.account, payment.session, payment.id);
                call.cell.submit(call.operation.lane, command, None).await?;
            }
            (PaymentStatus::Routed, Some(attempt)) => end_attempt(call, &payment, attempt, outcome).await?,
            (PaymentStatus::Routed, None)
            | (PaymentStatus::Settled { .. } | PaymentStatus::Failed { .. } | PaymentStatus::Cancelled, _) => break,
        }
        let id = payment.id;
        payment = call.read(move |reader, account| reader.payment(account, id)).await?;
    }
    Ok(payment)
}

/// The simulated rail gives the outcome first, durably, and then the core hears of it, so that the rail's own record and
/// the ledger agree whatever happens in between.
async fn end_attempt(
    call: &Call<'_>,
    payment: &Payment,
    attempt: &Attempt,
    outcome: RailOutcome,
) -> Result<(), Problem> {
    let rail = call.cell.sandbox_rail().ok_or_else(Problem::not_found)?;
    let outcome = rail.resolve(attempt.id, outcome).await.map_err(Problem::internal)?;
    let report = RailReport {
        attempt: attempt.id,
        payment: payment.id,
        account: payment.account,
        session: payment.session,
        outcome,
    };
    call.cell.submit(Lane::Internal, Command::ReportRails(vec![report]), None).await?;
    Ok(())
}
