//! What was read of the queue and is not confirmed: which event is next, and which waits for whom.
//!
//! At most one event of a session is out of the window at a time. The rows are small and few, however long the queue is.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::time::Duration;

use causeway_core::change::BusRow;
use causeway_core::id::{EventId, SessionId};
use tokio::time::Instant;

/// Events that are read and not confirmed, at most. When all of them are refused, nothing behind them is published.
pub const READ_AHEAD: usize = 1_024;
/// The first pause before an event that was refused is tried again; it doubles from then on.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
/// The longest pause of an event that nobody has got: a try costs nobody anything.
pub const RETURNED_PAUSE: Duration = Duration::from_secs(5);
/// The longest pause of an event that some consumers may have got: they get it again with each try.
pub const REFUSED_PAUSE: Duration = Duration::from_secs(60);

/// The window.
#[derive(Default)]
pub struct Window {
    /// May be published now, in commit order as far as retries allow.
    ready: VecDeque<BusRow>,
    /// Sessions of which an event is ready, on its way or resting, with what waits behind it.
    behind: HashMap<SessionId, VecDeque<BusRow>>,
    /// Were refused, by when they are tried again.
    resting: BTreeMap<(Instant, EventId), BusRow>,
    /// How often those were refused that were, one after the other.
    refusals: HashMap<EventId, u32>,
    /// Everything that is not confirmed.
    all: BTreeSet<EventId>,
}

impl Window {
    /// How many more events it takes.
    pub fn room(&self) -> usize {
        READ_AHEAD.saturating_sub(self.all.len())
    }

    /// Takes in the next row of the queue.
    pub fn take_in(&mut self, row: BusRow) {
        self.all.insert(row.event);
        match row.lane.map(|session| self.behind.entry(session)) {
            Some(std::collections::hash_map::Entry::Occupied(mut busy)) => busy.get_mut().push_back(row),
            Some(std::collections::hash_map::Entry::Vacant(free)) => {
                free.insert(VecDeque::new());
                self.ready.push_back(row);
            }
            None => self.ready.push_back(row),
        }
    }

    /// The next event to be published, which is then on its way.
    pub fn next(&mut self, now: Instant) -> Option<BusRow> {
        let due = self.resting.first_entry().filter(|entry| entry.key().0 <= now);
        due.map(|entry| entry.remove()).or_else(|| self.ready.pop_front())
    }

    /// The bus has it: the next one of its session is ready.
    pub fn confirmed(&mut self, row: &BusRow) {
        self.all.remove(&row.event);
        self.refusals.remove(&row.event);
        let Some(session) = row.lane else { return };
        match self.behind.get_mut(&session).and_then(VecDeque::pop_front) {
            Some(next) => self.ready.push_back(next),
            None => drop(self.behind.remove(&session)),
        }
    }

    /// The bus did not take it: it rests, and its session with it, for longer each time up to the longest pause.
    pub fn refused(&mut self, row: BusRow, longest: Duration, now: Instant) {
        let refusals = self.refusals.entry(row.event).or_default();
        let pause = FIRST_PAUSE.saturating_mul(1 << (*refusals).min(16)).min(longest);
        *refusals += 1;
        self.resting.insert((now + pause, row.event), row);
    }

    /// Nobody knows whether the bus has it: it is the first to be tried again.
    pub fn take_back(&mut self, row: BusRow) {
        self.ready.push_front(row);
    }

    /// When something that rests is to be tried again.
    pub fn wakes_at(&self) -> Option<Instant> {
        self.resting.first_key_value().map(|((at, _), _)| *at)
    }

    /// The event that has waited longest.
    pub fn oldest(&self) -> Option<EventId> {
        self.all.first().copied()
    }

    /// How many events are not confirmed.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether some event was refused and not confirmed since.
    pub fn has_refusals(&self) -> bool {
        !self.refusals.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use causeway_core::id::AccountId;

    use super::*;

    fn row(event: u128, lane: Option<u128>) -> BusRow {
        BusRow { event: EventId(event), account: AccountId(1), lane: lane.map(SessionId) }
    }

    fn window(rows: &[BusRow]) -> Window {
        let mut window = Window::default();
        rows.iter().for_each(|row| window.take_in(*row));
        window
    }

    fn all_next(window: &mut Window, now: Instant) -> Vec<u128> {
        std::iter::from_fn(|| window.next(now)).map(|row| row.event.0).collect()
    }

    #[test]
    fn one_event_of_a_session_is_out_at_a_time_and_what_has_no_order_waits_for_nobody() {
        let now = Instant::now();
        let rows = [row(1, Some(7)), row(2, Some(7)), row(3, None), row(4, Some(8)), row(5, None), row(6, Some(7))];
        let mut window = window(&rows);
        assert_eq!(all_next(&mut window, now), [1, 3, 4, 5]);
        window.confirmed(&rows[3]);
        assert_eq!(all_next(&mut window, now), []);
        window.confirmed(&rows[0]);
        assert_eq!(all_next(&mut window, now), [2]);
        window.confirmed(&rows[1]);
        assert_eq!(all_next(&mut window, now), [6]);
        window.confirmed(&rows[5]);
        assert_eq!((window.oldest(), window.len()), (Some(EventId(3)), 2));
        window.take_in(row(9, Some(7)));
        assert_eq!(all_next(&mut window, now), [9], "the session is free again");
    }

    #[test]
    fn what_is_refused_rests_longer_each_time_and_holds_its_session() {
        let mut now = Instant::now();
        let rows = [row(1, Some(7)), row(2, Some(7))];
        let mut window = window(&rows);
        let mut pauses = Vec::new();
        for longest in [[RETURNED_PAUSE; 12], [REFUSED_PAUSE; 12]].concat() {
            let taken = window.next(now).unwrap();
            assert_eq!(taken.event.0, 1);
            window.refused(taken, longest, now);
            assert_eq!(window.next(now), None);
            let wakes = window.wakes_at().unwrap();
            pauses.push((wakes - now).as_millis());
            now = wakes;
        }
        assert_eq!(pauses[..12], [10, 20, 40, 80, 160, 320, 640, 1_280, 2_560, 5_000, 5_000, 5_000]);
        assert_eq!(pauses[12..14], [40_960, 60_000]);
        assert_eq!(pauses[14..], [60_000; 10]);
        assert!(window.has_refusals());
        let taken = window.next(now).unwrap();
        window.confirmed(&taken);
        assert!(!window.has_refusals());
        assert_eq!(all_next(&mut window, now), [2]);
    }

    #[test]
    fn what_is_taken_back_is_first() {
        let now = Instant::now();
        let mut window = window(&[row(1, Some(7)), row(2, None), row(3, Some(7))]);
        let first = window.next(now).unwrap();
        window.take_back(first);
        assert_eq!(all_next(&mut window, now), [1, 2]);
        assert_eq!(window.room(), READ_AHEAD - 3);
    }
}
