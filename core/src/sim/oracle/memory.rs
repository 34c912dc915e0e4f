//! Idempotency: the same key with the same request gives the first answer, for a day.

use std::sync::Arc;

use crate::command::{Reply, Submission, Timer, TimerTask};
use crate::id::AccountId;
use crate::replay::{Replay, ReplayKey};
use crate::time::Timestamp;

use super::Oracle;

/// How long an answer is remembered, in milliseconds: 24 hours.
const LIFE_MS: u64 = 24 * 60 * 60 * 1_000;

/// Whether what was remembered at `at` still counts at `now`.
fn counts(at: Timestamp, now: Timestamp) -> bool {
    now.0 < at.0 + LIFE_MS
}

impl Oracle {
    /// The answer that the same request got under its key.
    pub(super) fn first_answer(&self, submission: &Submission) -> Option<Reply> {
        let first = self.remembered_for(submission)?;
        let is_same = submission.idempotency.is_some_and(|given| given.fingerprint == first.fingerprint);
        is_same.then(|| first.reply.clone())
    }

    /// Whether the key was used for another request.
    pub(super) fn key_was_used(&self, submission: &Submission) -> bool {
        self.remembered_for(submission).is_some() && self.first_answer(submission).is_none()
    }

    /// Keeps the answer of a partner's write under its key. Refusals are not kept.
    pub(super) fn remember(&mut self, submission: &Submission, reply: &Reply) {
        if let Some(key) = key(submission)
            && let Some(given) = submission.idempotency
        {
            let due = Timestamp(self.now().0 + LIFE_MS);
            self.set_timer(Timer { due, task: TimerTask::ForgetAnswer(key.key), account: key.account });
            let replay = Replay { fingerprint: given.fingerprint, at: self.now(), reply: reply.clone() };
            self.remembered.insert(key, Arc::new(replay));
            self.touch();
        }
    }

    /// The life of an answer is over. One that took the place of another lives longer than the timer of that.
    pub(super) fn forget(&mut self, timer: Timer, key: [u8; 16]) {
        let (key, now) = (ReplayKey { account: timer.account, key }, self.now());
        if self.remembered.get(&key).is_some_and(|replay| !counts(replay.at, now)) {
            self.remembered.remove(&key);
        }
    }

    /// Whether a timer is that of an answer that is still there.
    pub(super) fn forgets(&self, timer: &Timer, key: [u8; 16]) -> bool {
        let replay = self.remembered.get(&ReplayKey { account: timer.account, key });
        replay.is_some_and(|replay| replay.at.0 + LIFE_MS == timer.due.0)
    }

    fn remembered_for(&self, submission: &Submission) -> Option<&Replay> {
        let replay = self.remembered.get(&key(submission)?)?;
        counts(replay.at, self.now()).then_some(replay)
    }
}

fn key(submission: &Submission) -> Option<ReplayKey> {
    let account: AccountId = submission.command.partner()?;
    Some(ReplayKey { account, key: submission.idempotency?.key })
}
