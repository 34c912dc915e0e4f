//! Rows of one kind and account in the order of their ids, which is that of their keys.

use std::collections::VecDeque;

/// Rows that leave in the order in which they came.
pub struct Queue<T> {
    rows: VecDeque<(u128, T)>,
}

impl<T> Default for Queue<T> {
    fn default() -> Queue<T> {
        Queue { rows: VecDeque::new() }
    }
}

impl<T> Queue<T> {
    /// Adds a row behind all others, or replaces the one with this id.
    pub fn put(&mut self, id: u128, row: T) {
        if self.rows.back().is_none_or(|(last, _)| *last < id) {
            self.rows.push_back((id, row));
            return;
        }
        let place = self.place(id).expect("ids ascend, and a row that has left is final");
        self.rows[place].1 = row;
    }

    /// The row with this id, unless it has left.
    pub fn get(&self, id: u128) -> Option<&T> {
        self.place(id).map(|place| &self.rows[place].1)
    }

    /// The first row, if it is final.
    pub fn pop_if(&mut self, is_final: impl Fn(&T) -> bool) -> Option<T> {
        self.rows.pop_front_if(|(_, row)| is_final(row)).map(|(_, row)| row)
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    fn place(&self, id: u128) -> Option<usize> {
        self.rows.binary_search_by_key(&id, |(id, _)| *id).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_leave_in_order_once_they_are_final() {
        let mut queue = Queue::default();
        for (id, row) in [(1, "a"), (4, "b"), (9, "c"), (4, "B")] {
            queue.put(id, row);
        }
        let is_final = |row: &&str| row.chars().all(char::is_uppercase);
        assert_eq!(queue.pop_if(is_final), None);
        queue.put(1, "A");
        assert_eq!(
            [queue.pop_if(is_final), queue.pop_if(is_final), queue.pop_if(is_final)],
            [Some("A"), Some("B"), None]
        );
        assert_eq!((queue.get(4), queue.get(9), queue.len()), (None, Some(&"c"), 1));
    }
}
