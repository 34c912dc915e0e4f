//! What should have happened by itself by now.

use crate::command::{Timer, TimerTask};
use crate::payment::PaymentStatus;
use crate::session::SessionStatus;
use crate::time::Timestamp;

use super::deliveries::Stand;
use super::{Fault, Oracle};

impl Oracle {
    /// After a turn of the engine that found nothing on its way to disk, no timer is left that is due.
    pub fn nothing_is_overdue(&self, now: Timestamp) -> Result<(), Fault> {
        if let Some(timer) = self.timers.iter().find(|timer| timer.due <= now && self.is_needed(timer)) {
            return Err(Fault(format!("a due timer is left over at {now:?}: {timer:?}")));
        }
        let is_late = |stand: &Stand| matches!(stand, Stand::Waiting { latest, .. } if *latest <= now);
        match self.letters.iter().find(|letter| is_late(&letter.stand)) {
            Some(letter) => Err(Fault(format!("a due delivery is left over at {now:?}: {:?}", letter.stand))),
            None => Ok(()),
        }
    }

    /// Whether something hangs on the timer: its object has not moved on.
    pub(super) fn is_needed(&self, timer: &Timer) -> bool {
        match timer.task {
            TimerTask::ExpireSession(id) => {
                self.session_of(timer.account, id).is_some_and(|one| matches!(one.status, SessionStatus::Open { .. }))
            }
            TimerTask::ExpireVerification(id, _) => {
                let waits = |status: &PaymentStatus| matches!(status, PaymentStatus::Verifying { .. });
                self.payment_of(timer.account, id).is_some_and(|one| waits(&one.status))
            }
            TimerTask::ExpireReview(id, _) => {
                let waits = |status: &PaymentStatus| matches!(status, PaymentStatus::Reviewing { .. });
                self.payment_of(timer.account, id).is_some_and(|one| waits(&one.status))
            }
            TimerTask::RetryDelivery(_) => true,
            TimerTask::EraseCustomer(id) => self.is_kept(id),
            TimerTask::ForgetAnswer(key) => self.forgets(timer, key),
        }
    }
}
