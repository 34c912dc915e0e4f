//! A batch: puts and deletes in one arena, in the order in which they are to be written.

use super::Column;
use crate::change::Head;

/// The rows of one engine batch. Knows nothing of the store that will write it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    head: Head,
    arena: Vec<u8>,
    slots: Vec<Slot>,
    puts: usize,
}

/// One row to write or to remove.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation<'a> {
    /// Writes a row, over what was there.
    Put {
        /// Where.
        column: Column,
        /// Under which key.
        key: &'a [u8],
        /// What.
        value: &'a [u8],
    },
    /// Removes a row, if it is there.
    Delete {
        /// Where.
        column: Column,
        /// Under which key.
        key: &'a [u8],
    },
}

/// Where an operation's bytes lie: the key from the last slot's end, the value behind it. A removal has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Slot {
    column: Column,
    key_end: u32,
    value_end: Option<u32>,
}

impl Batch {
    /// An empty batch that leads to `head`. The row of the head itself is for the encoder to put.
    pub fn new(head: Head) -> Batch {
        Batch { head, ..Batch::default() }
    }

    /// The head that it leads to.
    pub fn head(&self) -> Head {
        self.head
    }

    /// Its number.
    pub fn number(&self) -> u64 {
        self.head.batch
    }

    /// Writes a row whose value `fill` appends to the arena.
    pub fn put_with(&mut self, column: Column, key: &[u8], fill: impl FnOnce(&mut Vec<u8>)) {
        self.arena.extend_from_slice(key);
        let key_end = place(&self.arena);
        fill(&mut self.arena);
        self.slots.push(Slot { column, key_end, value_end: Some(place(&self.arena)) });
        self.puts += 1;
    }

    /// Writes a row.
    pub fn put(&mut self, column: Column, key: &[u8], value: &[u8]) {
        self.put_with(column, key, |arena| arena.extend_from_slice(value));
    }

    /// Removes a row.
    pub fn delete(&mut self, column: Column, key: &[u8]) {
        self.arena.extend_from_slice(key);
        self.slots.push(Slot { column, key_end: place(&self.arena), value_end: None });
    }

    /// Its operations, in their order.
    pub fn operations(&self) -> impl Iterator<Item = Operation<'_>> {
        let mut start = 0;
        self.slots.iter().map(move |slot| {
            let key = &self.arena[start..slot.key_end as usize];
            start = slot.value_end.unwrap_or(slot.key_end) as usize;
            match slot.value_end {
                Some(end) => {
                    let value = &self.arena[slot.key_end as usize..end as usize];
                    Operation::Put { column: slot.column, key, value }
                }
                None => Operation::Delete { column: slot.column, key },
            }
        })
    }

    /// How many rows it writes.
    pub fn puts(&self) -> usize {
        self.puts
    }

    /// How many rows it removes.
    pub fn deletes(&self) -> usize {
        self.slots.len() - self.puts
    }

    /// Bytes of all its keys and values.
    pub fn bytes(&self) -> usize {
        self.arena.len()
    }

    /// Makes room for what is about to be put: rows, and bytes of keys and values.
    pub(super) fn reserve(&mut self, rows: usize, bytes: usize) {
        self.slots.reserve(rows);
        self.arena.reserve(bytes);
    }
}

fn place(arena: &[u8]) -> u32 {
    u32::try_from(arena.len()).expect("limits.rs keeps a batch far below 4 GiB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_come_back_in_order_and_are_counted() {
        let mut batch = Batch::new(Head { batch: 3, ..Head::default() });
        batch.put(Column::Quotes, b"key", b"value");
        batch.delete(Column::Outbox, b"gone");
        batch.put(Column::SessionIndex, b"bare", b"");
        let operations: Vec<_> = batch.operations().collect();
        let expect = [
            Operation::Put { column: Column::Quotes, key: b"key", value: b"value" },
            Operation::Delete { column: Column::Outbox, key: b"gone" },
            Operation::Put { column: Column::SessionIndex, key: b"bare", value: b"" },
        ];
        assert_eq!(operations, expect);
        assert_eq!((batch.number(), batch.puts(), batch.deletes(), batch.bytes()), (3, 2, 1, 16));
    }
}
