//! A redelivery: the events of a stretch of time, sent once more because an operator asks for it. It is a job that walks
//! through them in the order in which they happened, page by page, so that it ends however many there are.

use crate::delivery::DeliveryLabel;
use crate::event::EventKind;
use crate::id::{AccountId, EventId, RedeliveryId, SessionId};
use crate::time::{Millis, Timestamp};

/// A job that sends events once more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redelivery {
    /// Its id.
    pub id: RedeliveryId,
    /// Whose events.
    pub account: AccountId,
    /// Which events.
    pub range: RedeliveryRange,
    /// Whether it still works.
    pub status: RedeliveryStatus,
    /// The last event that it has looked at: the next page begins behind it.
    pub reached: EventId,
    /// Events of the stretch that it has looked at, of all types.
    pub scanned: u64,
    /// Events among these that it has queued. The others were skipped.
    pub sent: u64,
    /// When it was started.
    pub created_at: Timestamp,
}

/// Which events are sent once more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedeliveryRange {
    /// Those from here on,
    pub from: Timestamp,
    /// and before this. Times are those inside the events' ids.
    pub until: Timestamp,
    /// Of these types; of all when there is none.
    pub kinds: Vec<EventKind>,
    /// With such deliveries.
    pub which: Which,
}

/// By which deliveries events are chosen. What is on its way is never chosen: it arrives anyway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Events that were given up, and those that never had a delivery.
    Missed,
    /// Those that arrived, too.
    All,
}

/// Where a redelivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedeliveryStatus {
    /// It works, or waits until it can.
    Running,
    /// It has gone through all of its stretch.
    Done {
        /// When.
        at: Timestamp,
    },
    /// An operator stopped it. What it had queued is sent all the same.
    Cancelled {
        /// When.
        at: Timestamp,
    },
}

/// One page of a job, as it was read beside the cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedeliveryStep {
    /// Where the job stood when the page was read. A step from anywhere else was taken already.
    pub after: EventId,
    /// The last event of the page.
    pub through: EventId,
    /// How many events the page has, of all types.
    pub scanned: u64,
    /// Those that seem to be chosen, in the order in which they happened, each with the session of its order.
    pub events: Vec<(EventId, Option<SessionId>)>,
    /// Whether nothing of the stretch follows.
    pub is_last: bool,
}

impl RedeliveryRange {
    /// As much of it as a job that starts now can send: it begins within reach, and ends with what has happened by now, so
    /// that the job does not run after the events of today.
    pub fn within(&self, now: Timestamp, event_life: Millis) -> RedeliveryRange {
        let reach = Timestamp((now.0 + 1).saturating_sub(event_life.0));
        RedeliveryRange { from: self.from.max(reach), until: self.until.min(now), ..self.clone() }
    }

    /// The id behind which the stretch begins.
    pub fn begins_behind(&self) -> EventId {
        EventId(first_id(self.from).saturating_sub(1))
    }

    /// The first id beyond the stretch.
    pub fn ends_before(&self) -> EventId {
        EventId(first_id(self.until))
    }

    /// Whether events of this type are chosen.
    pub fn has_kind(&self, kind: EventKind) -> bool {
        self.kinds.is_empty() || self.kinds.contains(&kind)
    }
}

impl Which {
    /// Whether an event is chosen whose delivery stands so; `None`: it never had one.
    pub fn takes(self, delivery: Option<DeliveryLabel>) -> bool {
        match delivery {
            None | Some(DeliveryLabel::DeadLettered) => true,
            Some(DeliveryLabel::Succeeded) => self == Which::All,
            Some(DeliveryLabel::Undelivered) => false,
        }
    }
}

impl Redelivery {
    /// Whether it still works.
    pub fn is_running(&self) -> bool {
        self.status == RedeliveryStatus::Running
    }

