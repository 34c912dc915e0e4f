//! Where deliveries arrive: a receiver in this process, on a thread of its own, that notes when each came, takes it, and
//! checks the signatures of a sample.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use causeway_core::id::{EventId, Mode};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::LocalSet;

use crate::connection::Answer;
use crate::failure::Failure;

/// One delivery in so many has its signature checked.
const SAMPLE: usize = 64;
/// The longest request that is read, in bytes.
const REQUEST_BYTES: usize = 64 * 1_024;
/// The gap between two looks.
const GAP: Duration = Duration::from_millis(5);
/// How long the last deliveries may take.
const DEADLINE: Duration = Duration::from_secs(120);

/// The receiver. It ends with the process.
pub struct Receiver {
    url: String,
    shared: Arc<Shared>,
}

/// A delivery, in microseconds of Unix time.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    /// The millisecond of the batch that made its event, before its commit.
    pub made: u64,
    /// When it was read whole.
    pub at: u64,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    count: AtomicUsize,
}

#[derive(Default)]
struct State {
    arrivals: Vec<Arrival>,
    /// The secret of each endpoint.
    secrets: Vec<String>,
    fault: Option<String>,
}

impl Receiver {
    /// Listens.
    pub fn start() -> Result<Receiver, Failure> {
        let failed = |error: io::Error| Failure::wrong(format!("cannot start the receiver: {error}"));
        let listener = std::net::TcpListener::bind("127.0.0.1:0").map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let url = format!("http://{}/", listener.local_addr().map_err(failed)?);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let shared: Arc<Shared> = Arc::default();
        let taking = Arc::clone(&shared);
        std::thread::spawn(move || LocalSet::new().block_on(&runtime, accept(listener, taking)));
        Ok(Receiver { url, shared })
    }

    /// Where endpoint `number` is.
    pub fn url(&self, number: usize) -> String {
        format!("{}{number}", self.url)
    }

    /// With what deliveries to the next endpoint are signed.
    pub fn expect_secret(&self, secret: String) {
        self.shared.state().secrets.push(secret);
    }

    /// How many have arrived since they were last forgotten.
    pub fn count(&self) -> usize {
        self.shared.count.load(Ordering::Relaxed)
    }

    /// Forgets what has arrived; gives it. Fails when a signature was wrong.
    pub fn take(&self) -> Result<Vec<Arrival>, Failure> {
        let mut state = self.shared.state();
        self.shared.count.store(0, Ordering::Relaxed);
        match state.fault.take() {
            Some(fault) => Err(Failure::wrong(fault)),
            None => Ok(std::mem::take(&mut state.arrivals)),
        }
    }

    /// Waits until nothing has arrived for this long.
    pub async fn is_quiet(&self, quiet: Duration) -> Result<(), Failure> {
        let (start, mut count, mut last) = (Instant::now(), self.count(), Instant::now());
        while last.elapsed() < quiet {
            in_time(start)?;
            tokio::time::sleep(GAP).await;
            if self.count() != count {
                (count, last) = (self.count(), Instant::now());
            }
        }
        Ok(())
    }

    /// Waits until so many have arrived.
    pub async fn has(&self, count: usize) -> Result<(), Failure> {
        let start = Instant::now();
        while self.count() < count {
            in_time(start).map_err(|_| Failure::wrong(format!("{} of {count} deliveries came", self.count())))?;
            tokio::time::sleep(GAP).await;
        }
        Ok(())
    }
}

fn in_time(start: Instant) -> Result<(), Failure> {
    let seconds = DEADLINE.as_secs();
    if start.elapsed() < DEADLINE {
        return Ok(());
    }
    Err(Failure::wrong(format!("deliveries still arrive {seconds} s after the last request")))
}

async fn accept(listener: std::net::TcpListener, shared: Arc<Shared>) {
    let Ok(listener) = TcpListener::from_std(listener) else { return };
    // A failed accept means that the gateway has gone or that files are used up; deliveries that are missing tell of it.
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            let shared = Arc::clone(&shared);
            tokio::task::spawn_local(async move {
                // A connection that breaks is the gateway's to report.
                let _ended = serve(stream, &shared).await;
            });
        }
    }
}

