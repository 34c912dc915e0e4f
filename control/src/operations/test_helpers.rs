//! The sandbox's test helpers: they make happen by hand what users, rails and verifiers do.
//!
//! A helper that makes a payment end takes several commands. The first is remembered under the request's key and says
//! whether there is anything to do; the last is remembered under a key of its own and gives the answer. What lies between
//! changes nothing the second time, so that a retry goes on where the first try was lost.

use causeway_core::command::{Answer, Command, Moment, Refusal, Reply};
use causeway_core::id::{PaymentId, SessionId};
use causeway_core::limits::ATTEMPTS_PER_PAYMENT;
use causeway_core::payment::PaymentKind::{PayIn, PayOut};
use causeway_core::payment::{Attempt, Payment, PaymentKind, PaymentStatus};
use causeway_core::rail::{RailOutcome, RailReport};

use super::{Call, Handled, Handler, Spec, payments, sessions};
use crate::gate::{Lane, RailUnavailable};
use crate::problem::{Code, Problem};
use crate::wire::{self, Fingerprint};

pub(super) const COMPLETE_SESSION: Spec = Spec::new(
    "Test helpers",
    "Sandbox only: confirm a session as its user would, and make the rail settle or refuse the movement.",
    |call| Box::pin(complete_session(call)),
)
.body::<wire::CompleteSession>()
.answers::<wire::Session<'static>>(200)
.refuses(CONFIRMING);

pub(super) const SETTLE_PAY_IN: Spec = steering("Sandbox only: make the rail settle a pay-in.", |call| {
    Box::pin(resolve(call, PayIn, RailOutcome::Settled))
});

pub(super) const FAIL_PAY_IN: Spec = steering("Sandbox only: make the rail refuse a pay-in for good.", |call| {
    Box::pin(resolve(call, PayIn, RailOutcome::Rejected))
});

pub(super) const CANCEL_PAY_IN: Spec = steering("Sandbox only: make the rail cancel a pay-in.", |call| {
    Box::pin(resolve(call, PayIn, RailOutcome::Cancelled))
});

pub(super) const VERIFY_PAY_IN: Spec =
    steering("Sandbox only: end a pay-in's step-up as verified.", |call| Box::pin(verify(call, PayIn)))
        .refuses(&[Code::PaymentNotWaiting, Code::VerificationRequired]);

pub(super) const SETTLE_PAY_OUT: Spec = steering("Sandbox only: make the rail settle a pay-out.", |call| {
    Box::pin(resolve(call, PayOut, RailOutcome::Settled))
});

pub(super) const FAIL_PAY_OUT: Spec = steering("Sandbox only: make the rail refuse a pay-out for good.", |call| {
    Box::pin(resolve(call, PayOut, RailOutcome::Rejected))
});

pub(super) const CANCEL_PAY_OUT: Spec = steering("Sandbox only: make the rail cancel a pay-out.", |call| {
    Box::pin(resolve(call, PayOut, RailOutcome::Cancelled))
});

pub(super) const VERIFY_PAY_OUT: Spec =
    steering("Sandbox only: end a pay-out's step-up as verified.", |call| Box::pin(verify(call, PayOut)))
        .refuses(&[Code::PaymentNotWaiting, Code::VerificationRequired]);

/// What a session can be refused for that is confirmed: it is priced and redeemed at once.
const CONFIRMING: &[Code] = &[
    Code::SessionNotOpen,
    Code::SessionBusy,
    Code::PaymentNotWaiting,
    Code::MethodUnavailable,
    Code::AssetUnavailable,
    Code::AmountOutOfRange,
    Code::RateUnavailable,
    Code::NotEnabled,
    Code::VerificationRequired,
];

/// A helper that steers a payment.
const fn steering(summary: &'static str, handler: Handler) -> Spec {
    Spec::new("Test helpers", summary, handler)
        .answers::<wire::Payment<'static>>(200)
        .refuses(&[Code::PaymentNotWaiting])
}

/// Confirms a session as the user of its hosted flow would, and makes the rail end the movement.
async fn complete_session(call: Call<'_>) -> Handled {
    let id = call.named(SessionId::parse)?;
    let outcome = call.parse::<wire::CompleteSession>()?.outcome;
    let fingerprint = Fingerprint::new().field("outcome", outcome.word()).finish();
    let confirm = Command::ConfirmSession(call.account(), id, Box::default());
    let confirmed = call.submit(confirm, fingerprint).await.map_err(of_session)?;
    let Reply::Payment(payment) = confirmed.reply else {
        return Err(Problem::internal("the core answered with something else than a payment"));
    };
    drive(&call, payment.id, outcome.of_rail()).await?;
    let answer = ended(&call, &payment, Moment::SessionAfter, fingerprint).await?;
    sessions::rendered(&call, answer)
}

