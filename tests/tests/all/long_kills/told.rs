//! What the receiver was told, kept small: a long run brings millions of events.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use causeway_tests::poll::poll;
use causeway_tests::receiver::{Answer, Received};

use super::journal::Expected;

/// One event in so many has its signatures and its body checked.
const CHECKED: usize = 16;

/// The events by what they belong to: a session, or for a consumed quote the payment that consumed it.
#[derive(Clone, Default)]
pub struct Told(Arc<Mutex<Heard>>);

#[derive(Default)]
struct Heard {
    events: HashMap<String, Vec<Event>>,
    seen: HashSet<String>,
    count: usize,
    faults: Vec<String>,
    secret: String,
}

struct Event {
    /// When it came first, counted over all events.
    place: usize,
    kind: String,
}

impl Told {
    /// What the receiver does with each delivery.
    pub fn listener(&self) -> impl Fn(&Received) -> Answer + Send + Sync + 'static {
        let told = self.clone();
        move |received| {
            told.hear(received);
            Answer::status(200)
        }
    }

    /// With what deliveries are signed. None comes before the workers begin.
    pub fn expect_secret(&self, secret: &str) {
        self.0.lock().unwrap().secret = secret.to_owned();
    }

    fn hear(&self, received: &Received) {
        let mut heard = self.0.lock().unwrap();
        heard.count += 1;
        if heard.count.is_multiple_of(CHECKED)
            && let Err(fault) = received.verify(&heard.secret)
        {
            heard.faults.push(fault);
        }
        if heard.seen.insert(received.id().to_owned()) {
            let consumer = received.consumer();
            let owner = if consumer.is_empty() { received.session() } else { consumer };
            let event = Event { place: heard.count, kind: received.kind().to_owned() };
            heard.events.entry(owner.to_owned()).or_default().push(event);
        }
    }

    /// How much came.
    pub fn summary(&self) -> String {
        let heard = self.0.lock().unwrap();
        format!("{} events in {} deliveries", heard.seen.len(), heard.count)
    }

    /// Waits until every session's events have come, each at its place, and no others.
    pub fn becomes_complete(&self, expected: &BTreeMap<String, Expected>) {
        let wanted: usize = expected.values().map(|expected| expected.types.len()).sum();
        poll(Duration::from_secs(90), "every event comes", || {
            let count = self.0.lock().unwrap().seen.len();
            (count >= wanted).then_some(())
        });
        let heard = self.0.lock().unwrap();
        assert!(heard.faults.is_empty(), "{}", heard.faults[0]);
        for (session, expected) in expected {
            let of = |owner: &str| heard.events.get(owner).map_or(&[][..], Vec::as_slice);
            let mut events: Vec<&Event> = of(session).iter().chain(of(&expected.payment)).collect();
            events.sort_by_key(|event| event.place);
            let types: Vec<&str> = events.iter().map(|event| event.kind.as_str()).collect();
            assert_eq!(types, expected.types, "events of {session}");
        }
        assert_eq!(heard.seen.len(), wanted, "events of sessions that nobody knows of");
    }
}
