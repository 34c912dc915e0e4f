//! Removes events whose life is over, with their deliveries: account by account, oldest first, in small steps.
//!
//! Each step is followed by a rest that is as long as it took, so that whatever partners do meanwhile finds the cell and the
//! disk free half of the time at least. Nothing is kept between passes: what was not swept is found by the next one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use causeway_core::command::Command;
use causeway_core::event::OldEvent;
use causeway_core::id::{AccountId, EventId};
use causeway_core::store::Reader;
use causeway_core::time::{Millis, Timestamp};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::dispatch::{self, Notice};
use crate::gate::{CellHandle, system_time};

/// Events that one step looks at.
const STEP: usize = 64;
/// From the end of a pass to the next one, at most; a short life is looked after more often.
const LONGEST_PAUSE: Duration = Duration::from_secs(3_600);

/// The sweeper of one cell.
pub struct Sweeper {
    /// The cell.
    pub cell: CellHandle,
    /// Where its events lie.
    pub reader: Reader,
    /// How long an event lives: the cell judges by the same.
    pub life: Millis,
    /// Hears of what goes wrong.
    pub notice: Notice,
    /// Events that were named to the cell to be removed.
    pub swept: Arc<AtomicU64>,
}

impl Sweeper {
    /// Works until the stop.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        loop {
            let accounts: Vec<AccountId> = self.cell.directory().newest(None).map(|account| account.id).collect();
            for account in accounts {
                if self.sweep(account, &mut stop).await.is_none() {
                    return;
                }
            }
            let pause = Duration::from_millis(self.life.0 / 8).min(LONGEST_PAUSE);
            if self.rest(pause, &mut stop).await.is_none() {
                return;
            }
        }
    }

    /// One pass over what is old of an account; `None` when the stop came.
    async fn sweep(&self, account: AccountId, stop: &mut watch::Receiver<bool>) -> Option<()> {
        let until = Timestamp((system_time().0 + 1).saturating_sub(self.life.0));
        let mut after = None;
        loop {
            let begun = Instant::now();
            let read = move |reader: &Reader| reader.old_events(account, after, until, STEP);
            let found = dispatch::read(&self.reader, &self.notice, stop, read).await?;
            let Some((last, _)) = found.last() else { return Some(()) };
            after = Some(*last);
            self.remove(account, found, stop).await?;
            self.rest(begun.elapsed(), stop).await?;
        }
    }

    async fn remove(
        &self,
        account: AccountId,
        found: Vec<(EventId, Option<OldEvent>)>,
        stop: &mut watch::Receiver<bool>,
    ) -> Option<()> {
        let ended: Vec<OldEvent> = found.into_iter().filter_map(|(_, event)| event).collect();
        let count = ended.len() as u64;
        if count > 0 {
            if let Err(refusal) = dispatch::submit(&self.cell, &Command::SweepEvents(account, ended), stop).await? {
                (self.notice)(&format!(
                    "the cell refused to remove {count} old events, which never happens: {refusal}"
                ));
            }
            self.swept.fetch_add(count, Ordering::Relaxed);
        }
        Some(())
    }

    /// `None` when the stop came meanwhile.
    async fn rest(&self, pause: Duration, stop: &mut watch::Receiver<bool>) -> Option<()> {
        tokio::select! {
            biased;
            () = dispatch::stopped(stop) => None,
            () = sleep(pause) => Some(()),
        }
    }
}

#[cfg(test)]
mod tests;