async fn serve(mut stream: TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (mut input, mut filled) = (vec![0; REQUEST_BYTES], 0);
    loop {
        let length = loop {
            if let Some(length) = whole(&input[..filled]) {
                break length;
            }
            match stream.read(&mut input[filled..]).await? {
                0 => return Ok(()),
                count => filled += count,
            }
        };
        let at = unix_micros(Instant::now());
        shared.note(&input[..length], at);
        stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await?;
        input.copy_within(length..filled, 0);
        filled -= length;
    }
}

/// The length of the request at the beginning, once it is there.
fn whole(input: &[u8]) -> Option<usize> {
    let (head, _) = parts(input)?;
    let length: usize = header(head, "content-length")?.parse().ok()?;
    Some(head.len() + length).filter(|length| *length <= input.len())
}

fn parts(input: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = input.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    Some(input.split_at(end))
}

fn header<'a>(head: &'a [u8], name: &str) -> Option<&'a str> {
    Answer { status: 0, head, body: b"" }.header(name)
}

/// A moment in microseconds of Unix time.
pub fn unix_micros(moment: Instant) -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    (now.saturating_sub(moment.elapsed())).as_micros() as u64
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, request: &[u8], at: u64) {
        let Some((head, body)) = parts(request) else { return };
        let id = header(head, "webhook-id").and_then(|id| EventId::parse(id, Mode::Sandbox));
        let mut state = self.state();
        match id {
            Some(id) => state.arrivals.push(Arrival { made: id.made_at().0 * 1_000, at }),
            None => state.fault = Some("a delivery came without a webhook-id".to_owned()),
        }
        if state.arrivals.len().is_multiple_of(SAMPLE) && !is_signed(head, body, &state.secrets) {
            state.fault = Some("a delivery came whose Gate-Signature is not right".to_owned());
        }
        self.count.store(state.arrivals.len(), Ordering::Relaxed);
    }
}

/// `Gate-Signature: t=<unix>,v1=<hex>`: HMAC-SHA256 over `<t>.<body>` with the whole secret of the endpoint that the path names.
fn is_signed(head: &[u8], body: &[u8], secrets: &[String]) -> bool {
    let line = head.split(|byte| *byte == b' ').nth(1).and_then(|path| std::str::from_utf8(path).ok());
    let endpoint = line.and_then(|path| path.trim_start_matches('/').parse::<usize>().ok());
    let parts = || {
        let secret = secrets.get(endpoint?)?;
        let (time, signature) = header(head, "gate-signature")?.strip_prefix("t=")?.split_once(",v1=")?;
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(secret.as_bytes()).ok()?;
        mac.update(&[time.as_bytes(), b".", body].concat());
        let expected: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        Some(expected == signature)
    };
    parts().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_whole_with_its_last_byte() {
        let request = b"POST /1 HTTP/1.1\r\ncontent-length: 2\r\nwebhook-id: evt_1\r\n\r\n{}POST";
        let length = request.len() - 4;
        assert_eq!(whole(request), Some(length));
        assert_eq!(whole(&request[..length]), Some(length));
        assert_eq!(whole(&request[..length - 1]), None);
        assert_eq!(whole(b"POST /1 HTTP/1.1\r\ncont"), None);
    }

    #[test]
    fn signatures_are_checked_with_the_secret_of_their_endpoint() {
        // RFC 4231, test case 2, with its text parted as a signature parts time and body.
        let head = |path: &str| {
            let signature = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
            format!("POST {path} HTTP/1.1\r\nGate-Signature: t=what do ya want for nothing?,v1={signature}\r\n\r\n")
        };
        let secrets = ["other".to_owned(), "Jefe".to_owned()];
        assert!(!is_signed(head("/1").as_bytes(), b"", &secrets), "a dot more is signed");
        assert!(!is_signed(head("/7").as_bytes(), b"", &secrets));
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(b"Jefe").unwrap();
        mac.update(b"12.{}");
        let signature: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        let head = format!("POST /1 HTTP/1.1\r\ngate-signature: t=12,v1={signature}\r\n\r\n");
        assert!(is_signed(head.as_bytes(), b"{}", &secrets));
        assert!(!is_signed(head.as_bytes(), b"[]", &secrets));
    }
}
