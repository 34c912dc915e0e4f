//! Everything that arrived, noted before it was answered, and what can be said of it from outside.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use causeway_tests::receiver::{Answer, Received};
use causeway_tests::told::Expected;

use super::dice::{Dice, takes};
use super::{ATTEMPTS, TIMEOUT};

/// One arrival in so many has its signatures and its body checked.
const CHECKED: usize = 16;

/// The record. All clones are the same one.
#[derive(Clone, Default)]
pub struct Record(Arc<Inner>);

#[derive(Default)]
struct Inner {
    arrivals: Mutex<Arrivals>,
    changed: Condvar,
}

#[derive(Default)]
struct Arrivals {
    events: HashMap<String, Event>,
    count: usize,
    /// Which process it is that sends, counted from the first.
    life: usize,
    /// The secret of each endpoint.
    secrets: Vec<String>,
    faults: Vec<String>,
}

struct Event {
    owner: String,
    kind: String,
    body: Vec<u8>,
    attempts: Vec<Attempt>,
}

struct Attempt {
    /// Its place among all arrivals.
    place: usize,
    life: usize,
    at: Instant,
    taken: bool,
}

/// What arrived more than once, and why.
#[derive(Debug, Default)]
pub struct Explained {
    events: usize,
    attempts: usize,
    /// Attempts that the receiver did not take.
    refused: usize,
    /// Attempts of what had been taken, each in a later life of the gateway.
    pub repeated: usize,
    /// Of these, the most in one life.
    most_in_a_life: usize,
    /// Attempts of what had been taken, in the same life, after the gateway had waited too long for the answer.
    timed_out: usize,
    /// Events that the receiver never took.
    pub never_taken: usize,
}

impl Record {
    /// Notes each delivery, then answers by `dice`.
    pub fn listener(&self, dice: Dice) -> impl Fn(&Received) -> Answer + Send + Sync + 'static {
        let record = self.clone();
        move |received| {
            let answer = dice.answer();
            record.0.arrivals.lock().unwrap().note(received, takes(&answer));
            record.0.changed.notify_all();
            answer
        }
    }

    /// With what deliveries to the next endpoint are signed.
    pub fn expect_secret(&self, secret: String) {
        self.0.arrivals.lock().unwrap().secrets.push(secret);
    }

    /// Another process sends from now on.
    pub fn next_life(&self) {
        self.0.arrivals.lock().unwrap().life += 1;
    }

    /// Waits for so many more arrivals, but no longer than `patience`.
    pub fn wait_for(&self, arrivals: u64, patience: Duration) {
        let state = self.0.arrivals.lock().unwrap();
        let wanted = state.count + arrivals as usize;
        drop(self.0.changed.wait_timeout_while(state, patience, |state| state.count < wanted).unwrap());
    }

    /// Fails unless exactly the expected events have come, in order; says how it explains what came again.
    pub fn is_right(&self, expected: &BTreeMap<String, Expected>) -> Explained {
        let state = self.0.arrivals.lock().unwrap();
        assert!(state.faults.is_empty(), "{}", state.faults[0]);
        let mut by_owner: HashMap<&str, Vec<&Event>> = HashMap::new();
        for event in state.events.values() {
            by_owner.entry(&event.owner).or_default().push(event);
        }
        let mut told = 0;
        for (session, expected) in expected {
            let of = |owner: &str| by_owner.get(owner).into_iter().flatten();
            let mut events: Vec<&Event> = of(session).chain(of(&expected.payment)).copied().collect();
            events.sort_by_key(|event| event.attempts[0].place);
            let types: Vec<&str> = events.iter().map(|event| event.kind.as_str()).collect();
            assert_eq!(types, expected.types, "events of {session}, each once, in the order of their first arrival");
            events.windows(2).for_each(|pair| came_after(pair[0], pair[1]));
            told += events.len();
        }
        assert_eq!(state.events.len(), told, "events of sessions that nobody knows of");
        state.explained()
    }
}

/// The later event came only when the earlier one was done.
fn came_after(earlier: &Event, later: &Event) {
    let first = later.attempts[0].place;
    let before: Vec<&Attempt> = earlier.attempts.iter().filter(|attempt| attempt.place < first).collect();
    let is_done = before.iter().any(|attempt| attempt.taken) || before.len() >= ATTEMPTS;
    assert!(is_done, "{} {} came before {} was taken or given up", later.owner, later.kind, earlier.kind);
}

impl Arrivals {
    fn note(&mut self, received: &Received, taken: bool) {
        self.count += 1;
        if self.count.is_multiple_of(CHECKED) {
            let endpoint = received.path.rsplit('/').next().and_then(|number| number.parse::<usize>().ok());
            let secret = endpoint.and_then(|number| self.secrets.get(number)).cloned().unwrap_or_default();
            self.faults.extend(received.verify(&secret).err());
        }
        let attempt = Attempt { place: self.count, life: self.life, at: received.at, taken };
        let new = || Event {
            owner: received.owner().to_owned(),
            kind: received.kind().to_owned(),
            body: received.body.clone(),
            attempts: Vec::new(),
        };
        let event = self.events.entry(received.id().to_owned()).or_insert_with(new);
        if event.body != received.body {
            self.faults.push(format!("{} came with different bytes", received.id()));
        }
        event.attempts.push(attempt);
    }

    fn explained(&self) -> Explained {
        let mut explained = Explained { events: self.events.len(), attempts: self.count, ..Explained::default() };
        let mut of_lives: BTreeMap<usize, usize> = BTreeMap::new();
        for (id, event) in &self.events {
            explained.never_taken += usize::from(event.attempts.iter().all(|attempt| !attempt.taken));
            explained.refused += event.attempts.iter().filter(|attempt| !attempt.taken).count();
            for (number, attempt) in event.attempts.iter().enumerate() {
                let Some(taken) = event.attempts[..number].iter().rfind(|earlier| earlier.taken) else { continue };
                if taken.life < attempt.life {
                    *of_lives.entry(attempt.life).or_default() += 1;
                    continue;
                }
                let waited = attempt.at - taken.at;
                assert!(waited >= TIMEOUT, "{id} {} came again {waited:?} after it was taken", event.kind);
                explained.timed_out += 1;
            }
        }
        explained.repeated = of_lives.values().sum();
        explained.most_in_a_life = of_lives.into_values().max().unwrap_or_default();
        explained
    }
}

impl fmt::Display for Explained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} events in {} attempts, of which {} were refused, {} came again after a kill (at most {} after one) and {} \
             after a slow answer; {} events were never taken",
            self.events,
            self.attempts,
            self.refused,
            self.repeated,
            self.most_in_a_life,
            self.timed_out,
            self.never_taken
        )
    }
}