/// verifyPayIn and verifyPayOut.
async fn verify(call: Call<'_>, kind: PaymentKind) -> Handled {
    let payment = payments::read(&call, kind).await?;
    let command = Command::VerifyPayment(call.account(), payment.session, payment.id);
    let answer = call.submit(command, Fingerprint::new().finish()).await?;
    payments::rendered(&call, answer)
}

/// What a session cannot have is no field of this body.
fn of_session(problem: Problem) -> Problem {
    let is_of_session = [Code::AssetUnavailable, Code::AmountOutOfRange].contains(&problem.code);
    if problem.code == Code::MethodUnavailable {
        let message = "No payment method is available for the session's side and currency. Create a session in another \
                       currency.";
        Problem::new(problem.code, message)
    } else if is_of_session {
        Problem { param: None, ..problem }
    } else {
        problem
    }
}

/// Settles, fails or cancels a payment that a rail is working on. Whoever comes after another outcome is refused.
async fn resolve(call: Call<'_>, kind: PaymentKind, outcome: RailOutcome) -> Handled {
    let payment = payments::read(&call, kind).await?;
    let fingerprint = Fingerprint::new().finish();
    call.submit(remember(&payment, Moment::Routed), fingerprint).await?;
    drive(&call, payment.id, outcome).await?;
    let answer = ended(&call, &payment, Moment::Ended, fingerprint).await?;
    if let Reply::Payment(ended) = &answer.reply
        && !came_to(&ended.status, outcome)
    {
        return Err(Refusal::PaymentNotWaiting.into());
    }
    payments::rendered(&call, answer)
}

/// Whether the payment's end is the one that was asked for.
fn came_to(status: &PaymentStatus, outcome: RailOutcome) -> bool {
    match status {
        PaymentStatus::Settled { .. } => outcome == RailOutcome::Settled,
        PaymentStatus::Failed { .. } => matches!(outcome, RailOutcome::Rejected | RailOutcome::SoftFailed),
        PaymentStatus::Cancelled => outcome == RailOutcome::Cancelled,
        PaymentStatus::Verifying { .. } | PaymentStatus::Reviewing { .. } | PaymentStatus::Routed => false,
    }
}

/// The last command. Its key names the payment too: a later movement of the same session has an answer of its own.
async fn ended(call: &Call<'_>, payment: &Payment, moment: Moment, fingerprint: [u8; 16]) -> Result<Answer, Problem> {
    let step = [b"ended".as_slice(), &payment.id.0.to_be_bytes()].concat();
    call.submit_within(&step, remember(payment, moment), fingerprint).await
}

fn remember(payment: &Payment, moment: Moment) -> Command {
    Command::RememberPayment(payment.account, payment.session, payment.id, moment)
}

/// Makes a payment end: its user is verified, and the rail gives `outcome`. Where a corridor has already failed softly, the
/// next one is asked, so that there are at most as many rounds as attempts, and one for the verification.
async fn drive(call: &Call<'_>, id: PaymentId, outcome: RailOutcome) -> Result<(), Problem> {
    for _ in 0..=ATTEMPTS_PER_PAYMENT {
        let payment = call.read(move |reader, account| reader.payment(account, id)).await?;
        match (&payment.status, payment.attempts.last()) {
            (PaymentStatus::Verifying { .. }, _) => end_verification(call, &payment).await?,
            (PaymentStatus::Routed, Some(attempt)) => end_attempt(call, &payment, attempt, outcome).await?,
            // No helper decides a review: what waits for one is not what the helper waits for.
            (PaymentStatus::Routed, None)
            | (
                PaymentStatus::Reviewing { .. }
                | PaymentStatus::Settled { .. }
                | PaymentStatus::Failed { .. }
                | PaymentStatus::Cancelled,
                _,
            ) => break,
        }
    }
    Ok(())
}

async fn end_verification(call: &Call<'_>, payment: &Payment) -> Result<(), Problem> {
    let command = Command::VerifyPayment(payment.account, payment.session, payment.id);
    match call.cell.submit(call.operation.lane, command, None).await {
        // Somebody else was faster, or its time ran out: the next look tells.
        Ok(_) | Err(Refusal::PaymentNotWaiting) => Ok(()),
        Err(refusal) => Err(refusal.into()),
    }
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
    let outcome = rail.resolve(attempt.id, outcome).await.map_err(unheard)?;
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

/// The rail may have heard the wish all the same: a retry finds out.
fn unheard(error: RailUnavailable) -> Problem {
    let problem = Problem::new(Code::OutcomeUnknown, Code::OutcomeUnknown.explanation());
    Problem { cause: Some(error.to_string()), ..problem }
}
