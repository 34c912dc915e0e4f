//! Ends a run that takes far too long, from another thread.
//!
//! It sleeps while nothing runs, and looks once in a while when there is much to do, so that a run costs it two short
//! locks. A run is ended after one to two times the limit.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

/// One thread that watches one runner.
pub struct Watchdog {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    bell: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// The number of the newest run.
    run: u64,
    is_running: bool,
    has_ended_it: bool,
    is_asleep: bool,
    is_over: bool,
}

impl Watchdog {
    /// Starts the thread; `end` ends the run that is under way, and may be called more than once for it.
    pub fn start(limit: Duration, end: impl Fn() + Send + 'static) -> std::io::Result<Watchdog> {
        let shared = Arc::<Shared>::default();
        let watched = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("model-watchdog".to_owned());
        let thread = thread.spawn(move || watched.watch(limit, &end))?;
        Ok(Watchdog { shared, thread: Some(thread) })
    }

    /// A run begins; `arm` is called when no earlier one can be ended in its place any more.
    pub fn begin<T>(&self, arm: impl FnOnce() -> T) -> T {
        let mut state = self.shared.state.lock();
        let armed = arm();
        state.run += 1;
        (state.is_running, state.has_ended_it) = (true, false);
        if state.is_asleep {
            self.shared.bell.notify_one();
        }
        armed
    }

    /// The run is over; whether it was ended from here.
    pub fn finish(&self) -> bool {
        let mut state = self.shared.state.lock();
        state.is_running = false;
        state.has_ended_it
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.shared.state.lock().is_over = true;
        self.shared.bell.notify_one();
        if let Some(thread) = self.thread.take() {
            // One that panicked watches nothing any more.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn watch(&self, limit: Duration, end: &dyn Fn()) {
        let mut state = self.state.lock();
        while !state.is_over {
            if !state.is_running {
                state.is_asleep = true;
                self.bell.wait(&mut state);
                state.is_asleep = false;
                continue;
            }
            let run = state.run;
            self.bell.wait_for(&mut state, limit);
            if state.is_running && state.run == run && !state.is_over {
                state.has_ended_it = true;
                end();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn what_takes_too_long_is_ended_and_the_next_run_is_not() {
        let (ended, heard) = mpsc::channel();
        let watchdog = Watchdog::start(Duration::from_millis(5), move || {
            let _ = ended.send(());
        })
        .unwrap();
        for _ in 0..3 {
            watchdog.begin(|| ());
            heard.recv_timeout(Duration::from_secs(30)).expect("it is ended");
            assert!(watchdog.finish());
            heard.try_iter().for_each(drop);
        }
        assert!(heard.recv_timeout(Duration::from_millis(50)).is_err(), "nothing runs any more");
        drop(watchdog);
    }

    #[test]
    fn short_runs_are_left_alone() {
        let watchdog = Watchdog::start(Duration::from_secs(3_600), || panic!("nothing takes that long")).unwrap();
        for _ in 0..10_000 {
            watchdog.begin(|| ());
            assert!(!watchdog.finish());
        }
    }
}
