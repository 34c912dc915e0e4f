//! Requests with an idempotency key that wait for their answers: whoever repeats one and gives up learns that it still runs.

use std::collections::HashMap;

use causeway_core::id::AccountId;
use parking_lot::Mutex;

/// The requests of one cell that wait, by whose key they bear. Bounded by the requests under way.
#[derive(Debug, Default)]
pub struct Running(Mutex<HashMap<Key, u32>>);

type Key = (AccountId, [u8; 16]);

/// A request that waits. Dropped, it waits no longer.
pub struct Turn<'a> {
    running: &'a Running,
    key: Key,
    is_first: bool,
}

impl Running {
    /// A request with this key begins to wait.
    pub fn begin(&self, account: AccountId, key: [u8; 16]) -> Turn<'_> {
        let key = (account, key);
        let mut waiting = self.0.lock();
        let count = waiting.entry(key).or_default();
        *count += 1;
        Turn { running: self, key, is_first: *count == 1 }
    }
}

impl Turn<'_> {
    /// Whether another request with the same key waited before this one, and still does.
    pub fn repeats_one_that_runs(&self) -> bool {
        !self.is_first && self.running.0.lock().get(&self.key).is_some_and(|count| *count > 1)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut waiting = self.running.0.lock();
        if let Some(count) = waiting.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                waiting.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_request_knows_of_the_one_before_it_as_long_as_that_waits() {
        let running = Running::default();
        let (key, other) = ([1; 16], [2; 16]);
        let first = running.begin(AccountId(1), key);
        let strangers = [running.begin(AccountId(2), key), running.begin(AccountId(1), other)];
        assert!(!first.repeats_one_that_runs() && strangers.iter().all(|turn| !turn.repeats_one_that_runs()));
        let second = running.begin(AccountId(1), key);
        assert!(second.repeats_one_that_runs() && !first.repeats_one_that_runs());
        drop(first);
        assert!(!second.repeats_one_that_runs());
        drop((second, strangers));
        assert!(running.0.lock().is_empty());
    }
}
