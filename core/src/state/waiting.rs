//! Which commands must wait for a redemption whose score is missing.

use super::State;
use super::replays::replay_key;
use crate::command::{Command, Submission, TimerTask};
use crate::id::SessionId;
use crate::replay::ReplayKey;

impl State {
    /// Whether the command must wait until what is undecided is decided, so that it sees what it would see alone.
    pub fn must_wait(&self, submission: &Submission) -> bool {
        if self.undecided_sessions.is_empty() {
            return false;
        }
        let touches = |session: &SessionId| self.undecided_sessions.contains(session);
        let replays = replay_key(submission).is_some_and(|(key, _)| self.undecided_replays.contains(&key));
        replays
            || match &submission.command {
                Command::CreateSession(..)
                | Command::LockQuote(..)
                | Command::UpdateBranding(..)
                | Command::CreateCustomer(..)
                | Command::UpdateCustomer(..)
                | Command::DeleteCustomer(..)
                | Command::SweepEvents(..)
                | Command::ReportPublished(_)
                | Command::SendTestWebhook(_) => false,
                Command::ReplayDelivery(_, _, lane) => lane.as_ref().is_some_and(touches),
                Command::CancelSession(_, session)
                | Command::ConfirmSession(_, session, _)
                | Command::VerifyPayment(_, session, _)
                | Command::RememberPayment(_, session, _, _)
                | Command::DecideReview(_, session, _, _) => touches(session),
                Command::CreatePayIn(_, redeem) | Command::CreatePayOut(_, redeem) => {
                    redeem.session.as_ref().is_some_and(touches)
                }
                Command::ReportRails(reports) => reports.iter().any(|report| touches(&report.session)),
                Command::ReportDeliveries(outcomes) => {
                    outcomes.iter().any(|one| one.lane.as_ref().is_some_and(touches))
                }
                Command::AdvanceRedelivery(_, _, step) => {
                    step.events.iter().any(|(_, lane)| lane.as_ref().is_some_and(touches))
                }
                Command::RunTimer(timer) => match timer.task {
                    TimerTask::ExpireSession(session)
                    | TimerTask::ExpireVerification(_, session)
                    | TimerTask::ExpireReview(_, session) => touches(&session),
                    TimerTask::RetryDelivery(_) | TimerTask::EraseCustomer(_) => false,
                    TimerTask::ForgetAnswer(key) => {
                        self.undecided_replays.contains(&ReplayKey { account: timer.account, key })
                    }
                },
                Command::CreateAccount(..)
                | Command::CreateKey(..)
                | Command::RevokeKey(..)
                | Command::SetEntitlements(..)
                | Command::SetOrigins(..)
                | Command::SetWebhook(..)
                | Command::UnsetWebhook(..)
                | Command::ChangeEndpoint(..)
                | Command::SetTier(..)
                | Command::SetRules(..)
                | Command::SetVerification(..)
                | Command::SetLabels(_)
                | Command::SetRiskPolicy(..)
                | Command::ChangeModels(_)
                | Command::StartRedelivery(..)
                | Command::CancelRedelivery(..) => true,
            }
    }
}
