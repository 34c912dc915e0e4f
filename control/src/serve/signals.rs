//! SIGTERM, SIGINT and SIGHUP: the first one begins an orderly end, the second one ends at once. With TLS, SIGHUP reads the
//! certificate again instead, as long as nothing has begun to end.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Mutex;

/// The exit code when a second signal cuts the end short.
const CUT_SHORT: i32 = 1;

/// The signals that end the program, caught from the start on.
pub struct Signals {
    caught: std::sync::Arc<Mutex<(Signal, Signal, Signal)>>,
}

/// What SIGHUP means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hangup {
    /// Something was done about it, and the program goes on.
    Handled,
    /// The end.
    Ends,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Caught {
    End,
    Hangup,
}

impl Signals {
    /// Catches them.
    pub fn listen() -> io::Result<Signals> {
        let caught =
            (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?, signal(SignalKind::hangup())?);
        Ok(Signals { caught: std::sync::Arc::new(Mutex::new(caught)) })
    }

    /// Waits for the one that ends the program; `hangup` says whether SIGHUP is one.
    pub async fn end(&self, mut hangup: impl FnMut() -> Hangup) {
        while self.next().await == Caught::Hangup && hangup() == Hangup::Handled {}
    }

    /// Waits for the next one.
    async fn next(&self) -> Caught {
        let mut caught = self.caught.lock().await;
        let (terminate, interrupt, hangup) = &mut *caught;
        tokio::select! {
            _ = terminate.recv() => Caught::End,
            _ = interrupt.recv() => Caught::End,
            _ = hangup.recv() => Caught::Hangup,
        }
    }

    /// From now on a signal ends the process at once: what was answered is durable already.
    pub fn second_ends_at_once(self) {
        tokio::spawn(async move {
            self.next().await;
            std::process::exit(CUT_SHORT);
        });
    }
}
