//! A webhook receiver inside the test process.

use std::collections::HashSet;
use std::io::{self, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::contract::contract;
use crate::http::{Headers, parse_headers, read_head};
use crate::linger;
use crate::poll::{SOON, poll};
use crate::signature::{verify_gate, verify_standard};

/// What is told of a session whose pay-in settles, in order.
pub const TOLD_OF_A_PAY_IN: [&str; 6] = [
    "gate_session.created",
    "quote.consumed",
    "rail.pay_in.processing",
    "gate_session.processing",
    "rail.pay_in.settled",
    "gate_session.completed",
];

/// One attempt to deliver an event.
#[derive(Clone, Debug)]
pub struct Received {
    /// When it came.
    pub at: Instant,
    /// The path.
    pub path: String,
    /// The headers.
    pub headers: Headers,
    /// The body, byte for byte.
    pub body: Vec<u8>,
    /// The body as JSON; null when it is none.
    pub event: Value,
}

/// What to answer with: a status and, for redirects, where to.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The `Location`, if any.
    pub location: Option<String>,
    /// How it leaves.
    pub manner: Manner,
}

/// How an answer leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// At once and whole; the connection stays.
    Whole,
    /// So much later.
    Late(Duration),
    /// Its head breaks off, and the connection is closed.
    CutOff,
    /// Not at all: the connection is reset.
    Reset,
}

/// The path of a request that is answered without the handler.
const ALONE: &str = "/alone";

type Handler = Box<dyn Fn(&Received) -> Answer + Send + Sync>;

/// The receiver. Dropped, it accepts no more connections.
pub struct Receiver {
    address: SocketAddr,
    kept: Arc<Mutex<Vec<Received>>>,
    stopped: Arc<AtomicBool>,
    /// Connections that were accepted and have not ended.
    open: Arc<AtomicUsize>,
}

impl Answer {
    /// A bare status.
    pub fn status(status: u16) -> Answer {
        Answer { status, location: None, manner: Manner::Whole }
    }

    /// The same in another manner.
    pub fn leaving(self, manner: Manner) -> Answer {
        Answer { manner, ..self }
    }
}

impl Receiver {
    /// One that takes everything and keeps it.
    pub fn start() -> Receiver {
        Receiver::answering(|_, _| Answer::status(204))
    }

    /// One that keeps everything and answers what `answer` says, which hears how many attempts of the same event came
    /// before this one.
    pub fn answering(answer: impl Fn(&Received, usize) -> Answer + Send + Sync + 'static) -> Receiver {
        let kept: Arc<Mutex<Vec<Received>>> = Arc::default();
        let all = kept.clone();
        let handler = move |received: &Received| {
            let before = {
                let mut all = all.lock().unwrap();
                all.push(received.clone());
                all.iter().filter(|other| other.id() == received.id()).count() - 1
            };
            answer(received, before)
        };
        Receiver::listen(Box::new(handler), kept)
    }

    /// One that hands everything to `handler` and keeps nothing.
    pub fn forwarding(handler: impl Fn(&Received) -> Answer + Send + Sync + 'static) -> Receiver {
        Receiver::listen(Box::new(handler), Arc::default())
    }

    fn listen(handler: Handler, kept: Arc<Mutex<Vec<Received>>>) -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let stopped: Arc<AtomicBool> = Arc::default();
        let open: Arc<AtomicUsize> = Arc::default();
        let (stop, handler, count) = (stopped.clone(), Arc::new(handler), open.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                let (handler, count) = (handler.clone(), count.clone());
                if let Ok(stream) = stream {
                    count.fetch_add(1, Ordering::SeqCst);
                    std::thread::spawn(move || {
                        // The gateway may break a connection off at any time; what it had not sent whole does not count.
                        serve(stream, &handler).unwrap_or_default();
                        count.fetch_sub(1, Ordering::SeqCst);
                    });
                }
            }
        });
        Receiver { address, kept, stopped, open }
    }

    /// Waits until nothing is on its way any more: for those who know that nobody connects now. A gateway that was killed may
    /// have left connections that are not accepted yet, and requests that are not read; what is accepted last is our own.
    pub fn wait_until_alone(&self) {
        let mut last = TcpStream::connect(self.address).unwrap();
        write!(last, "GET {ALONE} HTTP/1.1\r\n\r\n").unwrap();
        let mut reader = BufReader::new(last);
        read_head(&mut reader).unwrap();
        drop(reader);
        poll(SOON, "all connections end", || (self.open.load(Ordering::SeqCst) == 0).then_some(()));
    }

    /// The URL to deliver to.
    pub fn url(&self) -> String {
        format!("http://{}/hooks", self.address)
    }

    /// Everything that came, in the order in which it came.
    pub fn all(&self) -> Vec<Received> {
        self.kept.lock().unwrap().clone()
    }

    /// The events of one session in the order of their first arrival, each once. A consumed quote belongs to the session of
    /// the payment that consumed it.
    pub fn of_session(&self, session: &str) -> Vec<Received> {
        let all = self.all();
        let own = all.iter().filter(|received| received.session() == session);
        let objects: HashSet<&str> = own.map(Received::object_id).collect();
        let mut seen = HashSet::new();
        let is_own = |received: &&Received| received.session() == session || objects.contains(received.consumer());
        let first = |received: &&Received| seen.insert(received.id().to_owned());
        all.iter().filter(is_own).filter(first).cloned().collect()
    }

    /// Waits until the session's events have these types in this order.
    pub fn wait_for(&self, session: &str, types: &[&str]) -> Vec<Received> {
        let started = Instant::now();
        let found = poll(SOON * 2, "the session's events come", || {
            let found = self.of_session(session);
            let in_vain = started.elapsed() > SOON;
            (found.len() >= types.len() || in_vain).then_some(found)
        });
        let kinds: Vec<&str> = found.iter().map(Received::kind).collect();
        assert_eq!(kinds, types, "events of {session}");
        found
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        // Wakes the listener; if it is gone already, so much the better.
        let _ = TcpStream::connect(self.address);
    }
}

