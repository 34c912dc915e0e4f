//! Waiting to within tens of microseconds: tokio's own timer counts milliseconds, which is as long as a whole request takes.

use std::io;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec};
use rustix::time::{timerfd_create, timerfd_settime};
use tokio::io::unix::AsyncFd;

/// A timer of the system that one task at a time waits for.
pub struct Clock(AsyncFd<OwnedFd>);

impl Clock {
    /// Makes one; inside the runtime that waits for it.
    pub fn new() -> io::Result<Clock> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        #[allow(deprecated, reason = "it is unsound for descriptors that somebody else may close; this one is owned")]
        let timer = AsyncFd::new(timer)?;
        Ok(Clock(timer))
    }

    /// Returns at `due` or just after it.
    pub async fn reach(&self, due: Instant) -> io::Result<()> {
        loop {
            let left = due.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            // Setting it anew also takes back an earlier expiry, so that nothing has to be read.
            timerfd_settime(self.0.get_ref(), TimerfdTimerFlags::empty(), &once(left))?;
            self.0.readable().await?.clear_ready();
        }
    }
}

fn once(after: Duration) -> Itimerspec {
    let none = Timespec { tv_sec: 0, tv_nsec: 0 };
    let it_value = Timespec { tv_sec: after.as_secs() as i64, tv_nsec: i64::from(after.subsec_nanos()) };
    Itimerspec { it_interval: none, it_value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_never_early() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let clock = Clock::new().unwrap();
            for micros in [0, 1, 300, 20, 2_000, 50] {
                let due = Instant::now() + Duration::from_micros(micros);
                clock.reach(due).await.unwrap();
                assert!(Instant::now() >= due);
            }
        });
    }
}
