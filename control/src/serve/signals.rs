//! SIGTERM, SIGINT and SIGHUP: the first one begins an orderly end, the second one ends at once.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Mutex;

/// The exit code when a second signal cuts the end short.
const CUT_SHORT: i32 = 1;

/// The signals that end the program, caught from the start on.
pub struct Signals {
    caught: std::sync::Arc<Mutex<(Signal, Signal, Signal)>>,
}

impl Signals {
    /// Catches them.
    pub fn listen() -> io::Result<Signals> {
        let caught =
            (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?, signal(SignalKind::hangup())?);
        Ok(Signals { caught: std::sync::Arc::new(Mutex::new(caught)) })
    }

    /// Waits for the next one.
    pub async fn first(&self) {
        let mut caught = self.caught.lock().await;
        let (terminate, interrupt, hangup) = &mut *caught;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            _ = hangup.recv() => {}
        }
    }

    /// From now on a signal ends the process at once: what was answered is durable already.
    pub fn second_ends_at_once(self) {
        tokio::spawn(async move {
            self.first().await;
            std::process::exit(CUT_SHORT);
        });
    }
}
