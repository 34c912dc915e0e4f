//! Waiting for something to become true, with a deadline and without fixed sleeps.

use std::time::{Duration, Instant};

/// What happens within a moment on a healthy machine has this long on a busy one.
pub const SOON: Duration = Duration::from_secs(20);

/// Asks `f` again and again, at growing intervals of at most 50 ms, until it gives a value. Fails the test when `deadline`
/// has passed; `what` says what did not come.
pub fn poll<T>(deadline: Duration, what: &str, mut f: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(value) = f() {
            return value;
        }
        let elapsed = started.elapsed();
        assert!(elapsed < deadline, "waited {elapsed:?} in vain: {what}");
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}
