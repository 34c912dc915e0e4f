//! The log's own thread: whoever logs never waits for the reader of standard error.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

/// Lines that may wait to be written; more are dropped and counted.
const LINES: usize = 8_192;
/// Bytes that are collected before they are written, when lines come faster than they go.
const BUFFER: usize = 64 * 1_024;
/// How long a flush waits for a reader who may never read again.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long a flush waits before it looks again whether the queue has a place.
const PAUSE: Duration = Duration::from_millis(5);

/// Takes lines and writes them in order.
pub struct Log {
    lines: SyncSender<Message>,
    lost: Arc<AtomicU64>,
}

enum Message {
    Line(String),
    Flush(SyncSender<()>),
}

impl Log {
    /// Starts writing to `writer`. The thread ends with the last sender.
    pub fn start(writer: impl Write + Send + 'static) -> Log {
        let (lines, waiting) = sync_channel(LINES);
        let spawned = std::thread::Builder::new().name("log".to_owned()).spawn(move || work(&waiting, writer));
        spawned.expect("the operating system starts a thread while the program starts");
        Log { lines, lost: Arc::default() }
    }

    /// Takes a line; drops it when too many wait.
    pub fn write(&self, line: String) {
        if let Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) = self.lines.try_send(Message::Line(line)) {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many lines were dropped.
    pub fn lost(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.lost)
    }

    /// Waits until the lines so far are written, for a second at most: a reader who is stuck does not hold up the end.
    pub fn flush(&self) {
        let deadline = Instant::now() + PATIENCE;
        let (done, wait) = sync_channel(1);
        let mut message = Message::Flush(done);
        loop {
            match self.lines.try_send(message) {
                Ok(()) => break,
                Err(TrySendError::Full(unsent)) if Instant::now() < deadline => message = unsent,
                Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => return,
            }
            std::thread::sleep(PAUSE);
        }
        // Out of time, or the thread that would answer has ended: there is nothing more to wait for.
        let _ = wait.recv_timeout(deadline.saturating_duration_since(Instant::now()));
    }
}

/// A line that cannot be written has nowhere else to go, so errors of the writer end with it.
fn work(waiting: &Receiver<Message>, mut writer: impl Write) {
    let mut buffer = String::with_capacity(BUFFER);
    while let Ok(first) = waiting.recv() {
        let mut next = Some(first);
        while let Some(message) = next {
            match message {
                Message::Line(line) => buffer.push_str(&line),
                Message::Flush(done) => {
                    write_out(&mut buffer, &mut writer);
                    let _ = done.send(());
                }
            }
            next = if buffer.len() < BUFFER { waiting.try_recv().ok() } else { None };
        }
        write_out(&mut buffer, &mut writer);
    }
}

fn write_out(buffer: &mut String, writer: &mut impl Write) {
    let _ = writer.write_all(buffer.as_bytes()).and_then(|()| writer.flush());
    buffer.clear();
}