    /// The time up to which all events were looked at.
    pub fn reached_at(&self) -> Timestamp {
        match self.status {
            RedeliveryStatus::Done { .. } => self.range.until,
            RedeliveryStatus::Running | RedeliveryStatus::Cancelled { .. } => {
                self.reached.made_at().clamp(self.range.from, self.range.until.max(self.range.from))
            }
        }
    }

    /// How much of the stretch lies behind it, in percent of its time.
    pub fn percent(&self) -> u8 {
        if matches!(self.status, RedeliveryStatus::Done { .. }) {
            return 100;
        }
        let (behind, whole) = (self.reached_at().since(self.range.from).0, self.range.until.since(self.range.from).0);
        // All of it is behind a job when it says so itself, and not before.
        (u128::from(behind) * 100 / u128::from(whole.max(1))).min(99) as u8
    }
}

/// The smallest id of a millisecond.
fn first_id(at: Timestamp) -> u128 {
    u128::from(at.0.min((1 << 48) - 1)) << 80
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIFE: Millis = Millis(90_000);

    fn job(from: u64, until: u64) -> Redelivery {
        let (from, until) = (Timestamp(from), Timestamp(until));
        let range = RedeliveryRange { from, until, kinds: Vec::new(), which: Which::Missed };
        Redelivery {
            id: RedeliveryId(1),
            account: AccountId(1),
            reached: range.begins_behind(),
            range,
            status: RedeliveryStatus::Running,
            scanned: 0,
            sent: 0,
            created_at: until,
        }
    }

    #[test]
    fn a_stretch_of_time_is_a_stretch_of_ids() {
        let range = job(1_000, 2_000).range;
        let (first, last) = (EventId(1_000 << 80), EventId((2_000 << 80) - 1));
        assert!(range.begins_behind() < first && last < range.ends_before());
        assert_eq!(
            (range.begins_behind().made_at(), range.ends_before().made_at()),
            (Timestamp(999), Timestamp(2_000))
        );
        assert_eq!(job(0, u64::MAX).range.begins_behind(), EventId(0));
        assert_eq!(job(0, u64::MAX).range.ends_before().made_at(), Timestamp((1 << 48) - 1));
    }

    #[test]
    fn a_stretch_begins_within_reach_and_ends_now() {
        let now = Timestamp(LIFE.0 + 5_000);
        let within = |from, until| {
            let range = job(from, until).range.within(now, LIFE);
            (range.from, range.until)
        };
        assert_eq!(within(1_000, u64::MAX), (Timestamp(5_001), now), "what is younger than its life");
        assert_eq!(within(6_000, 7_000), (Timestamp(6_000), Timestamp(7_000)));
    }

    #[test]
    fn progress_is_told_by_time_and_is_whole_only_at_the_end() {
        let job = job(1_000, 2_000);
        assert_eq!((job.reached_at(), job.percent()), (Timestamp(1_000), 0));
        let half = Redelivery { reached: EventId(1_500 << 80), ..job.clone() };
        assert_eq!((half.reached_at(), half.percent()), (Timestamp(1_500), 50));
        let nearly = Redelivery { reached: EventId((2_000 << 80) - 1), ..job.clone() };
        assert_eq!(nearly.percent(), 99);
        let done = Redelivery { status: RedeliveryStatus::Done { at: Timestamp(9_000) }, ..job };
        assert_eq!((done.reached_at(), done.percent()), (Timestamp(2_000), 100));
        assert_eq!(self::job(2_000, 1_000).percent(), 0, "an empty stretch divides by nothing");
    }

    #[test]
    fn what_is_on_its_way_is_left_alone() {
        use DeliveryLabel::{DeadLettered, Succeeded, Undelivered};
        let taken =
            |which: Which| [None, Some(DeadLettered), Some(Succeeded), Some(Undelivered)].map(|one| which.takes(one));
        assert_eq!(taken(Which::Missed), [true, true, false, false]);
        assert_eq!(taken(Which::All), [true, true, true, false]);
    }
}
