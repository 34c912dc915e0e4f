//! The bank's event bus and the publisher before it: events that wait are published in commit order, one of a session at a
//! time. The bus refuses some, takes some without saying so, and is away at times.

use std::collections::{BTreeMap, BTreeSet};

use super::docket::{Awaited, Door, Heard};
use super::oracle::Fault;
use super::rng::Rng;
use crate::command::Command;
use crate::id::{EventId, SessionId};
use crate::ingress::Lane;
use crate::store::{Reader, StoreError};

/// The bus with its consumers, who outlive every crash.
#[derive(Default)]
pub struct Broker {
    /// What consumers saw.
    seen: BTreeSet<EventId>,
    /// What consumers saw first, in order, per session.
    received: BTreeMap<SessionId, Vec<EventId>>,
    /// What the bus has confirmed to this process; forgotten when it dies.
    confirmed: BTreeSet<EventId>,
    awaited: Vec<(Vec<EventId>, Awaited)>,
}

impl Broker {
    /// The process starts: what waits is published, perhaps once more.
    pub fn restart(&mut self) {
        self.confirmed.clear();
        self.awaited.clear();
    }

    /// Whether consumers saw the event.
    pub fn has(&self, event: EventId) -> bool {
        self.seen.contains(&event)
    }

    /// Whether every outcome was taken.
    pub fn is_quiet(&self) -> bool {
        self.awaited.is_empty()
    }

    /// Publishes up to `count` events; at times the bus is away; without `luck` it takes all of them. Gives a sentence when
    /// consumers see something out of order.
    pub fn work(
        &mut self,
        reader: &Reader,
        door: &mut Door<'_>,
        count: usize,
        luck: Option<u8>,
    ) -> Result<Option<String>, StoreError> {
        if luck.is_some_and(|luck| luck % 4 == 3) {
            return Ok(None);
        }
        let mut numbers = luck.map(|luck| Rng::new(u64::from(luck)));
        let mut confirmed = Vec::new();
        let mut held = BTreeSet::new();
        let mut waiting = reader.bus(None, usize::MAX)?;
        waiting.retain(|row| !self.confirmed.contains(&row.event));
        for row in waiting.into_iter().take(count) {
            let lane = row.lane;
            if reader.event(row.account, row.event)?.is_none() {
                return Ok(Some(format!("{:?} waits for the bus and is gone", row.event)));
            }
            if lane.is_some_and(|lane| held.contains(&lane)) {
                continue;
            }
            let fate = numbers.as_mut().map_or(7, |numbers| numbers.below(8));
            if fate > 0
                && let Some(fault) = self.receive(lane, row.event)
            {
                return Ok(Some(fault));
            }
            // What is refused, or taken without a word, is tried again before the session's next.
            if fate > 1 {
                confirmed.push(row.event);
            } else {
                held.extend(lane);
            }
        }
        self.tell(door, confirmed);
        Ok(None)
    }

    /// Something may come twice; what comes for the first time comes in order.
    fn receive(&mut self, lane: Option<SessionId>, event: EventId) -> Option<String> {
        if !self.seen.insert(event) {
            return None;
        }
        let received = self.received.entry(lane?).or_default();
        let newest = received.last().copied();
        received.push(event);
        newest.filter(|newest| *newest > event).map(|newest| {
            format!("consumers of the bus see {event:?} after {newest:?}, though both are of {lane:?} and it happened before")
        })
    }

    fn tell(&mut self, door: &mut Door<'_>, events: Vec<EventId>) {
        if events.is_empty() {
            return;
        }
        if let Some(awaited) = door.ask(Lane::Internal, Command::ReportPublished(events.clone()), None, None) {
            self.confirmed.extend(&events);
            self.awaited.push((events, awaited));
        }
    }

    /// Looks for answers. What was not taken is published again with the row that is still there.
    pub fn listen(&mut self, door: &mut Door<'_>) -> Result<(), Fault> {
        for (events, mut awaited) in std::mem::take(&mut self.awaited) {
            match door.listen(&mut awaited)? {
                Heard::Nothing => self.awaited.push((events, awaited)),
                Heard::Answer(Ok(_)) => {}
                Heard::Answer(Err(_)) | Heard::Lost => events.iter().for_each(|event| {
                    self.confirmed.remove(event);
                }),
            }
        }
        Ok(())
    }
}
