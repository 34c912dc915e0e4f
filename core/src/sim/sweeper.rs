//! Who removes what is older than its life: reads the oldest events and names them to the cell, now and then once more.

use super::docket::{Awaited, Door, Heard};
use super::oracle::Fault;
use crate::command::Command;
use crate::event::OldEvent;
use crate::id::AccountId;
use crate::ingress::Lane;
use crate::store::{Reader, StoreError};
use crate::time::Timestamp;

/// The sweeper, with the commands of which it has not heard.
#[derive(Default)]
pub struct Sweeper {
    awaited: Vec<Awaited>,
}

impl Sweeper {
    /// The process starts.
    pub fn restart(&mut self) {
        self.awaited.clear();
    }

    /// Names up to `count` of the oldest events of an account, whether they are old enough or not: that is the cell's to judge.
    pub fn work(
        &mut self,
        reader: &Reader,
        door: &mut Door<'_>,
        account: AccountId,
        count: usize,
    ) -> Result<(), StoreError> {
        let oldest = reader.old_events(account, None, Timestamp(door.clock.0 + 1), count)?;
        // Every second time also those whose delivery has not ended, as if it had ended and was begun anew meanwhile.
        let all = |event| reader.event(account, event);
        let mut events: Vec<OldEvent> = oldest.iter().filter_map(|(_, event)| *event).collect();
        if count.is_multiple_of(2) {
            let read = oldest.iter().map(|(id, _)| all(*id)).collect::<Result<Vec<_>, _>>()?;
            events = read.into_iter().flatten().map(|event| event.old()).collect();
        }
        self.awaited.extend(door.ask(Lane::Operator, Command::SweepEvents(account, events), None, None));
        Ok(())
    }

    /// Whether every command was answered.
    pub fn is_quiet(&self) -> bool {
        self.awaited.is_empty()
    }

    /// Looks for answers. What was not done is done another time.
    pub fn listen(&mut self, door: &mut Door<'_>) -> Result<(), Fault> {
        for mut awaited in std::mem::take(&mut self.awaited) {
            match door.listen(&mut awaited)? {
                Heard::Nothing => self.awaited.push(awaited),
                Heard::Answer(_) | Heard::Lost => {}
            }
        }
        Ok(())
    }
}
