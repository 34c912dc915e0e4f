//! Who removes what is older than its life: reads the oldest events and names them to the cell, now and then once more.

use std::collections::BTreeSet;

use super::docket::{Awaited, Door, Heard};
use super::oracle::Fault;
use crate::command::Command;
use crate::event::OldEvent;
use crate::id::{AccountId, EventId};
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
        let mut events: Vec<OldEvent> = oldest.iter().filter_map(|(_, event)| *event).collect();
        if count.is_multiple_of(2) {
            // As if a delivery had ended when it was looked at, and was begun anew meanwhile.
            let waiting: BTreeSet<EventId> = reader.bus(None, usize::MAX)?.iter().map(|row| row.event).collect();
            let read = oldest.iter().map(|(id, _)| reader.event(account, *id)).collect::<Result<Vec<_>, _>>()?;
            events = read.into_iter().flatten().map(|event| event.old()).collect();
            events.retain(|event| !waiting.contains(&event.id));
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