impl Received {
    /// The event's id.
    pub fn id(&self) -> &str {
        self.event["id"].as_str().unwrap_or_default()
    }

    /// The event's type.
    pub fn kind(&self) -> &str {
        self.event["type"].as_str().unwrap_or_default()
    }

    /// The session that the event is about; empty when its object names none.
    pub fn session(&self) -> &str {
        let data = &self.event["data"];
        let name = if data["object"] == "session" { "id" } else { "session_id" };
        data[name].as_str().unwrap_or_default()
    }

    /// The id of the object that the event carries.
    pub fn object_id(&self) -> &str {
        self.event["data"]["id"].as_str().unwrap_or_default()
    }

    /// The payment that consumed the quote which the event carries; empty for other objects.
    pub fn consumer(&self) -> &str {
        self.event["data"]["consumed_by"].as_str().unwrap_or_default()
    }

    /// What the event belongs to: for a consumed quote the payment that consumed it, else a session if its object names one,
    /// else the object.
    pub fn owner(&self) -> &str {
        let named = [self.consumer(), self.session(), self.object_id()];
        named.into_iter().find(|name| !name.is_empty()).unwrap_or_default()
    }

    /// Checks both signatures, the headers that repeat the event, and the body against the contract.
    pub fn verify(&self, secret: &str) -> Result<(), String> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        verify_gate(secret, &self.headers, &self.body, now)?;
        verify_standard(secret, &self.headers, &self.body, now)?;
        for (name, expected) in [
            ("Gate-Event-Id", self.id()),
            ("Gate-Event-Type", self.kind()),
            ("X-0bit-Event-Id", self.id()),
            ("X-0bit-Event-Type", self.kind()),
            ("webhook-id", self.id()),
        ] {
            if self.headers.get(name) != Some(expected) {
                return Err(format!("{name} is {:?}, expected {expected}", self.headers.get(name)));
            }
        }
        if self.headers.get("X-0bit-Timestamp") != self.headers.get("webhook-timestamp") {
            return Err("the timestamps differ".to_owned());
        }
        contract().judge_event(&self.body)
    }
}

fn serve(stream: TcpStream, handler: &Handler) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut writer = stream.try_clone()?;
    let mut reader = BufReader::new(stream);
    while let Some(head) = read_head(&mut reader)? {
        let headers = parse_headers(&head);
        let length = headers.get("Content-Length").and_then(|length| length.parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        reader.read_exact(&mut body)?;
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        if path == ALONE {
            return writer.write_all(b"HTTP/1.1 204 Alone\r\n\r\n");
        }
        let event = serde_json::from_slice(&body).unwrap_or(Value::Null);
        let answer = handler(&Received { at: Instant::now(), path, headers, body, event });
        let location = answer.location.map(|location| format!("Location: {location}\r\n"));
        let text =
            format!("HTTP/1.1 {} Noted\r\n{}Content-Length: 0\r\n\r\n", answer.status, location.unwrap_or_default());
        match answer.manner {
            Manner::Whole => {}
            Manner::Late(time) => std::thread::sleep(time),
            Manner::CutOff => return writer.write_all(&text.as_bytes()[..text.len() / 2]),
            Manner::Reset => return linger::reset_when_closed(&writer),
        }
        writer.write_all(text.as_bytes())?;
    }
    Ok(())
}
