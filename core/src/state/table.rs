//! One kind of row in memory: what the batch has read and written, and what was of use lately.
//!
//! A table is a view of the store that is never behind it: rows that were written stay until their batch is synced, others
//! may go when the table is full, oldest first. That a key has no row is remembered too.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// Rows of one kind.
pub struct Table<K, V> {
    slots: HashMap<K, Slot<V>>,
    order: VecDeque<(K, u64)>,
    dirty: Vec<K>,
    stamp: u64,
    capacity: usize,
}

struct Slot<V> {
    value: Option<V>,
    /// Which entry of `order` speaks for this slot.
    stamp: u64,
    /// The batch that last wrote it; zero when it was only read.
    written: u64,
    is_dirty: bool,
}

impl<K: Copy + Eq + Hash, V> Table<K, V> {
    /// An empty table that keeps about `capacity` rows.
    pub fn new(capacity: usize) -> Table<K, V> {
        Table { slots: HashMap::new(), order: VecDeque::new(), dirty: Vec::new(), stamp: 0, capacity }
    }

    /// Whether the row, or that there is none, is known.
    pub fn knows(&self, key: &K) -> bool {
        self.slots.contains_key(key)
    }

    /// The row. Asking for a key that was not loaded is a bug in prefetch.
    pub fn get(&self, key: &K) -> Option<&V> {
        let slot = self.slots.get(key).expect("every key that a command asks for was prefetched");
        slot.value.as_ref()
    }

    /// Takes in what the store has, unless the table knows better.
    pub fn load(&mut self, key: K, value: Option<V>) {
        if !self.knows(&key) {
            let stamp = self.queue(key);
            self.slots.insert(key, Slot { value, stamp, written: 0, is_dirty: false });
        }
    }

    /// Changes a row in `batch`, from its default when there is none.
    pub fn edit(&mut self, batch: u64, key: K, change: impl FnOnce(&mut V))
    where
        V: Default,
    {
        let slot = self.slots.get_mut(&key).expect("every key that a command asks for was prefetched");
        let mut value = slot.value.take().unwrap_or_default();
        change(&mut value);
        self.write(batch, key, Some(value));
    }

    /// Writes a row in `batch`.
    pub fn put(&mut self, batch: u64, key: K, value: V) {
        self.write(batch, key, Some(value));
    }

    /// Removes a row in `batch`.
    pub fn remove(&mut self, batch: u64, key: K) {
        self.write(batch, key, None);
    }

    /// The rows written since the last call, in the order of their first write; `None` is a removal.
    pub fn drain_dirty(&mut self, mut each: impl FnMut(K, Option<&V>)) {
        for key in std::mem::take(&mut self.dirty) {
            if let Some(slot) = self.slots.get_mut(&key) {
                slot.is_dirty = false;
                each(key, slot.value.as_ref());
            }
        }
    }

    /// Lets go of the oldest rows beyond the capacity, unless a batch after `synced` wrote them.
    pub fn evict(&mut self, synced: u64) {
        while self.slots.len() > self.capacity {
            let Some((key, stamp)) = self.order.pop_front() else { return };
            let Some(slot) = self.slots.get(&key).filter(|slot| slot.stamp == stamp) else { continue };
            if slot.written > synced {
                self.order.push_front((key, stamp));
                return;
            }
            self.slots.remove(&key);
        }
        self.forget_stale_entries();
    }

    fn write(&mut self, batch: u64, key: K, value: Option<V>) {
        let stamp = self.queue(key);
        let was_dirty = self.slots.get(&key).is_some_and(|slot| slot.is_dirty);
        if !was_dirty {
            self.dirty.push(key);
        }
        self.slots.insert(key, Slot { value, stamp, written: batch, is_dirty: true });
    }

    fn queue(&mut self, key: K) -> u64 {
        self.stamp += 1;
        self.order.push_back((key, self.stamp));
        self.stamp
    }

    /// A row that is written again and again leaves an entry each time: the queue is rebuilt before it outgrows the rows.
    fn forget_stale_entries(&mut self) {
        if self.order.len() > 2 * self.capacity.max(self.slots.len()) {
            let slots = &self.slots;
            self.order.retain(|(key, stamp)| slots.get(key).is_some_and(|slot| slot.stamp == *stamp));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_row_wins_over_the_store_and_stays_until_synced() {
        let mut table = Table::new(1);
        table.put(5, 1, "written");
        table.load(1, Some("stale"));
        table.load(2, Some("read"));
        table.evict(4);
        assert_eq!(table.get(&1), Some(&"written"));
        table.evict(5);
        assert!(!table.knows(&1));
        assert_eq!(table.get(&2), Some(&"read"));
    }

    #[test]
    fn rows_written_twice_appear_once_in_the_order_of_their_first_write() {
        let mut table = Table::new(8);
        table.put(1, 1, "a");
        table.put(1, 2, "b");
        table.put(1, 1, "c");
        table.remove(1, 3);
        let mut seen = Vec::new();
        table.drain_dirty(|key, value| seen.push((key, value.copied())));
        assert_eq!(seen, [(1, Some("c")), (2, Some("b")), (3, None)]);
        table.drain_dirty(|_, _| panic!("nothing is dirty any more"));
    }

    #[test]
    fn a_hot_row_does_not_grow_the_queue() {
        let mut table = Table::new(4);
        for batch in 1..1_000 {
            table.put(batch, 7, batch);
            table.evict(batch);
        }
        assert!(table.order.len() <= 9);
    }

    #[test]
    #[should_panic(expected = "prefetched")]
    fn asking_for_what_was_not_loaded_is_a_bug() {
        Table::<u8, u8>::new(1).get(&1);
    }
}
