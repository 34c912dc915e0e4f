//! The partner's webhook receiver: a separate Python program that shares no code with the gateway and verifies every signature.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver as Lines, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::record::{Journey, Webhook};
use crate::failure::Failure;

/// How long the program may take to say that it listens.
const START_DEADLINE: Duration = Duration::from_secs(20);

/// The running receiver; it ends with this value.
pub struct Receiver {
    child: Child,
    seen: Arc<Mutex<Seen>>,
}

/// What it has told so far.
#[derive(Default)]
struct Seen {
    events: Vec<(Instant, Value)>,
    rejected: Vec<String>,
}

/// Where the program lies in this repository.
pub fn default_program() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../receiver/receiver.py")
}

/// A free port. The endpoint's secret comes from setting its URL, and the receiver needs the secret when it starts: so the port
/// is chosen first.
pub fn free_port() -> Result<u16, Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let address = listener.map_err(|error| Failure::wrong(format!("no free port for the receiver: {error}")))?;
    Ok(address.port())
}

impl Receiver {
    /// Starts the program and waits until it listens on `port`.
    pub fn start(python: &Path, program: &Path, port: u16, secret: &str) -> Result<Receiver, Failure> {
        let mut command = Command::new(python);
        command.arg(program).args(["--port", &port.to_string(), "--secret", secret]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| {
            Failure::missing(format!("cannot start {}: {error}; name a Python 3 with --python", python.display()))
        })?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let seen = Arc::new(Mutex::new(Seen::default()));
        let receiver = Receiver { child, seen: Arc::clone(&seen) };
        let first_line = stdout.map(|stdout| read_events(stdout, Arc::clone(&seen)));
        if let Some(stderr) = stderr {
            read_rejections(stderr, seen);
        }
        let first_line = first_line.map(|line| line.recv_timeout(START_DEADLINE));
        match first_line {
            Some(Ok(line)) if line.trim() == port.to_string() => Ok(receiver),
            Some(Ok(line)) => Err(receiver.broken(&format!("it began with `{line}` instead of its port {port}"))),
            Some(Err(RecvTimeoutError::Timeout)) => Err(receiver.broken("it did not say that it listens")),
            Some(Err(RecvTimeoutError::Disconnected)) | None => Err(receiver.broken("it ended at once")),
        }
    }

    fn broken(&self, what: &str) -> Failure {
        // What it said of the cause may still be on its way; its own words matter more than a moment.
        let end = Instant::now() + Duration::from_secs(1);
        while self.rejected().is_empty() && Instant::now() < end {
            thread::yield_now();
        }
        Failure::wrong(format!("the receiver program does not work: {what}. {}", self.rejected().join(" ")))
    }

    /// What it took of this journey, in order of arrival.
    pub fn webhooks(&self, journey: &Journey) -> Vec<Webhook> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let own = seen.events.iter().filter(|(_, event)| belongs(&event["data"], journey));
        let webhook = |(at, event): &(Instant, Value)| Webhook {
            at: at.saturating_duration_since(journey.start),
            event_type: event["type"].as_str().unwrap_or_default().to_owned(),
        };
        own.map(webhook).collect()
    }

    /// What it said of requests that it did not take.
    pub fn rejected(&self) -> Vec<String> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).rejected.clone()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        // Errors mean that it has ended already.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The first line comes back on the channel; every further line is an event that was verified and taken.
fn read_events(stdout: impl Read + Send + 'static, seen: Arc<Mutex<Seen>>) -> Lines<String> {
    let (sender, first_line) = channel();
    thread::spawn(move || {
        let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
        if let Some(line) = lines.next() {
            // The other side has gone only when the receiver is being given up.
            sender.send(line).ok();
        }
        for line in lines {
            let now = Instant::now();
            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            match serde_json::from_str(&line) {
                Ok(event) => seen.events.push((now, event)),
                Err(_) => seen.rejected.push(line),
            }
        }
    });
    first_line
}

fn read_rejections(stderr: impl Read + Send + 'static, seen: Arc<Mutex<Seen>>) {
    thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            seen.lock().unwrap_or_else(PoisonError::into_inner).rejected.push(line);
        }
    });
}

/// Sessions name themselves, payments their session, and quotes are known by their own id.
fn belongs(data: &Value, journey: &Journey) -> bool {
    let is = |key: &str, id: &str| !id.is_empty() && data[key] == id;
    match data["object"].as_str() {
        Some("session") => is("id", &journey.session),
        Some("signed_quote") => is("id", &journey.quote),
        _ => is("session_id", &journey.session),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn events_are_told_apart_by_their_objects() {
        let mut journey = Journey::new("");
        assert!(!belongs(&json!({"object": "session", "id": ""}), &journey));
        (journey.session, journey.quote) = ("gs_1".to_owned(), "qt_1".to_owned());
        for (data, own) in [
            (json!({"object": "session", "id": "gs_1"}), true),
            (json!({"object": "session", "id": "gs_2"}), false),
            (json!({"object": "signed_quote", "id": "qt_1"}), true),
            (json!({"object": "rail_pay_in", "id": "pi_1", "session_id": "gs_1"}), true),
            (json!({"object": "rail_pay_in", "id": "gs_1", "session_id": "gs_2"}), false),
            (json!({"name": "other"}), false),
        ] {
            assert_eq!(belongs(&data, &journey), own, "{data}");
        }
    }
}
