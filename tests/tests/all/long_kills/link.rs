//! What connects the workers with the gateway that is up at the moment.

use std::sync::{Arc, Condvar, Mutex};

use causeway_tests::http::{Request, Response};
use causeway_tests::partner::Partner;

/// Shared by the workers and the one who kills.
#[derive(Clone, Default)]
pub struct Link(Arc<Inner>);

#[derive(Default)]
struct Inner {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// The partner at the newest gateway, and which one it is.
    partner: Option<(u64, Partner)>,
    /// Journeys that were begun.
    begun: u64,
    /// How many may begin so far and in all; none: as many as the workers manage.
    allowance: Option<(u64, u64)>,
    stopping: bool,
    failed: bool,
}

/// Dropped, it tells the workers to come to an end.
pub struct Stop(Link);

/// Dropped in a panic, it says that its worker has failed.
pub struct Alarm(Link);

impl Link {
    /// A new gateway is up.
    pub fn publish(&self, partner: Partner) {
        let mut state = self.0.state.lock().unwrap();
        let number = state.partner.as_ref().map_or(0, |(number, _)| number + 1);
        state.partner = Some((number, partner));
        self.0.changed.notify_all();
    }

    /// From now on so many journeys may have begun, of so many in all.
    pub fn allow(&self, so_far: u64, in_all: u64) {
        self.0.state.lock().unwrap().allowance = Some((so_far, in_all));
        self.0.changed.notify_all();
    }

    /// Whether a worker may begin a journey; waits until it may. `false` when there is none left.
    pub fn lets_begin(&self) -> bool {
        let mut state = self.0.state.lock().unwrap();
        loop {
            let (so_far, in_all) = state.allowance.unwrap_or((u64::MAX, u64::MAX));
            if state.stopping || state.begun >= in_all {
                return false;
            }
            if state.begun < so_far {
                state.begun += 1;
                return true;
            }
            state = self.0.changed.wait(state).unwrap();
        }
    }

    /// Whether a worker has failed.
    pub fn has_failed(&self) -> bool {
        self.0.state.lock().unwrap().failed
    }

    /// Stops the workers at the end of the scope, also when it ends in a panic.
    pub fn stop_when_dropped(&self) -> Stop {
        Stop(self.clone())
    }

    /// For each worker: the one who kills hears when it panics.
    pub fn alarm(&self) -> Alarm {
        Alarm(self.clone())
    }

    /// Sends a request until it is answered by something else than "try again": to the gateway that is up, and when that
    /// one dies, to the next. None when there will be no next one.
    pub fn send(&self, request: &Request) -> Option<Response> {
        let mut after = None;
        loop {
            let (number, partner) = self.newer_than(after)?;
            match partner.try_send(request.clone()) {
                Ok(answer) if answer.status == 503 => {}
                Ok(answer) => return Some(answer),
                Err(_) => after = Some(number),
            }
        }
    }

    fn newer_than(&self, after: Option<u64>) -> Option<(u64, Partner)> {
        let mut state = self.0.state.lock().unwrap();
        loop {
            let newest = state.partner.clone().filter(|(number, _)| Some(*number) > after);
            if newest.is_some() || state.stopping {
                return newest;
            }
            state = self.0.changed.wait(state).unwrap();
        }
    }
}

impl Drop for Stop {
    fn drop(&mut self) {
        let mut state = self.0.0.state.lock().unwrap();
        state.stopping = true;
        self.0.0.changed.notify_all();
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.0.state.lock().unwrap().failed = true;
        }
    }
}
