//! What was last known of an entity, so that a correction can take it back. Beside what holds stands what held before it, and
//! no more: bounded memory undoes the last step exactly, and one behind it as far as it remembers.

use crate::time::Timestamp;

/// Frauds that became known since something last became known as legitimate, and the row that this ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Streak {
    /// The row that goes on.
    pub now: Row,
    /// The row before it: it goes on again when what ended it is taken back.
    pub before: Row,
}

/// Frauds in a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// When something became known as legitimate: what became known later belongs to the row. What became known at the
    /// same time does not, so that the order of labels within a file says nothing.
    pub after: Option<Timestamp>,
    /// How many labels said so at that time and hold.
    pub ends: u32,
    /// How many frauds.
    pub count: u32,
    /// When the first of them became known. It stays while others are left, though the first be taken back.
    pub since: Timestamp,
}

/// When the newest of some redemptions was, and the one before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Newest {
    /// The newest.
    pub at: Option<Timestamp>,
    /// The one before it; none when there was none, or when it took the place of one that was taken back.
    pub before: Option<Timestamp>,
}

impl Streak {
    /// A fraud becomes known.
    pub fn fraud(&mut self, now: Timestamp) {
        if let Some(row) = self.row_of(now) {
            row.since = if row.count == 0 { now } else { row.since };
            row.count = row.count.saturating_add(1);
        }
    }

    /// Something becomes known as legitimate.
    pub fn legitimate(&mut self, now: Timestamp) {
        if self.now.after != Some(now) {
            self.before = self.now;
            self.now = Row { after: Some(now), ..Row::default() };
        }
        self.now.ends = self.now.ends.saturating_add(1);
    }

    /// What became known at `at` as fraud was none.
    pub fn take_back_fraud(&mut self, at: Timestamp) {
        if let Some(row) = self.row_of(at) {
            row.count = row.count.saturating_sub(1);
            row.since = if row.count == 0 { Timestamp::default() } else { row.since };
        }
    }

    /// What became known at `at` as legitimate was not.
    pub fn take_back_legitimate(&mut self, at: Timestamp) {
        if self.now.after == Some(at) {
            self.now.ends = self.now.ends.saturating_sub(1);
            if self.now.ends == 0 {
                self.go_on_with_the_row_before();
            }
        } else if self.before.after == Some(at) {
            self.before.ends = self.before.ends.saturating_sub(1);
        }
    }

    /// Nothing is known of the row that came before these two: it stays the empty one between two equal times.
    fn go_on_with_the_row_before(&mut self) {
        let Row { after, ends, count, since } = self.before;
        let since = if count == 0 { self.now.since } else { since };
        self.now = Row { after, ends, count: count.saturating_add(self.now.count), since };
        self.before = Row { after, ..Row::default() };
    }

    fn row_of(&mut self, at: Timestamp) -> Option<&mut Row> {
        [&mut self.now, &mut self.before].into_iter().find(|row| row.after.is_none_or(|after| at > after))
    }
}

impl Newest {
    /// One more.
    pub fn add(&mut self, at: Timestamp) {
        let at = Some(at);
        if at >= self.at {
            *self = Newest { at, before: self.at };
        } else {
            self.before = self.before.max(at);
        }
    }

    /// One less. Behind the two that are remembered nothing changes.
    pub fn take_back(&mut self, at: Timestamp) {
        if self.at == Some(at) {
            *self = Newest { at: self.before, before: None };
        } else if self.before == Some(at) {
            self.before = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(streak: &Streak) -> (u32, u64) {
        (streak.now.count, streak.now.since.0)
    }

    /// Frauds at these times, and a legitimate one at 10.
    fn streak(frauds: &[u64]) -> Streak {
        let mut streak = Streak::default();
        for &at in frauds.iter().filter(|at| **at < 10) {
            streak.fraud(Timestamp(at));
        }
        streak.legitimate(Timestamp(10));
        for &at in frauds.iter().filter(|at| **at >= 10) {
            streak.fraud(Timestamp(at));
        }
        streak
    }

    #[test]
    fn a_row_ends_and_goes_on_again_when_its_end_is_taken_back() {
        let mut streak = streak(&[1, 2, 11]);
        assert_eq!(row(&streak), (1, 11));
        streak.take_back_legitimate(Timestamp(10));
        assert_eq!(row(&streak), (3, 1));
        streak.take_back_fraud(Timestamp(2));
        assert_eq!(row(&streak), (2, 1));
        streak.legitimate(Timestamp(12));
        streak.take_back_fraud(Timestamp(1));
        assert_eq!(row(&streak), (0, 0));
        streak.take_back_legitimate(Timestamp(12));
        assert_eq!(row(&streak), (1, 1), "its beginning stays while one is left");
        streak.take_back_fraud(Timestamp(11));
        assert_eq!(streak, Streak::default());
    }

    #[test]
    fn a_row_stays_ended_while_another_label_of_the_same_time_ends_it() {
        let mut streak = streak(&[1]);
        streak.legitimate(Timestamp(10));
        streak.take_back_legitimate(Timestamp(10));
        assert_eq!(row(&streak), (0, 0));
        streak.take_back_legitimate(Timestamp(10));
        assert_eq!(row(&streak), (1, 1));
    }

    #[test]
    fn the_order_of_labels_of_one_time_says_nothing() {
        let [mut first, mut last] = [streak(&[1]), streak(&[1, 10])];
        first.take_back_legitimate(Timestamp(10));
        first.fraud(Timestamp(10));
        first.legitimate(Timestamp(10));
        assert_eq!((row(&first), first), ((0, 0), last));
        last.take_back_legitimate(Timestamp(10));
        assert_eq!(row(&last), (2, 1));
    }

    #[test]
    fn what_lies_further_back_is_forgotten() {
        let mut streak = streak(&[1, 11]);
        streak.legitimate(Timestamp(20));
        streak.fraud(Timestamp(21));
        streak.take_back_legitimate(Timestamp(20));
        streak.take_back_legitimate(Timestamp(10));
        assert_eq!(row(&streak), (2, 11), "what was known before 10 is not any more");
        streak.take_back_fraud(Timestamp(1));
        assert_eq!(row(&streak), (2, 11));
    }

    #[test]
    fn the_newest_but_one_takes_the_place_of_the_newest() {
        let mut newest = Newest::default();
        for at in [5, 9, 7, 9] {
            newest.add(Timestamp(at));
        }
        newest.take_back(Timestamp(9));
        assert_eq!(newest, Newest { at: Some(Timestamp(9)), before: None });
        newest.add(Timestamp(6));
        newest.take_back(Timestamp(4));
        newest.take_back(Timestamp(9));
        assert_eq!(newest, Newest { at: Some(Timestamp(6)), before: None });
        newest.take_back(Timestamp(6));
        assert_eq!(newest, Newest::default());
    }
}
