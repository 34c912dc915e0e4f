//! How the cell's time goes: with the clock, and never back. While the clock is behind what the cell has told already, time
//! goes on at half the speed of the monotonic clock, so that quotes, verifications and retries run out all the same and the
//! clock catches up.

use std::time::Duration;

use super::Alarm;
use crate::limits::{CLOCK_BACK_ALARM_MS, CLOCK_JUMP_ALARM_MS};
use crate::time::{Millis, Timestamp};

/// Both clocks at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    /// What the system's clock says.
    pub clock: Timestamp,
    /// Since some moment, on a clock that is never set.
    pub elapsed: Duration,
}

/// The cell's time since it started.
#[derive(Debug)]
pub(crate) struct Pace {
    /// From here on time is counted while the clock is behind.
    anchor: (Timestamp, Duration),
    last: Look,
}

impl Pace {
    /// Time goes on from `told`, or from the clock where that is later.
    pub(crate) fn new(told: Timestamp, look: Look) -> Pace {
        Pace { anchor: (told.max(look.clock), look.elapsed), last: look }
    }

    /// The cell's time, which is at least `told`; and what an operator should know of the clock.
    pub(crate) fn now(&mut self, look: Look, told: Timestamp) -> (Timestamp, Option<Alarm>) {
        let alarm = self.jump(look);
        self.last = look;
        let (anchored, since) = self.anchor;
        let slow = anchored.plus(millis(look.elapsed.saturating_sub(since) / 2));
        let now = look.clock.max(told).max(slow);
        if now > slow {
            self.anchor = (now, look.elapsed);
        }
        (now, alarm)
    }

    /// By how much the clock was set since the last look.
    fn jump(&self, look: Look) -> Option<Alarm> {
        let due = self.last.clock.plus(millis(look.elapsed.saturating_sub(self.last.elapsed)));
        let (ahead, behind) = (look.clock.since(due).0, due.since(look.clock).0);
        if ahead > CLOCK_JUMP_ALARM_MS {
            Some(Alarm::ClockJumped { by: ahead })
        } else if behind > CLOCK_BACK_ALARM_MS {
            Some(Alarm::ClockSetBack { by: behind })
        } else {
            None
        }
    }
}

fn millis(span: Duration) -> Millis {
    Millis(u64::try_from(span.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(clock: u64, elapsed: u64) -> Look {
        Look { clock: Timestamp(clock), elapsed: Duration::from_millis(elapsed) }
    }

    #[test]
    fn time_goes_with_the_clock() {
        let mut pace = Pace::new(Timestamp(0), look(1_000, 0));
        assert_eq!(pace.now(look(1_500, 500), Timestamp(0)), (Timestamp(1_500), None));
        assert_eq!(pace.now(look(1_501, 501), Timestamp(1_700)), (Timestamp(1_700), None));
    }

    #[test]
    fn behind_what_was_told_time_goes_on_at_half_speed_until_the_clock_has_caught_up() {
        let mut pace = Pace::new(Timestamp(60_000), look(0, 0));
        // Looked at every millisecond it must not stand still.
        for elapsed in 1..=10_000 {
            pace.now(look(elapsed, elapsed), Timestamp(0));
        }
        assert_eq!(pace.now(look(10_000, 10_000), Timestamp(0)).0, Timestamp(65_000));
        assert_eq!(pace.now(look(120_000, 120_000), Timestamp(0)).0, Timestamp(120_000));
        assert_eq!(pace.now(look(130_000, 130_000), Timestamp(0)).0, Timestamp(130_000));
    }

    #[test]
    fn a_clock_that_was_set_is_told_of_once() {
        let mut pace = Pace::new(Timestamp(0), look(10_000_000, 0));
        let (now, alarm) = pace.now(look(9_000_000, 10), Timestamp(0));
        assert_eq!((now, alarm), (Timestamp(10_000_005), Some(Alarm::ClockSetBack { by: 1_000_010 })));
        assert_eq!(pace.now(look(9_000_010, 20), Timestamp(0)).1, None);
        let (now, alarm) = pace.now(look(19_000_000, 30), Timestamp(0));
        assert_eq!((now, alarm), (Timestamp(19_000_000), Some(Alarm::ClockJumped { by: 9_999_980 })));
    }
}
