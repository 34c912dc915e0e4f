//! What the receiver was told, kept small: a long run brings millions of events.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::poll::poll;
use crate::receiver::{Answer, Received};

/// One event in so many has its signatures and its body checked.
const CHECKED: usize = 16;
/// How the ids of sessions begin: only their events have an order.
const SESSION: &str = "gs_";

/// What the receiver has to be told about an object: a session with its payment, or a customer.
#[derive(Debug)]
pub struct Expected {
    /// The types of its events in their order; the events of a customer have none and are named by the alphabet.
    pub types: Vec<String>,
    /// The payment that consumed its quote; empty when there is none.
    pub payment: String,
}

/// The events by what they belong to: a session, for a consumed quote the payment that consumed it, else the object itself.
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
            let event = Event { place: heard.count, kind: received.kind().to_owned() };
            heard.events.entry(received.owner().to_owned()).or_default().push(event);
        }
    }

    /// How much came.
    pub fn summary(&self) -> String {
        let heard = self.0.lock().unwrap();
        format!("{} events in {} deliveries", heard.seen.len(), heard.count)
    }

    /// Waits until every object's events have come, each at its place, and no others.
    pub fn becomes_complete(&self, expected: &BTreeMap<String, Expected>) {
        let wanted: usize = expected.values().map(|expected| expected.types.len()).sum();
        poll(Duration::from_secs(90), "every event comes", || {
            let count = self.0.lock().unwrap().seen.len();
            (count >= wanted).then_some(())
        });
        let heard = self.0.lock().unwrap();
        assert!(heard.faults.is_empty(), "{}", heard.faults[0]);
        for (owner, expected) in expected {
            let of = |owner: &str| heard.events.get(owner).map_or(&[][..], Vec::as_slice);
            let mut events: Vec<&Event> = of(owner).iter().chain(of(&expected.payment)).collect();
            events.sort_by_key(|event| event.place);
            if !owner.starts_with(SESSION) {
                events.sort_by_key(|event| &event.kind);
            }
            let types: Vec<&str> = events.iter().map(|event| event.kind.as_str()).collect();
            assert_eq!(types, expected.types, "events of {owner}");
        }
        assert_eq!(heard.seen.len(), wanted, "events of objects that nobody knows of");
    }

    /// The ids of all events.
    pub fn ids(&self) -> HashSet<String> {
        self.0.lock().unwrap().seen.clone()
    }
}
