//! Idempotency: the first answer to a key is remembered for its life, and then forgotten by a timer.
//!
//! Every remembered answer has one timer, due at the end of its life; whoever writes an answer anew takes the old one's timer
//! away. So the timer of an answer that is still in the store may run without looking at it, and forgetting costs no read.

use std::sync::Arc;

use super::State;
use crate::change::Change;
use crate::command::{Answer, Outcome, Refusal, Reply, Submission, Timer, TimerTask};
use crate::limits::IDEMPOTENCY_LIFE_MS;
use crate::planted::{self, Bug};
use crate::replay::{Replay, ReplayKey};
use crate::time::Millis;

impl State {
    /// The answer that a request with this key gets because of an earlier one.
    pub(super) fn replayed(&self, key: &ReplayKey, fingerprint: &[u8; 16]) -> Option<Outcome> {
        let replay = self.replays.get(key).filter(|replay| replay.is_live(self.head.now))?;
        if planted::has(Bug::ReuseKey) && &replay.fingerprint != fingerprint {
            None
        } else if &replay.fingerprint == fingerprint {
            Some(Ok(Answer { reply: replay.reply.clone(), replayed: true }))
        } else {
            Some(Err(Refusal::IdempotencyKeyReused))
        }
    }

    pub(super) fn remember(&mut self, remember: Option<(ReplayKey, [u8; 16])>, reply: &Reply) {
        let Some((key, fingerprint)) = remember else { return };
        if let Some(over) = self.replays.get(&key) {
            self.changes.push(Change::TimerRemove(end_of(key, over)));
        }
        let replay = Replay { fingerprint, at: self.head.now, reply: reply.clone() };
        self.changes.push(Change::TimerAdd(end_of(key, &replay)));
        self.replays.put(self.head.batch, key, Arc::new(replay));
    }

    /// Removes a remembered answer whose life is over. One that was written anew but a moment ago, before its old timer was
    /// seen to be gone, is in memory and stays.
    pub(super) fn forget_answer(&mut self, key: ReplayKey) {
        let was_renewed =
            self.replays.knows(&key) && self.replays.get(&key).is_some_and(|replay| replay.is_live(self.head.now));
        if !was_renewed {
            self.replays.remove(self.head.batch, key);
        }
    }
}

/// Under which key a submission's answer is remembered, and the fingerprint of its request.
pub(super) fn replay_key(submission: &Submission) -> Option<(ReplayKey, [u8; 16])> {
    let (idempotency, account) = (submission.idempotency?, submission.command.partner()?);
    Some((ReplayKey { account, key: idempotency.key }, idempotency.fingerprint))
}

fn end_of(key: ReplayKey, replay: &Replay) -> Timer {
    let due = replay.at.plus(Millis(IDEMPOTENCY_LIFE_MS));
    Timer { due, task: TimerTask::ForgetAnswer(key.key), account: key.account }
}
