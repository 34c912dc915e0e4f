//! What is older than its life goes, now and in the end.

use super::{World, at_rest, unexpected};
use crate::id::AccountId;
use crate::sim::docket::Door;
use crate::sim::oracle::Fault;

impl World {
    /// Removes old events of an account. The oracle hears first which of those that it knows they are.
    pub(super) fn sweep(&mut self, account: AccountId, count: usize) -> Result<(), Fault> {
        if self.tried.is_some() {
            return Ok(());
        }
        self.hear_of_events(account)?;
        let mut door = Door { handle: &self.cell.handle, docket: &mut self.docket, clock: self.clock };
        // A read that fails leaves the events where they are.
        let _ = self.sweeper.work(&self.reader, &mut door, account, count);
        Ok(())
    }

    /// The oracle hears of the ids that an account's events have on disk.
    pub(super) fn hear_of_events(&mut self, account: AccountId) -> Result<(), Fault> {
        let names = self.durable.names_of_events(account, self.store.disk())?;
        self.durable.hear_of_events(&names);
        self.live.hear_of_events(&names);
        Ok(())
    }

    /// When everything has ended, everything that is old enough can go.
    pub(super) fn sweep_all(&mut self) -> Result<(), Fault> {
        let accounts = self.reader.accounts().map_err(unexpected)?;
        for account in &accounts {
            self.sweep(account.id, usize::MAX)?;
        }
        self.settle_down()?;
        self.compare()?;
        at_rest::nothing_old_is_left(&self.reader, &accounts, self.clock, self.settings.event_life)
    }
}
