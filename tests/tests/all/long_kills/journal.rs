//! What was acknowledged, and whether it is still true.

mod facts;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use causeway_tests::http::{Request, Response};
use causeway_tests::partner::Partner;
use causeway_tests::poll::poll;
use causeway_tests::rail;
use causeway_tests::random::Random;
use causeway_tests::server::DataDir;
use causeway_tests::told::Expected;
use serde_json::Value;

use facts::{Facts, Name, text};

/// Writes whose answers are kept to be asked for again.
const WRITES: usize = 400;

/// What the workers were told. All clones are the same journal.
#[derive(Clone, Default)]
pub struct Journal(Arc<Mutex<Facts>>);

impl Journal {
    /// A session was told of.
    pub fn session(&self, session: &Value) {
        let id = text(&session["id"]);
        let mut facts = self.facts();
        facts.recent.insert(Name::Session(id.clone()));
        facts.session(id, session);
    }

    /// A payment was told of. Its quote is consumed.
    pub fn payment(&self, payment: &Value) {
        let id = text(&payment["id"]);
        let mut facts = self.facts();
        facts.recent.insert(Name::Payment(id.clone()));
        facts.recent.insert(Name::Quote(text(&payment["quote_id"])));
        facts.quotes.insert(text(&payment["quote_id"]), true);
        facts.payment(id, payment);
    }

    /// A quote was told of.
    pub fn quote(&self, quote: &Value) {
        let mut facts = self.facts();
        facts.recent.insert(Name::Quote(text(&quote["id"])));
        facts.quotes.entry(text(&quote["id"])).or_default();
    }

    /// A quote was said to be consumed.
    pub fn consumed(&self, quote: &Value) {
        let mut facts = self.facts();
        facts.recent.insert(Name::Quote(text(quote)));
        facts.quotes.insert(text(quote), true);
    }

    /// A write was granted. Some of them are kept, whichever `draw` chooses.
    pub fn write(&self, request: &Request, answer: &Response, draw: u64) {
        let mut facts = self.facts();
        let write = (request.clone(), answer.text());
        if facts.writes.len() < WRITES {
            facts.writes.push(write);
        } else {
            let place = Random::seeded(draw).below(WRITES as u64 * 4) as usize;
            if let Some(kept) = facts.writes.get_mut(place) {
                *kept = write;
            }
        }
    }

    /// Checks everything recent and some of the rest, while nobody writes.
    pub fn still_holds(&self, partner: &Partner, random: &mut Random) {
        let mut facts = self.facts();
        let mut names = std::mem::take(&mut facts.recent);
        names.extend(facts.sample(random));
        for name in names {
            facts.check(partner, &name);
        }
        let mut writes = std::mem::take(&mut facts.writes);
        for _ in 0..writes.len().min(40) {
            let (request, first) = writes.swap_remove(random.below(writes.len() as u64) as usize);
            let again = partner.send(request.clone());
            assert_eq!(again.text(), first, "{} {}", request.method, request.path);
            assert_eq!(again.header("Idempotent-Replayed"), Some("true"), "{}", again.text());
        }
        facts.writes = writes;
    }

    /// Waits until every payment has ended, and checks everything.
    pub fn comes_to_rest(&self, partner: &Partner) {
        let running = || {
            let facts = self.facts();
            let running = facts.payments.iter().filter(|(_, payment)| payment.status == "processing");
            running.map(|(id, _)| Name::Payment(id.clone())).collect::<Vec<_>>()
        };
        poll(Duration::from_secs(60), "every payment ends", || {
            let names = running();
            names.iter().for_each(|name| self.facts().check(partner, name));
            names.is_empty().then_some(())
        });
        let mut facts = self.facts();
        for name in facts.names() {
            facts.check(partner, &name);
        }
    }

    /// One effect per key: the partner has the sessions that were acknowledged, and no other.
    pub fn has_every_session_and_no_other(&self, partner: &Partner) {
        let facts = self.facts();
        let mut listed = BTreeSet::new();
        let mut after = String::new();
        loop {
            let page = partner.get(&format!("/v1/gate_sessions?limit=100{after}")).expect(200);
            let data = page["data"].as_array().unwrap();
            listed.extend(data.iter().map(|session| text(&session["id"])));
            if page["has_more"] == false {
                break;
            }
            after = format!("&starting_after={}", text(&data[data.len() - 1]["id"]));
        }
        let told: BTreeSet<String> = facts.sessions.keys().cloned().collect();
        let (extra, missing) = (listed.difference(&told).count(), told.difference(&listed).count());
        assert_eq!((extra, missing), (0, 0), "sessions that nobody was told of, and such as are gone");
    }

    /// Each settled payment has one settled attempt at the rail, with the same amount, and the other way round.
    pub fn agrees_with_the_rail(&self, directory: &DataDir, account: &str) {
        let facts = self.facts();
        let mut attempts: HashMap<String, Vec<rail::Record>> = HashMap::new();
        for record in rail::records(directory, "sandbox").into_iter().filter(|record| record.account == account) {
            attempts.entry(record.payment.clone()).or_default().push(record);
        }
        for (id, payment) in &facts.payments {
            let attempts = attempts.remove(id).unwrap_or_default();
            let states: Vec<&str> = attempts.iter().map(|attempt| attempt.state.as_str()).collect();
            let asked_before = states.split_last().map_or(&[][..], |(_, before)| before);
            assert!(asked_before.iter().all(|state| *state == "soft_failed"), "{id}: {states:?}");
            let last = states.last().copied();
            assert_eq!(last, payment.last_attempt(), "{id} is {}: {states:?}", payment.status);
            assert!(attempts.iter().all(|attempt| attempt.fiat_amount == payment.fiat_amount), "{attempts:?}");
        }
        assert!(attempts.is_empty(), "the rail moved money that no payment knows of: {attempts:?}");
    }

    /// The types of each session's events, and the payment that its quote was consumed by.
    pub fn expected(&self) -> BTreeMap<String, Expected> {
        self.facts().expected()
    }

    /// How much was done.
    pub fn summary(&self) -> String {
        let facts = self.facts();
        let settled = facts.payments.values().filter(|payment| payment.status == "settled").count();
        format!(
            "{} sessions, {} quotes, {} payments of which {settled} settled",
            facts.sessions.len(),
            facts.quotes.len(),
            facts.payments.len()
        )
    }

    fn facts(&self) -> MutexGuard<'_, Facts> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}
